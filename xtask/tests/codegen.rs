//! `cargo xtask codegen` on copies of the real contract, each in a folder of its own.

#![allow(clippy::unwrap_used, reason = "also in what the tests share")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use similar::{ChangeTag, TextDiff};
use tempfile::TempDir;
use xtask::spec::{self, Spec};
use xtask::{client, codegen};

const POLICY_FILE: &str = "crates/repass-policy/src/generated.rs";
const DMS_FILE: &str = "crates/repass-client/src/generated/dms.rs";
const ORPHAN: &str = "crates/repass-client/src/generated/gone.rs";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of the contract with everything generated from it.
fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("openapi")).unwrap();
    for entry in fs::read_dir(repository().join("openapi")).unwrap() {
        let from = entry.unwrap().path();
        if from
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let to = copy.path().join("openapi").join(from.file_name().unwrap());
            fs::copy(from, to).unwrap();
        }
    }
    codegen::write(copy.path()).unwrap();
    copy
}

fn read(copy: &TempDir, path: &str) -> String {
    fs::read_to_string(copy.path().join(path)).unwrap()
}

fn write(copy: &TempDir, path: &str, text: &str) {
    fs::write(copy.path().join(path), text).unwrap();
}

/// Files with what they hold and when they were written.
type Files = BTreeMap<PathBuf, (String, SystemTime)>;

fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let written = fs::metadata(&path).unwrap().modified().unwrap();
            files.insert(path.clone(), (fs::read_to_string(path).unwrap(), written));
        }
    }
    files
}

/// One file stale, one missing, one orphaned.
fn spoil(copy: &TempDir) {
    let stale = read(copy, DMS_FILE).replace("pub struct ResetPasswordRequest", "struct Edited");
    write(copy, DMS_FILE, &stale);
    fs::remove_file(copy.path().join(POLICY_FILE)).unwrap();
    write(copy, ORPHAN, "// Generated once.\n");
}

#[test]
fn the_repository_has_what_would_be_generated() {
    // The message lists each file and says what to run.
    codegen::check(&repository()).unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn check_tells_everything_and_writes_nothing() {
    let copy = copy();
    spoil(&copy);
    let before = files(copy.path());

    let error = codegen::check(copy.path()).unwrap_err().to_string();

    let lines: Vec<_> = error.lines().collect();
    for line in [
        &format!("stale: {DMS_FILE}"),
        &format!("missing: {POLICY_FILE}"),
        &format!("orphaned: {ORPHAN}"),
        "  -    struct Edited {",
        "  +    pub struct ResetPasswordRequest {",
    ] {
        assert!(lines.contains(&line), "no line {line:?} in\n{error}");
    }
    let last = lines.last().copied();
    assert_eq!(
        last,
        Some("run `cargo xtask codegen` and commit what it changes")
    );
    assert_eq!(files(copy.path()), before);
}

#[test]
fn a_long_difference_is_cut_short() {
    let copy = copy();
    write(&copy, DMS_FILE, "");
    let error = codegen::check(copy.path()).unwrap_err().to_string();
    assert!(error.lines().count() < 30, "{error}");
    assert!(error.contains(" more lines\n"), "{error}");
}

#[test]
fn write_repairs_everything_once() {
    let copy = copy();
    let good = files(copy.path());
    spoil(&copy);

    let changes = codegen::write(copy.path()).unwrap();

    let expected = [
        format!("removed {ORPHAN}"),
        format!("wrote {DMS_FILE}"),
        format!("wrote {POLICY_FILE}"),
    ];
    assert_eq!(changes, expected);
    codegen::check(copy.path()).unwrap();
    let repaired = files(copy.path());
    let without_times = |files: &Files| -> Vec<_> {
        let files = files.iter();
        let texts = files.map(|(path, (text, _))| (path.clone(), text.clone()));
        texts.collect()
    };
    assert_eq!(without_times(&repaired), without_times(&good));

    assert_eq!(codegen::write(copy.path()).unwrap(), [""; 0]);
    assert_eq!(files(copy.path()), repaired);
}

/// The YAML with a rule of `DmsPassword` set to this value.
fn with_rule(yaml: &str, key: &str, value: &str) -> String {
    // Lengths belong to the schema, all others to the extension.
    let (above, indent) = match key {
        "minLength" | "maxLength" => ("      type: string", "      "),
        _ => ("      x-password-policy:", "        "),
    };
    let mut inside = false;
    let mut lines = Vec::new();
    for line in yaml.lines() {
        if line.starts_with("    ") && !line.starts_with("     ") {
            inside = line == "    DmsPassword:";
        }
        if !inside || !line.trim_start().starts_with(&format!("{key}:")) {
            lines.push(line.to_owned());
        }
        if inside && line == above {
            lines.push(format!("{indent}{key}: {value}"));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn one_rule_in_the_contract_is_one_line_of_rust() {
    let copy = copy();
    let yaml = read(&copy, "openapi/dms.yaml");
    let before = read(&copy, POLICY_FILE);
    for (key, value, line) in [
        ("minLength", "1", "min_length: 1,"),
        ("maxLength", "100", "max_length: 100,"),
        ("minClasses", "1", "min_classes: 1,"),
        ("specials", "'-~'", r#"alphabet: Alphabet::new("-~"),"#),
        ("forbiddenFirst", "'~'", r#"forbidden_first: "~","#),
        ("notUsername", "true", "not_username: true,"),
        ("notOld", "true", "not_old: true,"),
        (
            "denyList",
            "[Kettle-418]",
            r#"deny_list: DenyList::new(&["Kettle-418"]),"#,
        ),
    ] {
        write(&copy, "openapi/dms.yaml", &with_rule(&yaml, key, value));

        let changes = codegen::write(copy.path()).unwrap();

        assert_eq!(changes, [format!("wrote {POLICY_FILE}")], "{key}");
        let after = read(&copy, POLICY_FILE);
        let diff = TextDiff::from_lines(&before, &after);
        let changed: Vec<_> = diff
            .iter_all_changes()
            .filter(|change| change.tag() != ChangeTag::Equal)
            .collect();
        let [removed, added] = changed.as_slice() else {
            panic!("{key} changed more than a line: {changed:?}");
        };
        assert_eq!(removed.tag(), ChangeTag::Delete);
        assert_eq!(added.tag(), ChangeTag::Insert);
        assert_eq!(added.value().trim(), line);
        // The same field, in the same place.
        let field = |line: &str| line.trim().split(':').next().map(str::to_owned);
        assert_eq!(field(removed.value()), field(line));
        assert_eq!(added.new_index(), removed.old_index());
        let above: Vec<_> = after.lines().take(added.new_index().unwrap()).collect();
        let policy = above.iter().rfind(|line| line.contains("pub const"));
        assert!(
            policy.unwrap().contains(" DMS:"),
            "{key} changed {policy:?}"
        );

        write(&copy, "openapi/dms.yaml", &yaml);
        codegen::write(copy.path()).unwrap();
    }
}

#[test]
fn one_word_of_an_extension_is_one_line_of_rust() {
    const RULES_FILE: &str = "crates/repass-client/src/generated/rules.rs";
    let copy = copy();
    let before = read(&copy, RULES_FILE);
    for (file, from, to, removed, added) in [
        (
            "openapi/dcs.yaml",
            "x-retry: never",
            "x-retry: unavailable",
            "retry: RetryClass::Never,",
            "retry: RetryClass::Unavailable,",
        ),
        (
            "openapi/dcs.yaml",
            "failed: { certainty: refused }",
            "failed: { certainty: accepted }",
            "certainty: ProvenCertainty::Refused,",
            "certainty: ProvenCertainty::Accepted,",
        ),
        (
            "openapi/dms.yaml",
            "kind: ssl-disabled",
            "kind: busy",
            "kind: ErrorKind::SslDisabled,",
            "kind: ErrorKind::Busy,",
        ),
    ] {
        let yaml = read(&copy, file);
        assert!(yaml.contains(from), "{from}");
        write(&copy, file, &yaml.replacen(from, to, 1));

        let changes = codegen::write(copy.path()).unwrap();

        assert_eq!(changes, [format!("wrote {RULES_FILE}")], "{to}");
        let after = read(&copy, RULES_FILE);
        let diff = TextDiff::from_lines(&before, &after);
        let changed: Vec<_> = (diff.iter_all_changes())
            .filter(|change| change.tag() != ChangeTag::Equal)
            .map(|change| change.value().trim().to_owned())
            .collect();
        assert_eq!(changed, [removed, added], "{to}");
        write(&copy, file, &yaml);
        codegen::write(copy.path()).unwrap();
    }
}

fn specs() -> Vec<Spec> {
    spec::load(&repository()).unwrap()
}

#[test]
fn a_replacement_that_is_passed_over_is_told_with_its_place() {
    for spec in specs() {
        let asked = client::replacements(&spec);
        for (index, (schema, rust)) in asked.iter().enumerate() {
            let mut without = asked.clone();
            without.remove(index);
            let mut wrong = asked.clone();
            wrong[index].1 = "::elsewhere::Type".to_owned();
            for given in [without, wrong] {
                let code = client::generate_with(&spec, &given).unwrap();
                let error = client::honoured(&spec, &asked, &code).unwrap_err();
                let error = error.to_string();
                // The operation and what in it, and the type that it should have.
                let mut uses = spec.uses().into_iter();
                let used = uses.find(|used| used.component == Some(schema)).unwrap();
                let place = format!("{}: ", used.place);
                let lines = error.lines().skip(1);
                let mut named = lines.filter(|line| line.contains(&place) && line.ends_with(rust));
                assert!(error.starts_with(&spec.file), "{error}");
                assert!(named.next().is_some(), "no {place}… {rust} in\n{error}");
            }
        }
    }
}

#[test]
fn a_replacement_acts_in_its_own_file_alone() {
    let specs = specs();
    let spec = |name| specs.iter().find(|spec| spec.name == name).unwrap();
    let (dcs, dms) = (spec("dcs"), spec("dms"));
    let request = "pub struct ResetPasswordRequest";
    let before = client::generate(dcs).unwrap();
    assert!(before.contains(request));

    let replaced = ("ResetPasswordRequest".to_owned(), "crate::Other".to_owned());
    let code = client::generate_with(dms, &[replaced]).unwrap();

    assert!(!code.contains(request));
    assert_eq!(client::generate(dcs).unwrap(), before);
    for spec in &specs {
        let schemas: Vec<_> = spec.schemas().map(|(name, _)| name).collect();
        for (schema, _) in client::replacements(spec) {
            assert!(
                schemas.contains(&schema.as_str()),
                "{}: {schema}",
                spec.file
            );
        }
    }
}

#[test]
fn an_unknown_key_of_the_extension_is_told_with_file_and_schema() {
    let copy = copy();
    let yaml = read(&copy, "openapi/dms.yaml");
    write(
        &copy,
        "openapi/dms.yaml",
        &with_rule(&yaml, "minClases", "3"),
    );
    let before = files(copy.path());

    for error in [
        codegen::check(copy.path()).unwrap_err(),
        codegen::write(copy.path()).unwrap_err(),
    ] {
        let expected =
            "openapi/dms.yaml: DmsPassword: x-password-policy: unknown field `minClases`";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    assert_eq!(files(copy.path()), before);
}

#[test]
fn a_syntax_error_is_told_with_file_and_line() {
    let copy = copy();
    let yaml = read(&copy, "openapi/dms.yaml");
    let line = yaml.lines().position(|line| line == "components:").unwrap() + 1;
    // A stray bracket, a tab, a key that is there already.
    for bad in ["components: }", "\tcomponents:", "paths:"] {
        let text = yaml.replacen("\ncomponents:", &format!("\n{bad}"), 1);
        write(&copy, "openapi/dms.yaml", &text);

        let error = format!("{:#}", codegen::check(copy.path()).unwrap_err());

        let start = format!("openapi/dms.yaml: error: line {line} column ");
        assert!(error.starts_with(&start), "{bad}: {error}");
        // The place in a form that a terminal makes a link, and no word twice.
        assert!(
            error.contains(&format!("--> openapi/dms.yaml:{line}:")),
            "{error}"
        );
        assert_eq!(error.matches(&format!("line {line}")).count(), 1, "{error}");
    }
}
