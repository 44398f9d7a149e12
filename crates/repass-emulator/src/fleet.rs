//! What an emulator holds: projects, what opens them, and their instances.

use std::time::{Duration, SystemTime};

use repass_client::{Secret, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

mod file;
mod places;

pub use file::{FleetError, FleetFile, Mistake};

/// Projects with what they are opened with, and their instances. As JSON it shows its passwords,
/// tokens and secret keys: they belong to an emulator.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Fleet {
    /// The projects.
    pub projects: Vec<Project>,
    /// The users that IAM issues tokens to, for every project.
    pub users: Vec<User>,
    /// The access keys that requests may be signed with, for every project.
    pub access_keys: Vec<AccessKey>,
    /// The instances.
    pub instances: Vec<Instance>,
    /// Which of the documents is followed where they disagree.
    pub settings: Settings,
    /// The failures that there are from the beginning.
    pub faults: Vec<Fault>,
    /// What chance begins with, for the faults that have a share.
    pub seed: u64,
}

/// A project: a region's part of an account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A token that is good for it and never ends.
    pub token: Option<Secret>,
}

/// An IAM user.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct User {
    /// The name of the account that the user belongs to.
    pub domain: String,
    /// The name of the user.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// An access key pair.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AccessKey {
    /// The access key.
    pub access_key: String,
    /// Its secret key.
    pub secret_key: Secret,
}

/// An instance of one of the services.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The id of its project.
    pub project_id: String,
    /// Whether it takes requests.
    pub state: State,
    /// For how many seconds it is busy after a change.
    pub change_seconds: u32,
    /// What it is an instance of.
    #[serde(flatten)]
    pub kind: Kind,
    /// When a password of it was last changed.
    #[serde(skip)]
    pub changed_at: Option<SystemTime>,
    /// What keeps it busy.
    #[serde(skip)]
    pub busy: Option<Busy>,
}

/// Whether an instance takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum State {
    /// It does.
    #[default]
    Running,
    /// It does not: it is stopped, frozen, or not yet created.
    Stopped,
}

/// A change that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// Whether it is a reset, which asks for no old password.
    pub is_reset: bool,
    /// When it ends.
    pub until: SystemTime,
}

/// An instance's own part, by its service.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "service", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A DDM instance.
    Ddm(Ddm),
    /// A Redis instance.
    Dcs(Dcs),
    /// A Kafka instance.
    Dms(Dms),
}

/// A DDM instance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Ddm {
    /// Its accounts and their passwords.
    pub accounts: Vec<Account>,
    /// Its administrator; the first call that sets a password creates one.
    pub administrator: Option<Account>,
}

/// Somebody with a password.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Account {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// A Redis instance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Dcs {
    /// Its password; none if it is password-free.
    pub password: Option<Secret>,
    /// How many wrong old passwords lock it.
    pub tries: u32,
    /// For how many minutes.
    pub lock_minutes: u32,
    /// How many wrong old passwords there were since the last right one.
    #[serde(skip)]
    pub wrong: u32,
    /// Until when no change is accepted.
    #[serde(skip)]
    pub locked_until: Option<SystemTime>,
}

/// A Kafka instance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Dms {
    /// Its password.
    pub password: Secret,
    /// Whether SSL is on; without it there is no password to reset.
    pub ssl: bool,
}

/// Which of the vendor's documents is followed where they disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The form of DDM's refusals.
    pub ddm_errors: DdmErrors,
    /// The success of DDM's administrator call.
    pub ddm_admin_success: DdmAdminSuccess,
    /// What a reset of DCS comes to during a lock.
    pub dcs_reset_during_lock: DcsResetDuringLock,
}

/// The form of DDM's refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DdmErrors {
    /// `errCode` and `externalMessage`, as the pages of the two operations have it.
    #[default]
    ErrCode,
    /// `error_code` and `error_msg`, as the page of return values has it.
    ErrorCode,
}

/// The success of DDM's administrator call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DdmAdminSuccess {
    /// 200 with the ids of the instance and of a job.
    #[default]
    Ok,
    /// 200 without a body.
    OkEmpty,
    /// 202 with the id of a job.
    Accepted,
    /// 202 without a body.
    AcceptedEmpty,
}

/// What a reset of DCS comes to during a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DcsResetDuringLock {
    /// It works: the page of the operation says that a reset has nothing to do with locks.
    #[default]
    Works,
    /// It is refused with a code of `3`, as the vendor's SDK says.
    Refused,
}

impl Instance {
    /// A running instance of the project.
    pub fn new(id: impl Into<String>, project_id: impl Into<String>, kind: Kind) -> Self {
        Self {
            id: id.into(),
            project_id: project_id.into(),
            state: State::Running,
            change_seconds: 0,
            kind,
            changed_at: None,
            busy: None,
        }
    }

    /// The service that it is an instance of.
    pub fn service(&self) -> Service {
        match self.kind {
            Kind::Ddm(_) => Service::Ddm,
            Kind::Dcs(_) => Service::Dcs,
            Kind::Dms(_) => Service::Dms,
        }
    }

    /// What keeps it busy at this time.
    pub(crate) fn busy_at(&self, now: SystemTime) -> Option<Busy> {
        self.busy.filter(|busy| now < busy.until)
    }

    /// Notes that it was changed: it is busy for a while, and a verified password ends a lock.
    pub(crate) fn changed(&mut self, is_reset: bool, now: SystemTime) {
        if let Kind::Dcs(dcs) = &mut self.kind
            && !is_reset
        {
            dcs.unlock();
        }
        let until = now.checked_add(Duration::from_secs(self.change_seconds.into()));
        self.busy = until.map(|until| Busy { is_reset, until });
    }

    /// The password of the instance, or of one of its accounts.
    pub(crate) fn password(&self, account: Option<&str>) -> Option<&Secret> {
        match (&self.kind, account) {
            (Kind::Ddm(ddm), Some(account)) => {
                let mut accounts = ddm.accounts.iter().chain(&ddm.administrator);
                let account = accounts.find(|one| one.username == account);
                account.map(|account| &account.password)
            }
            (Kind::Dcs(dcs), None) => dcs.password.as_ref(),
            (Kind::Dms(dms), None) => Some(&dms.password),
            _ => None,
        }
    }

    /// Sets the password of the instance, or of one of its accounts. An account that is not there is
    /// a new administrator, and an administrator without a password is removed.
    pub(crate) fn set_password(
        &mut self,
        account: Option<&str>,
        password: Option<Secret>,
        now: SystemTime,
    ) {
        self.changed_at = Some(now);
        match (&mut self.kind, account, password) {
            (Kind::Ddm(ddm), Some(name), password) => {
                let mut accounts = ddm.accounts.iter_mut();
                let account = accounts.find(|account| account.username == name);
                match (account, password) {
                    (Some(account), Some(password)) => account.password = password,
                    (Some(_), None) => {}
                    (None, password) => {
                        let username = name.to_owned();
                        ddm.administrator = password.map(|password| Account { username, password });
                    }
                }
            }
            (Kind::Dcs(dcs), _, password) => dcs.password = password,
            (Kind::Dms(dms), _, Some(password)) => dms.password = password,
            _ => {}
        }
    }
}

impl Dcs {
    /// How many wrong old passwords lock an instance, unless the fleet says otherwise.
    pub const TRIES: u32 = 5;
    /// For how many minutes.
    pub const LOCK_MINUTES: u32 = 5;

    /// An instance with this password, or a password-free one.
    pub fn new(password: Option<Secret>) -> Self {
        Self {
            password,
            tries: Self::TRIES,
            lock_minutes: Self::LOCK_MINUTES,
            wrong: 0,
            locked_until: None,
        }
    }

    pub(crate) fn tries_left(&self) -> u32 {
        self.tries.saturating_sub(self.wrong)
    }

    /// The minutes until a lock ends, begun ones counted as whole; a lock that has ended is
    /// forgotten.
    pub(crate) fn minutes_left(&mut self, now: SystemTime) -> Option<u128> {
        let left = self.locked_until?.duration_since(now).unwrap_or_default();
        if left.is_zero() {
            self.unlock();
            return None;
        }
        Some(left.as_millis().div_ceil(60_000))
    }

    pub(crate) fn unlock(&mut self) {
        self.wrong = 0;
        self.locked_until = None;
    }
}

impl Fleet {
    /// The project of the built-in fleet.
    pub const PROJECT_ID: &str = "0123456789abcdef0123456789abcdef";
    /// The name of that project.
    pub const PROJECT_NAME: &str = "eu-de";
    /// The token of the built-in fleet.
    pub const TOKEN: &str = "emulator-token";
    /// The access key of the built-in fleet.
    pub const ACCESS_KEY: &str = "EMULATORACCESSKEY001";
    /// The secret key of the built-in fleet.
    pub const SECRET_KEY: &str = "emulator-secret-key";
    /// The account that the IAM user of the built-in fleet belongs to.
    pub const DOMAIN: &str = "OTC00000000001000000001";
    /// The IAM user of the built-in fleet.
    pub const USER: &str = "alice";
    /// The password of the IAM user.
    pub const USER_PASSWORD: &str = "Alice-Example-2024";
    /// The DDM instance of the built-in fleet.
    pub const DDM_ID: &str = "e6b99563-0000-4000-8000-1820d4fd2a67";
    /// The account of the DDM instance.
    pub const DDM_USERNAME: &str = "ddmtest";
    /// The Redis instance of the built-in fleet.
    pub const DCS_ID: &str = "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28";
    /// The password that the Redis instance starts with.
    pub const DCS_PASSWORD: &str = "Redis-Example-2023";
    /// The Kafka instance of the built-in fleet that has SSL on.
    pub const DMS_ID: &str = "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57";
    /// The Kafka instance of the built-in fleet that has SSL off.
    pub const DMS_WITHOUT_SSL_ID: &str = "7a2c8b4d-63e9-4d7f-8b10-4c9f2e3d5b68";

    /// The file of the built-in fleet.
    pub const BUILT_IN: &str = include_str!("fleet.yaml");

    /// Instances of every service, with the ids and passwords of the contract's examples.
    pub fn built_in() -> Self {
        // A test reads it, so there always is one.
        Self::from_yaml(Self::BUILT_IN).unwrap_or_default()
    }
}
