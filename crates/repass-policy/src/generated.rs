// Generated from openapi/*.yaml by `cargo xtask codegen`. Do not edit.

use crate::policy::{Alphabet, Policy};
use crate::secret::{Secret, secret};
impl Policy {
    /// Every policy of the contract, file by file.
    pub const ALL: &[&Policy] = &[Self::DMS];
    /// The rules of [`DmsPassword`](crate::DmsPassword).
    pub const DMS: &Policy = &Policy {
        name: "dms",
        min_length: 8,
        max_length: 32,
        min_classes: 3,
        alphabet: Alphabet::new("`~!@#$%^&*()-_=+\\|[{}];:'\",<.>/? "),
        forbidden_first: "-",
        not_username: false,
        not_old: false,
        deny_list: &[],
    };
}
/// A password of a Kafka instance: 8 to 32 characters, at least three of lower-case letters,
/// upper-case letters, digits and special characters (a space is one), not starting with a
/// hyphen.
#[derive(Clone)]
pub struct DmsPassword(Secret);
secret!(DmsPassword, Policy::DMS);
