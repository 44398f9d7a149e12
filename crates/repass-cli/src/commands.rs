//! The commands of rotation, one file for each.

pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod rotate;
pub(crate) mod status;
