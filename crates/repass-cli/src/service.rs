//! The five service verbs.

use std::env::VarError;
use std::future::Future;

use repass_client::{
    Client, Completion, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DdmAdminPassword, DmsPassword, Endpoints, Error, Operation, Outcome, ResetPassword, Secret,
};

use crate::arguments::{Dcs, Ddm, Dms, Target};
use crate::failure::Failure;
use crate::password::read_old_and_new;
use crate::terminal;

/// The environment variable that OpenStack's tools also read a token from.
const TOKEN: &str = "OS_TOKEN";

pub(crate) async fn ddm(verb: Ddm) -> Result<(), Failure> {
    match verb {
        Ddm::ResetPassword {
            username,
            target,
            password,
        } => {
            let client = target.client()?;
            let new = DdmAccountPassword::new(password.read(DdmAccountPassword::POLICY)?)
                .map_err(Failure::Rules)?;
            password.hand_over(new.expose())?;
            let call = client.ddm_reset_password(&target.instance_id, &username, &new);
            run(Operation::DdmResetPassword, call).await
        }
        Ddm::SetAdmin {
            name,
            target,
            password,
        } => {
            let client = target.client()?;
            let new = DdmAdminPassword::new(password.read(DdmAdminPassword::POLICY)?)
                .map_err(Failure::Rules)?;
            password.hand_over(new.expose())?;
            let call = client.ddm_set_admin(&target.instance_id, &name, &new);
            run(Operation::DdmSetAdmin, call).await
        }
    }
}

pub(crate) async fn dcs(verb: Dcs) -> Result<(), Failure> {
    match verb {
        Dcs::ChangePassword {
            target,
            old_password_file,
            password,
        } => {
            let client = target.client()?;
            let (old, new) = read_old_and_new(old_password_file.as_deref(), &password)?;
            let old = DcsOldPassword::new(old);
            let new = DcsPassword::new(new).map_err(Failure::Rules)?;
            password.hand_over(new.expose())?;
            let call = client.dcs_change_password(&target.instance_id, &old, &new);
            run(Operation::DcsChangePassword, call).await
        }
        Dcs::ResetPassword {
            target,
            password_free,
            password,
        } => {
            let client = target.client()?;
            let reset = if password_free {
                ResetPassword::PasswordFree
            } else {
                let new = DcsPassword::new(password.read(DcsPassword::POLICY)?)
                    .map_err(Failure::Rules)?;
                password.hand_over(new.expose())?;
                ResetPassword::To(new)
            };
            let call = client.dcs_reset_password(&target.instance_id, &reset);
            run(Operation::DcsResetPassword, call).await
        }
    }
}

pub(crate) async fn dms(verb: Dms) -> Result<(), Failure> {
    let Dms::ResetPassword { target, password } = verb;
    let client = target.client()?;
    let new = DmsPassword::new(password.read(DmsPassword::POLICY)?).map_err(Failure::Rules)?;
    password.hand_over(new.expose())?;
    let call = client.dms_reset_password(&target.instance_id, &new);
    run(Operation::DmsResetPassword, call).await
}

impl Target {
    fn client(&self) -> Result<Client, Failure> {
        let endpoint = Endpoints::all(&self.endpoint);
        let endpoint = endpoint.map_err(|error| Failure::usage(error, "correct --endpoint"))?;
        let next = "put a token of the project in the environment variable OS_TOKEN";
        let token = std::env::var(TOKEN).map(Secret::from);
        let token = token.map_err(|error| match error {
            VarError::NotPresent => Failure::usage(format!("{TOKEN} is not set"), next),
            // The error itself would repeat it.
            VarError::NotUnicode(_) => Failure::usage(format!("{TOKEN} is no text"), next),
        })?;
        let credentials = Credentials::token(token);
        let credentials = credentials.map_err(|error| Failure::usage(error, next))?;
        Client::new(endpoint, self.project_id.clone(), credentials)
            .map_err(|error| Failure::not_done(error, "check the system's certificates"))
    }
}

/// Makes the call and tells what came of it. Whoever interrupts it is told that nobody knows.
async fn run(
    operation: Operation,
    call: impl Future<Output = Result<Outcome, Error>>,
) -> Result<(), Failure> {
    let outcome = tokio::select! {
        outcome = call => outcome.map_err(Failure::Call)?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted(operation)),
    };
    let done = match outcome.completion {
        Completion::Done => "done",
        Completion::Accepted => "accepted, and being done in a job",
    };
    let request_id = outcome.request_id.map(|id| format!(", request id {id}"));
    let job_id = outcome.job_id.map(|id| format!(", job {id}"));
    terminal::say(&format!(
        "{operation}: {done} (status {}{}{})",
        outcome.status,
        request_id.unwrap_or_default(),
        job_id.unwrap_or_default()
    ));
    Ok(())
}
