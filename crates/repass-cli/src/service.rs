//! The five service verbs.

use std::future::Future;

use repass_client::{
    Client, Completion, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword,
    DmsPassword, Error, Outcome, ResetPassword,
};

use crate::arguments::{Dcs, Ddm, Dms, Output, Target};
use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{self, Called, Operation};
use crate::password::read_old_and_new;
use crate::terminal;

pub(crate) async fn ddm(verb: Ddm, output: Output) -> Result<(), Failure> {
    match verb {
        Ddm::ResetPassword {
            username,
            target,
            password,
        } => {
            let client = target.client(Operation::DdmResetPassword)?;
            let mut interrupt = Interrupt::listen()?;
            let new = DdmAccountPassword::new(password.read(&mut interrupt).await?)
                .map_err(Failure::Rules)?;
            password
                .hand_over(new.expose(), output, &mut interrupt)
                .await?;
            let call = client.ddm_reset_password(&target.instance_id, &username, &new);
            run(
                &client,
                Operation::DdmResetPassword,
                output,
                call,
                &mut interrupt,
            )
            .await
        }
        Ddm::SetAdmin {
            name,
            target,
            password,
        } => {
            let client = target.client(Operation::DdmSetAdmin)?;
            let mut interrupt = Interrupt::listen()?;
            let new = DdmAdminPassword::new(password.read(&mut interrupt).await?)
                .map_err(Failure::Rules)?;
            password
                .hand_over(new.expose(), output, &mut interrupt)
                .await?;
            let call = client.ddm_set_admin(&target.instance_id, &name, &new);
            run(
                &client,
                Operation::DdmSetAdmin,
                output,
                call,
                &mut interrupt,
            )
            .await
        }
    }
}

pub(crate) async fn dcs(verb: Dcs, output: Output) -> Result<(), Failure> {
    match verb {
        Dcs::ChangePassword {
            target,
            old_password_file,
            password,
        } => {
            let client = target.client(Operation::DcsChangePassword)?;
            let mut interrupt = Interrupt::listen()?;
            let (old, new) =
                read_old_and_new(old_password_file.as_deref(), &password, &mut interrupt).await?;
            let old = DcsOldPassword::new(old);
            let new = DcsPassword::new(new).map_err(Failure::Rules)?;
            password
                .hand_over(new.expose(), output, &mut interrupt)
                .await?;
            let call = client.dcs_change_password(&target.instance_id, &old, &new);
            run(
                &client,
                Operation::DcsChangePassword,
                output,
                call,
                &mut interrupt,
            )
            .await
        }
        Dcs::ResetPassword {
            target,
            password_free,
            password,
        } => {
            let client = target.client(Operation::DcsResetPassword)?;
            let mut interrupt = Interrupt::listen()?;
            let reset = if password_free {
                ResetPassword::PasswordFree
            } else {
                let new = DcsPassword::new(password.read(&mut interrupt).await?)
                    .map_err(Failure::Rules)?;
                password
                    .hand_over(new.expose(), output, &mut interrupt)
                    .await?;
                ResetPassword::To(new)
            };
            let call = client.dcs_reset_password(&target.instance_id, &reset);
            run(
                &client,
                Operation::DcsResetPassword,
                output,
                call,
                &mut interrupt,
            )
            .await
        }
    }
}

pub(crate) async fn dms(verb: Dms, output: Output) -> Result<(), Failure> {
    let Dms::ResetPassword { target, password } = verb;
    let client = target.client(Operation::DmsResetPassword)?;
    let mut interrupt = Interrupt::listen()?;
    let new = DmsPassword::new(password.read(&mut interrupt).await?).map_err(Failure::Rules)?;
    password
        .hand_over(new.expose(), output, &mut interrupt)
        .await?;
    let call = client.dms_reset_password(&target.instance_id, &new);
    run(
        &client,
        Operation::DmsResetPassword,
        output,
        call,
        &mut interrupt,
    )
    .await
}

impl Target {
    fn client(&self, operation: Operation) -> Result<Client, Failure> {
        Configuration::load(&self.access)?.client(operation.into())
    }
}

/// Makes the call and tells what came of it. Whoever interrupts it is told what is known then.
async fn run(
    client: &Client,
    operation: Operation,
    output: Output,
    call: impl Future<Output = Result<Outcome, Error>>,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let Some(outcome) = interrupt.unless(call).await else {
        // The call has been dropped, and sends nothing any more.
        return Err(Failure::Interrupted(client.has_sent().then_some(operation)));
    };
    let outcome = outcome.map_err(Failure::Call)?;
    let (done, completion) = match outcome.completion {
        Completion::Done => ("done", output::Completion::Done),
        Completion::Accepted => (
            "accepted, and being done in a job",
            output::Completion::Accepted,
        ),
    };
    let request_id = outcome
        .request_id
        .iter()
        .map(|id| format!(", request id {id}"));
    let job_id = outcome.job_id.iter().map(|id| format!(", job {id}"));
    terminal::say(&format!(
        "{}: {done} (status {}{})",
        outcome.operation,
        outcome.status,
        request_id.chain(job_id).collect::<String>()
    ));
    if output == Output::Json {
        let printed = terminal::show_json(&Called {
            operation,
            completion,
            status: outcome.status,
            request_id: outcome.request_id,
            job_id: outcome.job_id,
        });
        // The exit code speaks of the password.
        if let Err(failure) = printed {
            let (line, _) = failure.lines();
            terminal::say(&format!("note: {line}; do not run it again for that"));
        }
    }
    Ok(())
}
