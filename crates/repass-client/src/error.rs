//! The result of a call that did not succeed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use repass_policy::Violations;

use crate::{
    ConnectionError, ErrorKind, InvalidEndpoint, LoginError, NoEndpoint, Operation, Target,
};

#[doc = include_str!("certainty.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Nothing was sent: the password is the old one.
    NotSent,
    /// The service refused: the password is the old one.
    Refused,
    /// The password may be the old one or the new one.
    Unknown,
}

impl Certainty {
    /// Returns whether the password is certainly the old one.
    pub fn nothing_changed(self) -> bool {
        self != Self::Unknown
    }
}

/// The failure of a call. Check [`certainty`](Self::certainty) first, then [`kind`](Self::kind).
///
/// No text of it shows a password or a credential, even if the service repeated one.
pub struct Error(Box<Details>);

#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) certainty: Certainty,
    pub(crate) kind: ErrorKind,
    pub(crate) target: Target,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) tries_left: Option<u32>,
    pub(crate) minutes_left: Option<u32>,
    pub(crate) retry_after: Option<Duration>,
    /// How far this machine's clock is ahead of the service's, if that may be the cause.
    pub(crate) clock_offset: Option<SignedDuration>,
    /// Whether the answer has a body that cannot be read.
    pub(crate) unreadable: bool,
    pub(crate) attempts: usize,
    pub(crate) cause: Option<Cause>,
}

/// The error that a failure comes from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error(transparent)]
    Policy(Violations),
    #[error(transparent)]
    NoEndpoint(NoEndpoint),
    #[error(transparent)]
    Endpoint(InvalidEndpoint),
    #[error(transparent)]
    Login(Arc<LoginError>),
    #[error(transparent)]
    Connection(ConnectionError),
    #[error(transparent)]
    Http(reqwest::Error),
}

impl Details {
    pub(crate) fn new(target: Target, certainty: Certainty, kind: ErrorKind) -> Self {
        Self {
            certainty,
            kind,
            target,
            status: None,
            code: None,
            message: None,
            request_id: None,
            tries_left: None,
            minutes_left: None,
            retry_after: None,
            clock_offset: None,
            unreadable: false,
            attempts: 0,
            cause: None,
        }
    }
}

impl From<Details> for Error {
    fn from(details: Details) -> Self {
        Self(Box::new(details))
    }
}

impl Error {
    /// Returns whether the password may have changed.
    pub fn certainty(&self) -> Certainty {
        self.0.certainty
    }

    /// Returns the kind of the failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the operation, the instance, the account and the host.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// Returns the HTTP status of the last attempt, if an answer arrived. A refusal can come with 200.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the service's code, such as `DCS.4115`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the service's message.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Returns the id by which the vendor's support finds the request. If an earlier attempt may have
    /// changed the password, this is the id of that attempt, if it had one.
    pub fn request_id(&self) -> Option<&str> {
        let own = self.0.request_id.as_deref();
        match &self.0.cause {
            Some(Cause::Login(login)) => own.or_else(|| login.request_id()),
            _ => own,
        }
    }

    /// Returns how many tries are left before the lock, after a wrong old password.
    pub fn tries_left(&self) -> Option<u32> {
        self.0.tries_left
    }

    /// Returns for how many minutes the account stays locked.
    pub fn minutes_left(&self) -> Option<u32> {
        self.0.minutes_left
    }

    /// Returns how long the service asks to wait, after too many requests. A wait of more than 99,999
    /// seconds counts as that.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns how far this machine's clock is ahead of the service's, if a signature was refused and
    /// the clocks differ by a minute or more.
    pub fn clock_offset(&self) -> Option<SignedDuration> {
        match &self.0.cause {
            Some(Cause::Login(login)) => login.clock_offset(),
            _ => self.0.clock_offset,
        }
    }

    /// Returns the rules that the password breaks, if nothing was sent for that reason.
    pub fn violations(&self) -> Option<&Violations> {
        match &self.0.cause {
            Some(Cause::Policy(violations)) => Some(violations),
            _ => None,
        }
    }

    /// Returns the error of the login, if nothing was sent for that reason.
    pub fn login_error(&self) -> Option<&LoginError> {
        match &self.0.cause {
            Some(Cause::Login(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the error of the network settings, if nothing was sent for that reason.
    pub fn connection_error(&self) -> Option<&ConnectionError> {
        match &self.0.cause {
            Some(Cause::Connection(error)) => Some(error),
            Some(Cause::Login(login)) => match &**login {
                LoginError::Connection(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns how many requests were sent to the service.
    pub fn attempts(&self) -> usize {
        self.0.attempts
    }

    /// Returns whether to try the new password before the old one, although the service refused: a
    /// proxy that repeated the request would have caused the same answer.
    pub fn suggests_repeated_change(&self) -> bool {
        self.0.target.operation == Operation::DcsChangePassword
            && self.0.certainty == Certainty::Refused
            && self.0.kind.suggests_repeated_change()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Http(error) => Some(error),
            // Their text is part of this error's text.
            cause => std::error::Error::source(cause),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &*self.0;
        let action = details.target.operation.action();
        write!(f, "{}: ", details.target)?;
        match details.certainty {
            Certainty::NotSent => write!(f, "{action} not sent: ")?,
            Certainty::Refused => write!(f, "{action} refused: ")?,
            Certainty::Unknown => write!(f, "unknown whether the {action} took effect: ")?,
        }
        details.write_reason(f)?;
        if let Some(offset) = self.clock_offset() {
            write!(f, "; {}", ClockOffset(offset))?;
        }
        let status = details.status.map(|status| format!("status {status}"));
        let code = details.code.as_ref().map(|code| format!("code {code}"));
        let id = details.request_id.as_ref();
        let id = id.map(|id| format!("request id {id}"));
        let known: Vec<_> = [status, code, id].into_iter().flatten().collect();
        if known.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", known.join(", "))
    }
}

impl Details {
    fn write_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(Cause::Http(_)) | None => {}
            Some(cause) => return write!(f, "{cause}"),
        }
        let message = self.message.as_deref();
        match (self.kind, message) {
            // The service's own words say it all.
            (ErrorKind::Other, Some(message)) => return f.write_str(message),
            (ErrorKind::Other, None) if self.unreadable => {
                return f.write_str("the reason cannot be read");
            }
            (ErrorKind::WrongOldPassword, _) => {
                f.write_str("the old password is wrong")?;
                return match self.tries_left {
                    Some(1) => f.write_str(", 1 try left"),
                    Some(tries) => write!(f, ", {tries} tries left"),
                    None => Ok(()),
                };
            }
            (ErrorKind::Locked, _) => {
                f.write_str("the account is locked")?;
                return match self.minutes_left {
                    Some(1) => f.write_str(" for 1 more minute"),
                    Some(minutes) => write!(f, " for {minutes} more minutes"),
                    None => Ok(()),
                };
            }
            _ => f.write_str(self.kind.reason())?,
        }
        if let Some(wait) = self.retry_after {
            write!(f, ", wait {} s", wait.as_secs())?;
        }
        match message {
            Some(message) => write!(f, ": {message}"),
            None if self.unreadable && self.kind != ErrorKind::Unreadable => {
                f.write_str(" (the answer's body cannot be read)")
            }
            None => Ok(()),
        }
    }
}

impl ErrorKind {
    /// Returns the reason in words.
    fn reason(self) -> &'static str {
        match self {
            Self::Policy => "the password breaks the rules",
            Self::NoEndpoint => "no endpoint is set",
            Self::Login => "the login failed",
            Self::Connect => "could not connect",
            Self::Timeout => "no answer before the deadline",
            Self::WrongOldPassword => "the old password is wrong",
            Self::Locked => "the account is locked",
            Self::WeakPassword => "the service does not accept the password",
            Self::PasswordFree => "the instance is password-free",
            Self::SslDisabled => "the instance has SSL disabled",
            Self::NotRunning => "the instance is not running",
            Self::Busy => "another operation on the instance is in progress",
            Self::NotFound => "the instance, account or URL does not exist",
            Self::Unauthenticated => "the credentials are wrong, expired or for another project",
            Self::ExpiredCredentials => "the credentials have expired",
            Self::Forbidden => "permission denied",
            Self::Throttled => "too many requests",
            Self::ServerError => "the service failed",
            Self::ConnectionLost => "the connection was lost before a complete answer",
            Self::Unreadable => "the answer is not the documented JSON",
            Self::UnexpectedStatus => "the answer has an undocumented status",
            Self::NotConfirmed => "the answer does not confirm success",
            Self::EarlierAttempt => "the last attempt changed nothing, but an earlier one may have",
            Self::Other => "the service gave no reason",
        }
    }
}

/// A difference between two clocks in words.
pub(crate) struct ClockOffset(pub(crate) SignedDuration);

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = (self.0.as_secs() as f64 / 60.0).round() as i64;
        let direction = if minutes < 0 { "behind" } else { "ahead of" };
        let minutes = minutes.unsigned_abs();
        write!(
            f,
            "this machine's clock is {minutes} min {direction} the service's"
        )
    }
}
