//! `repass generate`.

use repass_client::{DEFAULT_LENGTH, generate};

use crate::arguments::{Generate, Output};
use crate::failure::Failure;
use crate::output::Generated;
use crate::terminal;

pub(crate) fn run(arguments: &Generate, output: Output) -> Result<(), Failure> {
    if arguments.length > DEFAULT_LENGTH {
        terminal::say("note: only dcs accepts more than 32 characters");
    }
    let passwords = (0..arguments.count).map(|_| {
        generate(arguments.length).map_err(|error| Failure::not_done(error, "give another length"))
    });
    match output {
        Output::Json => {
            let passwords = passwords.collect::<Result<_, _>>()?;
            terminal::show_json(&Generated { passwords })
        }
        Output::Table => {
            for password in passwords {
                terminal::show(password?.expose())?;
            }
            Ok(())
        }
    }
}
