//! The fleet file: what it means, its JSON Schema, and its errors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "the steps are part of the tests"
)]

use std::path::Path;

use repass_rotate::fleet::{Fleet, FleetFile, StoreAddress};
use repass_rotate::record::{Operation, Target};

fn read(text: &str) -> Result<Fleet, String> {
    let fleet = Fleet::from_yaml(text, Path::new("/fleet"), Path::new("/fleet/fleet.key"));
    fleet.map_err(|error| error.to_string())
}

const EXAMPLE: &str = "
cloud: otc
store: sqlite:repass.db
publish: [/usr/local/bin/to-kubernetes, --namespace, shop]
rotate_after: 90d
parallel: 8
credentials:
  - name: orders-cache
    dcs: { instance_id: 2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28 }
    login: rediss://10.0.0.5:6379
  - name: sessions
    dcs: { instance_id: 3b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28, method: change }
    rotate_after: 12h
  - name: events
    dms: { instance_id: 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57, username: app }
    login: kafka://10.0.0.6:9093
  - name: orders-db
    ddm: { instance_id: e6b99563-0000-4000-8000-1820d4fd2a67, username: orders }
    login: mysql://10.0.0.7:3306
  - name: orders-admin
    ddm_admin: { instance_id: e6b99563-0000-4000-8000-1820d4fd2a67, username: root_admin }
    login: mysql://10.0.0.7:3306
";

const DAY: u64 = 24 * 60 * 60 * 1000;

#[test]
fn a_file_has_a_meaning() {
    let fleet = read(EXAMPLE).unwrap();
    assert_eq!(fleet.store, StoreAddress::Sqlite("/fleet/repass.db".into()));
    assert_eq!(fleet.key.as_deref(), Some(Path::new("/fleet/fleet.key")));
    assert_eq!(fleet.parallel, 8);
    assert_eq!(fleet.access.cloud.as_deref(), Some("otc"));
    let [cache, sessions, events, orders, admin] = &fleet.credentials[..] else {
        panic!("{fleet:?}");
    };
    let target = |operation, instance: &str, account: Option<&str>| Target {
        operation,
        instance: instance.to_owned(),
        account: account.map(str::to_owned),
    };
    let (redis, kafka) = (
        "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28",
        "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57",
    );
    let ddm = "e6b99563-0000-4000-8000-1820d4fd2a67";
    assert_eq!(cache.target, target(Operation::DcsReset, redis, None));
    assert_eq!(sessions.target.operation, Operation::DcsChange);
    assert_eq!(events.target, target(Operation::DmsReset, kafka, None));
    assert_eq!(
        orders.target,
        target(Operation::DdmAccount, ddm, Some("orders"))
    );
    assert_eq!(
        admin.target,
        target(Operation::DdmAdmin, ddm, Some("root_admin"))
    );
    assert_eq!(
        events.login.as_ref().unwrap().to_string(),
        "kafka://10.0.0.6:9093"
    );
    assert!(sessions.login.is_none());
    assert_eq!(
        (cache.rotate_after, sessions.rotate_after),
        (90 * DAY, DAY / 2)
    );

    // The date follows from the name, within a tenth, and is the same tomorrow.
    let rules = cache.rules(&fleet);
    assert!((81 * DAY..=90 * DAY).contains(&rules.interval));
    assert_eq!(rules, cache.rules(&fleet));
    assert_ne!(rules.interval, events.rules(&fleet).interval);
    assert!(rules.publish && rules.login && !sessions.rules(&fleet).login);
    assert!(rules.lease > rules.deadline);
}

#[test]
fn the_schema_allows_the_example_and_refuses_what_the_reader_does() {
    let schema = serde_json::to_value(schemars::schema_for!(FleetFile)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let valid = |yaml: &str| {
        let value: serde_json::Value = serde_saphyr::from_str(yaml).unwrap();
        validator.is_valid(&value)
    };
    assert!(valid(EXAMPLE));
    for (from, to) in [
        ("90d", "90 days"),
        ("parallel: 8", "parallel: 0"),
        ("orders-cache", "orders cache"),
        ("method: change", "method: replace"),
        ("cloud: otc", "clouds: otc"),
        ("store: sqlite:repass.db", "cloud_: x"),
        ("username: orders ", "user: orders "),
    ] {
        let changed = EXAMPLE.replace(from, to);
        assert_ne!(changed, EXAMPLE);
        assert!(!valid(&changed), "{to}");
        assert!(read(&changed).is_err(), "{to}");
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema).unwrap());
}

#[test]
fn all_errors_are_reported_with_their_lines() {
    let error = read(
        "store: mysql://root:hunter2@10.0.0.1/repass
rotate_after: 3 weeks
parallel: 5000
endpoints: { dcs: 'https://dcs.example.com', obs: 'https://obs.example.com' }
login_ca: missing.pem
credentials:
  - name: one
    dcs: { instance_id: a/b }
    login: rediss://user:hunter2@10.0.0.5:6379
  - name: one
    dms: { instance_id: x }
    login: kafka://10.0.0.5:9093
  - name: three
  - name: four
    dcs: { instance_id: y }
    dms: { instance_id: y }
  - name: ../five
    dcs: { instance_id: z }
    rotate_after: 0d
  - name: six
    dcs: { instance_id: z, method: change }
    login: 10.0.0.5
  - name: seven
    ddm_admin: { instance_id: z, username: 1admin }
",
    )
    .unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
    insta::assert_snapshot!(error);
}

#[test]
fn what_is_not_this_yaml_is_reported_first_and_not_quoted() {
    let mut reported = String::new();
    for text in [
        "",
        "store: [sqlite]",
        "store: sqlite:hunter2\ncredential: []",
        "store: sqlite:hunter2",
        "store: sqlite:hunter2\nparallel: hunter2\ncredentials: []",
        "store: sqlite:hunter2\nstore: sqlite:hunter2\ncredentials: []",
        "store: sqlite:hunter2\ncredentials:\n\t- hunter2",
        "store: sqlite:hunter2\ncredentials: []",
        "store: sqlite:hunter2\ncredentials: [{ name: a, dcs: { instance_id: a, method: hunter2 } }]",
        "store: a\n---\nstore: b",
    ] {
        let error = read(text).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
        reported += &format!("{error}\n");
    }
    insta::assert_snapshot!(reported);
}

#[test]
fn a_large_fleet_is_read() {
    let mut text = "store: sqlite:repass.db\ncredentials:\n".to_owned();
    for index in 0..100_000 {
        text += &format!("  - name: c{index}\n    dcs: {{ instance_id: i{index} }}\n");
    }
    assert_eq!(read(&text).unwrap().credentials.len(), 100_000);
}
