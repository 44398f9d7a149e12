//! `cargo xtask dist` on this tree, and on one with a mistake.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "also in what the tests share"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use openapiv3::{OpenAPI, ReferenceOr, Response, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use xtask::{Files, dist, site, spec};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below a folder by its path in it.
fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                files.insert(name.replace('\\', "/"), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn value(content: &[u8]) -> Value {
    serde_json::from_slice(content).unwrap()
}

#[test]
fn a_bundle_is_the_same_twice_and_is_what_its_index_says() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    // What was there before is gone.
    fs::create_dir_all(other.join("openapi")).unwrap();
    fs::write(other.join("openapi/orphan.yaml"), "").unwrap();
    for folder in [&one, &other] {
        dist::write(&repository(), folder).unwrap();
    }
    let mut files = read(&one);
    assert!(files == read(&other), "two runs differ");

    let archives: Vec<_> = (files.keys())
        .filter(|path| path.ends_with(".tar.gz"))
        .cloned()
        .collect();
    let [archive] = archives.as_slice() else {
        panic!("{archives:?}");
    };
    let packed = files.remove(archive).unwrap();
    assert_eq!(unpack(&packed), files, "what the archive has");

    let index = value(&files["index.json"]);
    assert_eq!(index["version"], env!("CARGO_PKG_VERSION"));
    let mut sums: BTreeMap<_, _> = (files.iter())
        .map(|(path, content)| (path.clone(), Value::from(sum(content))))
        .collect();
    sums.remove("index.json");
    assert_eq!(
        serde_json::to_value(sums).unwrap(),
        index["sha256"],
        "the sums of the index"
    );

    let specs = spec::load(&repository()).unwrap();
    let contract = index["contract"].as_array().unwrap();
    assert_eq!(contract.len(), specs.len());
    for (entry, spec) in contract.iter().zip(&specs) {
        let file = |kind: &str| &files[entry[kind].as_str().unwrap()];
        assert_eq!(entry["name"], spec.name);
        assert_eq!(entry["version"], spec.api.info.version);
        let released = repository().join(format!("openapi/released/{}.yaml", spec.name));
        let is_released =
            fs::read(released).unwrap() == fs::read(repository().join(&spec.file)).unwrap();
        assert_eq!(entry["released"], is_released);
        assert_eq!(
            *file("yaml"),
            fs::read(repository().join(&spec.file)).unwrap()
        );
        assert_eq!(value(file("json")), spec.document, "{}", spec.file);
        let api: OpenAPI = serde_json::from_slice(file("json")).unwrap();
        assert_eq!(api, spec.api, "{}", spec.file);
        with_default(&serde_json::from_slice(file("json_default")).unwrap(), spec);
        as_3_1(&value(file("json_3_1")), spec);
    }
    // A schema with a policy keeps it.
    let dms = value(&files["openapi/dms.json"]);
    let password = dms.pointer("/components/schemas/DmsPassword/x-password-policy");
    assert_eq!(password.unwrap()["forbiddenFirst"], "-");

    let schemas = files.keys().filter(|path| path.starts_with("schemas/"));
    let schemas: Vec<_> = schemas.map(|path| value(&files[path])).collect();
    assert!(!schemas.is_empty());
    for schema in schemas {
        jsonschema::draft202012::meta::validate(&schema).unwrap();
    }
}

/// One `default` response stands in place of the ranges, and all else is the same.
fn with_default(api: &OpenAPI, spec: &spec::Spec) {
    let responses = |api: &OpenAPI| -> Vec<openapiv3::Responses> {
        let items = api.paths.paths.values().map(|item| item.as_item().unwrap());
        let operations = items.flat_map(|item| item.iter().map(|(_, operation)| operation));
        operations
            .map(|operation| operation.responses.clone())
            .collect()
    };
    let (ours, theirs) = (responses(&spec.api), responses(api));
    assert!(!ours.is_empty());
    assert_eq!(ours.len(), theirs.len());
    for (mut ours, mut theirs) in ours.into_iter().zip(theirs) {
        let ranges = |status: &StatusCode| matches!(status, StatusCode::Range(_));
        assert_eq!(
            ours.responses
                .keys()
                .filter(|status| ranges(status))
                .count(),
            2
        );
        ours.responses.retain(|status, _| !ranges(status));
        assert!(theirs.default.take().is_some(), "{}", spec.file);
        assert_eq!(ours, theirs, "{}", spec.file);
    }
    let shared = |api: &OpenAPI| api.components.clone().unwrap();
    let (mut ours, mut theirs) = (shared(&spec.api), shared(api));
    let client = ours.responses.shift_remove("ClientError").unwrap();
    let server = ours.responses.shift_remove("ServerError").unwrap();
    let other = theirs.responses.shift_remove("OtherError").unwrap();
    assert_eq!(ours, theirs, "{}", spec.file);
    let examples = |response: &ReferenceOr<Response>| {
        let content = &response.as_item().unwrap().content["application/json"];
        assert!(content.schema.is_some());
        let examples = content.examples.keys();
        examples.cloned().collect::<Vec<_>>()
    };
    let both = [examples(&client), examples(&server)].concat();
    assert_eq!(examples(&other), both, "{}", spec.file);
}

/// Each schema is one of JSON Schema 2020-12, and null is a type.
fn as_3_1(document: &Value, spec: &spec::Spec) {
    assert_eq!(document["openapi"], "3.1.0");
    assert!(!document.to_string().contains("nullable"), "{}", spec.file);
    let mut nullable = 0;
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        jsonschema::draft202012::meta::validate(schema).unwrap();
        let written = &spec.document["components"]["schemas"][name];
        let properties = written["properties"].as_object().into_iter().flatten();
        for (property, written) in properties.filter(|(_, one)| one["nullable"] == true) {
            let expected = serde_json::json!([written["type"], "null"]);
            assert_eq!(
                schema["properties"][property]["type"], expected,
                "{name} {property}"
            );
            nullable += 1;
        }
    }
    // DDM and DMS have none.
    let none = ["ddm", "dms"].contains(&spec.name.as_str());
    assert_eq!(nullable == 0, none, "{}", spec.file);
    assert_eq!(document["paths"], spec.document["paths"]);
}

fn sum(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files of an archive, which are all in one folder.
fn unpack(packed: &[u8]) -> Files {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    let mut files = Files::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let (_, path) = path.split_once('/').unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        files.insert(path.to_owned(), content);
    }
    files
}

/// A tree with what the site is made of, and an example.
fn tree(example: &str) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let mut files = dist::contract(&repository()).unwrap();
    for folder in ["xtask/src/site", "crates/repass-emulator/src/page"] {
        for (name, content) in read(&repository().join(folder)) {
            files.insert(format!("{folder}/{name}"), content);
        }
    }
    let readme = fs::read(repository().join("README.md")).unwrap();
    files.insert("README.md".to_owned(), readme);
    for (path, content) in files {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let folder = tree.path().join("openapi/examples/cobol");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("README.md"), example).unwrap();
    fs::write(folder.join("change.cob"), "STOP RUN.").unwrap();
    fs::write(folder.join(".gitignore"), "out/\n").unwrap();
    fs::create_dir(folder.join("out")).unwrap();
    fs::write(folder.join("out/README.md"), "[nowhere](nowhere)").unwrap();
    tree
}

fn pages(tree: &Path) -> anyhow::Result<Files> {
    let specs = spec::load(tree)?;
    let mut files = dist::contract(tree)?;
    site::add(tree, "1.2.3", &specs, &mut files)?;
    Ok(files)
}

#[test]
fn the_readme_of_an_example_is_shown_with_links_that_lead_on() {
    let example = "# COBOL\n\nThe [program](change.cob) reads [DMS](../../dms.yaml) and its \
        [rules](../../README.md#x-password-policy); see [below](#more), [what a client does not \
        do](../../README.md#to-use-it-from-another-language), [repass](../../../README.md) and \
        [a page](https://example.com/).\n\n## More\n\n```\nPERFORM <CHANGE>.\n```\n";
    let tree = tree(example);
    let files = pages(tree.path()).unwrap();
    let html = String::from_utf8(files["clients.html"].clone()).unwrap();
    for expected in [
        r#"<section id="cobol">"#,
        r#"<h2 id="cobol-cobol">COBOL</h2>"#,
        r#"<a href="openapi/examples/cobol/change.cob">program</a>"#,
        r#"<a href="openapi/dms.yaml">DMS</a>"#,
        r#"<a href="contract.html#x-password-policy">rules</a>"#,
        r#"<a href="clients.html#cobol-more">below</a>"#,
        r#"<a href="clients.html#to-use-it-from-another-language">what a client does not"#,
        "do</a>, repass and",
        r#"<a href="https://example.com/">a page</a>"#,
        r#"<h3 id="cobol-more">More</h3>"#,
        "PERFORM &lt;CHANGE&gt;.",
    ] {
        assert!(html.contains(expected), "{expected}\n{html}");
    }
    assert_eq!(files["openapi/examples/cobol/change.cob"], b"STOP RUN.");
    // What a generator left there is none of ours.
    assert!(!files.contains_key("openapi/examples/cobol/out/README.md"));
}

#[test]
fn a_link_is_not_followed() {
    let tree = tree("");
    let link = tree.path().join("openapi/other.md");
    #[cfg(unix)]
    std::os::unix::fs::symlink(tree.path().join("README.md"), &link).unwrap();
    #[cfg(unix)]
    assert_told(tree.path(), "openapi/other.md: is a link");
    drop(link);
}

#[test]
fn what_is_not_released_says_so() {
    let tree = tree("");
    let start =
        |tree: &Path| String::from_utf8(pages(tree).unwrap()["index.html"].clone()).unwrap();
    fs::copy(
        tree.path().join("openapi/dms.yaml"),
        tree.path().join("openapi/released/dms.yaml"),
    )
    .unwrap();
    let before = start(tree.path()).matches("not released yet").count();
    fs::remove_file(tree.path().join("openapi/released/dms.yaml")).unwrap();
    assert_eq!(
        start(tree.path()).matches("not released yet").count(),
        before + 1
    );
}

#[track_caller]
fn assert_told(tree: &Path, expected: &str) {
    let error = pages(tree).unwrap_err();
    let told = format!("{error:#}");
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_link_that_leads_nowhere_is_told() {
    assert_told(
        tree("[program](change.py)").path(),
        "openapi/examples/cobol/README.md: the link change.py leads to \
         openapi/examples/cobol/change.py, which there is not",
    );
    assert_told(
        tree("[rules](../../README.md#rules)").path(),
        "openapi/examples/cobol/README.md: the link ../../README.md#rules leads to no heading",
    );
    assert_told(
        tree("[elsewhere](../../../../secrets)").path(),
        "openapi/examples/cobol/README.md: the link ../../../../secrets leads out of the tree",
    );
}

#[test]
fn a_part_of_the_readme_that_is_missing_is_told() {
    let tree = tree("");
    let readme = tree.path().join("openapi/README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let text = text.replace("## To use it from another language", "## Other languages");
    fs::write(readme, text).unwrap();
    assert_told(
        tree.path(),
        "openapi/README.md: the site shows the part #to-use-it-from-another-language",
    );
}
