//! `repass get`: a password of a credential, for scripts.

use repass_rotate::record::State;

use crate::arguments::{Get, Output};
use crate::failure::Failure;
use crate::output::Stored;
use crate::rotation::{Access, Site, failed};
use crate::terminal;

pub(crate) async fn run(arguments: &Get, output: Output) -> Result<(), Failure> {
    let site = Site::read(&arguments.fleet.file)?;
    let name = &site.credential(&arguments.name)?.name;
    let store = site.store(Access::Passwords).await?;
    let Some((record, _)) = store.load(name).await.map_err(failed)? else {
        return Err(Failure::not_done(
            format!("{name} has no record yet"),
            "run `repass rotate`, or `repass import` with its current password",
        ));
    };
    let passwords = &record.passwords;
    let (which, password) = if arguments.previous {
        ("previous", &passwords.previous)
    } else if arguments.pending {
        ("pending", &passwords.pending)
    } else {
        ("current", &passwords.current)
    };
    let Some(password) = password else {
        let next = match which {
            "current" => {
                "run `repass rotate --force`, or `repass import` with the current password"
            }
            _ => "run `repass history` to see what happened",
        };
        return Err(Failure::not_done(
            format!("{name} has no {which} password"),
            next,
        ));
    };
    if matches!(
        record.status.state,
        State::Sending | State::Doubtful | State::Stuck
    ) {
        let state = record.status.state;
        terminal::say(&format!(
            "note: {name} is {state}: it is not certain which password is live"
        ));
    }
    match output {
        Output::Table => terminal::show(password.secret.expose()),
        Output::Json => terminal::show_json(&Stored {
            name: name.clone(),
            version: password.number,
            password: password.secret.clone(),
        }),
    }
}
