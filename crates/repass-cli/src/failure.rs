//! Why a command failed: one line, what to do next, and the exit code.

use std::borrow::Cow;
use std::fmt::Display;
use std::process::ExitCode;

use repass_client::{Certainty, Error, LoginError, NotSent, RefusalKind, UnknownCause, Violations};

use crate::arguments::Output;
use crate::output::{self, Failed, Kind, Operation, Problem};
use crate::terminal;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command is not right, or its configuration.
    Usage {
        line: String,
        /// Where there are several mistakes, each of them.
        mistakes: Vec<String>,
        next: Cow<'static, str>,
    },
    /// The password breaks the rules.
    Rules(Violations),
    /// Nothing changed.
    NotDone { line: String, next: &'static str },
    /// The call failed, and its error says what is known.
    Call(Error),
    /// A signal came: after this call was sent, or before anything was.
    Interrupted(Option<Operation>),
    /// It has been told already.
    Told { exit_code: u8 },
}

impl Failure {
    /// A failure before anything was sent.
    pub(crate) fn not_done(what: impl Display, next: &'static str) -> Self {
        let line = what.to_string();
        Self::NotDone { line, next }
    }

    /// A command that cannot be carried out as it is.
    pub(crate) fn usage(what: impl Display, next: impl Into<Cow<'static, str>>) -> Self {
        Self::mistakes(what, Vec::new(), next)
    }

    /// Several mistakes in what was given.
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

    /// Tells what happened, and gives the exit code for it.
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
                // If standard output cannot be written, it has still been told.
                let _ = terminal::show_json(&self.as_json(operation));
            }
        }
        ExitCode::from(self.exit_code())
    }

    /// What happened, and what to do next.
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
            Self::Interrupted(None) => (
                "interrupted: nothing was sent".to_owned(),
                "no password changed; start again".to_owned(),
            ),
            Self::Interrupted(Some(operation)) => (
                format!(
                    "{}: it is not known whether the password changed: interrupted while the call \
                     was under way",
                    repass_client::Operation::from(*operation)
                ),
                UNKNOWN.to_owned(),
            ),
            Self::Rules(_) | Self::Told { .. } => (String::new(), String::new()),
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Rules(violations)
            | Self::Call(Error::NotSent {
                reason: NotSent::Policy(violations),
                ..
            }) => Some(violations),
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
        let (certainty, kind) = self.kind();
        let mut problem = Problem {
            certainty,
            kind,
            message,
            next,
            status: None,
            code: None,
            service_message: None,
            request_id: None,
            tries_left: None,
            minutes_left: None,
            retry_after_seconds: None,
            violations: self.violations().into_iter().flatten().cloned().collect(),
        };
        if let Self::Call(error) = self {
            problem.describe(error);
        }
        Failed {
            operation,
            error: problem,
        }
    }

    fn kind(&self) -> (output::Certainty, Kind) {
        let Self::Call(error) = self else {
            return match self {
                Self::Usage { .. } => (output::Certainty::NotSent, Kind::Usage),
                Self::Rules(_) => (output::Certainty::NotSent, Kind::Policy),
                Self::Interrupted(None) => (output::Certainty::NotSent, Kind::Interrupted),
                Self::Interrupted(Some(_)) => (output::Certainty::Unknown, Kind::Interrupted),
                _ => (output::Certainty::NotSent, Kind::Local),
            };
        };
        let certainty = match error.certainty() {
            Certainty::NotSent => output::Certainty::NotSent,
            Certainty::Refused => output::Certainty::Refused,
            Certainty::Unknown => output::Certainty::Unknown,
        };
        let kind = match error {
            Error::NotSent { reason, .. } => match reason {
                NotSent::Policy(_) => Kind::Policy,
                NotSent::NoEndpoint(_) | NotSent::Endpoint(_) => Kind::Usage,
                NotSent::Late => Kind::Timeout,
                NotSent::Login(_) => Kind::Login,
                NotSent::Connect(_) | NotSent::Connection(_) => Kind::Connect,
                _ => Kind::Other,
            },
            Error::Refused(refusal) => refused(refusal.kind),
            Error::Unknown(unknown) => match unknown.cause {
                UnknownCause::ServerError => Kind::ServerError,
                UnknownCause::Timeout => Kind::Timeout,
                UnknownCause::Cut(_) => Kind::Cut,
                UnknownCause::Unreadable => Kind::Unreadable,
                UnknownCause::UnexpectedStatus => Kind::UnexpectedStatus,
                UnknownCause::NotConfirmed => Kind::NotConfirmed,
                UnknownCause::EarlierAttempt => Kind::EarlierAttempt,
                _ => Kind::Other,
            },
            _ => Kind::Other,
        };
        (certainty, kind)
    }
}

impl Problem {
    /// Adds what the service said.
    fn describe(&mut self, error: &Error) {
        self.request_id = error.request_id().map(str::to_owned);
        match error {
            Error::Refused(refusal) => {
                self.status = Some(refusal.status);
                self.code.clone_from(&refusal.code);
                self.service_message.clone_from(&refusal.message);
                match refusal.kind {
                    RefusalKind::WrongOldPassword { tries_left } => self.tries_left = tries_left,
                    RefusalKind::Locked { minutes_left } => self.minutes_left = minutes_left,
                    RefusalKind::Throttled { retry_after } => {
                        self.retry_after_seconds = retry_after.map(|wait| wait.as_secs());
                    }
                    _ => {}
                }
            }
            Error::Unknown(unknown) => {
                self.status = unknown.status;
                self.code.clone_from(&unknown.code);
                self.service_message.clone_from(&unknown.message);
            }
            _ => {}
        }
    }
}

fn refused(kind: RefusalKind) -> Kind {
    match kind {
        RefusalKind::WrongOldPassword { .. } => Kind::WrongOldPassword,
        RefusalKind::Locked { .. } => Kind::Locked,
        RefusalKind::WeakPassword => Kind::WeakPassword,
        RefusalKind::PasswordFree => Kind::PasswordFree,
        RefusalKind::SslDisabled => Kind::SslDisabled,
        RefusalKind::NotRunning => Kind::NotRunning,
        RefusalKind::Busy => Kind::Busy,
        RefusalKind::NotFound => Kind::NotFound,
        RefusalKind::Unauthenticated => Kind::Unauthenticated,
        RefusalKind::ExpiredCredentials => Kind::ExpiredCredentials,
        RefusalKind::Forbidden => Kind::Forbidden,
        RefusalKind::Throttled { .. } => Kind::Throttled,
        _ => Kind::Other,
    }
}

const UNKNOWN: &str = "try both passwords on the instance before anything else, and keep the new one until you \
     know";

fn next_step(error: &Error) -> Cow<'static, str> {
    let next = match error {
        Error::Refused(refusal) => match refusal.kind {
            RefusalKind::WrongOldPassword { .. } => {
                "look the old password up; more wrong ones lock the account, a reset needs none"
            }
            RefusalKind::Locked { .. } => "wait until the lock ends; a reset may work before that",
            RefusalKind::WeakPassword => {
                "nothing changed; give another password, or use --generate"
            }
            RefusalKind::PasswordFree => {
                "nothing changed; a reset gives the instance a password, a change cannot"
            }
            RefusalKind::SslDisabled => {
                "nothing changed; the instance has a password only with SSL: enable it first"
            }
            RefusalKind::NotRunning => {
                "nothing changed; bring the instance to the state Running, and try again"
            }
            RefusalKind::Busy => {
                "nothing changed; wait until the other operation is done, and try again"
            }
            RefusalKind::NotFound => {
                "nothing changed; check the endpoint, the project, the instance id and the name: \
                 `repass config` shows where they come from"
            }
            RefusalKind::Unauthenticated => {
                "nothing changed; get credentials of this project and region: `repass config` \
                 shows which are in force"
            }
            RefusalKind::ExpiredCredentials => {
                "nothing changed; get a new token, or give an access key or a user, which need none"
            }
            RefusalKind::Forbidden => {
                "nothing changed; ask for the permission, or use another user"
            }
            RefusalKind::Throttled {
                retry_after: Some(wait),
            } => {
                let seconds = wait.as_secs();
                return format!("nothing changed; wait {seconds} s and try again").into();
            }
            RefusalKind::Throttled { .. } => "nothing changed; wait a little and try again",
            _ => "nothing changed; see what the service says, and its code in the vendor's pages",
        },
        Error::NotSent { reason, .. } => match reason {
            NotSent::Login(error) if matches!(**error, LoginError::Connection(_)) => {
                "nothing changed; correct the network settings, and try again"
            }
            NotSent::Login(_) => {
                "nothing changed; check the IAM endpoint, the project and the credentials: `repass \
                 config` shows which are in force"
            }
            NotSent::Late => "nothing changed; try again: the login took too long",
            NotSent::Connection(_) => {
                "nothing changed; correct the network settings, and try again"
            }
            NotSent::NoEndpoint(_) | NotSent::Endpoint(_) => {
                "nothing changed; give another endpoint: `repass config` shows which are in force"
            }
            _ => "nothing changed; check the endpoint and the network",
        },
        _ if error.certainty() == Certainty::Unknown => UNKNOWN,
        _ => "nothing changed",
    };
    next.into()
}

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
