//! `cargo xtask licences` on a tree whose binary has a few packages.
#![allow(clippy::unwrap_used, reason = "making the tree is part of the tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::licences;

/// A tree, and the packages that its binary depends on beside it.
struct Tree {
    folder: tempfile::TempDir,
}

const NOTICE: &str = "crates/repass-cli/THIRD-PARTY.md";

impl Tree {
    /// A tree with a binary and these lines in its manifest.
    fn new(dependencies: &str) -> Self {
        let tree = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        tree.file("tree/LICENSE", "Apache License\nVersion 2.0");
        tree.file(
            "tree/Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n",
        );
        tree.package(
            "tree/crates/repass-cli",
            "license = \"Apache-2.0\"",
            dependencies,
        );
        tree
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn package(&self, path: &str, fields: &str, rest: &str) {
        let name = path.rsplit('/').next().unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.2.3\"\nedition = \"2024\"\n{fields}\n{rest}"
        );
        self.file(&format!("{path}/Cargo.toml"), &manifest);
        self.file(&format!("{path}/src/lib.rs"), "");
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    /// Has the versions of all packages written down.
    fn lock(&self) -> &Self {
        let cargo = std::env::var_os("CARGO").unwrap();
        let mut lock = Command::new(cargo);
        lock.args(["generate-lockfile", "--offline"]);
        assert!(lock.current_dir(self.root()).status().unwrap().success());
        self
    }

    fn notice(&self) -> String {
        licences::write(&self.root()).unwrap();
        fs::read_to_string(self.root().join(NOTICE)).unwrap()
    }
}

fn depends(names: &[&str]) -> String {
    let each = names
        .iter()
        .map(|name| format!("{name} = {{ path = \"../../../{name}\" }}\n"));
    each.collect()
}

/// The headings of the texts, but that of Apache-2.0, which is always there.
fn texts(notice: &str) -> Vec<&str> {
    let headings = notice.lines().filter_map(|line| line.strip_prefix("## "));
    headings.skip(1).collect()
}

#[test]
fn a_notice_has_each_package_and_each_text_once() {
    let names = [
        "plain", "dual", "both", "older", "same", "without", "authors",
    ];
    let tree = Tree::new(&format!("[dependencies]\n{}", depends(&names)));
    tree.package(
        "plain",
        "license = \"MIT\"\nrepository = \"https://example.com\"",
        "",
    );
    tree.file("plain/LICENSE", "MIT of one\r\n");
    tree.package("same", "license = \"MIT\"", "");
    tree.file("same/LICENSE.md", "\n  MIT of one  \n");
    tree.package("dual", "license = \"MIT OR Apache-2.0\"", "");
    tree.file("dual/LICENSE-MIT", "MIT of dual");
    tree.file("dual/LICENSE-APACHE", "   Apache License\n");
    tree.file("dual/NOTICE", "notice of dual");
    tree.package("older", "license = \"GPL-3.0/ISC\"", "");
    tree.file("older/LICENSE-GPL", "GPL of older");
    tree.file("older/LICENSE-ISC", "ISC of older");
    tree.package("both", "license = \"MIT AND BSD-3-Clause\"", "");
    tree.file("both/LICENSE", "MIT of both");
    tree.file("both/LICENSE.other", "BSD of both");
    tree.file("both/license.rs", "no licence");
    tree.package("without", "license = \"MPL-2.0\"", "");
    tree.package(
        "authors",
        "license = \"MIT\"\nauthors = [\"One <o@example.com>\"]",
        "",
    );
    let notice = tree.lock().notice();
    for row in [
        "| plain 1.2.3 | MIT | https://example.com |",
        "| dual 1.2.3 | Apache-2.0 | - |",
        "| older 1.2.3 | ISC | - |",
        "| both 1.2.3 | MIT AND BSD-3-Clause | - |",
        "| without 1.2.3 | MPL-2.0 | - |",
    ] {
        assert!(notice.contains(row), "{row}: {notice}");
    }
    assert_eq!(
        texts(&notice),
        [
            "authors 1.2.3",
            "both 1.2.3",
            "both 1.2.3",
            "dual 1.2.3",
            "older 1.2.3",
            "plain 1.2.3, same 1.2.3",
            "without 1.2.3",
        ]
    );
    for text in [
        "MIT of one",
        "notice of dual",
        "ISC of older",
        "MIT of both",
        "BSD of both",
    ] {
        assert_eq!(notice.matches(text).count(), 1, "{text}: {notice}");
    }
    assert!(
        notice.contains("Copyright (c) One <o@example.com>"),
        "{notice}"
    );
    assert!(
        notice.contains("Mozilla Public License Version 2.0"),
        "{notice}"
    );
    for text in ["MIT of dual", "GPL of older", "no licence"] {
        assert!(!notice.contains(text), "{text}: {notice}");
    }
}

#[test]
fn only_what_is_in_the_binary_is_named() {
    let tree = Tree::new(&format!(
        "[dependencies]\n{}[build-dependencies]\n{}[dev-dependencies]\n{}\
         [target.'cfg(windows)'.dependencies]\n{}",
        depends(&["direct", "macros"]),
        depends(&["build"]),
        depends(&["dev"]),
        depends(&["windows"]),
    ));
    let below = "[dependencies]\nindirect = { path = \"../indirect\" }\n";
    tree.package("direct", "license = \"MIT\"", below);
    let below =
        "[lib]\nproc-macro = true\n[dependencies]\nmacro-part = { path = \"../macro-part\" }\n";
    tree.package("macros", "license = \"GPL-3.0\"", below);
    for name in ["indirect", "windows"] {
        tree.package(name, "license = \"MIT\"", "");
    }
    for name in ["build", "dev", "macro-part"] {
        tree.package(name, "license = \"GPL-3.0\"", "");
    }
    let notice = tree.lock().notice();
    let rows = notice.lines().filter_map(|line| line.strip_prefix("| "));
    let names: Vec<_> = rows.filter_map(|row| row.split(" 1.2.3 ").next()).collect();
    assert_eq!(
        names.into_iter().skip(2).collect::<Vec<_>>(),
        ["direct", "indirect", "windows"]
    );
}

#[test]
fn a_licence_that_is_not_allowed_is_an_error() {
    let names = ["good", "copyleft", "none", "nonsense"];
    let tree = Tree::new(&format!("[dependencies]\n{}", depends(&names)));
    tree.package("good", "license = \"MIT\"", "");
    tree.package("copyleft", "license = \"MIT AND AGPL-3.0-only\"", "");
    tree.package("none", "", "");
    tree.package("nonsense", "license = \"Whatever You Like\"", "");
    let error = licences::write(&tree.lock().root()).unwrap_err();
    let told = format!("{error:#}");
    for line in [
        "copyleft 1.2.3: is under MIT AND AGPL-3.0-only",
        "none 1.2.3: names no licence",
        "nonsense 1.2.3: cannot be understood: Whatever You Like",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(!told.contains("good"), "{told}");
    assert!(!tree.root().join(NOTICE).exists());
}

#[test]
fn a_stale_notice_is_reported() {
    let tree = Tree::new(&format!("[dependencies]\n{}", depends(&["one"])));
    tree.package("one", "license = \"MIT\"", "");
    let root = tree.lock().root();
    let told = |root: &Path| licences::check(root).unwrap_err().to_string();
    assert!(told(&root).starts_with("missing: crates/repass-cli/THIRD-PARTY.md"));
    assert_eq!(licences::write(&root).unwrap(), [format!("wrote {NOTICE}")]);
    licences::check(&root).unwrap();
    assert_eq!(licences::write(&root).unwrap(), Vec::<String>::new());
    tree.file("one/LICENSE", "its own");
    assert!(told(&root).starts_with("stale: crates/repass-cli/THIRD-PARTY.md"));
}
