//! `repass check`.

use repass_client::{Context, Report};

use crate::arguments::{Check, Output};
use crate::failure::Failure;
use crate::terminal;

pub(crate) fn run(check: &Check) -> Result<(), Failure> {
    let password = check.password.read()?;
    let context = Context {
        username: check.username.as_deref(),
        ..Context::default()
    };
    let outcome = check.policy.check(password.expose(), &context);
    match check.output {
        Output::Json => {
            let report = Report::new(check.policy, outcome);
            // A report cannot fail to be written: it is texts, numbers and flags.
            terminal::show(&serde_json::to_string(&report).unwrap_or_default())?;
            if report.valid {
                Ok(())
            } else {
                Err(Failure::Told)
            }
        }
        Output::Table => match outcome {
            Ok(()) => terminal::show(&format!("{} accepts the password", check.policy.name)),
            Err(violations) => {
                terminal::show(&format!("{} refuses the password:", check.policy.name))?;
                for violation in &violations {
                    terminal::show(&format!("  - it {violation}"))?;
                }
                Err(Failure::Told)
            }
        },
    }
}
