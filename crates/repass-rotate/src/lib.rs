//! Rotates the passwords of DDM, DCS and DMS instances and survives a crash at any step.

mod call;
pub mod fleet;
pub mod login;
pub mod machine;
pub mod publish;
pub mod record;
pub mod seal;
pub mod store;
pub mod worker;
