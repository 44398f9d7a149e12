//! A fleet file, and what it leads to: the store, the key and the client.

pub(crate) mod metrics;
pub(crate) mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use repass_client::{Client, Credentials, Endpoints, Operation, ProjectId, ProjectName, Service};
use repass_rotate::fleet::{Credential, Fleet, StoreAddress};
use repass_rotate::record::{Millis, Status};
use repass_rotate::seal::{SealError, Sealer};
use repass_rotate::store::{self, Query, Store, StoreError};

use crate::arguments;
use crate::failure::Failure;
use crate::input::Input;
use crate::settings::Settings;

/// A file of a hundred thousand credentials is smaller.
const LARGEST_KIB: u16 = u16::MAX;
/// The number of errors of a file that are shown.
const ERRORS: usize = 100;
/// The number of records that are read at once.
const PAGE: usize = 1000;

/// A fleet and the file that describes it.
pub(crate) struct Site {
    path: PathBuf,
    pub(crate) fleet: Arc<Fleet>,
}

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading states. It needs no key.
    States,
    /// Reading passwords.
    Passwords,
    /// Writing.
    Write,
}

impl Site {
    /// Reads a fleet file.
    ///
    /// # Errors
    /// The file cannot be read or is not valid.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        // The whole buffer is zeroed at the end, so it is not larger than needed.
        let kib = std::fs::metadata(path).map_or(0, |file| file.len() >> 10);
        let input = Input {
            name: &name,
            largest_kib: u16::try_from(kib).map_or(LARGEST_KIB, |kib| kib.saturating_add(1)),
            next: "name a fleet file, a YAML file in UTF-8; `repass schema rotation` describes it",
        };
        let file = File::open(path).map_err(|error| input.unreadable(&error))?;
        let text = input.read(file)?;
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let key = path.with_extension("key");
        let fleet = Fleet::from_yaml(&text, folder, &key).map_err(|errors| {
            let all = errors.errors();
            let mut shown: Vec<_> = all.iter().take(ERRORS).map(ToString::to_string).collect();
            if all.len() > ERRORS {
                shown.push(format!("and {} more", all.len() - ERRORS));
            }
            Failure::mistakes(
                format!("{name} is not a valid fleet file"),
                shown,
                "correct the file; `repass schema rotation` describes it",
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            fleet: Arc::new(fleet),
        })
    }

    /// Returns the credential with this name.
    pub(crate) fn credential(&self, name: &str) -> Result<&Credential, Failure> {
        let mut all = self.fleet.credentials.iter();
        all.find(|one| one.name == name).ok_or_else(|| {
            // The name is not shown: it could be a password in the wrong place.
            Failure::usage(
                format!("{} has no credential with that name", self.path.display()),
                format!("use one of its names, such as {}", self.examples()),
            )
        })
    }

    /// Checks names of credentials. No names mean all of them.
    pub(crate) fn select(&self, names: &[String]) -> Result<Option<BTreeSet<String>>, Failure> {
        for name in names {
            self.credential(name)?;
        }
        let names: BTreeSet<_> = names.iter().cloned().collect();
        Ok(Some(names).filter(|names| !names.is_empty()))
    }

    fn examples(&self) -> String {
        let names = self.fleet.credentials.iter().take(3);
        let names: Vec<_> = names.map(|one| one.name.as_str()).collect();
        names.join(", ")
    }

    /// Opens the store.
    ///
    /// # Errors
    /// The store or the key cannot be used.
    pub(crate) async fn store(&self, access: Access) -> Result<Arc<dyn Store>, Failure> {
        let opened = match access {
            Access::States => self.fleet.open_store(store::Access::Read),
            Access::Passwords => {
                // The store would open without it.
                if let Some(key) = &self.fleet.key {
                    Sealer::read(key).map_err(|error| failed(error.into()))?;
                }
                self.fleet.open_store(store::Access::Read)
            }
            Access::Write => self.fleet.open_store(store::Access::Write),
        };
        opened.await.map_err(failed)
    }

    /// Returns whether there is no store yet, so that there are no records.
    pub(crate) fn has_no_store(&self) -> bool {
        matches!(&self.fleet.store, StoreAddress::Sqlite(path) if !path.exists())
    }

    /// Returns a client for the operations of these credentials.
    ///
    /// # Errors
    /// A setting is missing or not valid.
    pub(crate) fn client<'a>(
        &self,
        credentials: impl Iterator<Item = &'a Credential>,
        allow_http: bool,
    ) -> Result<Client, Failure> {
        let mut operations: BTreeMap<String, Operation> = BTreeMap::new();
        for credential in credentials {
            let operation = credential.target.operation.api();
            let known = operations
                .entry(operation.service().to_string())
                .or_insert(operation);
            // A cloud can lack this operation, and have the service's others.
            if operation == Operation::DdmResetPassword {
                *known = operation;
            }
        }
        let mut each = Vec::new();
        for operation in operations.into_values() {
            let access = self.access(operation.service(), allow_http)?;
            let settings = Settings::load(&access);
            each.push((
                operation,
                settings.map_err(|failure| self.in_file(failure))?,
            ));
        }
        Settings::shared_client(&each).map_err(|failure| self.in_file(failure))
    }

    /// Returns the file's settings for a service in the form of options.
    fn access(&self, service: Service, allow_http: bool) -> Result<arguments::Access, Failure> {
        let of_file = &self.fleet.access;
        let endpoint = |service: Service| {
            let name = service.to_string().to_lowercase();
            let mut endpoints = of_file.endpoints.iter();
            endpoints
                .find(|(one, _)| *one == name)
                .map(|(_, url)| url.clone())
        };
        let invalid = |error: String| {
            let line = format!("{}, field project: {error}", self.path.display());
            Failure::usage(line, "copy it from the console, from the list of projects")
        };
        let project = of_file.project.as_deref();
        let is_id = |text: &&str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let project_id = project.filter(is_id).map(ProjectId::new).transpose();
        let project_name = project
            .filter(|text| !is_id(text))
            .map(ProjectName::new)
            .transpose();
        Ok(arguments::Access {
            endpoint: endpoint(service),
            region: of_file.region.clone(),
            project_id: project_id.map_err(|error| invalid(error.to_string()))?,
            project_name: project_name.map_err(|error| invalid(error.to_string()))?,
            iam_endpoint: endpoint(Service::Iam),
            cloud: of_file.cloud.clone(),
            allow_http,
        })
    }

    /// Names the file's field where a failure names the option.
    fn in_file(&self, failure: Failure) -> Failure {
        const FIELDS: [(&str, &str); 6] = [
            ("--endpoint", "endpoints"),
            ("--iam-endpoint", "endpoints.iam"),
            ("--region", "region"),
            ("--project-id", "project"),
            ("--project-name", "project"),
            ("--cloud", "cloud"),
        ];
        let Failure::Usage {
            line,
            mistakes,
            next,
        } = failure
        else {
            return failure;
        };
        let renamed = FIELDS.into_iter().find_map(|(option, field)| {
            let rest = line.strip_prefix(option)?;
            let is_whole = !rest.starts_with(|next: char| next == '-' || next.is_alphanumeric());
            is_whole.then(|| format!("{}, field {field}{rest}", self.path.display()))
        });
        Failure::Usage {
            line: renamed.unwrap_or(line),
            mistakes,
            next,
        }
    }
}

/// Returns a client that can call nothing, for workers that only log in or import.
pub(crate) fn no_client() -> Result<Client, Failure> {
    let failed = |error: String| Failure::not_done(error, "please report it");
    let project = ProjectId::new("none").map_err(|error| failed(error.to_string()))?;
    let credentials = Credentials::token("none").map_err(|error| failed(error.to_string()))?;
    Client::new(Endpoints::new(), project, credentials).map_err(|error| failed(error.to_string()))
}

/// Reads the states of all records.
pub(crate) async fn states(store: &dyn Store) -> Result<States, Failure> {
    let mut states = States::default();
    let mut query = Query {
        limit: PAGE,
        statuses: true,
        ..Query::default()
    };
    loop {
        let page = store.list(&query).await.map_err(failed)?;
        states.now = page.now;
        let Some(last) = page.records.last() else {
            return Ok(states);
        };
        query.after = Some(last.name.clone());
        for record in page.records {
            if let Some(status) = record.status {
                states.records.insert(record.name, *status);
            }
        }
    }
}

/// The states of all records.
#[derive(Default)]
pub(crate) struct States {
    /// The time by the store's clock.
    pub(crate) now: Millis,
    pub(crate) records: BTreeMap<String, Status>,
}

/// Returns the failure of a command whose store failed.
pub(crate) fn failed(error: StoreError) -> Failure {
    match error {
        StoreError::Seal(SealError::NoKeyFile(_)) | StoreError::NoKey => Failure::usage(
            error,
            "create the key once; if there was one, restore it: a new key does not open what \
             another one sealed",
        ),
        StoreError::Seal(SealError::Permissions(_)) => Failure::usage(error, "nothing was read"),
        StoreError::Seal(SealError::OtherKey { .. }) => {
            Failure::usage(error, "restore the key file from its copy")
        }
        StoreError::Seal(_) => Failure::usage(error, "restore the key file or the store"),
        StoreError::Unusable(_) => Failure::usage(error, "check `store` in the fleet file"),
        StoreError::Locked(_) => Failure::not_done(error, "nothing was sent; run it again later"),
        StoreError::Conflict => Failure::not_done(error, "run the command again"),
        _ => Failure::not_done(error, "check the store, and run the command again"),
    }
}
