//! Text that is never shown: the wire form and the memory of a password, and nothing else.

use std::fmt;

use zeroize::Zeroizing;

/// What stands in place of a secret wherever one would be shown.
const REDACTED: &str = "[REDACTED]";

/// A text that must not be shown.
///
/// `Debug` prints `[REDACTED]` and there is no `Display`. The memory is zeroed on drop: this
/// type's own, not what an HTTP or JSON library copies out of it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself: for the wire and for the person who asked for it, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The formats' own errors quote the value that they refuse, and a password can be a number
        // by mistake.
        String::deserialize(deserializer)
            .map(Self::from)
            .map_err(|_| serde::de::Error::custom("a secret must be a string"))
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "password" })
    }
}

/// Gives a generated newtype around [`Secret`] what a password type has. With a policy the
/// constructor checks; without one there is nothing to check.
macro_rules! secret {
    ($name:ident) => {
        impl $name {
            /// Takes any text: the contract states no rule for it.
            pub fn new(password: impl Into<Secret>) -> Self {
                Self(password.into())
            }
        }
        $crate::secret::secret!(@wire $name);
    };
    ($name:ident, $policy:expr) => {
        impl $name {
            /// The rules that hold for this password.
            pub const POLICY: &Policy = $policy;

            /// Takes a password that keeps every rule which needs no context; for the others see
            /// [`check_context`](Self::check_context).
            ///
            /// # Errors
            /// Every broken rule.
            pub fn new(password: impl Into<Secret>) -> Result<Self, $crate::Violations> {
                let password = password.into();
                Self::POLICY.check(password.expose(), &$crate::Context::default())?;
                Ok(Self(password))
            }

            /// Takes a password as it is: for one that the service accepts although the rules here
            /// do not (the vendor's pages and its services differ, and change), and for tests of
            /// what a service refuses.
            pub fn unchecked(password: impl Into<Secret>) -> Self {
                Self(password.into())
            }

            /// Holds the password against the rules that need a context, and against no other.
            ///
            /// # Errors
            /// Every broken rule of those.
            pub fn check_context(
                &self,
                context: &$crate::Context<'_>,
            ) -> Result<(), $crate::Violations> {
                Self::POLICY.check_context(self.expose(), context)
            }

            /// A password of [`DEFAULT_LENGTH`](crate::DEFAULT_LENGTH), which every policy accepts.
            ///
            /// # Errors
            /// The operating system gives no randomness.
            #[cfg(feature = "generate")]
            pub fn generate() -> Result<Self, $crate::GenerateError> {
                $crate::generate($crate::DEFAULT_LENGTH).map(Self)
            }
        }
        $crate::secret::secret!(@wire $name);
    };
    (@wire $name:ident) => {
        impl $name {
            /// The password itself: for the wire and for the person who asked for it.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        /// The wire form: the password itself.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        /// The wire form: any string, unchecked, so that a service can read a bad password in
        /// order to refuse it. An error never quotes the value.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Secret::deserialize(deserializer).map(Self)
            }
        }
    };
}

pub(crate) use secret;
