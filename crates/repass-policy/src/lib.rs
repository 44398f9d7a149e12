//! The password rules of DDM, DCS and DMS on Huawei Cloud and Open Telekom Cloud.
//!
//! Ask a [`Policy`] about a candidate and get every broken rule at once, each with a stable code
//! and a message a person can act on:
//!
//! ```
//! use repass_policy::{Context, Policy};
//!
//! let violations = Policy::DMS.check("-short", &Context::default()).unwrap_err();
//! let codes: Vec<_> = violations.iter().map(|violation| violation.code()).collect();
//! assert_eq!(codes, ["too_short", "too_few_classes", "forbidden_first"]);
//!
//! assert!(Policy::DMS.check("Kafka-Example-2024", &Context::default()).is_ok());
//! ```
//!
//! Or hold a password in the type of the endpoint it is for, which checks it on the way in and
//! never shows it:
//!
//! ```
//! use repass_policy::DmsPassword;
//!
//! let password = DmsPassword::new("Kafka-Example-2024")?;
//! assert_eq!(format!("{password:?}"), "[REDACTED]");
//! # Ok::<(), repass_policy::Violations>(())
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! * `generate`: [`generate`](fn@generate), passwords that pass every policy that allows their length.
//! * `serde`: the wire form of the password types, and policies and [`Report`]s as JSON.
//! * `schemars`: JSON Schemas of [`Policy`], [`Report`] and [`Secret`].
//!
//! # Scope
//!
//! The rules are those of the vendor's pages, taken from the contract (`openapi/*.yaml`) and
//! generated into this crate: they are mirrored here, not recommended. This crate does no I/O, and
//! it does not judge how easy a password is to guess.

// The types of the next line are generated, and so is `Policy::ALL`.
#[rustfmt::skip]
mod generated;
mod policy;
mod secret;
mod violation;

#[cfg(feature = "generate")]
mod generate;

#[cfg(feature = "generate")]
pub use generate::{DEFAULT_LENGTH, GenerateError, MAX_LENGTH, MIN_LENGTH, generate};
pub use generated::*;
pub use policy::{Context, Policy};
pub use secret::Secret;
#[cfg(feature = "serde")]
pub use violation::Report;
pub use violation::{Class, Violation, Violations};
