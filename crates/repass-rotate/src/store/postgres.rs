//! Records in a PostgreSQL database, for many workers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row as SqlRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::row::{self, Row, integer};
use super::{Answer, Page, Query, Store, StoreError, Version, Which};
use crate::record::Record;
use crate::seal::Sealer;

/// How long a statement may take.
const DEADLINE: Duration = Duration::from_secs(15);

/// The tables. Workers that start at the same time take turns.
const TABLES: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(7265706173730001);
    CREATE TABLE IF NOT EXISTS repass_credential (
        name text PRIMARY KEY,
        version bigint NOT NULL,
        state text NOT NULL,
        due_at bigint NOT NULL,
        lease_until bigint NOT NULL,
        offered_until bigint NOT NULL DEFAULT 0,
        status text NOT NULL,
        sealed bytea NOT NULL
    );
    CREATE INDEX IF NOT EXISTS repass_credential_due ON repass_credential (due_at);
    COMMIT;
";

/// The database's clock in milliseconds, which is the same for all workers.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

const LOAD: &str = "SELECT version, status, sealed FROM repass_credential WHERE name = $1";

const INSERT: &str = "
    INSERT INTO repass_credential (name, version, state, due_at, lease_until, status, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING";

const UPDATE: &str = "
    UPDATE repass_credential
    SET version = $2, state = $3, due_at = $4, lease_until = $5, offered_until = 0, status = $6,
        sealed = $7
    WHERE name = $1 AND version = $8";

const LIST: &str = concat!(
    "SELECT name, state, due_at, CASE WHEN $5 THEN status END, ",
    now!(),
    " FROM repass_credential
      WHERE (NOT $1 OR due_at <= ",
    now!(),
    ") AND (NOT $2 OR state NOT IN ('idle', 'stuck')) AND (NOT ($1 OR $2) OR lease_until <= ",
    now!(),
    ") AND name > $3
      ORDER BY name COLLATE \"C\" LIMIT $4"
);

/// The statement ends before anything is done with the records: no transaction is open during a call.
const CLAIM: &str = concat!(
    "WITH chosen AS (
         SELECT name FROM repass_credential
         WHERE (CASE WHEN $1 THEN state NOT IN ('idle', 'stuck') ELSE due_at <= ",
    now!(),
    " END) AND lease_until <= ",
    now!(),
    " AND offered_until <= ",
    now!(),
    " AND name > $2
         ORDER BY name COLLATE \"C\" LIMIT $3
         FOR UPDATE SKIP LOCKED
     )
     UPDATE repass_credential AS one SET offered_until = ",
    now!(),
    " + $5
     FROM chosen WHERE one.name = chosen.name
     RETURNING one.name, one.state, one.due_at, CASE WHEN $4 THEN one.status END, ",
    now!()
);

/// A store in a PostgreSQL database.
///
/// Workers share it: each asks for records that are due, and PostgreSQL offers each of them to one
/// worker at a time. Times are those of the database's clock.
pub struct PostgresStore {
    config: Config,
    tls: MakeRustlsConnect,
    sealer: Option<Arc<Sealer>>,
    client: Mutex<Option<Arc<Client>>>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts();
        let database = self.config.get_dbname().unwrap_or_default();
        write!(f, "PostgresStore({hosts:?}, {database})")
    }
}

impl PostgresStore {
    /// Connects to the database of a URL, and creates the tables if they are missing. Without a
    /// sealer the states can be listed and nothing else.
    ///
    /// The password is the URL's, or else that of the environment variable `PGPASSWORD`.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid or the database cannot be used.
    pub async fn open(url: &str, sealer: Option<Arc<Sealer>>) -> Result<Self, StoreError> {
        // The words of the error could repeat the URL.
        let invalid = |_| StoreError::Unusable("invalid PostgreSQL URL".to_owned());
        let mut config: Config = url.parse().map_err(invalid)?;
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("repass");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(DEADLINE);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        // The one of the process may be missing, and only the first to set it can.
        let _ = provider.as_ref().clone().install_default();
        let tls = ClientConfig::with_platform_verifier()
            .map_err(|error| StoreError::Unusable(error.to_string()))?;
        let store = Self {
            config,
            tls: MakeRustlsConnect::new(tls),
            sealer,
            client: Mutex::new(None),
        };
        let client = store.client().await?;
        let created = tokio::time::timeout(DEADLINE, client.batch_execute(TABLES)).await;
        created
            .map_err(|_| StoreError::Unavailable("no answer in time".to_owned()))?
            .map_err(|error| StoreError::Unusable(words(&error)))?;
        Ok(store)
    }

    /// Returns a connection, which is opened again if it was closed.
    async fn client(&self) -> Result<Arc<Client>, StoreError> {
        let mut current = self.client.lock().await;
        if let Some(client) = current.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let connect = self.config.connect(self.tls.clone());
        let (client, connection) = tokio::time::timeout(DEADLINE, connect)
            .await
            .map_err(|_| StoreError::Unavailable("no connection in time".to_owned()))?
            .map_err(|error| StoreError::Unavailable(words(&error)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = words(&error), "the connection to PostgreSQL ended");
            }
        });
        let client = Arc::new(client);
        *current = Some(Arc::clone(&client));
        Ok(client)
    }

    async fn query(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<SqlRow>, StoreError> {
        let client = self.client().await?;
        let rows = tokio::time::timeout(DEADLINE, client.query(statement, parameters)).await;
        rows.map_err(|_| StoreError::Unavailable("no answer in time".to_owned()))?
            .map_err(|error| StoreError::Unavailable(words(&error)))
    }
}

/// The words of PostgreSQL, which repeat no parameter.
fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => {
            let source = std::error::Error::source(error);
            source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
        }
    }
}

impl Store for PostgresStore {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Record, Version)>> {
        Box::pin(async move {
            let rows = self.query(LOAD, &[&name]).await?;
            let Some(found) = rows.first() else {
                return Ok(None);
            };
            let unreadable = |error: tokio_postgres::Error| StoreError::Unreadable {
                name: name.to_owned(),
                reason: error.to_string(),
            };
            let version: i64 = found.try_get(0).map_err(unreadable)?;
            let status: &str = found.try_get(1).map_err(unreadable)?;
            let sealed: &[u8] = found.try_get(2).map_err(unreadable)?;
            let record = row::read(name, version, status, sealed, self.sealer.as_deref())?;
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
            let version = expected.map_or(0, |Version(version)| version) + 1;
            let row = Row::new(name, version, record, self.sealer.as_deref())?;
            let expected = expected.map(|Version(version)| integer(version));
            let Row {
                name,
                version: number,
                state,
                due_at,
                lease_until,
                status,
                sealed,
            } = &row;
            let mut parameters: Vec<&(dyn ToSql + Sync)> =
                vec![name, number, state, due_at, lease_until, status, sealed];
            let statement = match &expected {
                Some(expected) => {
                    parameters.push(expected);
                    UPDATE
                }
                None => INSERT,
            };
            let client = self.client().await?;
            let saved = tokio::time::timeout(DEADLINE, client.execute(statement, &parameters));
            match saved.await {
                Ok(Ok(0)) => Err(StoreError::Conflict),
                Ok(Ok(_)) => Ok(Version(version)),
                Ok(Err(error)) => Err(match error.code() {
                    // It is going down, and says so instead of committing.
                    Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN) | None => {
                        StoreError::NotConfirmed(words(&error))
                    }
                    Some(_) => StoreError::Unavailable(words(&error)),
                }),
                Err(_) => Err(StoreError::NotConfirmed("no answer in time".to_owned())),
            }
        })
    }

    fn list<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(async move {
            let after = query.after.as_deref().unwrap_or_default();
            let limit = match query.limit {
                0 => i64::MAX,
                limit => i64::try_from(limit).unwrap_or(i64::MAX),
            };
            let claim = i64::try_from(query.claim.as_millis()).unwrap_or(i64::MAX);
            let is_due = query.which == Which::Due;
            let is_unfinished = query.which == Which::Unfinished;
            let rows = if query.which != Which::All && claim > 0 {
                let parameters: [&(dyn ToSql + Sync); 5] =
                    [&is_unfinished, &after, &limit, &query.statuses, &claim];
                self.query(CLAIM, &parameters).await?
            } else {
                let parameters: [&(dyn ToSql + Sync); 5] =
                    [&is_due, &is_unfinished, &after, &limit, &query.statuses];
                self.query(LIST, &parameters).await?
            };
            let unreadable = |error: tokio_postgres::Error| StoreError::Unreadable {
                name: "a credential".to_owned(),
                reason: error.to_string(),
            };
            let mut now: i64 = 0;
            let mut records = Vec::with_capacity(rows.len());
            for found in &rows {
                let name: String = found.try_get(0).map_err(unreadable)?;
                let state: &str = found.try_get(1).map_err(unreadable)?;
                let due_at: i64 = found.try_get(2).map_err(unreadable)?;
                let status: Option<&str> = found.try_get(3).map_err(unreadable)?;
                now = found.try_get(4).map_err(unreadable)?;
                records.push(row::listed(name, state, due_at, status)?);
            }
            if rows.is_empty() {
                let found = self.query(concat!("SELECT ", now!()), &[]).await?;
                let first = found.first().map(|row| row.try_get(0)).transpose();
                now = first.map_err(unreadable)?.unwrap_or(0);
            }
            // The order of an UPDATE is any.
            records.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(Page {
                now: now.unsigned_abs(),
                records,
            })
        })
    }
}
