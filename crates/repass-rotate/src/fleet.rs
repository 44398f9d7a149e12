//! The fleet file: which credentials are rotated, how often, and where their records are.
//!
//! Syntax and type errors are reported first; all other errors are then reported together, each with
//! its line. The file holds no password, unless the address of a store has one, so errors do not
//! quote that.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use repass_client::{AdminName, InstanceId, Username};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::{Error, Spanned, from_str_with_options, options};

use crate::login::{CaCertificates, Login, TlsOptions};
use crate::machine::Rules;
use crate::record::{Millis, Operation, Target};
use crate::seal::{SealError, Sealer};
use crate::store::{Access, Store, StoreError};

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// The default time between two rotations.
const ROTATE_AFTER: Millis = 90 * DAY;
/// The default number of credentials that are rotated at once.
const PARALLEL: usize = 4;
/// The default deadline of a call.
const DEADLINE: Millis = MINUTE;
/// The default time within which a service applies or restores a password late.
const SETTLE: Millis = MINUTE;
/// The first wait before another attempt.
const RETRY: Millis = 5 * SECOND;
/// The longest wait before another attempt.
const LONGEST_RETRY: Millis = HOUR;
/// The longest name of a credential.
const LONGEST_NAME: usize = 128;
/// How many errors are shown.
const SHOWN: usize = 100;

/// A fleet of credentials.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fleet {
    /// Where the services are, as the file says it.
    pub access: CloudAccess,
    /// Where the records are.
    pub store: StoreAddress,
    /// The key file that seals the passwords in an SQL store.
    pub key: Option<PathBuf>,
    /// The publish command, with its arguments; empty if there is none.
    pub publish: Vec<String>,
    /// The number of credentials that are rotated at once.
    pub parallel: usize,
    /// The deadline of a call, in milliseconds.
    pub deadline: Millis,
    /// The time within which a service applies or restores a password late, in milliseconds.
    pub settle: Millis,
    /// The credentials, in the order of the file.
    pub credentials: Vec<Credential>,
}

/// Where the services are: a cloud of `clouds.yaml`, or region, project and endpoints. What is
/// missing comes from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudAccess {
    /// A cloud of `clouds.yaml`.
    pub cloud: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The name or the id of the project.
    pub project: Option<String>,
    /// The endpoints by service.
    pub endpoints: Vec<(String, String)>,
}

/// The address of a store.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreAddress {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// The URL of a PostgreSQL database. It may hold a password.
    Postgres(String),
    /// The URL of a folder in Vault or OpenBao.
    Vault(String),
    /// A helper program.
    Command(PathBuf),
}

/// A password to rotate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Credential {
    /// The name of its record.
    pub name: String,
    /// The password that it is about.
    pub target: Target,
    /// The address at which a login shows which password is live.
    pub login: Option<Login>,
    /// The time between two rotations.
    pub rotate_after: Millis,
}

/// The content of a fleet file. `repass schema rotation` prints its JSON Schema.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Rotation", rename = "Rotation")]
pub struct FleetFile {
    /// A cloud of clouds.yaml. What is missing comes from the environment.
    cloud: Option<String>,
    /// The region, such as eu-de.
    region: Option<String>,
    /// The name or the id of the project.
    project: Option<String>,
    /// The endpoints by service, such as `dcs: https://dcs.eu-de.otc.t-systems.com`.
    #[schemars(with = "Option<std::collections::BTreeMap<String, String>>")]
    endpoints: Option<pairs::Pairs>,
    /// Where the records are: `sqlite:FILE`, `postgres://…`, `vault:https://HOST/MOUNT/data/PATH` or
    /// `command:PROGRAM`. A relative path begins at the folder of this file.
    #[schemars(with = "String")]
    store: Spanned<String>,
    /// The key file that seals the passwords in SQLite and PostgreSQL. By default it is this file's
    /// name with the extension `key`.
    key: Option<String>,
    /// The command that publishes a new password, with its arguments.
    #[serde(default)]
    publish: Vec<String>,
    /// The time between two rotations, such as 90d.
    #[schemars(with = "Option<String>", regex(pattern = DURATION))]
    rotate_after: Option<Spanned<String>>,
    /// How many credentials are rotated at once; 4 by default.
    #[schemars(with = "Option<usize>", range(min = 1, max = 1000))]
    parallel: Option<Spanned<u64>>,
    /// The deadline of a call; 60s by default.
    #[schemars(with = "Option<String>", regex(pattern = DURATION))]
    deadline: Option<Spanned<String>>,
    /// The time within which a service applies or restores a password late; 60s by default.
    #[schemars(with = "Option<String>", regex(pattern = DURATION))]
    settle: Option<Spanned<String>>,
    /// A file with the certificate authorities of the login addresses, as PEM, instead of the
    /// system's.
    #[schemars(with = "Option<String>")]
    login_ca: Option<Spanned<String>>,
    /// The credentials.
    #[schemars(length(min = 1))]
    credentials: Vec<CredentialEntry>,
}

/// The form of a duration.
const DURATION: &str = "^[0-9]+(ms|s|m|h|d)$";

/// A password to rotate. It has one of `ddm`, `ddm_admin`, `dcs` and `dms`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Credential")]
struct CredentialEntry {
    /// A name of its own: letters, digits, `.`, `-` and `_`.
    #[schemars(with = "String", regex(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"))]
    name: Spanned<String>,
    /// An account of a DDM instance.
    ddm: Option<AccountEntry>,
    /// The administrator of a DDM instance.
    ddm_admin: Option<AccountEntry>,
    /// A Redis instance.
    dcs: Option<DcsEntry>,
    /// A Kafka instance with SSL.
    dms: Option<DmsEntry>,
    /// The address at which a login shows which password is live: `rediss://`, `mysql://` or
    /// `kafka://` with host and port.
    #[schemars(with = "Option<String>")]
    login: Option<Spanned<String>>,
    /// The time between two rotations, if it is not that of the fleet.
    #[schemars(with = "Option<String>", regex(pattern = DURATION))]
    rotate_after: Option<Spanned<String>>,
}

/// An account of a DDM instance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
struct AccountEntry {
    /// The id of the instance.
    #[schemars(with = "String")]
    instance_id: Spanned<String>,
    /// The user name.
    #[schemars(with = "String")]
    username: Spanned<String>,
}

/// A Redis instance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Redis")]
struct DcsEntry {
    /// The id of the instance.
    #[schemars(with = "String")]
    instance_id: Spanned<String>,
    /// How the password is set: by a reset, which is the default, or by a change, which needs the
    /// current one.
    #[serde(default)]
    method: Method,
    /// The user name for the login, if it is not the default user.
    #[schemars(with = "Option<String>")]
    username: Option<Spanned<String>>,
}

/// A Kafka instance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Kafka")]
struct DmsEntry {
    /// The id of the instance.
    #[schemars(with = "String")]
    instance_id: Spanned<String>,
    /// The user name for the login.
    #[schemars(with = "Option<String>")]
    username: Option<Spanned<String>>,
}

/// How the password of a Redis instance is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Method {
    /// By a reset.
    #[default]
    Reset,
    /// By a change, which needs the current password.
    Change,
}

/// A map in the order of the file.
mod pairs {
    use std::fmt;

    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde_saphyr::Spanned;

    #[derive(Debug)]
    pub(super) struct Pairs(pub(super) Vec<(String, Spanned<String>)>);

    impl<'de> Deserialize<'de> for Pairs {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(PairsVisitor)
        }
    }

    struct PairsVisitor;

    impl<'de> Visitor<'de> for PairsVisitor {
        type Value = Pairs;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of services and endpoints")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(Pairs(pairs))
        }
    }
}

/// The errors of a fleet file, in the order of their lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetErrors(Vec<FleetError>);

/// An error of a fleet file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetError {
    /// The line, from 1; 0 if there is none.
    pub line: u64,
    /// The field, such as `credentials[2].login`; empty for the file.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

impl FleetErrors {
    /// Returns the errors.
    pub fn errors(&self) -> &[FleetError] {
        &self.0
    }
}

impl fmt::Display for FleetErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for FleetErrors {}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres([REDACTED])"),
            Self::Vault(url) => write!(f, "Vault({url})"),
            Self::Command(program) => write!(f, "Command({})", program.display()),
        }
    }
}

impl Credential {
    /// Returns the rules by which the credential is rotated in its fleet.
    pub fn rules(&self, fleet: &Fleet) -> Rules {
        // Fleets that were enrolled at once do not rotate at once.
        let spread = self.rotate_after / 10 / 1024 * (hash(&self.name) % 1024);
        Rules {
            login: self.login.is_some(),
            publish: !fleet.publish.is_empty(),
            interval: self.rotate_after - spread,
            deadline: fleet.deadline,
            settle: fleet.settle,
            lease: fleet.lease(),
            retry: RETRY.min(fleet.settle.max(1)),
            longest_retry: LONGEST_RETRY,
        }
    }
}

/// A number that follows from a text, and is the same on every machine and in every version: FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Fleet {
    /// How long a worker's claim on a record lasts: long enough for a call and what comes with it.
    pub(crate) fn lease(&self) -> Millis {
        self.deadline.saturating_mul(3)
    }

    /// Opens the fleet's store. For reading, the key file may be missing: then the states can be
    /// listed, and no password can be read.
    ///
    /// # Errors
    /// Returns an error if the store or the key cannot be used, or if this program was built
    /// without the store's driver.
    pub async fn open_store(&self, access: Access) -> Result<Arc<dyn Store>, StoreError> {
        let sealer = match self.key.as_deref().map(Sealer::read) {
            None => None,
            Some(Err(SealError::NoKeyFile(_))) if access == Access::Read => None,
            Some(sealer) => Some(Arc::new(sealer?)),
        };
        match &self.store {
            #[cfg(feature = "sqlite")]
            StoreAddress::Sqlite(path) => Ok(Arc::new(crate::store::SqliteStore::open(
                path, access, sealer,
            )?)),
            #[cfg(feature = "postgres")]
            StoreAddress::Postgres(url) => Ok(Arc::new(
                crate::store::PostgresStore::open(url, sealer).await?,
            )),
            #[cfg(feature = "vault")]
            StoreAddress::Vault(url) => {
                let options = crate::store::VaultOptions::from_env()?;
                Ok(Arc::new(crate::store::VaultStore::open(url, options)?))
            }
            #[cfg(feature = "command")]
            StoreAddress::Command(program) => {
                Ok(Arc::new(crate::store::CommandStore::new(program)))
            }
            #[allow(unreachable_patterns, reason = "reachable if a driver is missing")]
            other => {
                let _ = sealer;
                let driver = match other {
                    StoreAddress::Sqlite(_) => "SQLite",
                    StoreAddress::Postgres(_) => "PostgreSQL",
                    StoreAddress::Vault(_) => "Vault",
                    StoreAddress::Command(_) => "command",
                };
                let reason = format!("this program was built without the {driver} store");
                Err(StoreError::Unusable(reason))
            }
        }
    }

    /// Reads a fleet file. Paths in it begin at `folder`; `key` is the key file if it names none.
    ///
    /// # Errors
    /// Returns the first syntax or type error, or else all errors.
    pub fn from_yaml(text: &str, folder: &Path, key: &Path) -> Result<Self, FleetErrors> {
        let mut options = options! { with_snippet: false };
        // The default limits are for small files; the one for nesting stays.
        if let Some(budget) = &mut options.budget {
            budget.max_events = usize::MAX;
            budget.max_nodes = usize::MAX;
            budget.max_total_scalar_bytes = usize::MAX;
        }
        let file: FleetFile = from_str_with_options(text, options)
            .map_err(|error| FleetErrors(vec![unreadable(&error)]))?;
        let mut reader = Reader {
            folder,
            errors: Vec::new(),
        };
        let fleet = reader.fleet(file, key);
        let Reader { mut errors, .. } = reader;
        match fleet {
            Some(fleet) if errors.is_empty() => Ok(fleet),
            _ => {
                errors.sort_by_key(|error| error.line);
                Err(FleetErrors(errors))
            }
        }
    }
}

/// Returns the error that ends the reading, without quoting a value.
fn unreadable(error: &Error) -> FleetError {
    let one_of = |names: &[&str]| names.join(", ");
    let problem = match error {
        Error::SerdeMissingField { field, .. } => format!("missing field `{field}`"),
        Error::SerdeUnknownField {
            field, expected, ..
        } => format!(
            "unknown field `{field}`; expected one of {}",
            one_of(expected)
        ),
        Error::SerdeUnknownVariant { expected, .. } => {
            format!("unknown value; expected one of {}", one_of(expected))
        }
        Error::DuplicateMappingKey { .. } => "duplicate field".to_owned(),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            format!("invalid type; expected {}", kind(expected))
        }
        Error::InvalidScalar { ty, .. } => format!("invalid type; expected {}", kind(ty)),
        Error::Unexpected { expected, .. } => format!("invalid type; expected {}", kind(expected)),
        Error::Eof { .. } => "the file is empty; begin with `store` and `credentials`".to_owned(),
        Error::MultipleDocuments { .. } => "only one YAML document is allowed".to_owned(),
        _ => "invalid YAML; look for a tab, an open quote or a colon in a value".to_owned(),
    };
    FleetError {
        line: error.location().map_or(0, |location| location.line()),
        field: String::new(),
        problem,
    }
}

fn kind(expected: &str) -> &str {
    match expected {
        "mapping start" => "fields",
        "sequence start" => "a list",
        "string scalar" => "a text",
        "u64" => "a whole number",
        other => other,
    }
}

/// Checks the entries, and collects the errors.
struct Reader<'a> {
    folder: &'a Path,
    errors: Vec<FleetError>,
}

impl Reader<'_> {
    fn add<T>(&mut self, at: &Spanned<T>, field: &str, problem: impl fmt::Display) {
        self.errors.push(FleetError {
            line: at.referenced.line(),
            field: field.to_owned(),
            problem: problem.to_string(),
        });
    }

    fn fleet(&mut self, file: FleetFile, key: &Path) -> Option<Fleet> {
        let store = self.store(&file.store);
        let rotate_after = self.duration("rotate_after", file.rotate_after.as_ref(), ROTATE_AFTER);
        let parallel = file.parallel.as_ref().map_or(PARALLEL, |parallel| {
            if !(1..=1000).contains(&parallel.value) {
                self.add(parallel, "parallel", "expected a number from 1 to 1000");
            }
            usize::try_from(parallel.value).unwrap_or(PARALLEL)
        });
        let deadline = self.duration("deadline", file.deadline.as_ref(), DEADLINE);
        let settle = self.duration("settle", file.settle.as_ref(), SETTLE);
        let tls = TlsOptions {
            ca: file.login_ca.as_ref().and_then(|path| self.ca(path)),
        };
        let endpoints = file.endpoints.map_or_else(Vec::new, |pairs| pairs.0);
        let mut known = Vec::new();
        for (service, url) in endpoints {
            if !["ddm", "dcs", "dms", "iam"].contains(&service.as_str()) {
                let problem = "unknown service; expected ddm, dcs, dms or iam";
                self.add(&url, &format!("endpoints.{service}"), problem);
            }
            known.push((service, url.value));
        }
        if file.credentials.is_empty() {
            self.add(
                &file.store,
                "credentials",
                "the list is empty; add a credential",
            );
        }
        let credentials = self.credentials(file.credentials, rotate_after, &tls);
        let key = file.key.map_or(key.to_owned(), |key| self.folder.join(key));
        Some(Fleet {
            access: CloudAccess {
                cloud: file.cloud,
                region: file.region,
                project: file.project,
                endpoints: known,
            },
            key: matches!(
                store,
                Some(StoreAddress::Sqlite(_) | StoreAddress::Postgres(_))
            )
            .then_some(key),
            store: store?,
            publish: file.publish,
            parallel,
            deadline,
            settle,
            credentials,
        })
    }

    fn store(&mut self, store: &Spanned<String>) -> Option<StoreAddress> {
        let text = store.value.as_str();
        let path = |path: &str| self.folder.join(path);
        let address = match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => StoreAddress::Sqlite(path(file)),
            Some(("postgres" | "postgresql", _)) => StoreAddress::Postgres(text.to_owned()),
            Some(("vault", url)) if url.starts_with("http") => StoreAddress::Vault(url.to_owned()),
            Some(("command", program)) if !program.is_empty() => {
                StoreAddress::Command(path(program))
            }
            _ => {
                let problem = "unknown store; expected sqlite:FILE, postgres://…, \
                               vault:https://HOST/MOUNT/data/PATH or command:PROGRAM";
                self.add(store, "store", problem);
                return None;
            }
        };
        Some(address)
    }

    fn ca(&mut self, path: &Spanned<String>) -> Option<CaCertificates> {
        let read = std::fs::read(self.folder.join(&path.value));
        let made = read
            .map_err(|error| error.to_string())
            .and_then(|pem| CaCertificates::from_pem(&pem).map_err(|error| error.to_string()));
        made.map_err(|error| self.add(path, "login_ca", error)).ok()
    }

    fn duration(&mut self, field: &str, text: Option<&Spanned<String>>, usual: Millis) -> Millis {
        let Some(text) = text else {
            return usual;
        };
        duration(&text.value).unwrap_or_else(|| {
            let problem = "expected a number and a unit (ms, s, m, h or d), such as 90d; \
                           it must be more than 0 and at most ten years";
            self.add(text, field, problem);
            usual
        })
    }

    fn credentials(
        &mut self,
        entries: Vec<CredentialEntry>,
        rotate_after: Millis,
        tls: &TlsOptions,
    ) -> Vec<Credential> {
        let mut names = HashMap::new();
        let mut targets = HashMap::new();
        let mut credentials = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            let field = |name: &str| format!("credentials[{index}].{name}");
            let name = &entry.name;
            if !is_name(&name.value) {
                let problem = "invalid name; expected at most 128 letters, digits, `.`, `-` and \
                               `_`, and a letter or digit first";
                self.add(name, &field("name"), problem);
            }
            let line = name.referenced.line();
            if let Some(first) = names.insert(name.value.clone(), line) {
                let problem = format!("duplicate name; line {first} has it, too");
                self.add(name, &field("name"), problem);
            }
            let Some((target, user)) = self.target(index, &entry) else {
                continue;
            };
            // A reset and a change of one instance are about the same password.
            let same = match target.operation {
                Operation::DcsChange => Operation::DcsReset,
                operation => operation,
            };
            let key = (same, target.instance.clone(), target.account.clone());
            if let Some(first) = targets.insert(key, line) {
                let problem = format!("the credential of line {first} is for the same password");
                self.add(name, &field("name"), problem);
            }
            let login = entry.login.as_ref().and_then(|url| {
                let login = Login::parse(&url.value, user.as_deref(), tls.clone());
                login
                    .map_err(|error| self.add(url, &field("login"), error))
                    .ok()
            });
            let own = entry.rotate_after.as_ref();
            credentials.push(Credential {
                name: entry.name.value.clone(),
                target,
                login,
                rotate_after: self.duration(&field("rotate_after"), own, rotate_after),
            });
        }
        credentials
    }

    /// Returns what the entry is about, and the user name for the login.
    fn target(
        &mut self,
        index: usize,
        entry: &CredentialEntry,
    ) -> Option<(Target, Option<String>)> {
        let field = |name: &str| format!("credentials[{index}].{name}");
        let CredentialEntry {
            name,
            ddm,
            ddm_admin,
            dcs,
            dms,
            ..
        } = entry;
        let (operation, instance, account, user) = match (ddm, ddm_admin, dcs, dms) {
            (Some(ddm), None, None, None) => {
                if let Err(error) = Username::new(ddm.username.value.as_str()) {
                    self.add(&ddm.username, &field("ddm.username"), error);
                }
                let user = Some(&ddm.username);
                (Operation::DdmAccount, &ddm.instance_id, user, user)
            }
            (None, Some(admin), None, None) => {
                if let Err(error) = AdminName::new(admin.username.value.as_str()) {
                    self.add(&admin.username, &field("ddm_admin.username"), error);
                }
                let user = Some(&admin.username);
                (Operation::DdmAdmin, &admin.instance_id, user, user)
            }
            (None, None, Some(dcs), None) => {
                let operation = match dcs.method {
                    Method::Reset => Operation::DcsReset,
                    Method::Change => Operation::DcsChange,
                };
                (operation, &dcs.instance_id, None, dcs.username.as_ref())
            }
            (None, None, None, Some(dms)) => (
                Operation::DmsReset,
                &dms.instance_id,
                None,
                dms.username.as_ref(),
            ),
            (None, None, None, None) => {
                let problem = "missing field; expected one of ddm, ddm_admin, dcs and dms";
                self.add(name, &field("name"), problem);
                return None;
            }
            _ => {
                let problem = "more than one service; expected one of ddm, ddm_admin, dcs and dms";
                self.add(name, &field("name"), problem);
                return None;
            }
        };
        if let Err(error) = InstanceId::new(instance.value.as_str()) {
            self.add(instance, &field("instance_id"), error);
        }
        let target = Target {
            operation,
            instance: instance.value.clone(),
            account: account.map(|account| account.value.clone()),
        };
        Some((target, user.map(|user| user.value.clone())))
    }
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= LONGEST_NAME
        && text.bytes().all(is_allowed)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Reads a duration such as `90d`.
fn duration(text: &str) -> Option<Millis> {
    let digits = text.trim_end_matches(|last: char| last.is_ascii_lowercase());
    let unit = match text.strip_prefix(digits)? {
        "ms" => 1,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let number: Millis = digits.parse().ok()?;
    let millis = number.checked_mul(unit)?;
    (1..=3660 * DAY).contains(&millis).then_some(millis)
}
