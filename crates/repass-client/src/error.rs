//! One error for all five operations, and what it says about the password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use repass_policy::Violations;

use crate::{ConnectionError, InvalidEndpoint, LoginError, NoEndpoint, Operation};

/// Why a call did not succeed. Ask [`Error::certainty`] first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was sent, so nothing changed.
    #[error("{operation}: nothing was sent: {reason}")]
    NotSent {
        /// What was to be done.
        operation: Operation,
        /// Why it was not even tried.
        #[source]
        reason: NotSent,
    },
    /// The service refused, so nothing changed.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// It is not known whether the password changed.
    #[error(transparent)]
    Unknown(Box<Unknown>),
}

#[doc = include_str!("certainty.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Nothing was sent: the password is the old one.
    NotSent,
    /// The service refused: the password is the old one.
    Refused,
    /// The password may be the old one or the new one.
    Unknown,
}

impl Certainty {
    /// Whether the password is surely the old one.
    pub fn nothing_changed(self) -> bool {
        self != Self::Unknown
    }
}

impl Error {
    /// Whether the password may have changed.
    pub fn certainty(&self) -> Certainty {
        match self {
            Self::NotSent { .. } => Certainty::NotSent,
            Self::Refused(_) => Certainty::Refused,
            Self::Unknown(_) => Certainty::Unknown,
        }
    }

    /// What was to be done.
    pub fn operation(&self) -> Operation {
        match self {
            Self::NotSent { operation, .. } => *operation,
            Self::Refused(refusal) => refusal.operation,
            Self::Unknown(unknown) => unknown.operation,
        }
    }

    /// What it is, in a word for a log.
    pub(crate) fn kind(&self) -> String {
        let known = match self {
            Self::NotSent { reason, .. } => match reason {
                NotSent::Policy(_) => "Policy",
                NotSent::NoEndpoint(_) => "NoEndpoint",
                NotSent::Endpoint(_) => "Endpoint",
                NotSent::Login(_) => "Login",
                NotSent::Late => "Late",
                NotSent::Connection(_) => "Connection",
                NotSent::Connect(_) => "Connect",
                NotSent::Request(_) => "Request",
            },
            Self::Refused(refusal) => return format!("{:?}", refusal.kind),
            Self::Unknown(unknown) => match unknown.cause {
                UnknownCause::ServerError => "ServerError",
                UnknownCause::Timeout => "Timeout",
                UnknownCause::Cut(_) => "Cut",
                UnknownCause::Unreadable => "Unreadable",
                UnknownCause::UnexpectedStatus => "UnexpectedStatus",
                UnknownCause::NotConfirmed => "NotConfirmed",
                UnknownCause::EarlierAttempt => "EarlierAttempt",
            },
        };
        known.to_owned()
    }

    /// The service's code, if there is one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::NotSent { .. } => None,
            Self::Refused(refusal) => refusal.code.as_deref(),
            Self::Unknown(unknown) => unknown.code.as_deref(),
        }
    }

    /// The id by which the vendor's support finds the request, if an answer had one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::NotSent { reason, .. } => match reason {
                NotSent::Login(error) => error.request_id(),
                _ => None,
            },
            Self::Refused(refusal) => refusal.request_id.as_deref(),
            Self::Unknown(unknown) => unknown.request_id.as_deref(),
        }
    }
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// The password breaks the rules that the service states.
    #[error(transparent)]
    Policy(Violations),
    /// The client has no endpoint for the service.
    #[error(transparent)]
    NoEndpoint(NoEndpoint),
    /// A generated client was made with a URL that would show the password on its way.
    #[error(transparent)]
    Endpoint(InvalidEndpoint),
    /// There is no token, or the id of the project is not known.
    #[error(transparent)]
    Login(Arc<LoginError>),
    /// The deadline is too near, after a login that took long.
    #[error("there was no time left to send it")]
    Late,
    /// A connection cannot be tried, or the proxy did not make it.
    #[error(transparent)]
    Connection(ConnectionError),
    /// No connection could be made.
    #[error("no connection to the service")]
    Connect(#[source] reqwest::Error),
    /// The request could not be built.
    #[error("the request could not be built")]
    Request(#[source] Option<reqwest::Error>),
}

/// A refusal by the service or the gateway before it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// What was refused.
    pub operation: Operation,
    /// The HTTP status. A refusal can come with 200.
    pub status: u16,
    /// The service's code, such as `DCS.4115`.
    pub code: Option<String>,
    /// The service's words.
    pub message: Option<String>,
    /// The id by which the vendor's support finds the request.
    pub request_id: Option<String>,
    /// What kind of refusal it is.
    pub kind: RefusalKind,
}

/// What kind of refusal it is, as far as a documented value tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The old password is wrong.
    WrongOldPassword {
        /// How many tries are left before the lock, if the service says so.
        tries_left: Option<u32>,
    },
    /// The account is locked after too many wrong passwords.
    Locked {
        /// How many minutes the lock will last, if the service says so.
        minutes_left: Option<u32>,
    },
    /// The password is too weak for the service, or breaks another rule of its own.
    WeakPassword,
    /// The instance is password-free, so there is no password to change.
    PasswordFree,
    /// The instance has SSL disabled, so there is no password to reset.
    SslDisabled,
    /// The instance is not running, or in another state that does not allow it.
    NotRunning,
    /// Another operation on the instance is under way.
    Busy,
    /// There is no such instance, account or URL.
    NotFound,
    /// The credentials are wrong, or for another project; for some services also expired.
    Unauthenticated,
    /// The token has expired.
    ExpiredCredentials,
    /// The user may not do this.
    Forbidden,
    /// There were too many requests.
    Throttled {
        /// How long to wait, if the service says so.
        retry_after: Option<Duration>,
    },
    /// Something else: see the status, code and message.
    Other,
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongOldPassword { tries_left: None } => f.write_str("the old password is wrong"),
            Self::WrongOldPassword {
                tries_left: Some(tries),
            } => {
                let s = if *tries == 1 { "y" } else { "ies" };
                write!(f, "the old password is wrong, {tries} tr{s} left")
            }
            Self::Locked { minutes_left: None } => f.write_str("the account is locked"),
            Self::Locked {
                minutes_left: Some(minutes),
            } => {
                let s = if *minutes == 1 { "" } else { "s" };
                write!(f, "the account is locked for {minutes} more minute{s}")
            }
            Self::WeakPassword => f.write_str("the service does not accept the password"),
            Self::PasswordFree => f.write_str("the instance is password-free"),
            Self::SslDisabled => f.write_str("the instance has SSL disabled"),
            Self::NotRunning => f.write_str("the instance is not running"),
            Self::Busy => f.write_str("another operation on the instance is under way"),
            Self::NotFound => f.write_str("there is no such instance, account or URL"),
            Self::Unauthenticated => {
                f.write_str("the credentials are wrong, have expired or are for another project")
            }
            Self::ExpiredCredentials => f.write_str("the credentials have expired"),
            Self::Forbidden => f.write_str("the user may not do this"),
            Self::Throttled { retry_after: None } => f.write_str("there were too many requests"),
            Self::Throttled {
                retry_after: Some(wait),
            } => {
                let seconds = wait.as_secs();
                write!(f, "there were too many requests, wait {seconds} s")
            }
            Self::Other => f.write_str("the service gave no reason"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: refused: ", self.operation)?;
        match (&self.kind, &self.message) {
            (RefusalKind::Other, Some(message)) => f.write_str(message)?,
            // These say all that the message says, and more.
            (RefusalKind::WrongOldPassword { .. } | RefusalKind::Locked { .. }, _) | (_, None) => {
                self.kind.fmt(f)?
            }
            (kind, Some(message)) => write!(f, "{kind}: {message}")?,
        }
        details(
            f,
            Some(self.status),
            self.code.as_deref(),
            self.request_id.as_deref(),
        )
    }
}

impl std::error::Error for Refusal {}

/// An answer, or the lack of one, that leaves it open whether the password changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unknown {
    /// What was asked for.
    pub operation: Operation,
    /// The HTTP status, if an answer began to arrive.
    pub status: Option<u16>,
    /// The service's code, if there is one.
    pub code: Option<String>,
    /// The service's words, if there are any.
    pub message: Option<String>,
    /// The id by which the vendor's support finds the request, if one arrived: of the attempt that
    /// may have changed the password, where there was another one after it.
    pub request_id: Option<String>,
    /// What happened.
    pub cause: UnknownCause,
}

/// What leaves an outcome open.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnknownCause {
    /// The service or the gateway failed (5xx).
    ServerError,
    /// No answer came in time.
    Timeout,
    /// The connection was cut before the answer was whole, or what came is no HTTP.
    Cut(reqwest::Error),
    /// The answer is not the documented JSON.
    Unreadable,
    /// The status is none that the contract has, such as a redirect (none is followed).
    UnexpectedStatus,
    /// The status says success, but the body does not.
    NotConfirmed,
    /// The last attempt changed nothing, but the answer to an earlier one was lost.
    EarlierAttempt,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: it is not known whether the password changed: ",
            self.operation
        )?;
        f.write_str(match self.cause {
            UnknownCause::ServerError => "the service failed",
            UnknownCause::Timeout => "no answer came in time",
            UnknownCause::Cut(_) => "no whole answer came",
            UnknownCause::Unreadable => "the answer is not the documented JSON",
            UnknownCause::UnexpectedStatus => "the answer has an undocumented status",
            UnknownCause::NotConfirmed => "the answer does not confirm success",
            UnknownCause::EarlierAttempt => {
                "an earlier attempt may have changed it, and the last one did not"
            }
        })?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        details(
            f,
            self.status,
            self.code.as_deref(),
            self.request_id.as_deref(),
        )
    }
}

impl std::error::Error for Unknown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            UnknownCause::Cut(error) => Some(error),
            _ => None,
        }
    }
}

fn details(
    f: &mut fmt::Formatter<'_>,
    status: Option<u16>,
    code: Option<&str>,
    request_id: Option<&str>,
) -> fmt::Result {
    let status = status.map(|status| format!("status {status}"));
    let code = code.map(|code| format!("code {code}"));
    let request_id = request_id.map(|id| format!("request id {id}"));
    let details: Vec<_> = [status, code, request_id].into_iter().flatten().collect();
    if details.is_empty() {
        return Ok(());
    }
    write!(f, " ({})", details.join(", "))
}
