//! Fleets as files: what may stand in one, and how a mistake is told.
#![allow(clippy::unwrap_used, reason = "the files are part of the tests")]

use std::fmt::Write;

use repass_emulator::{Emulator, Fleet, FleetFile};
use serde_json::Value;

fn mistakes(text: &str) -> String {
    Fleet::from_yaml(text).unwrap_err().to_string()
}

#[test]
fn the_built_in_fleet_is_such_a_file() {
    let fleet = Fleet::from_yaml(Fleet::BUILT_IN).unwrap();
    assert_eq!(fleet.projects[0].id, Fleet::PROJECT_ID);
    let ids: Vec<_> = fleet.instances.iter().map(|one| one.id.as_str()).collect();
    let known = [
        Fleet::DDM_ID,
        Fleet::DCS_ID,
        Fleet::DMS_ID,
        Fleet::DMS_WITHOUT_SSL_ID,
    ];
    assert_eq!(ids, known);
}

/// A file with everything that may stand in one.
const WHOLE: &str = include_str!("fleet.yaml");

#[test]
fn the_schema_says_what_may_stand_there() {
    let schema = schemars::schema_for!(FleetFile).to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for text in [Fleet::BUILT_IN, WHOLE] {
        let file: Value = serde_saphyr::from_str(text).unwrap();
        let problems: Vec<_> = (validator.iter_errors(&file))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(problems, [""; 0]);
        Fleet::from_yaml(text).unwrap();
    }
    // And what may not.
    for wrong in [
        "{}",
        "projects: []",
        "projects: [{id: p, name: n, colour: red}]",
        "projects: [{id: p, name: n}]\ninstances: [{service: ecs, id: i}]",
        "projects: [{id: p, name: n}]\nfaults: [{fault: fire}]",
        "projects: [{id: p, name: n}]\nsettings: {ddm_errors: both}",
    ] {
        let file: Value = serde_saphyr::from_str(wrong).unwrap();
        assert!(!validator.is_valid(&file), "{wrong}");
        assert!(Fleet::from_yaml(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_first_thing_that_is_no_fleet_is_told() {
    let mut lines = String::new();
    for text in [
        "",
        "projects",
        "projects: [",
        "projects:\n\t- id: p",
        "{}",
        "projects:\n  - id: p\n    name: n\n    colour: S3cret-Pass",
        "projects:\n  - id: p\n    id: q\n    name: n",
        "projects:\n  - id: p",
        "projects: S3cret-Pass",
        "projects:\n  - id: [S3cret-Pass]\n    name: n",
        "projects: [{id: p, name: n}]\ninstances:\n  - service: dms\n    id: i\n    ssl: S3cret-Pass",
        "projects: [{id: p, name: n}]\ninstances:\n  - service: dms\n    id: i\n    password: [1]",
        "projects: [{id: p, name: n}]\ninstances:\n  - service: dcs\n    id: i\n    tries: -1",
        "projects: [{id: p, name: n}]\ninstances:\n  - service: dcs\n    id: i\n    state: S3cret",
        "projects: [{id: p, name: n}]\nfaults:\n  - fault: fire",
        "projects: [{id: p, name: n}]\n---\nprojects: []",
        "projects: [{id: p, name: n}]\ninstances:\n  - service: dcs\n    id: i\n    password:",
        "projects: [{id: p, name: n}]\ninstances:\n  - service: dcs\n    id: i\n    tries: 18446744073709551616",
    ] {
        let told = mistakes(text);
        assert!(!told.contains("S3cret"), "{told}");
        assert!(!told.contains('\n'), "the first one only: {told}");
        writeln!(lines, "{text:?}\n  {told}").unwrap();
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn all_that_has_no_meaning_is_told_at_once() {
    let told = mistakes(include_str!("mistaken-fleet.yaml"));
    assert!(!told.contains("S3cret"), "{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_hundred_thousand_instances_are_a_fleet() {
    let mut text = Fleet::BUILT_IN.to_owned();
    for number in 0..100_000 {
        writeln!(
            text,
            "  - {{service: dcs, id: 00000000-0000-4000-8000-{number:012x}, \
             password: Redis-Example-2023}}"
        )
        .unwrap();
    }
    let fleet = Fleet::from_yaml(&text).unwrap();
    let emulator = Emulator::start(fleet).await.unwrap();
    let last = format!("00000000-0000-4000-8000-{:012x}", 99_999);
    assert!(emulator.password_is(&last, None, "Redis-Example-2023"));
}

#[test]
fn a_text_that_looks_like_no_number_hides_no_line() {
    let text = "projects: [{id: .nan, name: -.inf}]\ninstances:\n  - service: redis\n    id: i\n";
    insta::assert_snapshot!(
        mistakes(text),
        @"line 3: instances[0].service: is unknown; give ddm, dcs or dms"
    );
}

#[test]
fn aliases_save_writing() {
    let mut text = "projects: [{id: p, name: n}]\ninstances:\n  - &first\n    service: dcs\n    \
         id: 00000000-0000-4000-8000-000000000000\n    password: &password Redis-Example-2023\n"
        .to_owned();
    for number in 1..60_000 {
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let entry = match number % 2 {
            0 => format!("{{<<: *first, id: &id{number} {id}}}"),
            _ => format!("{{service: dcs, id: {id}, password: *password}}"),
        };
        writeln!(text, "  - {entry}").unwrap();
    }
    assert_eq!(Fleet::from_yaml(&text).unwrap().instances.len(), 60_000);
    let bomb = "projects: [{id: p, name: n}]\nfaults:\n  - &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    let bomb = ('b'..'k').fold((bomb, 'a'), |(text, last), name| {
        let all = vec![format!("*{last}"); 10].join(",");
        (format!("{text}  - &{name} [{all}]\n"), name)
    });
    // Whatever is told first, it is told soon.
    assert!(Fleet::from_yaml(&bomb.0).is_err());
}

#[test]
fn faults_beyond_the_limit_are_told() {
    let mut text = "projects: [{id: p, name: n}]\nfaults:\n".to_owned();
    text += &"  - {fault: cut}\n".repeat(1000);
    Fleet::from_yaml(&text).unwrap();
    text += "  - {fault: cut}\n";
    insta::assert_snapshot!(mistakes(&text), @"line 3: faults: are more than 1000; leave some out");
}

#[test]
fn many_mistakes_are_cut_short() {
    let mut text = "projects: [{id: p, name: n}]\ninstances:\n".to_owned();
    for _ in 0..150 {
        text += "  - {service: ddm, id: i}\n";
    }
    let told = mistakes(&text);
    assert_eq!(told.lines().count(), 101);
    assert!(told.ends_with("\nand 49 more"), "{told}");
}
