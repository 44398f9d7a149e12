//! The arguments, which are also the help.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};
use repass_client::{AdminName, InstanceId, MAX_LENGTH, MIN_LENGTH, Policy, ProjectId, Username};

/// Sets the passwords of DDM, DCS and DMS instances on Huawei Cloud and Open Telekom Cloud
#[derive(Debug, Parser)]
#[command(name = "repass", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verb that was asked for. Help and most mistakes end the process here, as clap tells them.
///
/// # Errors
/// A word that belongs to no option: it could be a password, and clap would repeat it.
pub(crate) fn parse() -> Result<Verb, Failure> {
    let error = match Arguments::try_parse() {
        Ok(arguments) => return Ok(arguments.verb),
        Err(error) => error,
    };
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word))
            if error.kind() == ErrorKind::UnknownArgument && !word.starts_with('-') =>
        {
            Err(Failure::usage(
                "there is a word too many; it is not repeated here, for it could be a password",
                "give a password at the prompt, with --password-stdin or with --password-file",
            ))
        }
        _ => error.exit(),
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or accepted by the service
  1  refused, or not sent: no password changed
  2  the command is not right
  3  the password breaks the rules: nothing was sent
  4  it is not known whether the password changed";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Drive all five endpoints on an emulator in this process
    Demo,
    /// Hold a password against the rules of a service
    Check(Check),
    /// Make passwords that every service accepts
    Generate(Generate),
    /// Run the emulator until Ctrl-C
    Emulate(Emulate),
    /// Distributed Database Middleware
    #[command(subcommand)]
    Ddm(Ddm),
    /// Distributed Cache Service (Redis)
    #[command(subcommand)]
    Dcs(Dcs),
    /// Distributed Message Service (Kafka)
    #[command(subcommand)]
    Dms(Dms),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Whose rules
    #[arg(long, value_name = "POLICY", value_parser = policy())]
    pub(crate) policy: &'static Policy,
    /// The user whose password it is to be
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,
    #[command(flatten)]
    pub(crate) password: GivenPassword,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Characters in each password; above 32 only dcs accepts them
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = length)]
    pub(crate) length: usize,
    /// How many passwords, one a line
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) count: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// How to print where it listens and what it holds; as JSON it is one line
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ddm {
    /// Reset the password of an account
    ResetPassword {
        /// The account
        #[arg(long, value_name = "NAME")]
        username: Username,
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Create the administrator, or set its password if there is one
    SetAdmin {
        /// The administrator's name
        #[arg(long, value_name = "NAME")]
        name: AdminName,
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        password: NewPassword,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dcs {
    /// Change the password, with the old one; five wrong ones lock the account for minutes
    ///
    /// With --password-stdin the first line is the old password and the second the new one.
    ChangePassword {
        #[command(flatten)]
        target: Target,
        /// Read the old password from this file
        #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
        old_password_file: Option<PathBuf>,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Reset the password, without the old one
    ResetPassword {
        #[command(flatten)]
        target: Target,
        /// Let everyone in without a password
        #[arg(long, conflicts_with_all = ["password_stdin", "password_file", "generate"])]
        password_free: bool,
        #[command(flatten)]
        password: NewPassword,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dms {
    /// Reset the password of an instance that has SSL enabled
    ResetPassword {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        password: NewPassword,
    },
}

/// Which instance. The token comes from the environment variable OS_TOKEN.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The base URL of the service, such as https://dcs.eu-de.otc.t-systems.com
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: String,
    /// The project of the instance
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: ProjectId,
    /// The instance
    #[arg(long, value_name = "ID")]
    pub(crate) instance_id: InstanceId,
}

/// How a password is given: at a prompt unless one of these says otherwise.
#[derive(Debug, Args)]
pub(crate) struct GivenPassword {
    /// Read the password from standard input; one newline at its end is dropped
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) password_stdin: bool,
    /// Read the password from this file; one newline at its end is dropped
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// How a new password is given or made.
#[derive(Debug, Args)]
pub(crate) struct NewPassword {
    #[command(flatten)]
    pub(crate) given: GivenPassword,
    /// Make a password that every service accepts, and hand it over before it is sent: on standard
    /// output, or in a new file that only you can read
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = ["password_stdin", "password_file"]
    )]
    pub(crate) generate: Option<Option<PathBuf>>,
}

fn policy() -> impl TypedValueParser<Value = &'static Policy> {
    let names = Policy::ALL.iter().map(|policy| policy.name);
    PossibleValuesParser::new(names)
        .try_map(|name| Policy::named(&name).ok_or("there is no such policy"))
}

fn length(text: &str) -> Result<usize, String> {
    let length = text.parse().ok();
    length
        .filter(|length| (MIN_LENGTH..=MAX_LENGTH).contains(length))
        .ok_or_else(|| format!("give a number from {MIN_LENGTH} to {MAX_LENGTH}"))
}
