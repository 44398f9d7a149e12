//! The pages of the bundle: plain files that a browser opens from disk.
//!
//! The pages, their styles and scripts are in `site/`. What they say of the contract comes from the
//! contract and from the READMEs beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use crate::Files;
use crate::markdown::{self, Document};
use crate::policy::{self, Extension};
use crate::release;
use crate::spec::{Role, Spec};

const SOURCES: &str = "xtask/src/site";
/// What every page extends, and no page itself.
const LAYOUT: &str = "layout.html";
/// The emulator's page and the site look the same.
const SHARED: [&str; 2] = ["style.css", "icon.svg"];
const SHARED_FROM: &str = "crates/repass-emulator/src/page";

/// The README of the contract.
const README: &str = "openapi/README.md";
const EXAMPLES: &str = "openapi/examples";
/// The pages that show a part of [`README`], by its anchor. The last one shows all other parts.
const PAGES: [(Option<&str>, &str); 2] = [
    (Some("to-use-it-from-another-language"), CLIENTS),
    (None, "contract.html"),
];
/// The page that shows the READMEs of the examples.
const CLIENTS: &str = "clients.html";

/// The viewer of the reference, with what its licence wants to go along.
const VIEWER: [&str; 4] = [
    "dist/swagger-ui.css",
    "dist/swagger-ui-bundle.js",
    "LICENSE",
    "NOTICE",
];

/// What a page can show.
#[derive(Serialize)]
struct Context<'a> {
    page: &'a str,
    version: &'a str,
    about: &'a str,
    services: &'a [Service<'a>],
    policies: &'a [Policy<'a>],
    examples: &'a [Example],
    schemas: &'a [String],
    sections: &'a [String],
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    title: &'a str,
    version: &'a str,
    released: bool,
    of_vendor: bool,
    operations: Vec<Operation<'a>>,
}

#[derive(Serialize)]
struct Operation<'a> {
    name: String,
    summary: Option<&'a str>,
    method: String,
    path: &'a str,
    policy: Option<String>,
}

#[derive(Serialize)]
struct Policy<'a> {
    name: String,
    schema: String,
    service: &'a str,
    min_length: usize,
    max_length: usize,
    rules: Extension,
}

#[derive(Serialize)]
struct Example {
    name: String,
    html: String,
}

/// Adds the pages and what they load to the `files` of the bundle, to which they lead.
///
/// # Errors
/// A file that cannot be read or does not have what a page shows; a link of a README to what there
/// is not.
pub fn add(root: &Path, version: &str, specs: &[Spec], files: &mut Files) -> Result<()> {
    let schemas: Vec<_> = (files.keys())
        .filter(|path| path.starts_with("schemas/"))
        .cloned()
        .collect();
    let readmes = Readmes::read(files)?;
    let about = fs::read_to_string(root.join("README.md")).context("README.md")?;
    let about = about.split("\n\n").nth(1).unwrap_or_default();
    let about = markdown::to_html(about, None, |_| Ok(None))?;
    let examples = readmes.examples(root, files)?;
    let services: Vec<_> = specs.iter().map(|spec| service(spec, files)).collect();
    let policies = policies(specs)?;

    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut pages = Vec::new();
    for entry in fs::read_dir(root.join(SOURCES)).context(SOURCES)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".html") {
            let text = fs::read_to_string(entry.path()).with_context(|| name.clone())?;
            templates.add_template_owned(name.clone(), text)?;
            pages.push(name);
        } else {
            files.insert(format!("site/{name}"), fs::read(entry.path())?);
        }
    }
    for page in pages.iter().filter(|page| *page != LAYOUT) {
        let context = Context {
            page,
            version,
            about: &about,
            services: &services,
            policies: &policies,
            examples: &examples,
            schemas: &schemas,
            sections: &readmes.sections(root, page, files)?,
        };
        let template = templates.get_template(page)?;
        let html = template.render(Serde(context))?;
        files.insert(page.clone(), html.into_bytes());
    }

    for name in SHARED {
        let path = format!("{SHARED_FROM}/{name}");
        let content = fs::read(root.join(&path)).with_context(|| path)?;
        files.insert(format!("site/{name}"), content);
    }
    // A page that was opened from disk may load a script, and may not read a file.
    let contract: BTreeMap<&str, &Value> = specs
        .iter()
        .map(|spec| (spec.name.as_str(), &spec.document))
        .collect();
    let contract = format!("const CONTRACT = {};\n", serde_json::to_string(&contract)?);
    files.insert("site/contract.js".to_owned(), contract.into_bytes());
    add_viewer(files)
}

fn service<'a>(spec: &'a Spec, files: &Files) -> Service<'a> {
    let operations = spec.operations();
    let uses = spec.uses();
    let policy = |operation: &str| {
        let place = format!("{operation}, request");
        (uses.iter())
            .filter(|one| one.role == Role::Request && one.place.starts_with(&place))
            .filter(|one| matches!(policy::parse(one.schema), Ok(Some(_))))
            .find_map(|one| one.component)
            .map(policy::name)
    };
    Service {
        name: &spec.name,
        title: &spec.api.info.title,
        version: &spec.api.info.version,
        released: release::is_released(spec, files),
        of_vendor: spec.is_of_vendor(),
        operations: (operations.into_iter())
            .map(|one| Operation {
                summary: one.operation.summary.as_deref(),
                method: one.method.to_uppercase(),
                path: one.path,
                policy: policy(&one.name),
                name: one.name,
            })
            .collect(),
    }
}

fn policies(specs: &[Spec]) -> Result<Vec<Policy<'_>>> {
    let mut policies = Vec::new();
    for spec in specs {
        for secret in policy::secrets(spec)? {
            let name = policy::name(&secret.name);
            policies.extend(secret.policy.map(|policy| Policy {
                name,
                schema: secret.name,
                service: &spec.name,
                min_length: policy.min_length,
                max_length: policy.max_length,
                rules: policy.extension,
            }));
        }
    }
    Ok(policies)
}

fn add_viewer(files: &mut Files) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    // All of it is in a folder that has the version in its name.
    let folder = archive.by_index(0)?.name()?.into_owned();
    for path in VIEWER {
        let mut content = Vec::new();
        let mut file = archive.by_name(&format!("{folder}{path}"))?;
        file.read_to_end(&mut content)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        files.insert(format!("site/swagger-ui/{name}"), content);
    }
    Ok(())
}

/// The READMEs that the pages show.
struct Readmes {
    contract: Document,
    examples: Vec<Document>,
}

impl Readmes {
    fn read(files: &Files) -> Result<Self> {
        let document = |path: &str| {
            let text = files
                .get(path)
                .with_context(|| format!("there is no {path}"))?;
            let text = str::from_utf8(text).with_context(|| path.to_owned())?;
            Ok::<_, anyhow::Error>(Document::parse(path, text))
        };
        let contract = document(README)?;
        for anchor in PAGES.iter().filter_map(|(anchor, _)| *anchor) {
            let mut parts = contract.parts.iter();
            ensure!(
                parts.any(|part| part.anchors.first().is_some_and(|own| own == anchor)),
                "{README}: the site shows the part #{anchor}, and there is none; put it back, or \
                 change PAGES in xtask/src/site.rs"
            );
        }
        let folder = format!("{EXAMPLES}/");
        let examples = files.keys().filter(|path| path.starts_with(&folder));
        let examples = examples.filter(|path| path.ends_with("/README.md"));
        let examples = examples.map(|path| document(path)).collect::<Result<_>>()?;
        Ok(Self { contract, examples })
    }

    /// The parts of the contract's README that a page shows.
    fn sections(&self, root: &Path, page: &str, files: &Files) -> Result<Vec<String>> {
        let parts = self.contract.parts.iter();
        let shown = parts.filter(|part| page_of(part.anchors.first()) == page);
        shown
            .map(|part| {
                markdown::to_html(&part.text, None, |link| {
                    self.resolve(root, README, link, files)
                })
            })
            .collect()
    }

    fn examples(&self, root: &Path, files: &Files) -> Result<Vec<Example>> {
        let examples = self.examples.iter();
        examples
            .map(|document| {
                let name = language(&document.path);
                let parts = document.parts.iter().map(|part| part.text.as_str());
                let html = markdown::to_html(&parts.collect::<String>(), Some(name), |link| {
                    self.resolve(root, &document.path, link, files)
                })?;
                let name = name.to_owned();
                Ok(Example { name, html })
            })
            .collect()
    }

    /// Where a link of a README leads to on the site, or nothing if that is no part of the site.
    fn resolve(
        &self,
        root: &Path,
        document: &str,
        link: &str,
        files: &Files,
    ) -> Result<Option<String>> {
        if link.contains(':') {
            return Ok(Some(link.to_owned()));
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = match path {
            "" => document.to_owned(),
            path => join(document, path)
                .ok_or_else(|| anyhow!("{document}: the link {link} leads out of the tree"))?,
        };
        if path == README {
            let mut parts = self.contract.parts.iter();
            let part = parts.find(|part| part.anchors.iter().any(|own| own == anchor));
            ensure!(
                anchor.is_empty() || part.is_some(),
                "{document}: the link {link} leads to no heading"
            );
            let page = page_of(part.and_then(|part| part.anchors.first()));
            return Ok(Some(with_anchor(page, anchor)));
        }
        if self.examples.iter().any(|example| example.path == path) {
            let name = language(&path);
            let id = match anchor {
                "" => name.to_owned(),
                anchor => markdown::id(Some(name), anchor),
            };
            return Ok(Some(with_anchor(CLIENTS, &id)));
        }
        ensure!(
            root.join(&path).exists(),
            "{document}: the link {link} leads to {path}, which there is not"
        );
        Ok(Some(path).filter(|path| files.contains_key(path)))
    }
}

fn page_of(anchor: Option<&String>) -> &'static str {
    let pages = PAGES.iter();
    let mut pages = pages.filter(|(own, _)| own.is_none_or(|own| anchor.is_some_and(|a| a == own)));
    pages.next().map(|(_, page)| *page).unwrap_or_default()
}

fn with_anchor(page: &str, anchor: &str) -> String {
    match anchor {
        "" => page.to_owned(),
        anchor => format!("{page}#{anchor}"),
    }
}

/// `python` of `openapi/examples/python/README.md`.
fn language(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or(path)
}

/// The path from the root that a relative link leads to.
fn join(document: &str, link: &str) -> Option<String> {
    let mut way: Vec<&str> = document.split('/').collect();
    way.pop();
    for step in link.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                way.pop()?;
            }
            step => way.push(step),
        }
    }
    Some(way.join("/"))
}
