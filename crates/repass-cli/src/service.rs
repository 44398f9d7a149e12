//! The five service verbs.

use std::future::Future;
use std::io::IsTerminal;

use repass_client::{
    Client, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword, Error,
    InFlight, Operation, Outcome, ResetPassword,
};

use crate::arguments::{Dcs, Ddm, Dms, Output, Target};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Called;
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
            let (client, in_flight) = target.client(Operation::DdmResetPassword)?;
            let mut interrupt = Interrupt::listen()?;
            let new = DdmAccountPassword::new(password.read(&mut interrupt).await?)
                .map_err(Failure::Rules)?;
            password
                .hand_over(new.expose(), output, &mut interrupt)
                .await?;
            let call = client.ddm_reset_password(&target.instance_id, &username, &new);
            run(
                &in_flight,
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
            let (client, in_flight) = target.client(Operation::DdmSetAdmin)?;
            let mut interrupt = Interrupt::listen()?;
            let new = DdmAdminPassword::new(password.read(&mut interrupt).await?)
                .map_err(Failure::Rules)?;
            password
                .hand_over(new.expose(), output, &mut interrupt)
                .await?;
            let call = client.ddm_set_admin(&target.instance_id, &name, &new);
            run(
                &in_flight,
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
            let (client, in_flight) = target.client(Operation::DcsChangePassword)?;
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
                &in_flight,
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
            let (client, in_flight) = target.client(Operation::DcsResetPassword)?;
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
                &in_flight,
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
    let (client, in_flight) = target.client(Operation::DmsResetPassword)?;
    let mut interrupt = Interrupt::listen()?;
    let new = DmsPassword::new(password.read(&mut interrupt).await?).map_err(Failure::Rules)?;
    password
        .hand_over(new.expose(), output, &mut interrupt)
        .await?;
    let call = client.dms_reset_password(&target.instance_id, &new);
    run(
        &in_flight,
        Operation::DmsResetPassword,
        output,
        call,
        &mut interrupt,
    )
    .await
}

impl Target {
    fn client(&self, operation: Operation) -> Result<(Client, InFlight), Failure> {
        let settings = Settings::load(&self.access)?;
        let client = settings.client(operation)?;
        if std::io::stderr().is_terminal() {
            for note in settings.overrides() {
                terminal::say(&format!("note: {note}"));
            }
        }
        Ok(client.observed())
    }
}

/// Makes the call and reports its result. An interrupted call reports what is known of it.
async fn run(
    in_flight: &InFlight,
    operation: Operation,
    output: Output,
    call: impl Future<Output = Result<Outcome, Error>>,
    interrupt: &mut Interrupt,
) -> Result<(), Failure> {
    let Some(outcome) = interrupt.unless(call).await else {
        // The call has been dropped, and sends nothing any more.
        return Err(Failure::Interrupted(
            in_flight.outcome_uncertain().then_some(operation),
        ));
    };
    let outcome = outcome.map_err(Failure::Call)?;
    terminal::say(&outcome.to_string());
    if output == Output::Json {
        let printed = terminal::show_json(&Called {
            operation,
            instance_id: outcome.target.instance.to_string(),
            account: outcome.target.account,
            host: outcome.target.host,
            completion: outcome.completion,
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
