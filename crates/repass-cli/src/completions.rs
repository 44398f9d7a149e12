//! `repass completions`.

use clap::CommandFactory;

use crate::arguments::{Arguments, Shell};
use crate::failure::Failure;
use crate::terminal;

pub(crate) fn run(shell: Shell) -> Result<(), Failure> {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "repass", &mut script);
    terminal::show(String::from_utf8_lossy(&script).trim_end())
}
