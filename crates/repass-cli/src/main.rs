//! `repass`: sets the passwords of managed databases and middleware from a terminal or a pipeline.
//!
//! Data that was asked for goes to standard output: a report, a generated password, the emulator's
//! address. Words about what happened go to standard error. A password that is checked or set is
//! never an argument and never in the environment; credentials are never arguments.
#![allow(rustdoc::bare_urls, reason = "the comments of arguments are the help")]

mod arguments;
mod check;
#[cfg(feature = "rotate")]
mod commands;
mod completions;
mod config;
mod demo;
mod emulate;
mod failure;
mod generate;
mod input;
mod interrupt;
mod output;
mod password;
#[cfg(feature = "rotate")]
mod rotation;
mod schema;
mod service;
mod settings;
mod terminal;

use std::process::ExitCode;

use tokio::runtime::Runtime;

use crate::arguments::{Output, Verb};
use crate::failure::Failure;

/// The licences of the software in this binary, which have to go where it goes.
const THIRD_PARTY: &str = include_str!("../THIRD-PARTY.md");

fn main() -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::not_done(
                format!("threads cannot be started: {error}"),
                "end other programs, and try again",
            );
            return failure.report(None, Output::asked_for());
        }
    };
    let code = runtime.block_on(parse_and_run());
    // A prompt that was interrupted still waits for its line.
    runtime.shutdown_background();
    code
}

async fn parse_and_run() -> ExitCode {
    let arguments = match arguments::parse() {
        Ok(arguments) => arguments,
        Err(failure) => return failure.report(None, Output::asked_for()),
    };
    if arguments.verbose {
        terminal::log();
    }
    let (verb, output) = (arguments.verb, arguments.output);
    let operation = verb.operation();
    match run(verb, output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(operation, output),
    }
}

async fn run(verb: Verb, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Demo => demo::run(output).await,
        Verb::Check(check) => check::run(&check, output).await,
        Verb::Generate(generate) => generate::run(&generate, output),
        Verb::Emulate(emulate) => emulate::run(&emulate, output).await,
        Verb::Config(access) => config::run(&access, output),
        Verb::Schema { verb } => schema::run(verb.as_deref()),
        Verb::Completions { shell } => completions::run(shell),
        #[cfg(feature = "rotate")]
        Verb::Rotate(rotate) => commands::rotate::run(&rotate, output).await,
        #[cfg(feature = "rotate")]
        Verb::Status(fleet) => commands::status::run(&fleet, output).await,
        #[cfg(feature = "rotate")]
        Verb::Get(get) => commands::get::run(&get, output).await,
        #[cfg(feature = "rotate")]
        Verb::Import(import) => commands::import::run(&import, output).await,
        #[cfg(feature = "rotate")]
        Verb::History(history) => commands::history::run(&history, output).await,
        Verb::Licenses => terminal::show(THIRD_PARTY.trim_end()),
        Verb::Ddm(verb) => service::ddm(verb, output).await,
        Verb::Dcs(verb) => service::dcs(verb, output).await,
        Verb::Dms(verb) => service::dms(verb, output).await,
    }
}
