//! What a person and a program are told about each kind of bad password, policy by policy.
//!
//! The snapshots are the messages under review: they name the kind and never the password.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of a test may stop it"
)]

use std::fmt::Write;

use insta::assert_snapshot;
use repass_policy::{Context, Policy, Report};
use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde_json::Value;

const ALONE: Context<'static> = Context {
    username: None,
    old_password: None,
};
const FOR_USER: Context<'static> = Context {
    username: Some("App_Reader1"),
    old_password: None,
};
const AFTER_OLD: Context<'static> = Context {
    username: None,
    old_password: Some("Autumn-Leaf7"),
};

const KINDS: &[(&str, &str, Context<'static>)] = &[
    ("good", "Kettle-Drum~42", ALONE),
    ("empty", "", ALONE),
    ("one character short", "Abc-12~", ALONE),
    (
        "too long for all",
        "Abc-123~Abc-123~Abc-123~Abc-123~Abc-123~Abc-123~Abc-123~Abc-123~x",
        ALONE,
    ),
    ("lower case only", "kettledrum", ALONE),
    ("lower case and digits", "kettledrum42", ALONE),
    ("no special character", "KettleDrum42", ALONE),
    ("a space", "Kettle Drum 42", ALONE),
    ("a dollar sign", "Kettle$Drum42", ALONE),
    ("an accent", "Kettl\u{e9}-Drum42", ALONE),
    (
        "a tab, an accent and a symbol",
        "Kettle\tDr\u{fb}m-4\u{20ac}",
        ALONE,
    ),
    ("a hyphen first", "-KettleDrum42", ALONE),
    ("the user name", "App_Reader1", FOR_USER),
    ("the user name read backwards", "1redaeR_ppA", FOR_USER),
    ("the old password", "Autumn-Leaf7", AFTER_OLD),
    ("a well-known password", "Admin@123", ALONE),
    EVERYTHING,
];
const EVERYTHING: (&str, &str, Context<'static>) = (
    "everything at once",
    "-\u{e9}",
    Context {
        username: Some("-\u{e9}"),
        old_password: Some("-\u{e9}"),
    },
);

#[test]
fn messages() {
    for policy in Policy::ALL {
        let mut told = String::new();
        for (kind, password, context) in KINDS {
            let answer = match policy.check(password, context) {
                Ok(()) => "accepted".to_owned(),
                Err(violations) => {
                    for violation in &violations {
                        assert_reads_well(&violation.to_string());
                    }
                    violations.to_string()
                }
            };
            assert!(password.is_empty() || !answer.contains(password), "{kind}");
            writeln!(told, "{kind}\n    {answer}").unwrap();
        }
        assert_snapshot!(policy.name, told);
    }
}

/// Lower case, no full stop, and nothing that only a password could have brought in.
#[track_caller]
fn assert_reads_well(message: &str) {
    assert!(message.starts_with(|first: char| first.is_ascii_lowercase()));
    assert!(!message.ends_with('.'));
    assert!(message.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
}

#[test]
fn reports() {
    let (_, good, alone) = KINDS[0];
    let (_, bad, context) = EVERYTHING;
    let mut reports = vec![Report::new(Policy::DMS, Policy::DMS.check(good, &alone))];
    for policy in Policy::ALL {
        reports.push(Report::new(policy, policy.check(bad, &context)));
    }
    let json = pretty(&reports);
    assert!(!json.contains(bad));
    assert_snapshot!(json);
}

#[test]
fn policies() {
    assert_snapshot!(pretty(&Policy::ALL));
}

#[test]
fn policy_schema() {
    assert_snapshot!(pretty(&schema_for!(Policy)));
}

#[test]
fn report_schema() {
    assert_snapshot!(pretty(&schema_for!(Report)));
}

#[test]
fn json_fits_its_schema() {
    for policy in Policy::ALL {
        assert_fits(*policy);
        for (_, password, context) in KINDS {
            assert_fits(&Report::new(policy, policy.check(password, context)));
        }
    }
}

#[track_caller]
fn assert_fits<T: JsonSchema + Serialize>(value: &T) {
    let schema = schema_for!(T).to_value();
    let value = serde_json::to_value(value).unwrap();
    jsonschema::validate(&schema, &value).unwrap();
    // A schema allows keys that it does not name.
    assert_eq!(keys(&value), keys(&schema["properties"]));
}

fn keys(object: &Value) -> Vec<&String> {
    object.as_object().unwrap().keys().collect()
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}
