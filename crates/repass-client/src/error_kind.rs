//! The kinds of failures.

use serde::{Deserialize, Serialize};

/// The kind of a failure. Its serialized form is kebab-case, such as `wrong-old-password`, as in the
/// contract's `x-error-codes` and in the JSON output of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The password breaks the service's rules. Nothing was sent.
    Policy,
    /// The client has no valid endpoint for the service. Nothing was sent.
    NoEndpoint,
    /// The login failed, or the project was not found. Nothing was sent to the service.
    Login,
    /// No connection was made.
    Connect,
    /// The deadline passed: before the request was sent, or before its answer arrived.
    Timeout,
    /// The service says that the old password is wrong. If a proxy repeated the request, this may be
    /// the answer to the repetition: see [`ErrorKind::suggests_repeated_change`].
    WrongOldPassword,
    /// The account or instance is locked after too many wrong passwords.
    Locked,
    /// The password is too weak for the service, or breaks another of its rules.
    WeakPassword,
    /// The instance is password-free, so there is no password to change.
    PasswordFree,
    /// The instance has SSL disabled, so there is no password to reset.
    SslDisabled,
    /// The instance is not running, or in another state that does not allow the operation.
    NotRunning,
    /// Another operation on the instance is in progress. If a proxy repeated the request, that may
    /// be the first copy: see [`ErrorKind::suggests_repeated_change`].
    Busy,
    /// The instance, the account or the URL does not exist.
    NotFound,
    /// The credentials are wrong or belong to another project. Some services also answer so to
    /// expired ones.
    Unauthenticated,
    /// The token has expired.
    ExpiredCredentials,
    /// The user lacks the permission.
    Forbidden,
    /// The service received too many requests.
    Throttled,
    /// The service or the gateway failed (5xx).
    ServerError,
    /// The connection was lost before the answer was complete, or the answer is not HTTP.
    ConnectionLost,
    /// The answer is not the documented JSON.
    Unreadable,
    /// The status is not documented for the operation.
    UnexpectedStatus,
    /// The status says success, but the body does not confirm it.
    NotConfirmed,
    /// The last attempt changed nothing, but the answer to an earlier attempt was lost.
    EarlierAttempt,
    /// Another failure: see the status, code and message.
    Other,
}

impl ErrorKind {
    /// Returns whether this answer to a **change** of a password is also what a repetition of the
    /// request would get. A proxy that repeats requests, as nginx does by default with `PUT`, applies
    /// the change with the first copy and returns the answer to the second. Try the new password
    /// before the old one.
    pub fn suggests_repeated_change(self) -> bool {
        matches!(self, Self::WrongOldPassword | Self::Busy)
    }
}
