//! `repass emulate`.

use std::fs::File;
use std::path::Path;

use repass_client::Secret;
use repass_emulator::{Emulator, Fleet, Instance, Kind, Options, User};
use schemars::JsonSchema;
use serde::Serialize;

use crate::arguments::{Emulate, Output};
use crate::failure::Failure;
use crate::input::Input;
use crate::interrupt::Interrupt;
use crate::terminal;

/// More than a fleet of a hundred thousand instances has.
const LARGEST_KIB: u16 = u16::MAX;
/// How many mistakes in a file are told.
const MISTAKES: usize = 100;
/// How many instances are told to a person.
const INSTANCES: usize = 20;

/// What a script needs in order to begin: where the emulator is, what opens the first project, and
/// the instances.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Started<'a> {
    /// Where it listens.
    url: String,
    /// The id of the first project.
    project_id: &'a str,
    /// Its name.
    project_name: &'a str,
    /// Its token, which never ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a Secret>,
    /// The first access key that requests may be signed with instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key: Option<&'a str>,
    /// Its secret key.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<&'a Secret>,
    /// The first user that IAM issues tokens to.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a User>,
    /// The instances.
    instances: &'a [Instance],
}

impl<'a> Started<'a> {
    fn new(url: String, fleet: &'a Fleet) -> Option<Self> {
        let project = fleet.projects.first()?;
        let key = fleet.access_keys.first();
        Some(Self {
            url,
            project_id: &project.id,
            project_name: &project.name,
            token: project.token.as_ref(),
            access_key: key.map(|key| key.access_key.as_str()),
            secret_key: key.map(|key| &key.secret_key),
            user: fleet.users.first(),
            instances: &fleet.instances,
        })
    }
}

pub(crate) async fn run(arguments: &Emulate, output: Output) -> Result<(), Failure> {
    let fleet = match &arguments.fleet {
        Some(path) => read(path)?,
        None => Fleet::built_in(),
    };
    let options = Options {
        listen: arguments.listen,
        allowed_hosts: arguments.allow_host.clone(),
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
    let started = Started::new(url, &fleet);
    let started = started.ok_or_else(|| Failure::usage("the fleet has no project", "add one"))?;
    let mut interrupt = Interrupt::listen()?;
    match output {
        Output::Json => terminal::show_json(&started)?,
        Output::Table => {
            terminal::show(&describe(&started))?;
            terminal::say("Ctrl-C ends the emulator.");
        }
    }
    interrupt.received().await;
    Ok(())
}

fn read(path: &Path) -> Result<Fleet, Failure> {
    let name = path.display().to_string();
    let input = Input {
        name: &name,
        largest_kib: LARGEST_KIB,
        next: "make it a YAML file in UTF-8; `repass schema fleet` prints what may stand there",
    };
    let file = File::open(path).map_err(|error| input.unreadable(&error))?;
    let text = input.read(file)?;
    Fleet::from_yaml(&text).map_err(|error| {
        let all = error.mistakes();
        let mut mistakes: Vec<_> = all.iter().take(MISTAKES).map(ToString::to_string).collect();
        if all.len() > MISTAKES {
            mistakes.push(format!("and {} more", all.len() - MISTAKES));
        }
        let line = format!("{name} is no fleet");
        Failure::mistakes(
            line,
            mistakes,
            "correct the file; `repass schema fleet` describes it",
        )
    })
}

fn describe(started: &Started<'_>) -> String {
    let user = started.user;
    let page = format!("{}/", started.url);
    let of_first = [
        ("URL", Some(started.url.as_str())),
        ("Page", Some(&page)),
        ("Project id", Some(started.project_id)),
        ("Project name", Some(started.project_name)),
        ("Token", started.token.map(Secret::expose)),
        ("Access key", started.access_key),
        ("Secret key", started.secret_key.map(Secret::expose)),
        ("Domain name", user.map(|user| user.domain.as_str())),
        ("User name", user.map(|user| user.name.as_str())),
        ("User password", user.map(|user| user.password.expose())),
    ];
    let given = |(name, value): (&'static str, Option<_>)| value.map(|value| (name, value));
    let mut facts: Vec<_> = of_first.into_iter().filter_map(given).collect();
    for instance in started.instances.iter().take(INSTANCES) {
        match &instance.kind {
            Kind::Ddm(ddm) => {
                facts.push(("ddm instance", &instance.id));
                for account in ddm.accounts.iter().chain(&ddm.administrator) {
                    facts.push(("  account", &account.username));
                    facts.push(("  password", account.password.expose()));
                }
            }
            Kind::Dcs(dcs) => {
                let password = dcs.password.as_ref().map_or("(none)", |one| one.expose());
                facts.extend([("dcs instance", &*instance.id), ("  password", password)]);
            }
            Kind::Dms(dms) => {
                let ssl = if dms.ssl { "on" } else { "off" };
                let password = dms.password.expose();
                facts.extend([
                    ("dms instance", &*instance.id),
                    ("  password", password),
                    ("  SSL", ssl),
                ]);
            }
            _ => {}
        }
    }
    let more = started.instances.len().saturating_sub(INSTANCES);
    let more = format!("{more} of {}", started.instances.len());
    if started.instances.len() > INSTANCES {
        facts.push(("More instances", &more));
    }
    let lines = facts
        .into_iter()
        .map(|(name, value)| terminal::fact(name, value));
    lines.collect::<String>().trim_end().to_owned()
}
