//! `cargo xtask codegen`: what is generated, and whether the tree has it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use crate::spec::{self, Spec};
use crate::{client, hosts, lint, policy, rules};

/// The folder that holds generated files and nothing else.
const CLIENT_FOLDER: &str = "crates/repass-client/src/generated";
const POLICY_FILE: &str = "crates/repass-policy/src/generated.rs";
/// What to run when the tree does not have what would be generated.
const COMMAND: &str = "cargo xtask codegen";

/// Every generated file: its path from the root and its text. Nothing but the specs decides it.
///
/// # Errors
/// What breaks a house rule; what the generator refuses.
pub fn generate(specs: &[Spec]) -> Result<BTreeMap<String, String>> {
    lint::check(specs)?;
    let mut files = BTreeMap::from([
        (POLICY_FILE.to_owned(), policy::generate(specs)?),
        (format!("{CLIENT_FOLDER}/hosts.rs"), hosts::generate(specs)?),
        (format!("{CLIENT_FOLDER}/rules.rs"), rules::generate(specs)?),
    ]);
    for spec in specs {
        let path = format!("{CLIENT_FOLDER}/{}.rs", spec.name);
        files.insert(path, client::generate(spec)?);
    }
    Ok(files)
}

/// Writes what differs, removes what is generated no more, and tells each in a line.
///
/// # Errors
/// As [`generate`]; a file that cannot be read or written.
pub fn write(root: &Path) -> Result<Vec<String>> {
    let files = generate(&spec::load(root)?)?;
    let mut changes = Vec::new();
    for orphan in orphans(root, &files)? {
        std::fs::remove_file(root.join(&orphan)).with_context(|| orphan.clone())?;
        changes.push(format!("removed {orphan}"));
    }
    for (path, text) in &files {
        if current(root, path)?.as_ref() != Some(text) {
            if let Some(folder) = root.join(path).parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(root.join(path), text).with_context(|| path.clone())?;
            changes.push(format!("wrote {path}"));
        }
    }
    Ok(changes)
}

/// Writes nothing, and finds every file that is stale, missing or orphaned.
///
/// # Errors
/// As [`generate`]; every difference, with the command that ends it.
pub fn check(root: &Path) -> Result<()> {
    let files = generate(&spec::load(root)?)?;
    let mut differences = String::new();
    for (path, text) in &files {
        match current(root, path)? {
            None => writeln!(differences, "missing: {path}")?,
            Some(current) if current != *text => {
                writeln!(differences, "stale: {path}\n{}", short_diff(&current, text))?;
            }
            Some(_) => {}
        }
    }
    for orphan in orphans(root, &files)? {
        writeln!(differences, "orphaned: {orphan}")?;
    }
    if differences.is_empty() {
        return Ok(());
    }
    bail!("{differences}\nrun `{COMMAND}` and commit what it changes");
}

fn current(root: &Path, path: &str) -> Result<Option<String>> {
    match std::fs::read_to_string(root.join(path)) {
        // A checkout may have other line ends.
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.to_owned()),
    }
}

fn orphans(root: &Path, files: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut orphans = Vec::new();
    let entries = match std::fs::read_dir(root.join(CLIENT_FOLDER)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(orphans),
        entries => entries.context(CLIENT_FOLDER)?,
    };
    for entry in entries {
        let path = format!("{CLIENT_FOLDER}/{}", entry?.file_name().to_string_lossy());
        if !files.contains_key(&path) {
            orphans.push(path);
        }
    }
    orphans.sort();
    Ok(orphans)
}

fn short_diff(current: &str, generated: &str) -> String {
    const LINES: usize = 20;
    let diff = TextDiff::from_lines(current, generated);
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(1).to_string();
    let mut short: String = text
        .lines()
        .take(LINES)
        .fold(String::new(), |short, line| short + "  " + line + "\n");
    let left = text.lines().count().saturating_sub(LINES);
    if left > 0 {
        short += &format!("  … {left} more lines\n");
    }
    short
}
