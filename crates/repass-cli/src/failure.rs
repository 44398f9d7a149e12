//! The failure of a command: one line, a hint, and the exit code.

use std::borrow::Cow;
use std::fmt::Display;
use std::process::ExitCode;

use repass_client::{Certainty, Error, ErrorKind, Operation, Violations};

use crate::arguments::Output;
use crate::output::{CommandFailure, Failed, Kind, Problem};
use crate::terminal;

/// The failure of a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command or its configuration is not valid.
    Usage {
        line: String,
        /// Each mistake, if there are several.
        mistakes: Vec<String>,
        next: Cow<'static, str>,
    },
    /// The password breaks the rules.
    Rules(Violations),
    /// Nothing changed.
    NotDone { line: String, next: &'static str },
    /// The call failed.
    Call(Error),
    /// A signal arrived: after this call was sent, or before anything was.
    Interrupted(Option<Operation>),
    /// A second signal stopped a rotation at once.
    #[cfg(feature = "rotate")]
    Stopped,
    /// It has been reported already.
    Told { exit_code: u8 },
}

impl Failure {
    /// A failure before anything was sent.
    pub(crate) fn not_done(what: impl Display, next: &'static str) -> Self {
        let line = what.to_string();
        Self::NotDone { line, next }
    }

    /// A command or configuration that is not valid.
    pub(crate) fn usage(what: impl Display, next: impl Into<Cow<'static, str>>) -> Self {
        Self::mistakes(what, Vec::new(), next)
    }

    /// Several mistakes at once.
    pub(crate) fn mistakes(
        what: impl Display,
        mistakes: Vec<String>,
        next: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Usage {
            line: what.to_string(),
            mistakes,
            next: next.into(),
        }
    }

    /// Reports the failure and returns its exit code.
    pub(crate) fn report(&self, operation: Option<Operation>, output: Output) -> ExitCode {
        if !matches!(self, Self::Told { .. }) {
            let (line, next) = self.lines();
            terminal::say(&format!("error: {line}"));
            for violation in self.violations().into_iter().flatten() {
                terminal::say(&format!("  - it {violation}"));
            }
            if let Self::Usage { mistakes, .. } = self {
                for mistake in mistakes {
                    terminal::say(&format!("  - {mistake}"));
                }
            }
            terminal::say(&format!("next: {next}"));
            if output == Output::Json {
                // If standard output cannot be written, standard error has it.
                let _ = terminal::show_json(&self.as_json(operation));
            }
        }
        ExitCode::from(self.exit_code())
    }

    /// Returns the failure in a line, and what to do next.
    pub(crate) fn lines(&self) -> (String, String) {
        if let Some(violations) = self.violations() {
            return (
                format!("the password breaks the rules of {}", violations.policy()),
                "nothing was sent; give another password, or use --generate".to_owned(),
            );
        }
        match self {
            Self::Usage { line, next, .. } => (line.clone(), next.to_string()),
            Self::NotDone { line, next } => (line.clone(), (*next).to_owned()),
            Self::Call(error) => (with_sources(error), next_step(error).into_owned()),
            #[cfg(feature = "rotate")]
            Self::Stopped => (
                "stopped at once; a request may have been under way".to_owned(),
                "run `repass rotate` again: it finds out how the request ended".to_owned(),
            ),
            Self::Interrupted(None) => (
                "interrupted: nothing was sent".to_owned(),
                "no password changed; run the command again".to_owned(),
            ),
            Self::Interrupted(Some(operation)) => (
                format!(
                    "{operation}: unknown whether it took effect: interrupted after it was sent"
                ),
                after_unknown(*operation).to_owned(),
            ),
            Self::Rules(_) | Self::Told { .. } => (String::new(), String::new()),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Rules(violations) => Some(violations),
            Self::Call(error) => error.violations(),
            _ => None,
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::Told { exit_code } => *exit_code,
            Self::NotDone { .. } | Self::Interrupted(None) => 1,
            Self::Usage { .. } => 2,
            _ if self.violations().is_some() => 3,
            Self::Call(error) if error.certainty().nothing_changed() => 1,
            #[cfg(feature = "rotate")]
            Self::Stopped => 4,
            Self::Call(_) | Self::Interrupted(Some(_)) | Self::Rules(_) => 4,
        }
    }

    fn as_json(&self, operation: Option<Operation>) -> Failed {
        let (mut message, next) = self.lines();
        if let Self::Usage { mistakes, .. } = self
            && !mistakes.is_empty()
        {
            message = format!("{message}: {}", mistakes.join(". "));
        }
        let call = match self {
            Self::Call(error) => Some(error),
            _ => None,
        };
        let (certainty, kind) = match self {
            Self::Call(error) => (error.certainty(), Kind::Call(error.kind())),
            Self::Rules(_) => (Certainty::NotSent, Kind::Call(ErrorKind::Policy)),
            Self::Usage { .. } => (Certainty::NotSent, Kind::Command(CommandFailure::Usage)),
            Self::Interrupted(sent) => {
                let certainty = match sent {
                    Some(_) => Certainty::Unknown,
                    None => Certainty::NotSent,
                };
                (certainty, Kind::Command(CommandFailure::Interrupted))
            }
            #[cfg(feature = "rotate")]
            Self::Stopped => (
                Certainty::Unknown,
                Kind::Command(CommandFailure::Interrupted),
            ),
            Self::NotDone { .. } | Self::Told { .. } => {
                (Certainty::NotSent, Kind::Command(CommandFailure::Local))
            }
        };
        let text = |text: Option<&str>| text.map(str::to_owned);
        let target = call.map(Error::target);
        Failed {
            operation,
            instance_id: target.map(|target| target.instance.to_string()),
            account: target.and_then(|target| target.account.clone()),
            host: target.and_then(|target| target.host.clone()),
            error: Problem {
                certainty,
                kind,
                message,
                next,
                status: call.and_then(Error::status),
                code: text(call.and_then(Error::code)),
                service_message: text(call.and_then(Error::message)),
                request_id: text(call.and_then(Error::request_id)),
                tries_left: call.and_then(Error::tries_left),
                minutes_left: call.and_then(Error::minutes_left),
                retry_after_seconds: call.and_then(Error::retry_after).map(|wait| wait.as_secs()),
                clock_offset_seconds: call.and_then(Error::clock_offset).map(|by| by.as_secs()),
                try_new_password_first: call.is_some_and(Error::suggests_repeated_change),
                violations: self.violations().into_iter().flatten().cloned().collect(),
            },
        }
    }
}

/// Returns what to do after an unknown outcome.
fn after_unknown(operation: Operation) -> &'static str {
    match operation {
        Operation::DcsChangePassword => {
            "try the new password on the instance first, then the old one; keep both until one works"
        }
        _ => {
            "run the command again with the same password: a reset that is repeated has the same effect; \
             keep the old password until it has succeeded"
        }
    }
}

fn next_step(error: &Error) -> Cow<'static, str> {
    if error.certainty() == Certainty::Unknown {
        return after_unknown(error.target().operation).into();
    }
    if let (ErrorKind::Throttled, Some(wait)) = (error.kind(), error.retry_after()) {
        let seconds = wait.as_secs();
        return format!("nothing changed; wait {seconds} s and try again").into();
    }
    if error.suggests_repeated_change() {
        return match error.kind() {
            ErrorKind::Busy => {
                "try the new password on the instance first: if a proxy repeated the request, the \
                 change is under way; otherwise wait until the other operation is done"
            }
            _ => {
                "try the new password on the instance first: if a proxy repeated the request, it was \
                 changed; otherwise find the old password. More wrong ones lock the account; a reset \
                 needs none"
            }
        }
        .into();
    }
    let clock =
        error.clock_offset().is_some() || error.message().is_some_and(speaks_of_expired_signature);
    match error.kind() {
        ErrorKind::Unauthenticated | ErrorKind::Login if clock => {
            "nothing changed; set this machine's clock: a signature is valid for 15 minutes"
        }
        ErrorKind::Policy => "nothing was sent; give another password, or use --generate",
        ErrorKind::NoEndpoint => {
            "nothing changed; set another endpoint: `repass config` shows which are in force"
        }
        ErrorKind::Connect | ErrorKind::Login if error.connection_error().is_some() => {
            "nothing changed; correct the network settings, and try again"
        }
        ErrorKind::Login => {
            "nothing changed; check the IAM endpoint, the project and the credentials: `repass config` \
             shows which are in force"
        }
        ErrorKind::Timeout => "nothing changed; try again: the deadline passed before it was sent",
        ErrorKind::Locked => "wait until the lock ends; a reset may work before that",
        ErrorKind::WeakPassword => "nothing changed; give another password, or use --generate",
        ErrorKind::PasswordFree => {
            "nothing changed; a reset gives the instance a password, a change cannot"
        }
        ErrorKind::SslDisabled => {
            "nothing changed; the instance has a password only with SSL: enable it first"
        }
        ErrorKind::NotRunning => {
            "nothing changed; bring the instance to the state Running, and try again"
        }
        ErrorKind::Busy => "nothing changed; wait until the other operation is done, and try again",
        ErrorKind::NotFound => {
            "nothing changed; check the endpoint, the project, the instance id and the name: `repass \
             config` shows where they come from"
        }
        ErrorKind::Unauthenticated => {
            "nothing changed; get credentials of this project and region: `repass config` shows which \
             are in force"
        }
        ErrorKind::ExpiredCredentials => {
            "nothing changed; get a new token, or use an access key or a user"
        }
        ErrorKind::Forbidden => "nothing changed; ask for the permission, or use another user",
        ErrorKind::Throttled => "nothing changed; wait and try again",
        ErrorKind::WrongOldPassword => "nothing changed; find the old password, or use a reset",
        _ if error.certainty() == Certainty::NotSent => {
            "nothing changed; check the endpoint and the network"
        }
        _ => "nothing changed; look the code up in the vendor's pages",
    }
    .into()
}

/// Returns whether a message says that a signature is out of date.
fn speaks_of_expired_signature(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("sign") && (message.contains("expire") || message.contains("time"))
}

/// Returns the error's text, followed by those of its sources.
fn with_sources(error: &Error) -> String {
    let mut line = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        // Some errors repeat their source in their own text.
        let text = error.to_string();
        if !line.contains(&text) {
            line += &format!(": {text}");
        }
        source = error.source();
    }
    line
}
