//! The Arazzo document follows from the contract.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the steps are part of the test"
)]

use std::path::Path;

use serde_json::Value;
use xtask::arazzo;
use xtask::spec::{self, Spec};

const VALID: &str = include_str!("valid.yaml");

fn document(text: &str) -> Value {
    arazzo::document(&[Spec::parse("teapot", text).unwrap()], "1.2.3").unwrap()
}

#[test]
fn a_workflow_has_what_the_extensions_say() {
    let document = document(VALID);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_json_snapshot!("teapot", document);
    });
}

#[test]
fn one_word_of_an_extension_changes_the_workflow() {
    let before = document(VALID);
    for (from, to, pointer) in [
        ("class: lost-answer", "class: unavailable", None),
        (
            "spilt: { certainty: refused, kind: busy, triesLeft: lid }",
            "spilt: { certainty: done }",
            Some("/workflows/0/steps/0/successCriteria/1/condition"),
        ),
        (
            "kind: busy",
            "kind: locked",
            Some("/workflows/0/steps/0/onFailure/2/name"),
        ),
    ] {
        assert!(VALID.contains(from), "{from}");
        let after = document(&VALID.replace(from, to));
        match pointer {
            // Both are sent again after a 503; a lost answer has no words in Arazzo.
            None => assert_eq!(after, before, "{to}"),
            Some(pointer) => {
                let [before, after] = [&before, &after].map(|one| one.pointer(pointer));
                assert!(before.is_some() && before != after, "{to}: {before:?}");
            }
        }
    }
    // The exception of the retry holds for the body that the workflow sends.
    let change = |text: &str| document(text)["workflows"][0]["steps"][0]["onFailure"].clone();
    let free = VALID.replace("no_password_access: false", "no_password_access: true");
    let again = |failures: Value| {
        let failures = failures.as_array().unwrap().clone();
        failures.iter().filter(|one| one["type"] == "retry").count()
    };
    assert_eq!((again(change(VALID)), again(change(&free))), (2, 1));
}

#[test]
fn each_operation_that_sets_a_password_is_a_workflow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = arazzo::document(&spec::load(&root).unwrap(), "1.2.3").unwrap();
    let workflows = document["workflows"].as_array().unwrap();
    let ids: Vec<_> = workflows
        .iter()
        .map(|one| one["workflowId"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "dcs-updatePassword",
            "dcs-resetPassword",
            "ddm-resetUserPassword",
            "ddm-resetAdministrator",
            "dms-resetPassword",
        ]
    );
}
