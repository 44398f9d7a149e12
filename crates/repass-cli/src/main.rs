//! `repass`: sets the passwords of managed databases and middleware from a terminal or a pipeline.
//!
//! Data that was asked for goes to standard output: a report, a generated password, the emulator's
//! address. Words about what happened go to standard error. A password is never an argument and
//! never in the environment.
#![allow(rustdoc::bare_urls, reason = "the comments of arguments are the help")]

mod arguments;
mod check;
mod demo;
mod emulate;
mod failure;
mod generate;
mod password;
mod service;
mod terminal;

use std::process::ExitCode;

use crate::arguments::Verb;

#[tokio::main]
async fn main() -> ExitCode {
    let verb = match arguments::parse() {
        Ok(verb) => verb,
        Err(failure) => return failure.report(),
    };
    let done = match verb {
        Verb::Demo => demo::run().await,
        Verb::Check(check) => check::run(&check),
        Verb::Generate(generate) => generate::run(&generate),
        Verb::Emulate(emulate) => emulate::run(&emulate).await,
        Verb::Ddm(verb) => service::ddm(verb).await,
        Verb::Dcs(verb) => service::dcs(verb).await,
        Verb::Dms(verb) => service::dms(verb).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
