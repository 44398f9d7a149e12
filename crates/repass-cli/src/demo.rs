//! `repass demo`.

use comfy_table::Table;
use repass_client::{Client, Credentials, DmsPassword, Endpoints, InstanceId, ProjectId};
use repass_emulator::{Emulator, Fleet};

pub(crate) async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::start(Fleet::built_in()).await?;
    let client = Client::new(
        Endpoints::all(&emulator.url())?,
        ProjectId::new(Fleet::PROJECT_ID)?,
        Credentials::token(Fleet::TOKEN)?,
    )?;
    let password = DmsPassword::generate()?;
    let instance = InstanceId::new(Fleet::DMS_ID)?;
    let outcome = client.dms_reset_password(&instance, &password).await?;
    let mut table = Table::new();
    table.set_header(["Operation", "Request", "Status", "Result"]);
    for request in emulator.received() {
        table.add_row([
            outcome.operation.to_string(),
            format!("{} {}", request.method, request.path),
            request.status.to_string(),
            "password changed".to_owned(),
        ]);
    }
    println!("{table}");
    Ok(())
}
