//! Fleets: what an emulator does not start with, and what is never shown.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the fleets are part of the tests"
)]

mod http;

use std::io::ErrorKind;

use http::{log_in, path, send};
use repass_emulator::{Account, Emulator, Fleet, Kind};

#[tokio::test]
async fn two_instances_with_one_id_are_refused() {
    let mut fleet = Fleet::built_in();
    for instance in &mut fleet.instances {
        // Ids are unique across services: a path says nothing of the service.
        if let Kind::Dms(_) = instance.kind {
            instance.id = Fleet::DCS_ID.to_owned();
            break;
        }
    }
    let error = Emulator::start(fleet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        format!("two instances have the id {}", Fleet::DCS_ID)
    );
}

#[tokio::test]
async fn nothing_shows_a_password_a_token_or_a_secret_key() {
    let administrator = Account {
        username: "root".to_owned(),
        password: "Admin-Example-2023".into(),
    };
    let mut fleet = Fleet::built_in();
    let mut shown = Vec::new();
    for instance in &mut fleet.instances {
        if let Kind::Ddm(ddm) = &mut instance.kind {
            ddm.administrator = Some(administrator.clone());
        }
        shown.push(("instance", format!("{instance:?} {instance:#?}")));
        shown.push(match &instance.kind {
            Kind::Ddm(ddm) => ("DDM", format!("{ddm:?} {ddm:#?}")),
            Kind::Dcs(dcs) => ("DCS", format!("{dcs:?} {dcs:#?}")),
            Kind::Dms(dms) => ("DMS", format!("{dms:?} {dms:#?}")),
            other => panic!("a service to add here: {other:?}"),
        });
    }
    for (what, text) in [
        ("users", format!("{:?} {0:#?}", fleet.users)),
        ("keys", format!("{:?} {0:#?}", fleet.access_keys)),
        ("projects", format!("{:?} {0:#?}", fleet.projects)),
    ] {
        shown.push((what, text));
    }
    shown.push(("account", format!("{administrator:?} {administrator:#?}")));
    shown.push(("fleet", format!("{fleet:?} {fleet:#?}")));

    let emulator = Emulator::start(fleet).await.unwrap();
    let password = path("v2", Fleet::DMS_ID, "password");
    for body in [
        r#"{"new_password":"Kafka-Example-2024"}"#,
        "Kafka-Example-2025",
    ] {
        send(&emulator, "post", &password, body).await;
    }
    let (issued, _) = log_in(&emulator).await;
    let received = emulator.received();
    assert_eq!(received.len(), 3);
    shown.push(("received", format!("{received:?} {received:#?}")));
    shown.push(("emulator", format!("{emulator:?} {emulator:#?}")));

    for (what, shown) in shown {
        // All the passwords are `…-Example-20…`.
        for secret in ["-Example-20", Fleet::TOKEN, Fleet::SECRET_KEY, &issued] {
            assert!(!shown.contains(secret), "{what}: {shown}");
        }
    }
}
