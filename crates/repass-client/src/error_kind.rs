//! The kinds of failure: one list for the client, the contract and the command line.

/// The kind of a failure. Its serialized form, such as `weak-password`, is also that of the
/// contract's `x-error-codes` and `x-outcome`.
///
/// A kind says what happened, not whether the password changed: ask the certainty for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// Not sent: the password breaks the rules of the service.
    Policy,
    /// Not sent: the client has no endpoint for the service.
    NoEndpoint,
    /// Not sent: the login failed.
    Login,
    /// Not sent: no connection could be made.
    Connect,
    /// Not sent, or unknown: the deadline passed.
    Timeout,
    /// Refused: the old password is wrong.
    WrongOldPassword,
    /// Refused: the account or the instance is locked.
    Locked,
    /// Refused: the service does not accept the new password.
    WeakPassword,
    /// Refused: the instance is password-free, so there is no old password.
    PasswordFree,
    /// Refused: SSL is off, so the instance has no password.
    SslDisabled,
    /// Refused: the state of the instance does not allow it.
    NotRunning,
    /// Refused: another operation is running on the instance.
    Busy,
    /// Refused: the instance, the account or the URL does not exist.
    NotFound,
    /// Refused: the credentials are missing or invalid.
    Unauthenticated,
    /// Refused: the credentials have expired.
    ExpiredCredentials,
    /// Refused: the user does not have the permission.
    Forbidden,
    /// Refused: too many requests.
    Throttled,
    /// Unknown: the service failed.
    ServerError,
    /// Unknown: the connection was lost before the answer was complete.
    ConnectionLost,
    /// Unknown: the answer cannot be read.
    Unreadable,
    /// Unknown: the contract does not have this status.
    UnexpectedStatus,
    /// Unknown: the answer does not prove what happened.
    NotConfirmed,
    /// Unknown: the answer to an earlier attempt was lost.
    EarlierAttempt,
    /// Refused, for a reason that has no kind of its own.
    Other,
}
