//! The arguments, which are also the help.

use std::error::Error;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::builder::{
    PathBufValueParser, PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser,
};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, Command, CommandFactory, Parser, Subcommand, ValueEnum};
use repass_client::{
    AdminName, Cloud, DEFAULT_LENGTH, InstanceId, MAX_LENGTH, MIN_LENGTH, Policy, ProjectId,
    ProjectName, Username,
};

use crate::failure::Failure;
use crate::terminal;
use repass_client::Operation;

/// Sets the passwords of DDM, DCS and DMS instances on Huawei Cloud and Open Telekom Cloud
#[derive(Debug, Parser)]
#[command(name = "repass", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How to print the result of any verb but schema, completions and licenses; as JSON it is one line, whose
    /// schema `repass schema` prints
    #[arg(long, global = true, value_enum, default_value_t, display_order = LAST)]
    pub(crate) output: Output,
    /// Log to standard error what is done, step by step; never a password or other credentials
    #[arg(long, global = true, display_order = LAST)]
    pub(crate) verbose: bool,
}

/// Where the options of all verbs stand: below the verb's own, above the help.
const LAST: usize = 900;

/// The verb that was asked for.
///
/// # Errors
/// Help was asked for, and has been printed. Or any mistake. No word of the arguments is repeated: it could be a password.
pub(crate) fn parse() -> Result<Arguments, Failure> {
    Arguments::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => terminal::shown(error.print())
            .err()
            .unwrap_or(Failure::Told { exit_code: 0 }),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            if Output::asked_for() == Output::Table =>
        {
            error.exit()
        }
        _ => mistake(&error),
    })
}

const NOT_REPEATED: &str = "not repeated here, for it could be a password";

fn mistake(error: &clap::Error) -> Failure {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let Asked { verb, command } = asked();
    let has_password = has(&command, "password-stdin");
    let help = format!("see `{verb} --help`");
    let give = match has_password {
        true => "give a password at the prompt, with --password-stdin or with --password-file FILE",
        false => &help,
    };
    let word = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let line = format!("{verb} has no such verb; it is {NOT_REPEATED}");
            let similar = match twisted(&command, &context(ContextKind::InvalidSubcommand)) {
                Some(verb) => verb.to_owned(),
                None => context(ContextKind::SuggestedSubcommand),
            };
            Failure::usage(line, or_similar(&similar, help))
        }
        ErrorKind::UnknownArgument if word == "--password" => Failure::usage(
            "there is no option --password: a password is never an argument",
            give.to_owned(),
        ),
        ErrorKind::UnknownArgument if word.starts_with('-') => {
            let called = CALLED.iter().find(|(wrong, right)| {
                word.strip_prefix("--") == Some(wrong) && has(&command, right)
            });
            if let Some((wrong, right)) = called {
                let line = format!("{verb} has no option --{wrong}");
                return Failure::usage(line, format!("it is called --{right} here; {help}"));
            }
            if crate::settings::is_credential(&word) {
                return Failure::usage(
                    format!("{verb} has no option {word}: credentials are never options"),
                    "set them in the environment or in clouds.yaml: see `repass config --help`",
                );
            }
            let line = match place(&word) {
                Some(place) => format!("word {place} after `repass` is no option of {verb}"),
                None => format!("{verb} has no such option"),
            };
            let line = format!("{line}; it is {NOT_REPEATED}");
            Failure::usage(line, or_similar(&context(ContextKind::SuggestedArg), help))
        }
        ErrorKind::UnknownArgument => {
            let line = format!("there is a word too many; it is {NOT_REPEATED}");
            let next = match has_password && follows("--generate", &word) {
                true => "name a file as in --generate=FILE",
                false => give,
            };
            Failure::usage(line, next.to_owned())
        }
        ErrorKind::TooManyValues => {
            let line = format!("an option has a value that it does not take; it is {NOT_REPEATED}");
            Failure::usage(line, give.to_owned())
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let problem = match error.source() {
                Some(problem) => problem.to_string(),
                None if context(ContextKind::InvalidValue).is_empty() => "it has no value".into(),
                None => format!("it is none of {}", context(ContextKind::ValidValue)),
            };
            Failure::usage(format!("{word}: {problem}"), "correct it")
        }
        // They repeat nothing but names of verbs and options.
        _ => {
            let told = error.to_string();
            let lines = told.lines().take_while(|line| !line.is_empty());
            let line = lines.map(str::trim).collect::<Vec<_>>().join(" ");
            Failure::usage(line.strip_prefix("error: ").unwrap_or(&line), help)
        }
    }
}

fn or_similar(similar: &str, help: String) -> String {
    match similar {
        "" => help,
        _ => format!("there is {similar}; {help}"),
    }
}

/// Options that one verb has and another one does not: the wrong one, and the right one.
const CALLED: &[(&str, &str)] = &[
    ("name", "username"),
    ("user", "username"),
    ("username", "name"),
    ("user", "name"),
];

fn has(command: &Command, option: &str) -> bool {
    let mut arguments = command.get_arguments();
    arguments.any(|argument| argument.get_long() == Some(option))
}

/// The verb with the same letters in another order, which clap does not find similar.
fn twisted<'a>(command: &'a Command, word: &str) -> Option<&'a str> {
    let letters = |word: &str| {
        let mut letters: Vec<_> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    let mut verbs = command.get_subcommands().map(Command::get_name);
    verbs.find(|verb| letters(verb) == letters(word))
}

/// Which of the words is this option.
fn place(option: &str) -> Option<usize> {
    let is_it = |word: &str| word.split('=').next() == Some(option);
    std::env::args_os().position(|word| word.to_str().is_some_and(is_it))
}

/// The verb that stands in the arguments, as far as it is one.
struct Asked {
    verb: String,
    command: Command,
}

fn asked() -> Asked {
    let command = Arguments::command();
    let (mut deepest, mut verb) = (&command, "repass".to_owned());
    for word in std::env::args_os().skip(1) {
        if let Some(deeper) = deepest.find_subcommand(&word) {
            deepest = deeper;
            verb += &format!(" {}", deeper.get_name());
        }
    }
    Asked {
        verb,
        command: deepest.clone(),
    }
}

/// Whether this word stands behind that one.
fn follows(word: &str, next: &str) -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    let mut pairs = words.windows(2);
    pairs.any(|pair| pair.iter().eq([word, next]))
}

impl Output {
    /// The form that was asked for in arguments that are not right.
    pub(crate) fn asked_for() -> Self {
        match follows("--output", "json") || std::env::args_os().any(|word| word == "--output=json")
        {
            true => Self::Json,
            false => Self::Table,
        }
    }
}

const EXIT_CODES: &str = "\
The settings of a call come from options; from environment variables, of Huawei's SDKs
(HUAWEICLOUD_SDK_…), of its Terraform provider (HW_…) or of OpenStack's tools (OS_…); and from the
clouds.yaml and secure.yaml of OpenStack's tools, if --cloud or OS_CLOUD names a cloud in them. See
`repass config --help`.

The network's settings: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY hold the URL of a proxy (http, https or
socks5h), NO_PROXY lists the hosts that need none, and nothing on this machine does. SSL_CERT_FILE
and SSL_CERT_DIR (PEM files) replace the system's CA certificates, except on macOS and Windows.

Exit codes:
  0  done, or accepted by the service
  1  refused, or not sent: no password changed
  2  the command or its configuration is not right
  3  the password breaks the rules: nothing was sent
  4  it is not known whether the password changed
Ctrl-C ends a call with 1 or 4, too: a loop in a shell needs `repass … || break` to end with it.";

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
    /// Print the JSON Schema of what a verb prints with --output json, or of a fleet's file
    Schema {
        /// The verb, where `call` is each of ddm, dcs and dms; or a file: `fleet` for emulate,
        /// `rotation` for rotate. All of them unless one is named
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
    /// Rotate the passwords of a fleet; run it again to resume
    ///
    /// A new password is stored before it is sent, and the run can be killed at any moment: the next
    /// one resumes, doubtful credentials first.
    #[cfg(feature = "rotate")]
    #[command(after_help = ROTATE_CODES)]
    Rotate(Rotate),
    /// Show the state of each credential of a fleet
    ///
    /// The exit code is 0 if all is well, 1 if something failed or is not published, and 4 if a
    /// credential is doubtful or stuck.
    #[cfg(feature = "rotate")]
    Status(FleetFile),
    /// Print the current password of a credential
    #[cfg(feature = "rotate")]
    Get(Get),
    /// Store the current password of a credential; nothing is sent
    #[cfg(feature = "rotate")]
    Import(Import),
    /// Show what happened to a credential
    #[cfg(feature = "rotate")]
    History(History),
    /// Print the licences of the software in this binary
    #[command(alias = "licences")]
    Licenses,
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

/// The file of a fleet.
#[cfg(feature = "rotate")]
#[derive(Debug, Args)]
pub(crate) struct FleetFile {
    /// Fleet file; `repass schema rotation` describes it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[cfg(feature = "rotate")]
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    pub(crate) fleet: FleetFile,
    /// Rotate only these credentials
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Show what would be done; write and send nothing
    #[arg(long, conflicts_with_all = ["init", "check", "watch", "metrics"])]
    pub(crate) dry_run: bool,
    /// Rotate now, whether or not it is due
    #[arg(long, conflicts_with_all = ["init", "check"])]
    pub(crate) force: bool,
    /// Rotate at most this many credentials at once; overrides the fleet file
    #[arg(long, value_name = "N", value_parser = number(1..=1000), allow_negative_numbers = true)]
    pub(crate) parallel: Option<usize>,
    /// Create the key that seals the stored passwords, and stop
    #[arg(long, conflicts_with_all = ["check", "watch", "metrics", "only", "parallel"])]
    pub(crate) init: bool,
    /// Log in with the current passwords, report which are not live, and change nothing
    #[arg(long, conflicts_with_all = ["watch", "metrics", "parallel"])]
    pub(crate) check: bool,
    /// Keep running, and rotate what becomes due
    #[arg(long)]
    pub(crate) watch: bool,
    /// Write metrics in Prometheus' text format to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Allow plain HTTP to remote endpoints; anyone on the network path can read the passwords
    #[arg(long)]
    pub(crate) allow_http: bool,
}

#[cfg(feature = "rotate")]
const ROTATE_CODES: &str = "\
The cloud, its endpoints and the project come from the fleet file, and what it does not set from the
environment; credentials come from the environment or from clouds.yaml: see `repass config --help`.

Exit codes, the highest of all credentials:
  0  all are rotated or up to date
  1  some were refused, not sent, left out or not published; run it again
  2  the command, its configuration, the store or the key is not valid
  4  the live password of some is in doubt; run it again, or see `repass status` if they are stuck
The first Ctrl-C finishes what was sent and sends nothing more; a second one stops at once.";

#[cfg(feature = "rotate")]
#[derive(Debug, Args)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) fleet: FleetFile,
    /// Name of the credential
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Print the password before the current one
    #[arg(long, conflicts_with = "pending")]
    pub(crate) previous: bool,
    /// Print the password that a rotation is setting
    #[arg(long)]
    pub(crate) pending: bool,
}

#[cfg(feature = "rotate")]
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) fleet: FleetFile,
    /// Name of the credential
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) password: GivenPassword,
}

#[cfg(feature = "rotate")]
#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) fleet: FleetFile,
    /// Name of the credential
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
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
    #[arg(
        long,
        value_name = "N",
        help = format!(
            "Characters in each password; more than {DEFAULT_LENGTH} are accepted by {} only",
            crate::generate::accepting(DEFAULT_LENGTH + 1)
        ),
        default_value_t = DEFAULT_LENGTH,
        value_parser = number(MIN_LENGTH..=MAX_LENGTH),
        allow_negative_numbers = true
    )]
    pub(crate) length: usize,
    /// How many passwords, one a line
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = number(1..=MOST_PASSWORDS),
        allow_negative_numbers = true
    )]
    pub(crate) count: usize,
}

/// As JSON they are one line.
const MOST_PASSWORDS: usize = 1_000_000;

#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// The fleet to emulate, a YAML file; `repass schema fleet` prints what may stand there. The
    /// built-in one unless another is given
    #[arg(long, value_name = "FILE")]
    pub(crate) fleet: Option<PathBuf>,
    /// A name of this machine, by which the page and the control may be reached beside `localhost`
    /// and IP addresses, such as that of a container; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub(crate) allow_host: Vec<String>,
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
    /// Reset the password of an account; it exists on Huawei Cloud only
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
        /// Read the old password from this file: the way in a pipeline with --generate; not with
        /// --password-stdin, which takes both passwords
        #[arg(
            long,
            value_name = "FILE",
            conflicts_with = "password_stdin",
            value_parser = file("--password-stdin reads the old and the new one")
        )]
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
#[command(after_help = CREDENTIALS)]
pub(crate) struct Target {
    /// The instance
    #[arg(long, value_name = "ID")]
    pub(crate) instance_id: InstanceId,
    #[command(flatten)]
    pub(crate) access: Access,
}

const CREDENTIALS: &str = "\
Credentials come from the environment or from clouds.yaml, never from an option: see
`repass config --help`.";

/// How to get at a project. Credentials are never arguments.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// The base URL of the service, such as https://SERVICE.eu-de.otc.t-systems.com, where SERVICE
    /// is ddm, dcs or dms
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// The region of the instance, such as eu-de: it gives the cloud, its endpoints and the project
    /// of its name
    #[arg(long, value_name = "REGION", value_parser = Region, hide_possible_values = true)]
    pub(crate) region: Option<String>,
    /// The project of the instance, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: Option<ProjectId>,
    /// The project of the instance, by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) project_name: Option<ProjectName>,
    /// The base URL of IAM, where a user logs in; by default that of the region or of the endpoint
    #[arg(long, value_name = "URL")]
    pub(crate) iam_endpoint: Option<String>,
    /// A cloud in clouds.yaml, for what neither options nor variables set; it has to be of the
    /// operator that is called
    #[arg(long, value_name = "NAME")]
    pub(crate) cloud: Option<String>,
    /// Allow plain HTTP to remote endpoints; anyone on the network path can read the password
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
    #[arg(
        long,
        value_name = "FILE",
        value_parser = file("--password-stdin reads standard input")
    )]
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
        value_parser = file("--generate alone prints the password"),
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

/// A file. What other programs mean by `-` has an option of its own here.
fn file(instead: &'static str) -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(move |path| match path.as_os_str() == "-" {
        true => Err(format!("- is no file here; {instead}")),
        false => Ok(path),
    })
}

/// Any text, for it could be a secret that is not to be repeated; the completions offer those that
/// there are.
#[derive(Clone)]
struct Region;

impl TypedValueParser for Region {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Cloud::regions().map(PossibleValue::new)))
    }
}

fn number(range: RangeInclusive<usize>) -> impl TypedValueParser<Value = usize> {
    move |text: &str| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("it is no number from {} to {}", range.start(), range.end()))
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse(),
        None => text.parse(),
    };
    address.map_err(|_| "it is no IP address with a port, such as 127.0.0.1:8080 or localhost:8080")
}

fn host_name(text: &str) -> Result<String, &'static str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match !text.is_empty() && text.bytes().all(is_allowed) {
        true => Ok(text.to_owned()),
        false => Err("it is no name of a host, such as emulator; give it without a port"),
    }
}
