//! The record of one credential: everything that is known about its password, as one document.

use std::collections::VecDeque;
use std::fmt;

use repass_client::Secret;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, or a number of milliseconds.
pub type Millis = u64;

/// A time that never comes: the record waits for a person. Larger numbers are rounded where JSON's
/// numbers are floating point, as in Vault.
pub const NEVER: Millis = (1 << 53) - 1;

/// The version of the document's format. A record of a later format is not read.
pub const FORMAT: u32 = 1;

/// The number of history entries that a record keeps; older ones are dropped.
pub const HISTORY: usize = 50;

/// Everything that is known about one credential.
///
/// A store keeps it as one document and replaces it only if nobody else has since. It has two parts,
/// so that a store can seal the passwords and leave the rest readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The part without passwords.
    pub status: Status,
    /// The passwords.
    pub passwords: Passwords,
}

/// The part of a record that holds no password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The format of the document, see [`FORMAT`].
    pub format: u32,
    /// The password that the record is about.
    pub target: Target,
    /// The state of the rotation.
    pub state: State,
    /// The reason for the state, if something went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The time at which the record has to be looked at again.
    pub due_at: Millis,
    /// The time at which the next rotation is due.
    pub rotate_at: Millis,
    /// The time at which the record was last written. A clock that is behind it has moved back.
    pub touched_at: Millis,
    /// The time at which the current password became the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Millis>,
    /// The version of the current password: its number, or 0 if it is not known.
    pub version: u64,
    /// The version that was published last.
    pub published_version: u64,
    /// Whether a login with the current password has succeeded.
    pub verified: bool,
    /// The number of attempts since the last step forward. It decides how long the next wait is.
    pub tries: u32,
    /// The number of wrong logins since the last good one.
    pub wrong_logins: u32,
    /// The password that a login accepted while the outcome was in doubt, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The numbers of the passwords that were rejected since the doubt began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<u64>,
    /// Whether the doubt is resolved by logins, because the reset cannot be sent again.
    #[serde(default)]
    pub probing: bool,
    /// The number that the next password gets.
    pub next_number: u64,
    /// The worker that holds the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// The latest events, the oldest first.
    #[serde(default)]
    pub history: VecDeque<Entry>,
}

/// The part of a record that holds the passwords.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Passwords {
    /// The password that consumers use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Password>,
    /// The password that a rotation is setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Password>,
    /// The password before the current one. A service can restore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Password>,
    /// Older passwords that may still become the live one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Password>,
}

/// One password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Password {
    /// Its number in the record. Later passwords have higher numbers.
    pub number: u64,
    /// The password itself.
    pub secret: Secret,
    /// Whether a request that sets it ended without a known outcome, so that the service may still
    /// apply it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// The time until which a retired password that is not in doubt is kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub keep_until: Millis,
}

fn is_zero(millis: &Millis) -> bool {
    *millis == 0
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        let fields = |one: &Self| (one.number, one.in_doubt, one.keep_until);
        fields(self) == fields(other) && self.secret.expose() == other.secret.expose()
    }
}

impl Password {
    pub(crate) fn new(number: u64, secret: Secret) -> Self {
        Self {
            number,
            secret,
            in_doubt: false,
            keep_until: 0,
        }
    }
}

impl Passwords {
    /// Returns every password of the record, in the order in which a doubt about which one is live
    /// is resolved: pending, current, the ones in doubt, previous, and the rest.
    pub fn all(&self) -> impl Iterator<Item = &Password> {
        let in_doubt = |wanted: bool| {
            let newest_first = self.retired.iter().rev();
            newest_first.filter(move |password| password.in_doubt == wanted)
        };
        (self.pending.iter())
            .chain(&self.current)
            .chain(in_doubt(true))
            .chain(&self.previous)
            .chain(in_doubt(false))
    }

    /// Returns the password with this number.
    pub fn get(&self, number: u64) -> Option<&Password> {
        self.all().find(|password| password.number == number)
    }
}

/// The password that a record is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The operation that sets it.
    pub operation: Operation,
    /// The id of the instance.
    pub instance: String,
    /// The DDM account, or the name of the DDM administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The operation that sets a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// DDM: reset the password of an account.
    DdmAccount,
    /// DDM: create the administrator or set its password. The service may accept it as a job.
    DdmAdmin,
    /// DCS: change the password of an instance; the request carries the old one.
    DcsChange,
    /// DCS: reset the password of an instance.
    DcsReset,
    /// DMS: reset the password of an instance.
    DmsReset,
}

impl Operation {
    /// Returns whether the operation carries no old password, so that sending it twice has the
    /// effect of sending it once.
    pub fn is_reset(self) -> bool {
        self != Self::DcsChange
    }

    /// Returns the operation as the client knows it.
    pub fn api(self) -> repass_client::Operation {
        match self {
            Self::DdmAccount => repass_client::Operation::DdmResetPassword,
            Self::DdmAdmin => repass_client::Operation::DdmSetAdmin,
            Self::DcsChange => repass_client::Operation::DcsChangePassword,
            Self::DcsReset => repass_client::Operation::DcsResetPassword,
            Self::DmsReset => repass_client::Operation::DmsResetPassword,
        }
    }
}

/// The state of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing is under way; the next rotation has a date.
    Idle,
    /// There is a new password, and no request with it is in doubt.
    Prepared,
    /// A request with the pending password may be under way.
    Sending,
    /// The service said that the pending password is set; a login has to confirm it.
    Set,
    /// The new password is the current one and has not been published yet.
    Promoted,
    /// It is not known which password is live.
    Doubtful,
    /// The rotation failed and nothing changed, or nothing more can be found out for now.
    Failed,
    /// No known password is live, or it cannot be found out which one: a person has to act.
    Stuck,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Prepared,
        Self::Sending,
        Self::Set,
        Self::Promoted,
        Self::Doubtful,
        Self::Failed,
        Self::Stuck,
    ];

    /// Returns whether a worker has something to do, whenever that is due.
    pub fn is_unfinished(self) -> bool {
        !matches!(self, Self::Idle | Self::Stuck)
    }

    /// Returns the name, such as `doubtful`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Prepared => "prepared",
            Self::Sending => "sending",
            Self::Set => "set",
            Self::Promoted => "promoted",
            Self::Doubtful => "doubtful",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A reason why a record is not where it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem.
    pub kind: ProblemKind,
    /// The words of the service or of the system. Never a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The request was not sent.
    NotSent,
    /// The service refused for now: busy, throttled, locked or not running.
    Later,
    /// The service refused.
    Refused,
    /// The service refused a generated password as too weak: it changed its rules.
    WeakPassword,
    /// The outcome of a request is unknown.
    Unknown,
    /// The outcome of a request is unknown, and there is no login address to find it out.
    NoLogin,
    /// No login could be attempted at the login address.
    Unreachable,
    /// The service reported success, but a login rejects the new password.
    LoginRejected,
    /// Someone else changed the password: a login rejects every password of the record.
    Drift,
    /// A login needs no password: the instance is password-free.
    PasswordFree,
    /// A change needs the current password, and the record has none.
    NoCurrent,
    /// Too many passwords are in doubt.
    TooManyInDoubt,
    /// The new password could not be published.
    NotPublished,
}

impl ProblemKind {
    /// Returns what happened, in one clause.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotSent => "the request was not sent",
            Self::Later => "the service cannot do it now",
            Self::Refused => "the service refused",
            Self::WeakPassword => "the service refused a generated password as too weak",
            Self::Unknown => "it is not known whether the password changed",
            Self::NoLogin => {
                "it is not known whether the password changed, and there is no login address to find out"
            }
            Self::Unreachable => "the login address cannot be reached",
            Self::LoginRejected => "the service reported success, but the login was rejected",
            Self::Drift => "someone else changed the password",
            Self::PasswordFree => "the instance needs no password",
            Self::NoCurrent => "the current password is not known",
            Self::TooManyInDoubt => "too many passwords are in doubt",
            Self::NotPublished => "the new password could not be published",
        }
    }

    /// Returns what to do about it, in one clause.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NotSent => {
                "check the endpoint and the credentials, then run `repass rotate` again"
            }
            Self::Later | Self::Unknown => "run `repass rotate` again later",
            Self::Refused => "see the service's message, then run `repass rotate` again",
            Self::WeakPassword => "stop rotating and update repass: the service's rules changed",
            Self::NoLogin => "find out which password is live and run `repass import`",
            Self::Unreachable => "check the login address and the certificate",
            Self::LoginRejected => {
                "check that the login address belongs to the instance, then run `repass rotate --force`"
            }
            Self::Drift => {
                "run `repass import` with the new password, or `repass rotate --force` to reset it"
            }
            Self::PasswordFree => {
                "set a password on the instance, then run `repass rotate --force`"
            }
            Self::NoCurrent => "run `repass import` with the current password",
            Self::TooManyInDoubt => "find out which password is live and run `repass import`",
            Self::NotPublished => "check the publish command, then run `repass rotate` again",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

/// A password that a login accepted, and when it first did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Held {
    /// The number of the password.
    pub number: u64,
    /// The time of the first accepted login.
    pub since: Millis,
}

/// A worker's claim on a record. While it lasts, no other worker touches the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// The worker's id.
    pub holder: String,
    /// The end of the lease.
    pub until: Millis,
}

/// One event of a record's history. It never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The time.
    pub at: Millis,
    /// The worker or person.
    pub who: String,
    /// The event.
    pub what: What,
    /// The number of the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The id of the request, which the vendor's support can look up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// More words. Never a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum What {
    /// The record was created.
    Enrolled,
    /// A person supplied the current password.
    Imported,
    /// A rotation began although it was not due, or a person asked to try again.
    Forced,
    /// A new password was generated and stored.
    Prepared,
    /// A request was about to be sent.
    Sending,
    /// The service said that the password is set.
    Done,
    /// The service accepted the password as a job.
    Accepted,
    /// The request was not sent.
    NotSent,
    /// The service refused.
    Refused,
    /// The outcome of the request is unknown.
    Unknown,
    /// A worker stopped while a request may have been under way.
    Interrupted,
    /// A login with the password succeeded.
    LoginAccepted,
    /// A login with the password was rejected.
    LoginRejected,
    /// A login could not be attempted, or was cut off.
    LoginUnknown,
    /// A login needed no password.
    PasswordFree,
    /// The password became the current one.
    Promoted,
    /// A password that was not the pending one turned out to be live and became the current one.
    Adopted,
    /// The pending password turned out not to be live.
    NotApplied,
    /// The password was published.
    Published,
    /// The password could not be published.
    NotPublished,
    /// The rotation failed.
    Failed,
    /// A person has to act.
    Stuck,
}

impl Record {
    /// Creates the record of a credential whose password is not known. Nothing rotates on
    /// enrolment: the first rotation is due at `rotate_at`.
    pub fn new(target: Target, who: &str, now: Millis, rotate_at: Millis) -> Self {
        let mut record = Self {
            status: Status {
                format: FORMAT,
                target,
                state: State::Idle,
                problem: None,
                due_at: rotate_at,
                rotate_at,
                touched_at: now,
                changed_at: None,
                version: 0,
                published_version: 0,
                verified: false,
                tries: 0,
                wrong_logins: 0,
                held: None,
                rejected: Vec::new(),
                probing: false,
                next_number: 1,
                lease: None,
                history: VecDeque::new(),
            },
            passwords: Passwords::default(),
        };
        record.status.log(Entry::new(now, who, What::Enrolled));
        record
    }
}

impl Status {
    /// Adds an event to the history and drops the oldest one if there are too many.
    pub(crate) fn log(&mut self, entry: Entry) {
        while self.history.len() >= HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(entry);
    }
}

impl Entry {
    pub(crate) fn new(at: Millis, who: &str, what: What) -> Self {
        Self {
            at,
            who: who.to_owned(),
            what,
            number: None,
            request_id: None,
            detail: None,
        }
    }
}
