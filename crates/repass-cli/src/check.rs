//! `repass check`.

use repass_client::{Context, Report};

use crate::arguments::{Check, Output};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal;

/// Characters that services are reported to refuse in a DCS password; see `openapi/README.md`.
const DOUBTFUL: [char; 2] = ['%', '\\'];

pub(crate) async fn run(check: &Check, output: Output) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()?;
    let password = check.password.read(&mut interrupt).await?;
    let context = Context {
        username: check.username.as_deref(),
        ..Context::default()
    };
    let outcome = check.policy.check(password.expose(), &context);
    match (check.policy.not_username, &check.username) {
        (true, None) => terminal::say(
            "note: that the password is not the user name was not looked at; give --username",
        ),
        (false, Some(_)) => terminal::say(&format!(
            "note: {} has no rule about the user name",
            check.policy.name
        )),
        _ => {}
    }
    if outcome.is_ok() && check.policy.name == "dcs" && password.expose().contains(DOUBTFUL) {
        terminal::say(
            "note: services are reported to refuse % and backslash in a DCS password, although the \
             vendor's pages allow them; a password without them is safe",
        );
    }
    match output {
        Output::Json => {
            let report = Report::new(check.policy, outcome);
            terminal::show_json(&report)?;
            if report.valid {
                Ok(())
            } else {
                Err(Failure::Told { exit_code: 3 })
            }
        }
        Output::Table => match outcome {
            Ok(()) => terminal::show(&format!("{} accepts the password", check.policy.name)),
            Err(violations) => {
                terminal::show(&format!("{} refuses the password:", check.policy.name))?;
                for violation in &violations {
                    terminal::show(&format!("  - it {violation}"))?;
                }
                Err(Failure::Told { exit_code: 3 })
            }
        },
    }
}
