//! The test vectors of the contract, held against the second reading of its rules.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the steps are part of the test"
)]

use std::path::Path;

use serde_json::{Value, json};
use xtask::examples::{Known, violations};
use xtask::{policy, spec};

#[test]
fn the_vectors_of_the_contract_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let specs = spec::load(&root).unwrap();
    let secrets: Vec<_> = specs
        .iter()
        .flat_map(|spec| policy::secrets(spec).unwrap())
        .filter_map(|secret| Some((secret.policy_name(), secret.policy?)))
        .collect();
    let vectors = std::fs::read_to_string(root.join("openapi/password-vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&vectors).unwrap();

    let mut unchecked: Vec<&str> = secrets.iter().map(|(name, _)| name.as_str()).collect();
    let mut wrong = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let name = case["policy"].as_str().unwrap();
        let (_, policy) = secrets.iter().find(|(policy, _)| policy == name).unwrap();
        let known = Known {
            username: case["username"].as_str(),
            old_password: case["old_password"].as_str(),
        };
        let codes = violations(policy, case["password"].as_str().unwrap(), known);
        if json!(codes) != case["codes"] {
            wrong.push(format!("{name}, {}: {codes:?}", case["name"]));
        }
        unchecked.retain(|policy| *policy != name);
    }
    assert!(unchecked.is_empty(), "no vectors for {unchecked:?}");
    assert!(
        wrong.is_empty(),
        "the contract no longer says what openapi/password-vectors.json says; where a rule was \
         changed on purpose, change openapi/password-vectors.py and run it\n  {}",
        wrong.join("\n  ")
    );
}
