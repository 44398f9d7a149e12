//! The row of a record in an SQL store: the passwords sealed, the rest as JSON, and what is searched
//! for in columns of its own.

use super::{Listed, StoreError, check_format};
use crate::record::{Millis, Record, State, Status};
use crate::seal::Sealer;

/// A row to write.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) version: i64,
    pub(super) state: &'static str,
    pub(super) due_at: i64,
    pub(super) lease_until: i64,
    pub(super) status: String,
    pub(super) sealed: Vec<u8>,
}

impl Row {
    pub(super) fn new(
        name: &str,
        version: u64,
        record: &Record,
        sealer: Option<&Sealer>,
    ) -> Result<Self, StoreError> {
        let sealer = sealer.ok_or(StoreError::NoKey)?;
        let status = &record.status;
        let lease = status.lease.as_ref();
        let text = serde_json::to_string(status);
        Ok(Self {
            name: name.to_owned(),
            version: integer(version),
            state: status.state.name(),
            due_at: integer(status.due_at),
            lease_until: integer(lease.map_or(0, |lease| lease.until)),
            status: text.map_err(|error| StoreError::Unusable(error.to_string()))?,
            sealed: sealer.seal(name, version, &record.passwords)?,
        })
    }
}

/// Reads the record of a row.
pub(super) fn read(
    name: &str,
    version: i64,
    status: &str,
    sealed: &[u8],
    sealer: Option<&Sealer>,
) -> Result<Record, StoreError> {
    let sealer = sealer.ok_or(StoreError::NoKey)?;
    Ok(Record {
        status: read_status(name, status)?,
        passwords: sealer.open(name, version.unsigned_abs(), sealed)?,
    })
}

/// Reads the status of a stored record.
fn read_status(name: &str, text: &str) -> Result<Status, StoreError> {
    let unreadable = |reason: String| StoreError::Unreadable {
        name: name.to_owned(),
        reason,
    };
    let status: Status = serde_json::from_str(text)
        // The words of the error could repeat the text.
        .map_err(|error| unreadable(format!("invalid JSON at column {}", error.column())))?;
    check_format(name, &status)?;
    Ok(status)
}

/// Reads a row of a list.
pub(super) fn listed(
    name: String,
    state: &str,
    due_at: i64,
    status: Option<&str>,
) -> Result<Listed, StoreError> {
    let known = State::ALL.into_iter().find(|known| known.name() == state);
    let state = known.ok_or_else(|| StoreError::Unreadable {
        name: name.clone(),
        reason: "its state is unknown; it was written by a later version of repass".to_owned(),
    })?;
    let status: Option<Status> = status.map(|text| read_status(&name, text)).transpose()?;
    Ok(Listed {
        name,
        state,
        due_at: due_at.unsigned_abs(),
        status: status.map(Box::new),
    })
}

/// SQL has no unsigned integers; no date is that far away.
pub(super) fn integer(number: Millis) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
