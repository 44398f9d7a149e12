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
    let (listen, url) = (arguments.listen, emulator.url());
    if !listen.ip().is_loopback() {
        terminal::say("warning: everyone on the network reaches the emulator");
    }
    // What is listened on everywhere is reached here, too.
    let url = match listen.ip().is_unspecified() {
        true => url.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]"),
        false => url,
    };
    let started = Started { url, fleet: &fleet };
    let ended = terminal::interrupted().map_err(|error| {
        let line = format!("signals cannot be waited for: {error}");
        Failure::not_done(line, "try again")
    })?;
    match output {
        Output::Json => terminal::show_json(&started)?,
        Output::Table => {
            terminal::show(&describe(&started))?;
            terminal::say("Ctrl-C ends the emulator.");
        }
    }
    ended.await;
    Ok(())
}

fn describe(started: &Started<'_>) -> String {
    let Started { url, fleet } = started;
    let user = &fleet.user;
    let mut facts = vec![
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
    for instance in &fleet.instances {
        match instance {
            Instance::Ddm(ddm) => {
                facts.push(("ddm instance", &ddm.id));
                for account in &ddm.accounts {
                    facts.push(("  account", &account.username));
                    facts.push(("  password", account.password.expose()));
                }
            }
            Instance::Dcs(dcs) => {
                let password = dcs.password.as_ref().map_or("(none)", |one| one.expose());
                facts.extend([("dcs instance", &*dcs.id), ("  password", password)]);
            }
            Instance::Dms(dms) => {
                let ssl = if dms.ssl { "on" } else { "off" };
                let password = dms.password.expose();
                facts.extend([
                    ("dms instance", &*dms.id),
                    ("  password", password),
                    ("  SSL", ssl),
                ]);
            }
            _ => {}
        }
    }
    let lines = facts
        .into_iter()
        .map(|(name, value)| terminal::fact(name, value));
    lines.collect::<String>().trim_end().to_owned()
}
