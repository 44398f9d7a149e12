//! The five service verbs.

use std::future::Future;
use std::io::IsTerminal;

use repass_client::{
    Client, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword, Error,
    InFlight, Operation, Outcome, ResetPassword,
};

use crate::arguments::{Dcs, Ddm, Dms, Output, Target};
use crate::failure::Failure;
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
            let new = DdmAccountPassword::new(password.read().await?).map_err(Failure::Rules)?;
            password.hand_over(new.expose(), output)?;
            let call = client.ddm_reset_password(&target.instance_id, &username, &new);
            run(&in_flight, Operation::DdmResetPassword, output, call).await
        }
        Ddm::SetAdmin {
            name,
            target,
            password,
        } => {
            let (client, in_flight) = target.client(Operation::DdmSetAdmin)?;
            let new = DdmAdminPassword::new(password.read().await?).map_err(Failure::Rules)?;
            password.hand_over(new.expose(), output)?;
            let call = client.ddm_set_admin(&target.instance_id, &name, &new);
            run(&in_flight, Operation::DdmSetAdmin, output, call).await
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
            let (old, new) = read_old_and_new(old_password_file.as_deref(), &password).await?;
            let old = DcsOldPassword::new(old);
            let new = DcsPassword::new(new).map_err(Failure::Rules)?;
            password.hand_over(new.expose(), output)?;
            let call = client.dcs_change_password(&target.instance_id, &old, &new);
            run(&in_flight, Operation::DcsChangePassword, output, call).await
        }
        Dcs::ResetPassword {
            target,
            password_free,
            password,
        } => {
            let (client, in_flight) = target.client(Operation::DcsResetPassword)?;
            let reset = if password_free {
                ResetPassword::PasswordFree
            } else {
                let new = DcsPassword::new(password.read().await?).map_err(Failure::Rules)?;
                password.hand_over(new.expose(), output)?;
                ResetPassword::To(new)
            };
            let call = client.dcs_reset_password(&target.instance_id, &reset);
            run(&in_flight, Operation::DcsResetPassword, output, call).await
        }
    }
}

pub(crate) async fn dms(verb: Dms, output: Output) -> Result<(), Failure> {
    let Dms::ResetPassword { target, password } = verb;
    let (client, in_flight) = target.client(Operation::DmsResetPassword)?;
    let new = DmsPassword::new(password.read().await?).map_err(Failure::Rules)?;
    password.hand_over(new.expose(), output)?;
    let call = client.dms_reset_password(&target.instance_id, &new);
    run(&in_flight, Operation::DmsResetPassword, output, call).await
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
) -> Result<(), Failure> {
    let interrupted = terminal::interrupted().map_err(|error| {
        let line = format!("signals cannot be waited for: {error}");
        Failure::not_done(line, "nothing was sent; try again")
    })?;
    let outcome = tokio::select! {
        outcome = call => outcome.map_err(Failure::Call)?,
        // The call has been dropped, and sends nothing any more.
        () = interrupted => {
            return Err(Failure::Interrupted(in_flight.outcome_uncertain().then_some(operation)));
        }
    };
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
