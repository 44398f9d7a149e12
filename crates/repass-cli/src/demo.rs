//! `repass demo`: the whole way once, on an emulator in this process.

use comfy_table::Table;
use repass_client::{
    AdminName, Client, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DdmAdminPassword, DmsPassword, Endpoints, Error, InstanceId, Operation, Outcome, ProjectId,
    ResetPassword, Username,
};
use repass_emulator::{Emulator, Fleet};

use crate::failure::Failure;
use crate::terminal;

pub(crate) async fn run() -> Result<(), Failure> {
    let told = show().await.map_err(|error| {
        let line = format!("the demo did not go as it should: {error}");
        Failure::not_done(line, "please report it")
    })?;
    terminal::show(&told)
}

async fn show() -> Result<String, Box<dyn std::error::Error>> {
    let emulator = Emulator::start(Fleet::built_in()).await?;
    let client = Client::new(
        Endpoints::all(&emulator.url())?,
        ProjectId::new(Fleet::PROJECT_ID)?,
        Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY)?,
    )?;
    let ddm = InstanceId::new(Fleet::DDM_ID)?;
    let dcs = InstanceId::new(Fleet::DCS_ID)?;
    let dms = InstanceId::new(Fleet::DMS_ID)?;

    let mut steps = Steps::new(&emulator);
    let username = Username::new(Fleet::DDM_USERNAME)?;
    let new = DdmAccountPassword::generate()?;
    steps.done(client.ddm_reset_password(&ddm, &username, &new).await)?;
    let root = AdminName::new("root")?;
    let new = DdmAdminPassword::generate()?;
    steps.done(client.ddm_set_admin(&ddm, &root, &new).await)?;
    let old = DcsOldPassword::new(Fleet::DCS_PASSWORD);
    let new = DcsPassword::generate()?;
    steps.done(client.dcs_change_password(&dcs, &old, &new).await)?;
    let reset = ResetPassword::To(DcsPassword::generate()?);
    steps.done(client.dcs_reset_password(&dcs, &reset).await)?;
    let new = DmsPassword::generate()?;
    steps.done(client.dms_reset_password(&dms, &new).await)?;
    let url = emulator.url();
    let mut told = format!("The five endpoints, on an emulator at {url}:\n{steps}\n");

    told += "\nA password that the rules of dms refuse is not sent at all:\n";
    let before = emulator.received().len();
    match DmsPassword::new("-kafka") {
        Ok(_) => return Err("a bad password was accepted".into()),
        Err(violations) => {
            for violation in &violations {
                told += &format!("  - it {violation}\n");
            }
        }
    }
    let sent = emulator.received().len() - before;
    told += &format!("  requests that the emulator received: {sent}\n");

    let mut steps = Steps::new(&emulator);
    let wrong = DcsOldPassword::new("Not-The-Password-1");
    let new = DcsPassword::generate()?;
    for _ in 0..6 {
        steps.refused(client.dcs_change_password(&dcs, &wrong, &new).await)?;
    }
    told += &format!("\nA wrong old password, until the account is locked:\n{steps}\n");

    let mut steps = Steps::new(&emulator);
    let reset = ResetPassword::To(new);
    steps.done(client.dcs_reset_password(&dcs, &reset).await)?;
    told += &format!("\nA reset asks for no old password, so it works during the lock:\n{steps}");
    Ok(told)
}

/// A table of what was sent and what came of it.
struct Steps<'a> {
    emulator: &'a Emulator,
    table: Table,
}

impl<'a> Steps<'a> {
    fn new(emulator: &'a Emulator) -> Self {
        let table = terminal::table(["Operation", "Request", "Status", "Result"]);
        Self { emulator, table }
    }

    fn done(&mut self, result: Result<Outcome, Error>) -> Result<(), Error> {
        let outcome = result?;
        self.add(outcome.operation, "the password was set");
        Ok(())
    }

    fn refused(
        &mut self,
        result: Result<Outcome, Error>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        match result {
            Err(Error::Refused(refusal)) => {
                self.add(refusal.operation, &refusal.kind.to_string());
                Ok(())
            }
            Err(error) => Err(error.into()),
            Ok(_) => Err("a wrong old password was accepted".into()),
        }
    }

    /// Adds what the emulator received last.
    fn add(&mut self, operation: Operation, result: &str) {
        if let Some(request) = self.emulator.received().pop() {
            let line = format!("{} {}", request.method, request.path);
            let status = request.status.to_string();
            self.table
                .add_row([&operation.to_string(), &line, &status, result]);
        }
    }
}

impl std::fmt::Display for Steps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.table.fmt(f)
    }
}
