//! `repass emulate`.

use repass_emulator::{Emulator, Fleet, Instance, Options};
use schemars::JsonSchema;
use serde::Serialize;

use crate::arguments::{Emulate, Output};
use crate::failure::Failure;
use crate::terminal;

/// What a script needs in order to begin.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Started<'a> {
    /// Where it listens.
    url: String,
    #[serde(flatten)]
    fleet: &'a Fleet,
}

pub(crate) async fn run(arguments: &Emulate, output: Output) -> Result<(), Failure> {
    let fleet = Fleet::built_in();
    let options = Options {
        listen: arguments.listen,
        ..Options::default()
    };
    let emulator = Emulator::start_with(fleet.clone(), options)
        .await
        .map_err(|error| {
            let line = format!("{} cannot be listened on: {error}", arguments.listen);
            Failure::not_done(line, "name another address, such as --listen 127.0.0.1:0")
        })?;
    let started = Started {
        url: emulator.url(),
        fleet: &fleet,
    };
    match output {
        Output::Json => terminal::show_json(&started)?,
        Output::Table => {
            terminal::show(&describe(&started))?;
            terminal::say("Ctrl-C ends the emulator.");
        }
    }
    let interrupted = tokio::signal::ctrl_c().await;
    interrupted.map_err(|error| Failure::not_done(error, "end the emulator in another way"))
}

fn describe(started: &Started<'_>) -> String {
    let mut table = terminal::table(["Service", "Instance id", "Account", "Password", "Notes"]);
    for instance in &started.fleet.instances {
        match instance {
            Instance::Ddm(ddm) => {
                for account in &ddm.accounts {
                    let password = account.password.expose();
                    table.add_row(["ddm", &ddm.id, &account.username, password, ""]);
                }
            }
            Instance::Dcs(dcs) => {
                let password = dcs.password.as_ref().map_or("(none)", |one| one.expose());
                table.add_row(["dcs", &dcs.id, "", password, ""]);
            }
            Instance::Dms(dms) => {
                let notes = if dms.ssl { "" } else { "SSL is off" };
                table.add_row(["dms", &dms.id, "", dms.password.expose(), notes]);
            }
            _ => {}
        }
    }
    let Started { url, fleet } = started;
    let user = &fleet.user;
    let opened_with = [
        ("URL", url.as_str()),
        ("Project id", &fleet.project_id),
        ("Project name", &fleet.project_name),
        ("Token", fleet.token.expose()),
        ("Access key", &fleet.access_key),
        ("Secret key", fleet.secret_key.expose()),
        ("Domain name", &user.domain),
        ("User name", &user.name),
        ("User password", user.password.expose()),
    ];
    let lines = opened_with.map(|(name, value)| format!("{name:15}{value}\n"));
    format!("{}\n{table}", lines.concat())
}
