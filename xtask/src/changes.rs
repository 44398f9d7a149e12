//! Changes of one word of the contract, one for each extension that says what an answer means. The
//! generated rules and the examples have to follow each of them: the rules are data, not code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// A change of one word of a file in `openapi`.
#[derive(Debug)]
pub struct Change {
    /// The extension whose value changes.
    pub extension: &'static str,
    /// The name of the file.
    pub file: &'static str,
    /// The text to replace. The file has it once.
    pub from: &'static str,
    /// The text in its place.
    pub to: &'static str,
}

/// A change for each extension: another kind for a lock, for a code, and a stricter retry class.
pub const CHANGES: [Change; 3] = [
    Change {
        extension: "x-outcome",
        file: "dcs.yaml",
        from: "locked: { certainty: refused, kind: locked,",
        to: "locked: { certainty: refused, kind: busy,",
    },
    Change {
        extension: "x-error-codes",
        file: "dcs.yaml",
        from: "DCS.4019: { status: 400, kind: weak-password,",
        to: "DCS.4019: { status: 400, kind: other,",
    },
    Change {
        extension: "x-retry",
        file: "dms.yaml",
        from: "x-retry: lost-answer",
        to: "x-retry: unavailable",
    },
];

/// Copies the YAML files of the contract into another tree, and makes changes there.
///
/// # Errors
/// A file that cannot be read or written, or that does not have the text of a change once.
pub fn copy(root: &Path, to: &Path, changes: &[Change]) -> Result<()> {
    let (from, to) = (root.join("openapi"), to.join("openapi"));
    fs::create_dir_all(&to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(&from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let mut text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for change in changes.iter().filter(|change| name == change.file) {
            let count = text.matches(change.from).count();
            ensure!(count == 1, "{change:?}: the text is there {count} times");
            text = text.replace(change.from, change.to);
        }
        fs::write(to.join(name), text).with_context(|| to.join(name).display().to_string())?;
    }
    Ok(())
}

/// The lines that an example's check of `outcome-vectors.json` prints if it follows all [`CHANGES`]:
/// one for each vector that no longer holds, with what is decided instead.
///
/// # Errors
/// A change that no vector is about.
pub fn wrong_vectors(vectors: &Value) -> Result<BTreeSet<String>> {
    let of = |list: &str| vectors.get(list).and_then(Value::as_array).cloned();
    let mut wrong = [const { BTreeSet::new() }; CHANGES.len()];
    let [locked, weak, lost] = &mut wrong;
    for case in of("cases").context("the vectors have no cases")? {
        let is = |member: &str, value: Value| case.get(member) == Some(&value);
        let has_kind = |kind| case.pointer("/outcome/kind") == Some(&json!(kind));
        let with_kind = |kind| {
            let mut outcome = case.get("outcome").cloned().unwrap_or_default();
            if let Some(old) = outcome.get_mut("kind") {
                *old = json!(kind);
            }
            line(&case, &outcome)
        };
        let body = case.get("body").and_then(Value::as_str);
        if !is("service", json!("dcs")) {
            continue;
        }
        if is("operation", json!("updatePassword"))
            && is("status", json!(200))
            && has_kind("locked")
        {
            locked.insert(with_kind("busy"));
        }
        if has_kind("weak-password") && body.is_some_and(|body| body.contains("\"DCS.4019\"")) {
            weak.insert(with_kind("other"));
        }
    }
    for case in of("retries").context("the vectors have no retries")? {
        if case.get("service") == Some(&json!("dms")) && case.get("status") == Some(&Value::Null) {
            lost.insert(line(&case, &json!(false)));
        }
    }
    for (change, wrong) in CHANGES.iter().zip(&wrong) {
        ensure!(!wrong.is_empty(), "no vector is about {change:?}");
    }
    Ok(wrong.into_iter().flatten().collect())
}

fn line(case: &Value, decided: &Value) -> String {
    let of = |member| case.get(member).and_then(Value::as_str).unwrap_or_default();
    format!(
        "wrong: {} {} {}: {decided}",
        of("service"),
        of("operation"),
        of("name")
    )
}
