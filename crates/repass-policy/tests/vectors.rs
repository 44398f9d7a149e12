//! The vectors that the contract gives to every language, held against this crate.

use std::collections::BTreeSet;

use repass_policy::{Policy, Report, Violation};
use serde_json::Value;

mod cases;

/// Every code of [`Violation`].
const CODES: [&str; 8] = [
    "too_short",
    "too_long",
    "too_few_classes",
    "character_not_allowed",
    "forbidden_first",
    "matches_username",
    "same_as_old",
    "deny_listed",
];

#[test]
fn every_case_breaks_exactly_its_rules() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let violations = case.policy().check(&case.password, &case.context()).err();
        let codes: Vec<_> = violations.iter().flatten().map(Violation::code).collect();
        if codes != case.codes {
            wrong.push(differs(&case, &codes));
        }
    }
    assert!(
        wrong.is_empty(),
        "where a rule was changed on purpose, change openapi/password-vectors.py and run it{}",
        wrong.concat()
    );
}

#[test]
fn every_report_says_the_same_as_json() {
    let mut wrong = Vec::new();
    for case in cases::all() {
        let policy = case.policy();
        let outcome = policy.check(&case.password, &case.context());
        let report = serde_json::to_value(Report::new(policy, outcome)).unwrap();
        let codes: Vec<_> = report["violations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|violation| violation["code"].as_str().unwrap())
            .collect();
        let valid = Value::from(case.codes.is_empty());
        if codes != case.codes || report["valid"] != valid || report["policy"] != policy.name {
            wrong.push(differs(&case, &codes));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn no_answer_shows_the_password() {
    for case in cases::all() {
        // A shorter one may be part of a word in a message.
        if case.password.chars().count() < 4 {
            continue;
        }
        let policy = case.policy();
        let outcome = policy.check(&case.password, &case.context());
        let message = outcome.as_ref().err().map(ToString::to_string);
        let debug = format!("{outcome:?}");
        let json = serde_json::to_string(&Report::new(policy, outcome)).unwrap();
        for answer in [message.unwrap_or_default(), debug, json] {
            assert!(
                !answer.contains(&case.password),
                "{} {}",
                policy.name,
                case.name
            );
        }
    }
}

#[test]
fn the_vectors_cover_every_policy_and_every_rule() {
    let cases = cases::all();
    assert!(cases.len() >= 150, "only {} cases", cases.len());

    let policies: BTreeSet<_> = cases.iter().map(|case| case.policy().name).collect();
    let expected: BTreeSet<_> = Policy::ALL.iter().map(|policy| policy.name).collect();
    assert_eq!(policies, expected);

    let codes: BTreeSet<_> = cases.iter().flat_map(|case| &case.codes).collect();
    assert!(codes.into_iter().eq(&BTreeSet::from(CODES)));
}

/// A line that holds no password.
fn differs(case: &cases::Case, codes: &[&str]) -> String {
    let (policy, name, expected) = (case.policy().name, &case.name, &case.codes);
    format!("\n{policy} {name}: expected {expected:?}, got {codes:?}")
}
