//! Stores of records: three methods, and four places to keep them.
//!
//! A store replaces a record only if its version is the expected one. That is all that workers need
//! to keep out of each other's way, and all that a store has to promise; everything else is decided
//! by the [machine](crate::machine).

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use crate::record::{Millis, Record, State, Status};
use crate::seal::SealError;

#[cfg(feature = "command")]
mod command;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "vault")]
mod vault;

#[cfg(feature = "command")]
pub use command::CommandStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(feature = "vault")]
pub use vault::{VaultOptions, VaultStore};

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading, also while another process writes. Nothing is created.
    Read,
    /// Reading and writing. In a SQLite file only one process can.
    Write,
}

/// What a method of a store returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A place that keeps records by name.
pub trait Store: fmt::Debug + Send + Sync {
    /// Returns the record of a credential with its version; none if there is none.
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Record, Version)>>;

    /// Replaces a record if its version is the expected one, or creates it if none is expected.
    /// When it returns, the record is durable. It fails with [`StoreError::Conflict`] if the version
    /// is another one.
    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> Answer<'a, Version>;

    /// Returns records without their passwords.
    fn list<'a>(&'a self, query: &'a Query) -> Answer<'a, Page>;

    /// Returns whether no other process can change the store while this one has it open.
    fn is_exclusive(&self) -> bool {
        false
    }
}

/// The version of a stored record. A store counts up with each save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// Which records to list, and how much of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Which records.
    pub which: Which,
    /// Only those whose names come after this one.
    pub after: Option<String>,
    /// At most this many; no limit if it is 0.
    pub limit: usize,
    /// Whether the statuses are wanted, and not only names, states and dates.
    pub statuses: bool,
    /// Where several workers share the store: how long the returned records of a choice are kept from other
    /// workers that ask for due ones. It saves them work; only a lease gives a right.
    pub claim: Duration,
}

/// A choice of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Those that are due by the store's clock, and that no worker holds. In a store for one process,
    /// no other worker can hold one.
    Due,
    /// Those that no worker holds and that are in the middle of something or failed, whenever they
    /// are due.
    Unfinished,
}

/// Records without their passwords, in the order of their names.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The time by the store's clock.
    pub now: Millis,
    /// The records.
    pub records: Vec<Listed>,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The name of the credential.
    pub name: String,
    /// The state of the record.
    pub state: State,
    /// The time at which it has to be looked at again.
    pub due_at: Millis,
    /// Everything else but the passwords, if the query asked for it.
    pub status: Option<Box<Status>>,
}

/// The reason why a store did not do what it was asked to. It holds no password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The record has another version than the expected one.
    #[error("another worker changed the record")]
    Conflict,
    /// The store cannot be reached, and nothing was saved.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The store did not say whether the record was saved.
    #[error("the store did not confirm the save: {0}")]
    NotConfirmed(String),
    /// Another process has the store open.
    #[error("{0}")]
    Locked(String),
    /// The store cannot be used as it is.
    #[error("the store cannot be used: {0}")]
    Unusable(String),
    /// A stored record cannot be read.
    #[error("the record of {name} cannot be read: {reason}")]
    Unreadable {
        /// The name of the credential.
        name: String,
        /// The reason.
        reason: String,
    },
    /// The passwords cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The passwords are sealed, and the store was opened without a key.
    #[error("the passwords are sealed and no key was given")]
    NoKey,
}

/// Saves a record, and finds out what happened if the store does not say.
///
/// # Errors
/// See [`StoreError`]. After [`StoreError::NotConfirmed`], nothing can be found out for now.
pub async fn save(
    store: &dyn Store,
    name: &str,
    expected: Option<Version>,
    record: &Record,
) -> Result<Version, StoreError> {
    /// How often a save is repeated that turned out not to have happened.
    const TRIES: usize = 3;
    let mut last = None;
    for attempt in 0..TRIES {
        let reason = match store.save(name, expected, record).await {
            Err(StoreError::NotConfirmed(reason)) => reason,
            done => return done,
        };
        tokio::time::sleep(Duration::from_millis(100 << attempt)).await;
        match store.load(name).await {
            Ok(Some((stored, version))) if stored == *record => return Ok(version),
            // Nothing was saved, so it can be saved again.
            Ok(stored) if stored.as_ref().map(|(_, version)| *version) == expected => {}
            Ok(_) => return Err(StoreError::Conflict),
            Err(_) => return Err(StoreError::NotConfirmed(reason)),
        }
        last = Some(reason);
    }
    Err(StoreError::NotConfirmed(last.unwrap_or_default()))
}

/// Returns the time by the system's clock.
pub(crate) fn system_now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

impl Query {
    /// Returns whether a record belongs in the answer, for a store that has to look at each.
    #[cfg(any(feature = "vault", feature = "command"))]
    pub(crate) fn wants(&self, status: &Status, now: Millis) -> bool {
        let is_held = (status.lease.as_ref()).is_some_and(|lease| lease.until > now);
        match self.which {
            Which::All => true,
            Which::Due => status.due_at <= now && !is_held,
            Which::Unfinished => status.state.is_unfinished() && !is_held,
        }
    }
}

/// Refuses a record of a later format.
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "vault",
    feature = "command"
))]
pub(crate) fn check_format(name: &str, status: &Status) -> Result<(), StoreError> {
    if status.format <= crate::record::FORMAT {
        return Ok(());
    }
    Err(StoreError::Unreadable {
        name: name.to_owned(),
        reason: "it was written by a later version of repass".to_owned(),
    })
}
