//! The values that stand in a path.

use std::fmt;
use std::str::FromStr;

/// Why a value cannot stand in a path. The value itself is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {problem}")]
pub struct InvalidId {
    what: &'static str,
    problem: String,
}

/// Refuses what would leave its segment of the path, and with it name another instance.
fn check(what: &'static str, value: &str) -> Result<(), InvalidId> {
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

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// It is a segment of a path, so it is not empty, not `.` or `..`, and has no slash,
        /// backslash or control character.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes a value that can stand in a path.
            ///
            /// # Errors
            /// A value that would leave its segment.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                check($what, &value)?;
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
    /// The id of a project.
    ProjectId, "the project id"
}
id! {
    /// The id of an instance.
    InstanceId, "the instance id"
}
id! {
    /// The name of an account of a DDM instance.
    Username, "the user name"
}
