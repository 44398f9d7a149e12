//! The five operations.

use std::fmt;

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

/// One of the five operations. `Display` gives it in words, such as `DCS password change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// DDM: reset the password of an account.
    DdmResetPassword,
    /// DDM: create the administrator, or set its password.
    DdmSetAdmin,
    /// DCS: change the password of an instance, the old one given.
    DcsChangePassword,
    /// DCS: reset the password of an instance.
    DcsResetPassword,
    /// DMS: reset the password of an instance.
    DmsResetPassword,
}

impl Operation {
    /// The service that offers it.
    pub fn service(self) -> Service {
        match self {
            Self::DdmResetPassword | Self::DdmSetAdmin => Service::Ddm,
            Self::DcsChangePassword | Self::DcsResetPassword => Service::Dcs,
            Self::DmsResetPassword => Service::Dms,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DdmResetPassword => "DDM account password reset",
            Self::DdmSetAdmin => "DDM administrator password",
            Self::DcsChangePassword => "DCS password change",
            Self::DcsResetPassword => "DCS password reset",
            Self::DmsResetPassword => "DMS password reset",
        })
    }
}
