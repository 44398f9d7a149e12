//! What the emulator holds: a project, its token, and its instances.

use std::collections::BTreeMap;

use repass_client::Secret;
use serde::Serialize;

/// A project with its token and instances. As JSON it shows its passwords and its token: they
/// belong to an emulator.
#[derive(Debug, Clone, Serialize)]
pub struct Fleet {
    /// The project that everything belongs to.
    pub project_id: String,
    /// The token that requests carry.
    pub token: Secret,
    /// The instances.
    pub instances: Vec<Instance>,
}

/// An instance of one of the services.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "service", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Instance {
    /// A Kafka instance.
    Dms {
        /// Its id.
        id: String,
        /// Its password.
        password: Secret,
        /// Whether SSL is on; without it there is no password to reset.
        ssl: bool,
    },
}

impl Instance {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Dms { id, .. } => id,
        }
    }

    pub(crate) fn password(&self, account: Option<&str>) -> Option<&Secret> {
        match (self, account) {
            (Self::Dms { password, .. }, None) => Some(password),
            _ => None,
        }
    }
}

impl Fleet {
    /// The project of the built-in fleet.
    pub const PROJECT_ID: &str = "0123456789abcdef0123456789abcdef";
    /// The token of the built-in fleet.
    pub const TOKEN: &str = "emulator-token";
    /// The Kafka instance of the built-in fleet that has SSL on.
    pub const DMS_ID: &str = "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57";
    /// The Kafka instance of the built-in fleet that has SSL off.
    pub const DMS_WITHOUT_SSL_ID: &str = "7a2c8b4d-63e9-4d7f-8b10-4c9f2e3d5b68";

    /// One instance of each kind, with the ids and passwords of the contract's examples.
    pub fn built_in() -> Self {
        let dms = |id: &str, ssl| Instance::Dms {
            id: id.to_owned(),
            password: "Kafka-Example-2023".into(),
            ssl,
        };
        Self {
            project_id: Self::PROJECT_ID.to_owned(),
            token: Self::TOKEN.into(),
            instances: vec![
                dms(Self::DMS_ID, true),
                dms(Self::DMS_WITHOUT_SSL_ID, false),
            ],
        }
    }

    pub(crate) fn by_id(self) -> BTreeMap<String, Instance> {
        let instances = self.instances.into_iter();
        instances
            .map(|instance| (instance.id().to_owned(), instance))
            .collect()
    }
}
