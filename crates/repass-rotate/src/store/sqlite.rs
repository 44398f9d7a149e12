//! Records in a SQLite file, for one process at a time.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use tokio::sync::oneshot;

use super::row::{self, Row, integer};
use super::{Access, Answer, Page, Query, Store, StoreError, Version, Which, system_now};
use crate::record::Record;
use crate::seal::{Sealer, is_open_to_others};

/// The version of the tables.
const SCHEMA: i32 = 1;
/// How many saves that wait are written together. They share the wait for the disk.
const TOGETHER: usize = 64;

/// A store in a SQLite file.
///
/// It is readable only by its owner, and durable when a save returns: it has a write-ahead log that
/// is synchronized with each commit. A file beside it, `….lock`, keeps a second process from
/// writing.
pub struct SqliteStore {
    jobs: mpsc::Sender<Job>,
    sealer: Option<Arc<Sealer>>,
    access: Access,
    path: PathBuf,
    /// The lock lasts as long as the file is open.
    _lock: Option<File>,
}

enum Job {
    Save {
        row: Box<Row>,
        expected: Option<i64>,
        reply: oneshot::Sender<Result<Version, StoreError>>,
    },
    Other(Box<dyn FnOnce(&mut Connection) + Send>),
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({}, {:?})", self.path.display(), self.access)
    }
}

impl SqliteStore {
    /// Opens the file, and creates it for [`Access::Write`]. Without a sealer the states can be
    /// listed and nothing else.
    ///
    /// # Errors
    /// Returns an error if another process writes to the file, if others can read it, or if it is
    /// not a database of this program.
    pub fn open(
        path: &Path,
        access: Access,
        sealer: Option<Arc<Sealer>>,
    ) -> Result<Self, StoreError> {
        let lock = match access {
            Access::Read => None,
            Access::Write => Some(lock(path)?),
        };
        let mut connection = connect(path, access)?;
        let (jobs, queue) = mpsc::channel();
        thread::Builder::new()
            .name("repass-store".to_owned())
            .spawn(move || work(&mut connection, &queue))
            .map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok(Self {
            jobs,
            sealer,
            access,
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Lets the thread that has the connection do something.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let job = Job::Other(Box::new(move |connection| {
            // Whoever asked may be gone.
            let _ = sender.send(job(connection));
        }));
        self.jobs.send(job).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::Unusable("its thread has ended".to_owned())
}

/// Takes the file that only one process can have.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let unusable = |error: std::io::Error| {
        StoreError::Unusable(format!("{} cannot be opened: {error}", name.display()))
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&name).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            let process = process.trim();
            let process = match process.is_empty() {
                true => String::new(),
                false => format!(" (process {process})"),
            };
            return Err(StoreError::Locked(format!(
                "another process{process} uses the store {}; wait until it ends",
                path.display()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    // Only for the message above.
    let _ = file.set_len(0);
    let _ = write!(file, "{}", std::process::id());
    Ok(file)
}

fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let shown = path.display();
    let unusable = |reason: String| StoreError::Unusable(reason);
    if access == Access::Write {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(path)
            .map_err(|error| unusable(format!("{shown} cannot be opened: {error}")))?;
    }
    let metadata = std::fs::metadata(path)
        .map_err(|error| unusable(format!("{shown} cannot be opened: {error}")))?;
    if is_open_to_others(&metadata) {
        let advice = "others can read or write it; run `chmod 600` on it";
        return Err(unusable(format!("{shown}: {advice}")));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection
        .busy_timeout(Duration::from_secs(10))
        .map_err(failed)?;
    let schema: i32 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    if schema > SCHEMA {
        let reason = format!("{shown} was written by a later version of repass");
        return Err(unusable(reason));
    }
    if access == Access::Read {
        if schema == 0 {
            return Err(unusable(format!("{shown} holds no records")));
        }
        connection
            .pragma_update(None, "query_only", true)
            .map_err(failed)?;
        return Ok(connection);
    }
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA secure_delete = ON;",
        )
        .map_err(failed)?;
    if schema == 0 {
        connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE;
                 CREATE TABLE credential (
                     name TEXT PRIMARY KEY,
                     version INTEGER NOT NULL,
                     state TEXT NOT NULL,
                     due_at INTEGER NOT NULL,
                     lease_until INTEGER NOT NULL,
                     status TEXT NOT NULL,
                     sealed BLOB NOT NULL
                 ) STRICT, WITHOUT ROWID;
                 CREATE INDEX credential_due ON credential (due_at);
                 PRAGMA user_version = {SCHEMA};
                 COMMIT;"
            ))
            .map_err(failed)?;
    }
    Ok(connection)
}

/// An error of SQLite. With these codes nothing was written.
fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Unusable(format!("it is not a database, or damaged: {error}"))
        }
        Some(ErrorCode::SystemIoFailure) => StoreError::NotConfirmed(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// Does what is asked until no one can ask any more.
fn work(connection: &mut Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut saves = Vec::new();
        let mut next = Some(first);
        let mut other = None;
        while let Some(job) = next {
            match job {
                Job::Save {
                    row,
                    expected,
                    reply,
                } => saves.push((row, expected, reply)),
                Job::Other(job) => {
                    other = Some(job);
                    break;
                }
            }
            next = if saves.len() < TOGETHER {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        if !saves.is_empty() {
            let rows = saves.iter().map(|(row, expected, _)| (&**row, *expected));
            let mut results = write(connection, rows);
            for (_, _, reply) in saves {
                let result = match &mut results {
                    Ok(results) => results.next().unwrap_or_else(|| Err(gone())),
                    Err(error) => Err(copy(error)),
                };
                let _ = reply.send(result);
            }
        }
        if let Some(job) = other {
            job(connection);
        }
    }
}

fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::NotConfirmed(reason) => StoreError::NotConfirmed(reason.clone()),
        StoreError::Unusable(reason) => StoreError::Unusable(reason.clone()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// Writes rows in one transaction. Each row has a result of its own; the error is that of all.
fn write<'a>(
    connection: &mut Connection,
    rows: impl Iterator<Item = (&'a Row, Option<i64>)>,
) -> Result<std::vec::IntoIter<Result<Version, StoreError>>, StoreError> {
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    let mut results = Vec::new();
    {
        let mut update = transaction
            .prepare_cached(
                "UPDATE credential
                 SET version = ?2, state = ?3, due_at = ?4, lease_until = ?5, status = ?6, sealed = ?7
                 WHERE name = ?1 AND version = ?8",
            )
            .map_err(failed)?;
        let mut insert = transaction
            .prepare_cached(
                "INSERT INTO credential (name, version, state, due_at, lease_until, status, sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO NOTHING",
            )
            .map_err(failed)?;
        for (row, expected) in rows {
            let Row {
                name,
                version,
                state,
                due_at,
                lease_until,
                status,
                sealed,
            } = row;
            let changed = match expected {
                Some(expected) => update.execute(params![
                    name,
                    version,
                    state,
                    due_at,
                    lease_until,
                    status,
                    sealed,
                    expected
                ]),
                None => insert.execute(params![
                    name,
                    version,
                    state,
                    due_at,
                    lease_until,
                    status,
                    sealed
                ]),
            };
            results.push(match changed.map_err(failed)? {
                0 => Err(StoreError::Conflict),
                _ => Ok(Version(version.unsigned_abs())),
            });
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(results.into_iter())
}

impl Store for SqliteStore {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Record, Version)>> {
        Box::pin(async move {
            let wanted = name.to_owned();
            let row: Option<(i64, String, Vec<u8>)> = self
                .run(move |connection| {
                    let mut select = connection
                        .prepare_cached(
                            "SELECT version, status, sealed FROM credential WHERE name = ?1",
                        )
                        .map_err(failed)?;
                    select
                        .query_row([wanted], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                        .optional()
                        .map_err(failed)
                })
                .await?;
            let Some((version, status, sealed)) = row else {
                return Ok(None);
            };
            let record = row::read(name, version, &status, &sealed, self.sealer.as_deref())?;
            Ok(Some((record, Version(version.unsigned_abs()))))
        })
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> Answer<'a, Version> {
        Box::pin(async move {
            if self.access == Access::Read {
                let reason = "it was opened for reading".to_owned();
                return Err(StoreError::Unusable(reason));
            }
            let version = expected.map_or(0, |Version(version)| version) + 1;
            let row = Row::new(name, version, record, self.sealer.as_deref())?;
            let (reply, answer) = oneshot::channel();
            let job = Job::Save {
                row: Box::new(row),
                expected: expected.map(|Version(version)| integer(version)),
                reply,
            };
            self.jobs.send(job).map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        })
    }

    fn list<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(async move {
            let query = query.clone();
            let now = system_now();
            let rows: Vec<(String, String, i64, Option<String>)> = self
                .run(move |connection| {
                    let mut select = connection
                        .prepare_cached(
                            "SELECT name, state, due_at, CASE WHEN ?5 THEN status END
                             FROM credential
                             WHERE (NOT ?1 OR due_at <= ?2)
                               AND (NOT ?3 OR state NOT IN ('idle', 'stuck'))
                               AND name > ?4
                             ORDER BY name LIMIT ?6",
                        )
                        .map_err(failed)?;
                    let limit = match query.limit {
                        0 => -1,
                        limit => i64::try_from(limit).unwrap_or(-1),
                    };
                    let after = query.after.unwrap_or_default();
                    select
                        .query_map(
                            params![
                                query.which == Which::Due,
                                integer(now),
                                query.which == Which::Unfinished,
                                after,
                                query.statuses,
                                limit
                            ],
                            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                        )
                        .and_then(Iterator::collect)
                        .map_err(failed)
                })
                .await?;
            let records = rows.into_iter().map(|(name, state, due_at, status)| {
                row::listed(name, &state, due_at, status.as_deref())
            });
            Ok(Page {
                now,
                records: records.collect::<Result<_, _>>()?,
            })
        })
    }

    fn is_exclusive(&self) -> bool {
        self.access == Access::Write
    }
}
