//! The cases of `openapi/password-vectors.json`, for the tests and the benchmark.

#![allow(
    clippy::expect_used,
    reason = "without the vectors there is nothing to test"
)]

use repass_policy::{Context, Policy};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Case {
    #[serde(rename = "policy")]
    policy_name: String,
    pub(crate) name: String,
    pub(crate) password: String,
    username: Option<String>,
    old_password: Option<String>,
    pub(crate) codes: Vec<String>,
}

impl Case {
    pub(crate) fn policy(&self) -> &'static Policy {
        Policy::named(&self.policy_name).expect("a case names a policy of the contract")
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            username: self.username.as_deref(),
            old_password: self.old_password.as_deref(),
        }
    }
}

pub(crate) fn all() -> Vec<Case> {
    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../openapi/password-vectors.json"
    );
    let text = std::fs::read_to_string(path).expect("the contract has password vectors");
    let vectors: Vectors = serde_json::from_str(&text).expect("the vectors have this form");
    vectors.cases
}
