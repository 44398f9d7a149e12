//! `cargo xtask dist`: the contract as a bundle of files for whoever writes in another language.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};
use ignore::WalkBuilder;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::spec::{self, Spec};
use crate::{Files, arazzo, forms, lint, release, site};

const NAME: &str = "repass-contract";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The folder that goes along as it is.
const CONTRACT: &str = "openapi";
const LICENSE: &str = "LICENSE";
/// What stands in the name of a file before `.json`, by its form.
const DEFAULT: &str = ".default";
const OPENAPI_3_1: &str = ".3.1";

/// `index.json`.
#[derive(Serialize)]
struct Index<'a> {
    version: &'a str,
    contract: Vec<Entry<'a>>,
    sha256: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    title: &'a str,
    version: &'a str,
    /// Whether it is what was released under this version.
    released: bool,
    yaml: String,
    json: String,
    /// The form with one `default` response in place of ranges.
    json_default: String,
    /// The form in OpenAPI 3.1.
    json_3_1: String,
}

/// The folder that the bundle is written to.
///
/// # Errors
/// As [`target`].
pub fn folder(root: &Path) -> Result<PathBuf> {
    Ok(target(root)?.join("dist"))
}

/// The folder that cargo builds in.
///
/// # Errors
/// A cargo that does not say where it builds.
pub fn target(root: &Path) -> Result<PathBuf> {
    let metadata = cargo_json(root, &["metadata", "--format-version", "1", "--no-deps"])?;
    let target = metadata.get("target_directory").and_then(Value::as_str);
    let target = target.context("cargo metadata has no target_directory")?;
    Ok(PathBuf::from(target))
}

/// Writes the bundle, in place of what the folder had, and tells what it wrote.
///
/// # Errors
/// What breaks a house rule; a file that cannot be read or written; a `repass` that does not run.
pub fn write(root: &Path, folder: &Path) -> Result<Vec<String>> {
    let files = files(root)?;
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| folder.display().to_string());
        }
        _ => {}
    }
    let archive = format!("{NAME}-{VERSION}.tar.gz");
    let packed = pack(&files)?;
    let told = vec![
        format!("wrote {} files to {}", files.len(), folder.display()),
        format!("{}  {archive}", sha256(&packed)),
    ];
    for (path, content) in files.iter().chain([(&archive, &packed)]) {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(told)
}

/// Everything in the bundle. The tree alone decides it.
fn files(root: &Path) -> Result<Files> {
    let specs = spec::load(root)?;
    lint::check(&specs)?;
    let mut files = contract(root)?;
    files.extend(derived(&specs)?);
    let license = fs::read(root.join(LICENSE)).context(LICENSE)?;
    files.insert(LICENSE.to_owned(), license);
    for (name, schema) in schemas(root)? {
        files.insert(format!("schemas/{name}.json"), json(&schema)?);
    }
    site::add(root, VERSION, &specs, &mut files)?;
    let index = Index {
        version: VERSION,
        contract: specs.iter().map(|spec| entry(spec, &files)).collect(),
        sha256: (files.iter())
            .map(|(path, content)| (path.as_str(), sha256(content)))
            .collect(),
    };
    let index = json(&index)?;
    files.insert("index.json".to_owned(), index);
    Ok(files)
}

/// What follows from the files of the contract: their forms in JSON, and the Arazzo document.
///
/// # Errors
/// A file that breaks a house rule.
pub fn derived(specs: &[Spec]) -> Result<Files> {
    let mut files = Files::new();
    for spec in specs {
        files.insert(json_path(spec, ""), json(&spec.document)?);
        files.insert(json_path(spec, DEFAULT), json(&forms::with_default(spec)?)?);
        files.insert(json_path(spec, OPENAPI_3_1), json(&forms::as_3_1(spec))?);
    }
    let workflows = json(&arazzo::document(specs, VERSION)?)?;
    files.insert(format!("{CONTRACT}/{}", arazzo::FILE), workflows);
    Ok(files)
}

/// The folder of the contract, without what a `.gitignore` names: whoever has followed an example has
/// more in it.
///
/// # Errors
/// A file or folder that cannot be read; a link.
pub fn contract(root: &Path) -> Result<Files> {
    let mut walk = WalkBuilder::new(root.join(CONTRACT));
    let walk = walk.standard_filters(false).parents(true).git_ignore(true);
    let mut files = Files::new();
    for entry in walk.require_git(false).build() {
        let entry = entry?;
        let path = entry.path();
        // What a link leads to may be anybody's.
        ensure!(
            !entry.path_is_symlink(),
            "{}: is a link; only files are bundled",
            path.display()
        );
        if path.is_file() {
            let steps = path.strip_prefix(root)?.iter();
            let steps: Vec<_> = steps.map(|step| step.to_string_lossy()).collect();
            let content = fs::read(path).with_context(|| path.display().to_string())?;
            files.insert(steps.join("/"), content);
        }
    }
    Ok(files)
}

fn entry<'a>(spec: &'a Spec, files: &Files) -> Entry<'a> {
    Entry {
        name: &spec.name,
        title: &spec.api.info.title,
        version: &spec.api.info.version,
        released: release::is_released(spec, files),
        yaml: spec.file.clone(),
        json: json_path(spec, ""),
        json_default: json_path(spec, DEFAULT),
        json_3_1: json_path(spec, OPENAPI_3_1),
    }
}

fn json_path(spec: &Spec, form: &str) -> String {
    format!("openapi/{}{form}.json", spec.name)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// What `repass schema` prints, by its names.
fn schemas(root: &Path) -> Result<Map<String, Value>> {
    let schemas = cargo_json(root, &["run", "--quiet", "--bin", "repass", "--", "schema"])?;
    match schemas {
        Value::Object(schemas) => Ok(schemas),
        _ => anyhow::bail!("`repass schema` prints no object"),
    }
}

/// The JSON that a command of cargo prints. What it has to say to people goes where ours does.
pub(crate) fn cargo_json(root: &Path, arguments: &[&str]) -> Result<Value> {
    let command = format!("`cargo {}`", arguments.join(" "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    let cargo = cargo.args(arguments).current_dir(root);
    let output = cargo.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("{command} does not start"))?;
    ensure!(output.status.success(), "{command}: {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command} prints no JSON"))
}

fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files as an archive in which nothing tells when, where or by whom it was made.
fn pack(files: &Files) -> Result<Vec<u8>> {
    let packed = GzBuilder::new().write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(packed);
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        let path = format!("{NAME}-{VERSION}/{path}");
        archive.append_data(&mut header, path, content.as_slice())?;
    }
    let mut packed = archive.into_inner()?;
    packed.flush()?;
    Ok(packed.finish()?)
}
