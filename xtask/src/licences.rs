//! `cargo xtask licences`: the licences of everything in the binary, which travel with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use crate::dist::cargo_json;

/// The package of the binary.
const BINARY: &str = "repass-cli";
const NOTICE: &str = "crates/repass-cli/THIRD-PARTY.md";
/// The text of Apache-2.0, which is the licence of this project, too.
const APACHE_TEXT: &str = "LICENSE";
const COMMAND: &str = "cargo xtask licences";

/// The licences that the binary may contain. Where a package leaves a choice, the first one that it
/// offers is taken.
const ALLOWED: [&str; 10] = [
    "Apache-2.0",
    "MIT",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Zlib",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    // It covers single files, whose source is public. Nothing here changes them.
    "MPL-2.0",
    "0BSD",
];

/// What the name of a file says of its licence.
const NAMES: [(&str, &str); 12] = [
    ("APACHE", "Apache-2.0"),
    ("MIT", "MIT"),
    ("ISC", "ISC"),
    ("BSD", "BSD"),
    ("ZLIB", "Zlib"),
    ("UNICODE", "Unicode-3.0"),
    ("UNLICENSE", "Unlicense"),
    ("BOOST", "BSL-1.0"),
    ("CC0", "CC0-1.0"),
    ("LGPL", "LGPL"),
    ("GPL", "GPL"),
    ("MPL", "MPL-2.0"),
];

/// The package that holds the viewer of the emulator's page, and what it holds.
const VIEWER: &str = "utoipa-swagger-ui-vendored";
const VIEWER_NAME: &str = "Swagger UI 5.32.6, with the packages in its bundle";
const VIEWER_FOLDER: &str = "swagger-ui-5.32.6/";
/// What the bundle's makers release beside it, and the package leaves out.
const VIEWER_LICENCES: &str = include_str!("../licences/swagger-ui-bundle.js.LICENSE.txt");

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    authors: Vec<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
}

/// Writes the notice if it differs, and says so.
///
/// # Errors
/// A licence that is not allowed; a cargo that does not run; a file that cannot be read or written.
pub fn write(root: &Path) -> Result<Vec<String>> {
    let notice = notice(root)?;
    if current(root)?.as_ref() == Some(&notice) {
        return Ok(Vec::new());
    }
    fs::write(root.join(NOTICE), notice).context(NOTICE)?;
    Ok(vec![format!("wrote {NOTICE}")])
}

/// Writes nothing, and checks that the notice is what would be written.
///
/// # Errors
/// As [`fn@write`]; a notice that is stale or missing.
pub fn check(root: &Path) -> Result<()> {
    match current(root)? {
        Some(current) if current == notice(root)? => Ok(()),
        Some(_) => bail!("stale: {NOTICE}\nrun `{COMMAND}` and commit what it changes"),
        None => bail!("missing: {NOTICE}\nrun `{COMMAND}` and commit it"),
    }
}

fn current(root: &Path) -> Result<Option<String>> {
    match fs::read_to_string(root.join(NOTICE)) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(NOTICE),
    }
}

fn notice(root: &Path) -> Result<String> {
    let packages = packages(root)?;
    let mut refused = Vec::new();
    let mut rows = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &packages {
        let name = format!("{} {}", package.name, package.version);
        let licences = match licences(package) {
            Ok(licences) => licences,
            Err(error) => {
                refused.push(format!("{name}: {error:#}"));
                continue;
            }
        };
        let source = package.repository.as_deref().unwrap_or("-");
        writeln!(rows, "| {name} | {} | {source} |", licences.join(" AND "))?;
        for text in package.texts(&licences)? {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    ensure!(
        refused.is_empty(),
        "the binary may not contain:\n{}\n\nallow a licence in xtask/src/licences.rs if its terms \
         can be kept",
        refused.join("\n")
    );
    if packages.iter().any(|package| package.name == VIEWER) {
        texts
            .entry(viewer()?)
            .or_default()
            .insert(VIEWER_NAME.to_owned());
    }
    let apache = fs::read_to_string(root.join(APACHE_TEXT)).context(APACHE_TEXT)?;
    let mut notice = format!(
        "# Third-party software in `repass`\n\n\
         The `repass` binary contains the packages below, each under the licence that is named. \
         Where a package offers several licences, it is the one that repass uses. A binary for one \
         system contains only some of them. The Rust standard library is part of it, too, under \
         Apache-2.0: https://github.com/rust-lang/rust.\n\n\
         The source code of each package in its exact version is published at its address, that of \
         packages under MPL-2.0 among them; repass does not change it.\n\n\
         `{COMMAND}` generates this file.\n\n\
         | package | licence | source |\n| --- | --- | --- |\n{rows}\n\
         ## Apache-2.0\n\n{}",
        block(&clean(&apache))
    );
    // The order is that of the packages.
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort_by(|(one, ones), (other, others)| (ones, one).cmp(&(others, other)));
    for (text, names) in texts {
        let names: Vec<_> = names.into_iter().collect();
        write!(notice, "\n## {}\n\n{}", names.join(", "), block(&text))?;
    }
    Ok(notice)
}

/// The packages that the binary is built from, on any system, by name and version. Macros and
/// scripts that only run during a build are not among them.
fn packages(root: &Path) -> Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--locked"];
    let metadata: Metadata = serde_json::from_value(cargo_json(root, &arguments)?)?;
    let contained = contained(root)?;
    let mut packages = metadata.packages;
    packages.retain(|package| {
        contained.contains(&(package.name.clone(), package.version.clone()))
            && !metadata.workspace_members.contains(&package.id)
    });
    packages.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(packages)
}

/// The names and versions of these packages and of our own.
fn contained(root: &Path) -> Result<BTreeSet<(String, String)>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", BINARY, "--locked", "--target", "all"])
        .args(["--edges", "normal,no-proc-macro", "--prefix", "none"])
        .args(["--format", "{p}", "--color", "never"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("`cargo tree` does not start")?;
    ensure!(output.status.success(), "`cargo tree`: {}", output.status);
    let tree = String::from_utf8(output.stdout)?;
    // Such as `serde v1.0.0 (*)`.
    let packages = tree.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?.to_owned();
        Some((name, words.next()?.strip_prefix('v')?.to_owned()))
    });
    Ok(packages.collect())
}

/// The licences that are used of those that a package offers.
fn licences(package: &Package) -> Result<Vec<String>> {
    let expression = package.license.as_deref().context("names no licence")?;
    let parsed = Expression::parse_mode(expression, ParseMode::LAX)
        .with_context(|| format!("cannot be understood: {expression}"))?;
    let allowed = ALLOWED.map(Licensee::parse);
    let allowed: Vec<_> = allowed.into_iter().collect::<Result<_, _>>()?;
    let used = parsed.minimized_requirements(&allowed);
    let used = used
        .ok()
        .with_context(|| format!("is under {expression}"))?;
    Ok(used.iter().map(ToString::to_string).collect())
}

impl Package {
    /// The texts that have to go along: all that the package has, but those of licences that are not
    /// used, and that of Apache-2.0, which is there once. A package without any gets those of its
    /// licences.
    fn texts(&self, licences: &[String]) -> Result<BTreeSet<String>> {
        let folder = self.manifest_path.parent();
        let folder = folder.with_context(|| format!("{} has no folder", self.name))?;
        let mut texts = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_file() && is_notice(&name) && is_of(&name, licences) {
                let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
                texts.insert(clean(&String::from_utf8_lossy(&bytes)));
            }
        }
        texts.retain(|text| !text.starts_with("Apache License") && !text.is_empty());
        if texts.is_empty() {
            let others = licences.iter().filter(|licence| *licence != "Apache-2.0");
            for licence in others {
                let id = spdx::license_id(licence);
                let id = id.with_context(|| format!("{licence} has no text"))?;
                let holders = match self.authors.is_empty() {
                    true => format!("the authors of {}", self.name),
                    false => self.authors.join(", "),
                };
                let text = id.text().replace("<year> <copyright holders>", &holders);
                texts.insert(clean(&text));
            }
        }
        Ok(texts)
    }
}

/// The notices of the viewer, which is under Apache-2.0.
fn viewer() -> Result<String> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let folder = archive.by_index(0)?.name()?.into_owned();
    ensure!(
        folder == VIEWER_FOLDER,
        "{VIEWER} holds {folder}; take swagger-ui-bundle.js.LICENSE.txt of its release, and the \
         names in xtask/src/licences.rs"
    );
    let mut notice = String::new();
    let mut file = archive.by_name(&format!("{folder}NOTICE"))?;
    file.read_to_string(&mut notice)?;
    Ok(clean(&format!("{notice}\n{VIEWER_LICENCES}")))
}

/// Whether a file of this name holds a licence or what a licence asks to be kept.
fn is_notice(name: &str) -> bool {
    let name = name.to_uppercase();
    let starts = [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ];
    starts.iter().any(|start| name.starts_with(start)) && !name.ends_with(".RS")
}

/// Whether the name of a file says nothing of a licence, or names one of these.
fn is_of(name: &str, licences: &[String]) -> bool {
    let name = name.to_uppercase();
    let named = NAMES.iter().find(|(part, _)| name.contains(part));
    named.is_none_or(|(_, named)| licences.iter().any(|licence| licence.starts_with(named)))
}

/// The text with the same line ends and indentation wherever it comes from, so that one text is
/// there once.
fn clean(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let filled = || lines.iter().filter(|line| !line.is_empty());
    let least = filled().map(indent).min().unwrap_or_default();
    let cut = lines
        .iter()
        .map(|line| line.get(least..).unwrap_or_default());
    let text = cut.collect::<Vec<_>>().join("\n");
    let text = text.trim_matches('\n');
    // Apache's is centred.
    match text.trim_start().starts_with("Apache License") {
        true => text.trim_start().to_owned(),
        false => text.to_owned(),
    }
}

fn block(text: &str) -> String {
    format!("```text\n{}\n```\n", text.replace("```", "'''"))
}
