//! `repass generate`.

use repass_client::{DEFAULT_LENGTH, Policy, generate};

use crate::arguments::{Generate, Output};
use crate::failure::Failure;
use crate::output::Generated;
use crate::terminal;

pub(crate) fn run(arguments: &Generate, output: Output) -> Result<(), Failure> {
    if arguments.length > DEFAULT_LENGTH {
        terminal::say(&format!(
            "note: {} characters are accepted by {} only",
            arguments.length,
            accepting(arguments.length)
        ));
    }
    let passwords = (0..arguments.count).map(|_| {
        generate(arguments.length).map_err(|error| Failure::not_done(error, "give another length"))
    });
    match output {
        Output::Json => {
            let passwords = passwords.collect::<Result<_, _>>()?;
            let made = terminal::json(&Generated { passwords });
            terminal::shown(terminal::hand_over(&made))
        }
        Output::Table => {
            for password in passwords {
                terminal::shown(terminal::hand_over(password?.expose()))?;
            }
            Ok(())
        }
    }
}

/// The policies that accept so many characters.
pub(crate) fn accepting(length: usize) -> String {
    let policies = Policy::ALL
        .iter()
        .filter(|policy| length <= policy.max_length);
    let names: Vec<_> = policies.map(|policy| policy.name).collect();
    names.join(", ")
}
