//! `repass generate`.

use repass_client::{DEFAULT_LENGTH, generate};

use crate::arguments::Generate;
use crate::failure::Failure;
use crate::terminal;

pub(crate) fn run(arguments: &Generate) -> Result<(), Failure> {
    if arguments.length > DEFAULT_LENGTH {
        terminal::say("note: only dcs accepts more than 32 characters");
    }
    for _ in 0..arguments.count {
        let password = generate(arguments.length)
            .map_err(|error| Failure::not_done(error, "give another length"))?;
        terminal::show(password.expose())?;
    }
    Ok(())
}
