//! What the emulator holds: a project, what opens it, and its instances.

use std::collections::BTreeMap;
use std::time::SystemTime;

use repass_client::Secret;
use schemars::JsonSchema;
use serde::Serialize;

/// A project with what it is opened with, and its instances. As JSON it shows its passwords, its
/// token and its secret key: they belong to an emulator.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fleet {
    /// The project that everything belongs to.
    pub project_id: String,
    /// The name of the project.
    pub project_name: String,
    /// The token that requests carry; it never ends.
    pub token: Secret,
    /// The access key that requests may be signed with instead.
    pub access_key: String,
    /// Its secret key.
    pub secret_key: Secret,
    /// The user that IAM issues further tokens to.
    pub user: User,
    /// The instances.
    pub instances: Vec<Instance>,
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

/// An instance of one of the services.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "service", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Instance {
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
    /// Its id.
    pub id: String,
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
    /// Its id.
    pub id: String,
    /// Its password; none if it is password-free.
    pub password: Option<Secret>,
    /// What the wrong old passwords so far lead to.
    #[serde(skip)]
    pub tries: Tries,
}

/// The wrong old passwords of a Redis instance since the last right one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tries {
    /// How many there were.
    pub wrong: u32,
    /// Until when no change is accepted.
    pub locked_until: Option<SystemTime>,
}

/// A Kafka instance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Dms {
    /// Its id.
    pub id: String,
    /// Its password.
    pub password: Secret,
    /// Whether SSL is on; without it there is no password to reset.
    pub ssl: bool,
}

impl Instance {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Ddm(ddm) => &ddm.id,
            Self::Dcs(dcs) => &dcs.id,
            Self::Dms(dms) => &dms.id,
        }
    }

    /// The password of the instance, or of one of its accounts.
    pub(crate) fn password(&self, account: Option<&str>) -> Option<&Secret> {
        match (self, account) {
            (Self::Ddm(ddm), Some(account)) => {
                let mut accounts = ddm.accounts.iter().chain(&ddm.administrator);
                let account = accounts.find(|one| one.username == account);
                account.map(|account| &account.password)
            }
            (Self::Dcs(dcs), None) => dcs.password.as_ref(),
            (Self::Dms(dms), None) => Some(&dms.password),
            _ => None,
        }
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

    /// Instances of every service, with the ids and passwords of the contract's examples.
    pub fn built_in() -> Self {
        let dms = |id: &str, ssl| {
            Instance::Dms(Dms {
                id: id.to_owned(),
                password: "Kafka-Example-2023".into(),
                ssl,
            })
        };
        Self {
            project_id: Self::PROJECT_ID.to_owned(),
            project_name: Self::PROJECT_NAME.to_owned(),
            token: Self::TOKEN.into(),
            access_key: Self::ACCESS_KEY.to_owned(),
            secret_key: Self::SECRET_KEY.into(),
            user: User {
                domain: Self::DOMAIN.to_owned(),
                name: Self::USER.to_owned(),
                password: Self::USER_PASSWORD.into(),
            },
            instances: vec![
                Instance::Ddm(Ddm {
                    id: Self::DDM_ID.to_owned(),
                    accounts: vec![Account {
                        username: Self::DDM_USERNAME.to_owned(),
                        password: "Account-Example-2023".into(),
                    }],
                    administrator: None,
                }),
                Instance::Dcs(Dcs {
                    id: Self::DCS_ID.to_owned(),
                    password: Some(Self::DCS_PASSWORD.into()),
                    tries: Tries::default(),
                }),
                dms(Self::DMS_ID, true),
                dms(Self::DMS_WITHOUT_SSL_ID, false),
            ],
        }
    }

    /// Takes the instances out, by their ids, or tells an id that two of them have.
    pub(crate) fn take_by_id(&mut self) -> Result<BTreeMap<String, Instance>, String> {
        let mut by_id = BTreeMap::new();
        for instance in self.instances.drain(..) {
            let id = instance.id().to_owned();
            if by_id.insert(id.clone(), instance).is_some() {
                return Err(id);
            }
        }
        Ok(by_id)
    }
}
