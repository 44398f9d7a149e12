//! The table of policies in `openapi/README.md` says what the contract says.

#![allow(clippy::unwrap_used, reason = "also in what the tests share")]

use std::path::{Path, PathBuf};

use xtask::policy::{self, Extension, PasswordPolicy, Secret};
use xtask::spec;

/// The first line of the table.
const HEAD: &str = "| schema | policy | length | classes | specials | also |";

/// What is wrong with the table, or nothing.
fn differences(readme: &str, secrets: &[Secret]) -> Vec<String> {
    let rows: Vec<_> = (readme.lines())
        .skip_while(|line| *line != HEAD)
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let mut differences = Vec::new();
    let mut expected = Vec::new();
    for secret in secrets {
        let Some(policy) = &secret.policy else {
            continue;
        };
        let row = row(secret, policy);
        if !rows.contains(&row.as_str()) {
            differences.push(format!(
                "openapi/README.md: the row of `{}` is to be: {row}",
                secret.name
            ));
        }
        expected.push(format!("| `{}` |", secret.name));
    }
    for row in &rows {
        if !expected.iter().any(|start| row.starts_with(start)) {
            differences.push(format!("openapi/README.md: remove the row: {row}"));
        }
    }
    if differences.is_empty() && rows.len() != expected.len() {
        differences.push("openapi/README.md: a row stands twice".to_owned());
    }
    differences
}

/// The row as it has to be written.
fn row(secret: &Secret, policy: &PasswordPolicy) -> String {
    let PasswordPolicy {
        min_length,
        max_length,
        extension,
    } = policy;
    let Extension {
        min_classes,
        specials,
        forbidden_first,
        not_username,
        not_old,
        deny_list,
    } = extension;
    let mut also = Vec::new();
    if !forbidden_first.is_empty() {
        also.push(format!("`forbiddenFirst: {forbidden_first:?}`"));
    }
    if *not_username {
        also.push("`notUsername`".to_owned());
    }
    if *not_old {
        also.push("`notOld`".to_owned());
    }
    if !deny_list.is_empty() {
        also.push(format!("`denyList` ({} words)", deny_list.len()));
    }
    format!(
        "| `{}` | `{}` | {min_length}–{max_length} | {min_classes} | {} | {} |",
        secret.name,
        secret.policy_name(),
        code(specials),
        also.join(", ")
    )
}

/// The characters in a table's code span. A space at the end, which nobody would see, is told in
/// words; a backtick needs the longer fence. A bar needs a backslash before it, and stands last:
/// Markdown cannot show one behind a backslash that is a special itself.
fn code(specials: &str) -> String {
    let (visible, space) = match specials.strip_suffix(' ') {
        Some(visible) => (visible, " and the space"),
        None => (specials, ""),
    };
    let mut shown = visible.replace('|', "");
    if shown.len() < visible.len() {
        shown.push_str("\\|");
    }
    if shown.contains('`') {
        format!("`` {shown} ``{space}")
    } else {
        format!("``{shown}``{space}")
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    let readme = repository().join("openapi/README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    text.replace("\r\n", "\n")
}

fn secrets() -> Vec<Secret> {
    let specs = spec::load(&repository()).unwrap();
    (specs.iter())
        .flat_map(|spec| policy::secrets(spec).unwrap())
        .collect()
}

#[test]
fn the_table_of_policies_says_what_the_contract_says() {
    let differences = differences(&readme(), &secrets());
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn a_row_that_differs_is_told() {
    let mut secrets = secrets();
    let longer = secrets.iter_mut().find(|one| one.name == "DmsPassword");
    longer.unwrap().policy.as_mut().unwrap().max_length = 33;
    secrets.retain(|one| one.name != "DdmAdminPassword");
    let told = differences(&readme(), &secrets);
    let [row, gone] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        row.contains("the row of `DmsPassword` is to be: | `DmsPassword` | `dms` | 8–33 |"),
        "{row}"
    );
    assert!(
        gone.contains("remove the row: | `DdmAdminPassword` |"),
        "{gone}"
    );
}
