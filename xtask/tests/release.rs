//! The versions say what changed since the release: those of a made-up contract, and those of the
//! real one.

#![allow(clippy::unwrap_used, reason = "also in what the tests share")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use xtask::release;

const VALID: &str = include_str!("valid.yaml");

const WORDING: (&str, &str) = ("Get a token", "A token");
const ADDITION: (&str, &str) = ("[poured, spilt]", "[poured, spilt, empty]");
const BREAKING: (&str, &str) = ("maxLength: 16", "maxLength: 15");
const NONE: (&str, &str) = ("", "");

fn teapot((from, to): (&str, &str), version: &str) -> String {
    let text = VALID.replace("  version: 1.0.0\n", &format!("  version: {version}\n"));
    assert!(text.contains(from) && text.contains(version));
    match from {
        "" => text,
        from => text.replace(from, to),
    }
}

/// A tree with a released file of a version, the file as it is now, and a changelog that speaks of
/// its version.
fn tree(released: &str, change: (&str, &str), version: &str) -> TempDir {
    let tree = TempDir::new().unwrap();
    let root = tree.path();
    fs::create_dir_all(root.join("openapi/released")).unwrap();
    let old = teapot(NONE, released);
    fs::write(root.join("openapi/released/teapot.yaml"), old).unwrap();
    fs::write(root.join("openapi/teapot.yaml"), teapot(change, version)).unwrap();
    let row = format!("| [teapot.yaml](teapot.yaml) | {version} | A change. |\n");
    fs::write(root.join("openapi/README.md"), row).unwrap();
    tree
}

fn told(root: &Path) -> String {
    match release::check(root) {
        Ok(changes) => format!("passes\n{}", changes.join("\n")),
        Err(error) => format!("fails\n{error:#}"),
    }
}

#[test]
fn a_version_says_what_broke_at_once_and_all_else_by_the_release() {
    let mut all = String::new();
    for (released, change, version) in [
        ("1.2.3", NONE, "1.2.3"),
        ("1.2.3", NONE, "1.2.2"),
        ("1.2.3", NONE, "1.2.4"),
        ("1.2.3", NONE, "new"),
        ("1.2.3", WORDING, "1.2.3"),
        ("1.2.3", WORDING, "1.2.4"),
        ("1.2.3", ADDITION, "1.2.4"),
        ("1.2.3", ADDITION, "1.3.0-rc.1"),
        ("1.2.3", ADDITION, "1.3.0"),
        ("1.2.3", BREAKING, "1.2.3"),
        ("1.2.3", BREAKING, "1.3.0"),
        ("1.2.3", BREAKING, "2.0.0"),
        ("0.2.3", WORDING, "0.2.3"),
        ("0.2.3", ADDITION, "0.2.4"),
        ("0.2.3", BREAKING, "0.2.4"),
        ("0.2.3", BREAKING, "0.3.0"),
    ] {
        let tree = tree(released, change, version);
        let told = told(tree.path());
        let release = match release::write(tree.path()) {
            Ok(_) => "may be released",
            Err(_) => "may not be released",
        };
        writeln!(
            all,
            "{released} to {version}, {change:?}: {told}\n{release}\n"
        )
        .unwrap();
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("versions", all);
    });
}

#[test]
fn a_version_needs_a_row_in_the_changelog() {
    let tree = tree("1.0.0", WORDING, "1.0.1");
    let readme = "| [teapot.yaml](teapot.yaml) | 1.0.0 | First. |\n\
        | [teapot.yaml](teapot.yaml) | 1.0.1 |  |\n";
    fs::write(tree.path().join("openapi/README.md"), readme).unwrap();
    assert_eq!(
        told(tree.path()),
        "fails\nopenapi/teapot.yaml: the changelog in openapi/README.md does not speak of 1.0.1; \
         add a row that begins with `| [teapot.yaml](teapot.yaml) | 1.0.1 |` and says what changed \
         for users"
    );
}

#[test]
fn a_file_may_come_and_not_silently_go() {
    let tree = tree("1.0.0", NONE, "1.0.0");
    let root = tree.path();
    let kettle = root.join("openapi/kettle.yaml");
    fs::rename(root.join("openapi/released/teapot.yaml"), &kettle).unwrap();
    let row = "| [kettle.yaml](kettle.yaml) | 1.0.0 | First. |\n";
    let readme = fs::read_to_string(root.join("openapi/README.md")).unwrap() + row;
    fs::write(root.join("openapi/README.md"), readme).unwrap();
    assert_eq!(
        told(root),
        "passes\nopenapi/kettle.yaml: 1.0.0, not released yet\n\
         openapi/teapot.yaml: 1.0.0, not released yet"
    );
    assert_eq!(
        release::write(root).unwrap(),
        [
            "wrote openapi/released/kettle.yaml",
            "wrote openapi/released/teapot.yaml"
        ]
    );
    fs::remove_file(kettle).unwrap();
    assert_eq!(
        told(root),
        "fails\nopenapi/kettle.yaml: is gone, with all its operations; restore it, or, if it is to \
         be gone, remove openapi/released/kettle.yaml too and say so in the changelog"
    );
}

#[test]
fn a_release_is_what_the_next_one_is_held_against() {
    let tree = tree("1.0.0", BREAKING, "1.0.1");
    let released = tree.path().join("openapi/released/teapot.yaml");
    let before = fs::read_to_string(&released).unwrap();
    release::write(tree.path()).unwrap_err();
    assert_eq!(fs::read_to_string(&released).unwrap(), before);

    let tree = self::tree("1.0.0", BREAKING, "2.0.0");
    let told = release::write(tree.path()).unwrap();
    assert_eq!(told, ["wrote openapi/released/teapot.yaml"]);
    assert_eq!(release::check(tree.path()).unwrap(), Vec::<String>::new());
    assert_eq!(release::write(tree.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn the_versions_of_the_contract_say_what_broke() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    release::check(&root).unwrap_or_else(|error| panic!("{error:#}"));
}
