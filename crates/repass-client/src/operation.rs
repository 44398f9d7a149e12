//! The five operations, and what a call is about.

use std::fmt;

use crate::InstanceId;

/// A service. `Display` gives its short name, such as `DCS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Service {
    /// Distributed Database Middleware.
    Ddm,
    /// Distributed Cache Service (Redis).
    Dcs,
    /// Distributed Message Service (Kafka).
    Dms,
    /// Identity and Access Management: tokens and projects.
    Iam,
}

impl Service {
    /// Returns the name of its file in the contract, and of its generated module.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Ddm => "ddm",
            Self::Dcs => "dcs",
            Self::Dms => "dms",
            Self::Iam => "iam",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ddm => "DDM",
            Self::Dcs => "DCS",
            Self::Dms => "DMS",
            Self::Iam => "IAM",
        })
    }
}

/// One of the five operations. `Display` names it, such as `DCS password change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// DDM: reset the password of an account.
    DdmResetPassword,
    /// DDM: create the administrator, or set its password.
    DdmSetAdmin,
    /// DCS: change the password of an instance, given the old one.
    DcsChangePassword,
    /// DCS: reset the password of an instance.
    DcsResetPassword,
    /// DMS: reset the password of an instance.
    DmsResetPassword,
}

impl Operation {
    /// Returns the service that offers it.
    pub fn service(self) -> Service {
        match self {
            Self::DdmResetPassword | Self::DdmSetAdmin => Service::Ddm,
            Self::DcsChangePassword | Self::DcsResetPassword => Service::Dcs,
            Self::DmsResetPassword => Service::Dms,
        }
    }

    /// Returns the `operationId` in the contract, which is unique within its service.
    pub fn id(self) -> &'static str {
        match self {
            Self::DdmResetPassword => "resetUserPassword",
            Self::DdmSetAdmin => "resetAdministrator",
            Self::DcsChangePassword => "updatePassword",
            Self::DcsResetPassword | Self::DmsResetPassword => "resetPassword",
        }
    }

    /// Returns what it does, without the service.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::DdmResetPassword => "account password reset",
            Self::DdmSetAdmin => "administrator password update",
            Self::DcsChangePassword => "password change",
            Self::DcsResetPassword | Self::DmsResetPassword => "password reset",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service(), self.action())
    }
}

/// The object of a call. `Display` gives it in a line, such as
/// `DDM e6b99563-0000-4000-8000-1820d4fd2a67 account ddmtest at ddm.cn-north-4.myhuaweicloud.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Target {
    /// The operation.
    pub operation: Operation,
    /// The instance.
    pub instance: InstanceId,
    /// The account, for the operations of DDM.
    pub account: Option<String>,
    /// The host of the endpoint, with its port if the URL has one. Absent if there is no endpoint.
    pub host: Option<String>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation.service(), self.instance)?;
        if let Some(account) = &self.account {
            write!(f, " account {account}")?;
        }
        if let Some(host) = &self.host {
            write!(f, " at {host}")?;
        }
        Ok(())
    }
}
