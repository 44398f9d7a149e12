//! What answers and codes mean, and what may be sent again, is data: one word of the contract changes
//! the generated rules, by which the client decides and from which the emulator takes its codes. That
//! the examples follow the same changes is a part of `cargo xtask interop`.

#![allow(clippy::unwrap_used, reason = "also in what the tests share")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use similar::{ChangeTag, TextDiff};
use xtask::changes::{self, CHANGES, Change};
use xtask::{codegen, spec};

const RULES: &str = "crates/repass-client/src/generated/rules.rs";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All that is generated from a copy of the contract with changes.
fn generated(changes: &[Change]) -> BTreeMap<String, String> {
    let copy = tempfile::tempdir().unwrap();
    changes::copy(&repository(), copy.path(), changes).unwrap();
    codegen::generate(&spec::load(copy.path()).unwrap()).unwrap()
}

/// The lines of the generated rules that a change replaces, and those in their place.
#[test]
fn one_word_of_each_extension_changes_the_generated_rules() {
    let before = generated(&[]);
    let mut told = String::new();
    for change in CHANGES {
        let Change {
            extension,
            file,
            from,
            to,
        } = &change;
        let name = format!("{extension} in {file}: {from} -> {to}");
        let after = generated(&[change]);
        let stale: Vec<_> = after
            .iter()
            .filter(|(path, text)| before.get(*path) != Some(text))
            .map(|(path, _)| path.as_str())
            .collect();
        assert_eq!(stale, [RULES], "{name}");
        writeln!(told, "{name}").unwrap();
        let diff = TextDiff::from_lines(&before[RULES], &after[RULES]);
        for line in diff.iter_all_changes() {
            if line.tag() != ChangeTag::Equal {
                write!(told, "  {} {}", line.tag(), line.value().trim_start()).unwrap();
            }
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_vectors_are_about_each_change() {
    let vectors = std::fs::read_to_string(repository().join("openapi/outcome-vectors.json"));
    let vectors = serde_json::from_str(&vectors.unwrap()).unwrap();
    let wrong = changes::wrong_vectors(&vectors).unwrap();
    for line in [
        r#"wrong: dcs updatePassword refused-locked: {"certainty":"refused","kind":"busy"}"#,
        r#"wrong: dcs resetPassword code-dcs-4019-error-code: {"certainty":"refused","kind":"other"}"#,
        "wrong: dms resetPassword lost: false",
    ] {
        assert!(wrong.contains(line), "no line {line} in {wrong:#?}");
    }
}

#[test]
fn a_change_of_a_text_that_is_not_there_is_an_error() {
    let copy = tempfile::tempdir().unwrap();
    let change = Change {
        extension: "x-retry",
        file: "dms.yaml",
        from: "x-retry: sometimes",
        to: "x-retry: never",
    };
    let error = changes::copy(&repository(), copy.path(), &[change]).unwrap_err();
    assert!(error.to_string().contains("0 times"), "{error}");
}
