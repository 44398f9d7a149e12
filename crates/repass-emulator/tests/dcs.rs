//! DCS: an old password that is verified and counted to a lock, and a reset that asks for none.
#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value has null for what it lacks"
)]

mod http;

use std::time::Duration;

use http::{Answer, path, send, start};
use repass_emulator::{Clock, Emulator, Fleet, Kind, Options};
use serde_json::{Value, json};

const RIGHT: &str = Fleet::DCS_PASSWORD;
const WRONG: &str = "Not-The-Password-1";

async fn change(emulator: &Emulator, old: &str, new: &str) -> Answer {
    let body = json!({"old_password": old, "new_password": new}).to_string();
    send(
        emulator,
        "put",
        &path("v2", Fleet::DCS_ID, "password"),
        &body,
    )
    .await
}

async fn reset(emulator: &Emulator, body: &str) -> Answer {
    send(
        emulator,
        "post",
        &path("v2", Fleet::DCS_ID, "password/reset"),
        body,
    )
    .await
}

fn current(emulator: &Emulator, candidate: &str) -> bool {
    emulator.password_is(Fleet::DCS_ID, None, candidate)
}

fn summary((status, body): Answer) -> String {
    let text = |field: &str| body[field].as_str().unwrap_or("null").to_owned();
    let [result, tries] = ["result", "retry_times_left"].map(text);
    let [lock, left] = ["lock_time", "lock_time_left"].map(text);
    format!("{status} {result}, tries {tries}, lock {lock}, left {left}")
}

#[tokio::test]
async fn wrong_old_passwords_are_counted_to_a_lock_that_ends() {
    let clock = Clock::default();
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let emulator = Emulator::start_with(Fleet::built_in(), options)
        .await
        .unwrap();
    let new = "Redis-Example-2024";

    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(summary(change(&emulator, WRONG, new).await));
    }
    // The right password is of no use during the lock, and the lock gets no longer.
    seen.push(summary(change(&emulator, RIGHT, new).await));
    clock.advance(Duration::from_secs(4 * 60 + 30));
    seen.push(summary(change(&emulator, WRONG, new).await));
    assert!(current(&emulator, RIGHT));
    clock.advance(Duration::from_secs(31));
    seen.push(summary(change(&emulator, WRONG, new).await));
    seen.push(summary(change(&emulator, RIGHT, new).await));
    seen.push(summary(
        change(&emulator, RIGHT, "Redis-Example-2025").await,
    ));
    assert!(current(&emulator, new));

    insta::assert_snapshot!(seen.join("\n"), @r"
    200 passwordFailed, tries 4, lock null, left null
    200 passwordFailed, tries 3, lock null, left null
    200 passwordFailed, tries 2, lock null, left null
    200 passwordFailed, tries 1, lock null, left null
    200 passwordFailed, tries 0, lock 5, left 5
    200 locked, tries 0, lock 5, left 5
    200 locked, tries 0, lock 5, left 1
    200 passwordFailed, tries 4, lock null, left null
    200 success, tries 5, lock 0, left 0
    200 passwordFailed, tries 4, lock null, left null
    ");
}

/// Neither the clock nor the count of tries has an end that a test could run into.
#[tokio::test]
async fn a_clock_and_a_count_at_their_ends_are_no_panic() {
    let clock = Clock::default();
    let mut fleet = Fleet::built_in();
    for instance in &mut fleet.instances {
        if let Kind::Dcs(dcs) = &mut instance.kind {
            dcs.wrong = u32::MAX;
        }
    }
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let emulator = Emulator::start_with(fleet, options).await.unwrap();
    let new = "Redis-Example-2024";
    let mut seen = vec![summary(change(&emulator, WRONG, new).await)];
    for _ in 0..2 {
        clock.advance(Duration::MAX);
        seen.push(summary(change(&emulator, WRONG, new).await));
    }
    insta::assert_snapshot!(seen.join("\n"), @r"
    200 passwordFailed, tries 0, lock 5, left 5
    200 passwordFailed, tries 4, lock null, left null
    200 passwordFailed, tries 3, lock null, left null
    ");
}

#[tokio::test]
async fn a_reset_works_during_a_lock_and_does_not_end_it() {
    let emulator = start().await;
    for _ in 0..5 {
        change(&emulator, WRONG, "Redis-Example-2024").await;
    }
    let (status, answer) = reset(&emulator, r#"{"new_password":"Redis-Example-2024"}"#).await;
    assert_eq!((status, answer["code"].as_str()), (200, Some("1")));
    assert!(current(&emulator, "Redis-Example-2024"));
    let (_, answer) = change(&emulator, "Redis-Example-2024", "Redis-Example-2025").await;
    assert_eq!(answer["result"], "locked");
}

#[tokio::test]
async fn an_instance_becomes_password_free_and_gets_a_password_again() {
    let emulator = start().await;
    let (status, _) = reset(&emulator, r#"{"no_password_access":true}"#).await;
    assert_eq!(status, 200);
    assert!(!current(&emulator, RIGHT));
    let (status, answer) = change(&emulator, RIGHT, "Redis-Example-2024").await;
    assert_eq!(
        (status, answer["error_code"].as_str()),
        (400, Some("DCS.4850"))
    );
    let (status, _) = reset(
        &emulator,
        r#"{"new_password":"Redis-Example-2024","no_password_access":false}"#,
    )
    .await;
    assert_eq!(status, 200);
    assert!(current(&emulator, "Redis-Example-2024"));
}

#[tokio::test]
async fn refused_calls_change_nothing_and_cost_no_try() {
    let emulator = start().await;
    for (body, code) in [
        (r#"{}"#, "DCS.4845"),
        (r#"{"no_password_access":false}"#, "DCS.4845"),
        (r#"{"new_password":null}"#, "DCS.4845"),
        (
            r#"{"new_password":null,"no_password_access":true}"#,
            "DCS.4845",
        ),
        (r#"{"new_password":12345678}"#, "DCS.4845"),
        (r#"{"new_password":"short"}"#, "DCS.4019"),
        (r#"{"new_password":"Redis:Example:2024"}"#, "DCS.4019"),
        (
            r#"{"new_password":"Redis-Example-2024","no_password_access":true}"#,
            "DCS.4849",
        ),
        (
            r#"{"new_password":"Redis-Example-2024","no_password_access":"no"}"#,
            "DCS.4843",
        ),
        (
            r#"{"new_password":"Redis-Example-2024","no_password_access":null}"#,
            "DCS.4843",
        ),
        ("", "DCS.4004"),
        ("{", "DCS.4005"),
    ] {
        let (status, answer) = reset(&emulator, body).await;
        assert_eq!(
            (status, answer["error_code"].as_str()),
            (400, Some(code)),
            "{body}"
        );
    }
    for (old, new, code) in [
        (RIGHT, "short", "DCS.4019"),
        (RIGHT, RIGHT, "DCS.4019"),
        (WRONG, "short", "DCS.4019"),
    ] {
        let (status, answer) = change(&emulator, old, new).await;
        assert_eq!(
            (status, answer["error_code"].as_str()),
            (400, Some(code)),
            "{old} {new}"
        );
    }
    assert!(current(&emulator, RIGHT));
    let (_, answer) = change(&emulator, WRONG, "Redis-Example-2024").await;
    assert_eq!(answer["retry_times_left"], Value::from("4"));
}
