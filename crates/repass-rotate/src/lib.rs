//! Rotates the passwords of DDM, DCS and DMS instances and survives a crash at any step.

pub mod login;
pub mod machine;
pub mod record;
pub mod seal;
pub mod store;
