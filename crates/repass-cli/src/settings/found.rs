//! A value, and where it comes from.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use repass_client::Secret;

use super::table::Which;
use crate::failure::Failure;

/// The place of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Option(&'static str),
    Variable(String),
    File {
        path: PathBuf,
        line: u64,
        /// Such as `clouds.otc.auth.token`. An unknown name is left out: it could be a secret.
        field: Option<String>,
    },
    /// Another setting, which this one follows from.
    Setting(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line, field } => {
                write!(f, "{}, line {line}", path.display())?;
                match field {
                    Some(field) => write!(f, ", field {field}"),
                    None => Ok(()),
                }
            }
            Self::Setting(name) => write!(f, "the {name}"),
        }
    }
}

/// A source of settings. The first one that has a group of settings counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Options,
    /// `HUAWEICLOUD_…`, the variables of Huawei's SDKs.
    HuaweisSdk,
    /// `HW_…`, the variables of Huawei's Terraform provider.
    HuaweisTerraform,
    /// `OS_…`.
    OpenStack,
    /// A cloud of the files.
    Files,
}

impl Origin {
    pub(crate) const VARIABLES: [(Self, &'static str); 3] = [
        (Self::HuaweisSdk, "HUAWEICLOUD_"),
        (Self::HuaweisTerraform, "HW_"),
        (Self::OpenStack, "OS_"),
    ];

    /// Returns whether its variables are Huawei's own.
    pub(crate) fn is_huaweis(self) -> bool {
        matches!(self, Self::HuaweisSdk | Self::HuaweisTerraform)
    }
}

/// A value of a source. Any could be a secret by mistake, so none has a `Display`.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) value: Secret,
    pub(crate) source: Source,
}

impl Found {
    pub(crate) fn text(&self) -> &str {
        self.value.expose()
    }
}

/// A reason that prevents every call, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: String,
    pub(crate) next: String,
}

impl Problem {
    pub(crate) fn new(line: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            next: next.into(),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::usage(problem.line, problem.next)
    }
}

/// The settings of one source.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) origin: Origin,
    /// The first value of a setting counts; there can be more under other names.
    pub(crate) values: Vec<(Which, Found)>,
    pub(crate) problems: Vec<Problem>,
    /// The place of the cloud in the files.
    pub(crate) place: Option<Source>,
}

impl Given {
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            values: Vec::new(),
            problems: Vec::new(),
            place: None,
        }
    }

    pub(crate) fn get(&self, which: Which) -> Option<&Found> {
        let found = self.values.iter().find(|(each, _)| *each == which);
        found.map(|(_, found)| found)
    }
}

/// The environment of the process.
pub(crate) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    #[cfg(test)]
    pub(crate) fn new(variables: &[(String, String)]) -> Self {
        let variables = variables.iter();
        Self(
            variables
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// The value of a variable. An empty one is none.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.all()
            .find(|(each, _)| *each == name)
            .map(|(_, value)| value)
    }

    /// Every variable that is not empty.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        let named = self
            .0
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str())));
        named.filter(|(_, value)| !value.is_empty())
    }
}
