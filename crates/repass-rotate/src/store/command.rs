//! Records behind a helper program, for every other place to keep them.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::{Answer, Listed, Page, Query, Store, StoreError, Version, check_format, system_now};
use crate::record::{Record, Status};

/// How long the program may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A store behind a helper program.
///
#[doc = include_str!("command.md")]
pub struct CommandStore {
    program: PathBuf,
}

impl fmt::Debug for CommandStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandStore({})", self.program.display())
    }
}

#[derive(Serialize)]
#[serde(tag = "operation", rename_all = "kebab-case")]
enum Request<'a> {
    Load {
        name: &'a str,
    },
    Save {
        name: &'a str,
        expected: Option<u64>,
        record: &'a Record,
    },
    List {
        after: Option<&'a str>,
        limit: usize,
    },
}

#[derive(Deserialize)]
struct Loaded {
    record: Option<Record>,
    version: Option<u64>,
}

#[derive(Deserialize)]
struct Saved {
    version: Option<u64>,
    #[serde(default)]
    conflict: bool,
}

#[derive(Deserialize)]
struct ListedRecords {
    records: Vec<ListedRecord>,
}

#[derive(Deserialize)]
struct ListedRecord {
    name: String,
    status: Status,
}

impl CommandStore {
    /// Takes a program, which is started for each request.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Starts the program, gives it the request and returns what it printed.
    async fn ask(&self, request: &Request<'_>) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let shown = self.program.display();
        let request = serde_json::to_vec(request);
        let request = request.map_err(|error| StoreError::Unusable(error.to_string()))?;
        let request = Zeroizing::new(request);
        let mut child = Command::new(&self.program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its own words are for the person who runs this.
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| StoreError::Unusable(format!("{shown} cannot be run: {error}")))?;
        let stdin = child.stdin.take();
        let talk = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read everything may still answer.
                let _ = stdin.write_all(&request).await;
                let _ = stdin.shutdown().await;
            }
            child.wait_with_output().await
        };
        let failed = |reason: String| StoreError::NotConfirmed(format!("{shown} {reason}"));
        let output = tokio::time::timeout(DEADLINE, talk)
            .await
            .map_err(|_| failed("did not end in time".to_owned()))?
            .map_err(|error| failed(format!("failed: {error}")))?;
        let answer = Zeroizing::new(output.stdout);
        if output.status.success() {
            Ok(answer)
        } else {
            Err(failed(format!("failed: {}", output.status)))
        }
    }

    fn read<'de, T: Deserialize<'de>>(&self, answer: &'de [u8]) -> Result<T, StoreError> {
        let shown = self.program.display();
        // The words of the error could repeat the answer.
        serde_json::from_slice(answer).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            StoreError::NotConfirmed(format!("{shown} printed an invalid answer ({place})"))
        })
    }
}

impl Store for CommandStore {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Record, Version)>> {
        Box::pin(async move {
            let answer = self.ask(&Request::Load { name }).await?;
            let loaded: Loaded = self.read(&answer)?;
            match (loaded.record, loaded.version) {
                (Some(record), Some(version)) => {
                    check_format(name, &record.status)?;
                    Ok(Some((record, Version(version))))
                }
                (None, _) => Ok(None),
                (Some(_), None) => Err(StoreError::Unusable(format!(
                    "{} printed a record without its version",
                    self.program.display()
                ))),
            }
        })
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> Answer<'a, Version> {
        Box::pin(async move {
            let request = Request::Save {
                name,
                expected: expected.map(|Version(version)| version),
                record,
            };
            let answer = self.ask(&request).await?;
            let saved: Saved = self.read(&answer)?;
            match saved.version {
                _ if saved.conflict => Err(StoreError::Conflict),
                Some(version) => Ok(Version(version)),
                None => Err(StoreError::NotConfirmed(format!(
                    "{} printed neither a version nor a conflict",
                    self.program.display()
                ))),
            }
        })
    }

    fn list<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(async move {
            let now = system_now();
            let mut records = Vec::new();
            let mut after = query.after.clone();
            loop {
                let request = Request::List {
                    after: after.as_deref(),
                    limit: 1000,
                };
                let answer = self.ask(&request).await?;
                let mut page = self.read::<ListedRecords>(&answer)?.records;
                page.sort_by(|one, other| one.name.cmp(&other.name));
                let last = page.last().map(|record| record.name.clone());
                let is_new = last.is_some() && last > after;
                for ListedRecord { name, status } in page {
                    check_format(&name, &status)?;
                    if Some(&name) > after.as_ref() && query.wants(&status, now) {
                        records.push(Listed {
                            name,
                            state: status.state,
                            due_at: status.due_at,
                            status: query.statuses.then(|| Box::new(status)),
                        });
                    }
                }
                let is_enough = query.limit > 0 && records.len() >= query.limit;
                if !is_new || is_enough {
                    break;
                }
                after = last;
            }
            if query.limit > 0 {
                records.truncate(query.limit);
            }
            Ok(Page { now, records })
        })
    }
}
