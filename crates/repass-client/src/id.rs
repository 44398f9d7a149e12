//! The names of things: the values that stand in a path, and the administrator's name.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a value is no such id or name. The value itself is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct InvalidId {
    what: &'static str,
    problem: String,
}

/// Refuses what would leave its segment of the path, and with it name another instance.
fn check_segment(what: &'static str, value: &str) -> Result<(), InvalidId> {
    let separator = |character: char| matches!(character, '/' | '\\') || character.is_control();
    let problem = if value.is_empty() {
        "is empty".to_owned()
    } else if value == "." || value == ".." {
        "is a relative path".to_owned()
    } else if let Some(position) = value.chars().position(separator) {
        format!(
            "has a slash, backslash or control character at position {}",
            position + 1
        )
    } else {
        return Ok(());
    };
    Err(InvalidId { what, problem })
}

/// Refuses what could be no name, such as a value that somebody forgot to set.
fn check_name(what: &'static str, value: &str) -> Result<(), InvalidId> {
    if !value.trim().is_empty() && !value.contains(char::is_control) {
        return Ok(());
    }
    let problem = "is empty or has a control character".to_owned();
    Err(InvalidId { what, problem })
}

/// Refuses what the vendor's page does not allow.
fn check_admin_name(what: &'static str, value: &str) -> Result<(), InvalidId> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if (1..=32).contains(&value.len())
        && value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.chars().all(allowed)
    {
        return Ok(());
    }
    let problem = "needs 1 to 32 letters, digits and underscores, a letter first".to_owned();
    Err(InvalidId { what, problem })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes a value that keeps the rule of this type.
            ///
            /// # Errors
            /// A value that does not.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                $check($what, &value)?;
                Ok(Self(value))
            }

            /// The value.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(value: &str) -> Result<Self, InvalidId> {
                Self::new(value)
            }
        }
    };
}

id! {
    /// The id of a project. It is a segment of a path: not empty, not `.` or `..`, and without
    /// slash, backslash or control character.
    ProjectId, "the project id", check_segment
}
id! {
    /// The name of a project, such as `eu-de` or `eu-de_production`: not empty, and without control
    /// character.
    ProjectName, "the project name", check_name
}
id! {
    /// The id of an instance. It is a segment of a path: not empty, not `.` or `..`, and without
    /// slash, backslash or control character.
    InstanceId, "the instance id", check_segment
}
id! {
    /// The name of an account of a DDM instance. It is a segment of a path: not empty, not `.` or
    /// `..`, and without slash, backslash or control character.
    Username, "the user name", check_segment
}
id! {
    /// The name of the administrator of a DDM instance: 1 to 32 ASCII letters, digits and
    /// underscores, a letter first, as the [vendor's page] says.
    ///
    /// [vendor's page]: https://support.huaweicloud.com/intl/en-us/api-ddm/ddm_api_01_0101.html
    AdminName, "the administrator's name", check_admin_name
}

impl Serialize for AdminName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AdminName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
