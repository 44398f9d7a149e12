//! The arguments, which are also the help.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};
use repass_client::{
    AdminName, InstanceId, MAX_LENGTH, MIN_LENGTH, Policy, ProjectId, ProjectName, Username,
};

use crate::failure::Failure;
use crate::output::Operation;

/// Sets the passwords of DDM, DCS and DMS instances on Huawei Cloud and Open Telekom Cloud
#[derive(Debug, Parser)]
#[command(name = "repass", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How to print the result; as JSON it is one line, whose schema `repass schema` prints
    #[arg(long, global = true, value_enum, default_value_t, display_order = LAST)]
    pub(crate) output: Output,
    /// Log to standard error what is done, step by step; never a password or other credentials
    #[arg(long, global = true, display_order = LAST)]
    pub(crate) verbose: bool,
}

/// Where the options of all verbs stand: below the verb's own, above the help.
const LAST: usize = 900;

/// The verb that was asked for. Help and most mistakes end the process here, as clap tells them.
///
/// # Errors
/// A word that belongs to no option: it could be a password, and clap would repeat it. Any mistake
/// if the result is to be JSON.
pub(crate) fn parse() -> Result<Arguments, Failure> {
    let error = match Arguments::try_parse() {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    let is_word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) => !word.starts_with('-'),
        _ => false,
    };
    match error.kind() {
        ErrorKind::UnknownArgument if is_word => Err(Failure::usage(
            "there is a word too many; it is not repeated here, for it could be a password",
            "give a password at the prompt, with --password-stdin or with --password-file",
        )),
        ErrorKind::TooManyValues => Err(Failure::usage(
            "an option has a value that it does not take; it is not repeated here, for it could be \
             a password",
            "give a password at the prompt, with --password-stdin or with --password-file",
        )),
        _ if error.use_stderr() && Output::asked_for() == Output::Json => {
            let told = error.to_string();
            let line = told.lines().next().unwrap_or_default();
            let line = line.strip_prefix("error: ").unwrap_or(line);
            Err(Failure::usage(line, "see `repass --help`"))
        }
        _ => error.exit(),
    }
}

impl Output {
    /// The form that was asked for in arguments that are not right.
    pub(crate) fn asked_for() -> Self {
        let words: Vec<_> = std::env::args_os().collect();
        let pairs = words.windows(2);
        let mut json = pairs.map(|pair| pair.iter().eq(["--output", "json"]));
        match json.any(|json| json) || words.iter().any(|word| word == "--output=json") {
            true => Self::Json,
            false => Self::Table,
        }
    }
}

const EXIT_CODES: &str = "\
Where the settings of a call come from, the first that says one: an option; an environment
variable, of Huawei's SDKs (HUAWEICLOUD_SDK_…) or of OpenStack's tools (OS_…); the clouds.yaml and
secure.yaml of OpenStack's tools, read only if --cloud or OS_CLOUD names a cloud in them. See
`repass config --help`.

Exit codes:
  0  done, or accepted by the service
  1  refused, or not sent: no password changed
  2  the command or its configuration is not right
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
    /// Show which settings are in force, and where each comes from; secrets stay hidden
    ///
    /// The exit code is 0 if a call could be made with them, and 2 if something is missing or not
    /// right.
    #[command(after_long_help = crate::settings::sources())]
    Config(Access),
    /// Print the JSON Schema of what a verb prints with --output json
    Schema {
        /// The verb; `call` is each of ddm, dcs and dms. All of them unless one is named
        #[arg(value_name = "VERB", value_parser = PossibleValuesParser::new(crate::schema::names()))]
        verb: Option<String>,
    },
    /// Print the completions for a shell
    ///
    /// Such as: repass completions bash > ~/.local/share/bash-completion/completions/repass
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
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
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Table,
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

/// Which instance.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The instance
    #[arg(long, value_name = "ID")]
    pub(crate) instance_id: InstanceId,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// How to get at a project. Credentials are never arguments.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// The base URL of the service, such as https://dcs.eu-de.otc.t-systems.com
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// The region of the instance, such as eu-de: it gives the cloud, its endpoints and the project
    /// of its name
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The project of the instance, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: Option<ProjectId>,
    /// The project of the instance, by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) project_name: Option<ProjectName>,
    /// The base URL of IAM, where a user logs in
    #[arg(long, value_name = "URL")]
    pub(crate) iam_endpoint: Option<String>,
    /// A cloud in clouds.yaml, for what neither options nor the environment say
    #[arg(long, value_name = "NAME")]
    pub(crate) cloud: Option<String>,
    /// Accept plain http endpoints of other machines too: everyone on the way can read the password
    #[arg(long)]
    pub(crate) allow_http: bool,
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
    /// output, with --output json as a first line {"password":"…"}, or in a new file that only you
    /// can read
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = ["password_stdin", "password_file"]
    )]
    pub(crate) generate: Option<Option<PathBuf>>,
}

impl Verb {
    /// Which operation it asks for, if it calls a service.
    pub(crate) fn operation(&self) -> Option<Operation> {
        match self {
            Self::Ddm(Ddm::ResetPassword { .. }) => Some(Operation::DdmResetPassword),
            Self::Ddm(Ddm::SetAdmin { .. }) => Some(Operation::DdmSetAdmin),
            Self::Dcs(Dcs::ChangePassword { .. }) => Some(Operation::DcsChangePassword),
            Self::Dcs(Dcs::ResetPassword { .. }) => Some(Operation::DcsResetPassword),
            Self::Dms(Dms::ResetPassword { .. }) => Some(Operation::DmsResetPassword),
            _ => None,
        }
    }
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
