//! The five service verbs.

use std::future::Future;
use std::io::IsTerminal;

use repass_client::{
    Client, Completion, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword,
    DmsPassword, Error, Outcome, ResetPassword,
};

use crate::arguments::{Dcs, Ddm, Dms, Output, Target};
use crate::failure::Failure;
use crate::output::{self, Called, Operation};
use crate::password::read_old_and_new;
use crate::settings::Settings;
use crate::terminal;

pub(crate) async fn ddm(verb: Ddm, output: Output) -> Result<(), Failure> {
    match verb {
        Ddm::ResetPassword {
            username,
            target,
            password,
        } => {
            let client = target.client(Operation::DdmResetPassword)?;
            let new = DdmAccountPassword::new(password.read().await?).map_err(Failure::Rules)?;
            password.hand_over(new.expose(), output)?;
            let call = client.ddm_reset_password(&target.instance_id, &username, &new);
            run(&client, Operation::DdmResetPassword, output, call).await
        }
        Ddm::SetAdmin {
            name,
            target,
            password,
        } => {
            let client = target.client(Operation::DdmSetAdmin)?;
            let new = DdmAdminPassword::new(password.read().await?).map_err(Failure::Rules)?;
            password.hand_over(new.expose(), output)?;
            let call = client.ddm_set_admin(&target.instance_id, &name, &new);
            run(&client, Operation::DdmSetAdmin, output, call).await
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
            let (old, new) = read_old_and_new(old_password_file.as_deref(), &password).await?;
            let old = DcsOldPassword::new(old);
            let new = DcsPassword::new(new).map_err(Failure::Rules)?;
            password.hand_over(new.expose(), output)?;
            let call = client.dcs_change_password(&target.instance_id, &old, &new);
            run(&client, Operation::DcsChangePassword, output, call).await
        }
        Dcs::ResetPassword {
            target,
            password_free,
            password,
        } => {
            let client = target.client(Operation::DcsResetPassword)?;
            let reset = if password_free {
                ResetPassword::PasswordFree
            } else {
                let new = DcsPassword::new(password.read().await?).map_err(Failure::Rules)?;
                password.hand_over(new.expose(), output)?;
                ResetPassword::To(new)
            };
            let call = client.dcs_reset_password(&target.instance_id, &reset);
            run(&client, Operation::DcsResetPassword, output, call).await
        }
    }
}

pub(crate) async fn dms(verb: Dms, output: Output) -> Result<(), Failure> {
    let Dms::ResetPassword { target, password } = verb;
    let client = target.client(Operation::DmsResetPassword)?;
    let new = DmsPassword::new(password.read().await?).map_err(Failure::Rules)?;
    password.hand_over(new.expose(), output)?;
    let call = client.dms_reset_password(&target.instance_id, &new);
    run(&client, Operation::DmsResetPassword, output, call).await
}

impl Target {
    fn client(&self, operation: Operation) -> Result<Client, Failure> {
        let settings = Settings::load(&self.access)?;
        let client = settings.client(operation.into())?;
        if std::io::stderr().is_terminal() {
            for note in settings.overrides() {
                terminal::say(&format!("note: {note}"));
            }
        }
        Ok(client)
    }
}

/// Makes the call and tells what came of it. Whoever interrupts it is told what is known then.
async fn run(
    client: &Client,
    operation: Operation,
    output: Output,
    call: impl Future<Output = Result<Outcome, Error>>,
) -> Result<(), Failure> {
    let interrupted = terminal::interrupted().map_err(|error| {
        let line = format!("signals cannot be waited for: {error}");
        Failure::not_done(line, "nothing was sent; try again")
    })?;
    let outcome = tokio::select! {
        outcome = call => outcome.map_err(Failure::Call)?,
        // The call has been dropped, and sends nothing any more.
        () = interrupted => {
            return Err(Failure::Interrupted(client.has_sent().then_some(operation)));
        }
    };
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
