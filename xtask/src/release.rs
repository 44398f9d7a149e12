//! `cargo xtask release`: the contract as it was released last, and whether its versions say what
//! changed since. What breaks has to be said at once; what else changed, by the next release.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use semver::Version;

use crate::Files;
use crate::breaking::{Break, breaks};
use crate::spec::{self, Spec};

/// The files as they were released last.
const RELEASED: &str = "openapi/released";
const README: &str = "openapi/README.md";

/// What a change means for those who use the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Wording,
    Addition,
    Breaking,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "a breaking change",
            Self::Addition => "an addition",
            Self::Wording => "a change of wording",
        })
    }
}

impl Change {
    /// The lowest version that says so. Below 1.0.0 each number has the meaning of the one before.
    fn least(self, released: &Version) -> Version {
        let Version {
            major,
            minor,
            patch,
            ..
        } = *released;
        match (self, major) {
            (Self::Breaking, 1..) => Version::new(major + 1, 0, 0),
            (Self::Breaking, 0) | (Self::Addition, 1..) => Version::new(major, minor + 1, 0),
            _ => Version::new(major, minor, patch + 1),
        }
    }
}

/// Writes nothing. Says for each file what changed since the release.
///
/// # Errors
/// A file that cannot be read; every version that does not say what broke, or of which the changelog
/// does not speak.
pub fn check(root: &Path) -> Result<Vec<String>> {
    examine(root, Change::Breaking)
}

/// Says what changed. A version may lag behind what is less than `said`.
fn examine(root: &Path, said: Change) -> Result<Vec<String>> {
    let (current, released) = texts(root)?;
    let readme = std::fs::read_to_string(root.join(README)).context(README)?;
    let mut changes = Vec::new();
    let mut problems = Vec::new();

    for name in released.keys().filter(|name| !current.contains_key(*name)) {
        problems.push(format!(
            "openapi/{name}.yaml: is gone, with all its operations; restore it, or, if it is to be \
             gone, remove {RELEASED}/{name}.yaml too and say so in the changelog"
        ));
    }
    for (name, text) in &current {
        let new = Spec::parse(name, text)?;
        let (file, version) = (&new.file, version(&new)?);
        let entry = format!("| [{name}.yaml]({name}.yaml) | {version} |");
        let mut rows = readme.lines().filter_map(|line| line.strip_prefix(&entry));
        if !rows.any(|words| words.contains(char::is_alphabetic)) {
            problems.push(format!(
                "{file}: the changelog in {README} does not speak of {version}; add a row that \
                 begins with `{entry}` and says what changed for users"
            ));
        }
        let Some(old_text) = released.get(name) else {
            changes.push(format!("{file}: {version}, not released yet"));
            continue;
        };
        if old_text == text {
            continue;
        }
        let old = Spec::parse(&format!("released/{name}"), old_text)?;
        let old_version = self::version(&old)?;
        let (change, places) = compare(&old, &new);
        let least = change.least(&old_version);
        let told = places.iter().map(|place| format!("{file}: {place}"));
        if version < old_version || (version < least && change >= said) {
            problems.extend(told);
            problems.push(format!(
                "{file}: {change} since {old_version}, and info.version is {version}; make it \
                 {least} or take the change back"
            ));
        } else if version < least {
            changes.extend(told);
            changes.push(format!(
                "{file}: {change} since {old_version}, {least} by the next release"
            ));
        } else {
            changes.extend(told);
            changes.push(format!("{file}: {change}, {old_version} to {version}"));
        }
    }
    if problems.is_empty() {
        return Ok(changes);
    }
    bail!("{}", problems.join("\n"));
}

/// What changed, and where.
fn compare(old: &Spec, new: &Spec) -> (Change, Vec<String>) {
    let broken = breaks(old, new);
    // What would break on the way back was not there, or not allowed, before.
    let added = breaks(new, old);
    if !broken.is_empty() {
        (
            Change::Breaking,
            broken.iter().map(Break::to_string).collect(),
        )
    } else if !added.is_empty() {
        let places = added
            .iter()
            .map(|one| format!("{}: more than before", one.place));
        (Change::Addition, places.collect())
    } else {
        (Change::Wording, Vec::new())
    }
}

/// Whether a file is the one that was released under its version.
pub fn is_released(spec: &Spec, files: &Files) -> bool {
    let file = |path: &str| files.get(path);
    let released = file(&format!("{RELEASED}/{}.yaml", spec.name));
    released.is_some() && released == file(&spec.file)
}

/// Makes the files as they are the release, and tells each that differs in a line.
///
/// # Errors
/// As [`check`], and every version that does not say what else changed; a file that cannot be
/// written.
pub fn write(root: &Path) -> Result<Vec<String>> {
    examine(root, Change::Wording)?;
    let (current, released) = texts(root)?;
    let mut changes = Vec::new();
    for (name, text) in &current {
        if released.get(name) != Some(text) {
            let file = format!("{RELEASED}/{name}.yaml");
            std::fs::create_dir_all(root.join(RELEASED)).context(RELEASED)?;
            std::fs::write(root.join(&file), text).with_context(|| file.clone())?;
            changes.push(format!("wrote {file}"));
        }
    }
    Ok(changes)
}

type Texts = BTreeMap<String, String>;

/// The files as they are and as they were released.
fn texts(root: &Path) -> Result<(Texts, Texts)> {
    let released = match root.join(RELEASED).exists() {
        true => spec::texts(root, RELEASED)?,
        false => BTreeMap::new(),
    };
    Ok((spec::texts(root, "openapi")?, released))
}

fn version(spec: &Spec) -> Result<Version> {
    let version = &spec.api.info.version;
    Version::parse(version).with_context(|| {
        format!(
            "{}: info.version is `{version}`; write three numbers such as 1.2.0",
            spec.file
        )
    })
}
