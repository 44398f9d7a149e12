//! Failures on request, asked for as a test in any language would: by the control.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the wire is part of the tests"
)]

mod http;

use std::time::Duration;

use http::{log_in, path, send, send_with, start};
use repass_client::emulator::types;
use repass_client::{
    Certainty, Client, Credentials, Endpoints, Error, ErrorKind, InstanceId, ProjectId,
    ResetPassword, RetryConfig, emulator,
};
use repass_client::{DcsOldPassword, DcsPassword};
use repass_emulator::{Emulator, Fault, FaultKind, Fleet, When};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NEW: &str = "Redis-Example-2024";

fn client(emulator: &Emulator) -> Client {
    let once = RetryConfig {
        attempts: 1,
        ..RetryConfig::default()
    };
    let client = Client::new(
        Endpoints::all(&emulator.url()).unwrap(),
        ProjectId::new(Fleet::PROJECT_ID).unwrap(),
        Credentials::token(Fleet::TOKEN).unwrap(),
    );
    client.unwrap().with_retries(once)
}

fn control(emulator: &Emulator) -> emulator::Client {
    emulator::Client::new(&emulator.url(), client(emulator).transport())
}

fn redis() -> InstanceId {
    InstanceId::new(Fleet::DCS_ID).unwrap()
}

async fn change(emulator: &Emulator) -> Result<(), Error> {
    let old = DcsOldPassword::new(Fleet::DCS_PASSWORD);
    let new = DcsPassword::new(NEW).unwrap();
    let (client, redis) = (client(emulator), redis());
    let changed = client.dcs_change_password(&redis, &old, &new).await;
    changed.map(drop)
}

/// Adds a fault by the control and changes the password of the Redis instance: what the client
/// says, and whether the password changed.
async fn change_with(fault: Value) -> (Result<(), Error>, bool) {
    let emulator = start().await;
    let (status, _) = send(&emulator, "post", "/_emulator/faults", &fault.to_string()).await;
    assert_eq!(status, 201, "{fault}");
    let result = change(&emulator).await;
    (result, emulator.password_is(Fleet::DCS_ID, None, NEW))
}

fn told(result: &Result<(), Error>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(error) if error.certainty() == Certainty::Refused => format!(
            "refused {} {} {:?}",
            error.status().unwrap_or_default(),
            error.code().unwrap_or_default(),
            error.kind()
        ),
        Err(error) if error.certainty() == Certainty::Unknown => format!(
            "unknown {:?} {} {:?}",
            error.status(),
            error.code().unwrap_or_default(),
            error.kind()
        ),
        Err(error) => format!("{error}"),
    }
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let mut lines = Vec::new();
    for fault in [
        json!({"fault": "latency", "milliseconds": 1}),
        json!({"fault": "latency", "milliseconds": 1, "when": "after"}),
        json!({"fault": "throttle", "per_second": 0}),
        json!({"fault": "throttle", "per_second": 1}),
        json!({"fault": "error"}),
        json!({"fault": "error", "when": "after"}),
        json!({"fault": "error", "status": 503, "code": "DCS.5017", "message": "no quota"}),
        json!({"fault": "error", "status": 400, "code": "DCS.4097"}),
        // The contract has the rest.
        json!({"fault": "error", "code": "DCS.4097"}),
        json!({"fault": "error", "code": "APIGW.0302"}),
        json!({"fault": "error", "code": "DCS.9999"}),
        json!({"fault": "error", "status": 504, "code": "APIGW.0201", "when": "after"}),
        json!({"fault": "cut"}),
        json!({"fault": "cut", "when": "after"}),
        json!({"fault": "truncate"}),
        json!({"fault": "html"}),
        json!({"fault": "html", "when": "after", "status": 503}),
        json!({"fault": "expired_token"}),
        json!({"fault": "answer", "status": 200, "body": "{}"}),
        json!({"fault": "answer", "status": 408, "when": "after"}),
        json!({"fault": "late", "seconds": 60}),
        json!({"fault": "late", "seconds": 0}),
        json!({"fault": "rollback", "seconds": 60}),
        json!({"fault": "rollback", "seconds": 0}),
        // About others.
        json!({"fault": "cut", "service": "dms"}),
        json!({"fault": "cut", "operation": "resetPassword"}),
        json!({"fault": "cut", "instance_id": Fleet::DMS_ID}),
        // About this one.
        json!({"fault": "cut", "service": "dcs", "operation": "updatePassword",
               "instance_id": Fleet::DCS_ID, "count": 1, "percent": 100}),
    ] {
        let (result, changed) = change_with(fault.clone()).await;
        let changed = if changed { "changed" } else { "not changed" };
        // Its members in one order, whatever a map of JSON does.
        let fault: Fault = serde_json::from_value(fault).unwrap();
        let fault = serde_json::to_string(&fault).unwrap();
        lines.push(format!("{fault} | {} | {changed}", told(&result)));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// A request as it goes over the wire.
fn wire(method: &str, path: &str, body: &str) -> String {
    let (token, length) = (Fleet::TOKEN, body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-auth-token: {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// What comes back without a network, so that the clock of the tests can jump; nothing if the client
/// gives up after a second.
async fn exchange(emulator: &Emulator, request: String, gives_up: bool) -> String {
    let (mut client, server) = tokio::io::duplex(1 << 16);
    client.write_all(request.as_bytes()).await.unwrap();
    let client = async {
        let mut answer = String::new();
        match gives_up {
            true => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(client);
            }
            false => drop(client.read_to_string(&mut answer).await.unwrap()),
        }
        answer
    };
    tokio::join!(client, emulator.serve(server)).0
}

const KAFKA: &str = "Kafka-Example-2024";

fn reset_kafka() -> String {
    let body = format!(r#"{{"new_password":"{KAFKA}"}}"#);
    wire("POST", &path("v2", Fleet::DMS_ID, "password"), &body)
}

async fn start_with(faults: impl IntoIterator<Item = Fault>) -> Emulator {
    let mut fleet = Fleet::built_in();
    fleet.faults.extend(faults);
    Emulator::start(fleet).await.unwrap()
}

fn latency(when: When, milliseconds: u64) -> Fault {
    let mut latency = Fault::new(FaultKind::Latency);
    (latency.when, latency.milliseconds) = (when, Some(milliseconds));
    latency
}

/// A reset that waits for a minute, before or after: whether the password changed and how many
/// requests are answered, after a second and then.
async fn waits_for_a_minute(when: When, gives_up: bool) -> (bool, usize, bool, usize) {
    let emulator = start_with([latency(when, 60_000)]).await;
    let is_changed = || emulator.password_is(Fleet::DMS_ID, None, KAFKA);
    let is_answered = || emulator.received().len();
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (is_changed(), is_answered())
    };
    let reset = exchange(&emulator, reset_kafka(), gives_up);
    let ((changed, answered), answer) = tokio::join!(meanwhile, reset);
    assert_eq!(answer.is_empty(), gives_up);
    tokio::time::sleep(Duration::from_secs(60)).await;
    (changed, answered, is_changed(), is_answered())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_fault_goes_on_when_it_is_removed() {
    for when in [When::Before, When::After] {
        let emulator = start_with([latency(when, 600_000), latency(when, 600_000)]).await;
        let begun = tokio::time::Instant::now();
        let removed = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            exchange(&emulator, wire("DELETE", "/_emulator/faults", ""), false).await
        };
        let reset = exchange(&emulator, reset_kafka(), false);
        let (removed, answer) = tokio::join!(removed, reset);
        assert!(removed.starts_with("HTTP/1.1 204"), "{removed}");
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(2));
        assert!(emulator.password_is(Fleet::DMS_ID, None, KAFKA));
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_change_waits_for_one_even_if_a_refused_one_is_under_way() {
    let mut lost = Fault::new(FaultKind::Cut);
    (lost.when, lost.count) = (When::After, Some(1));
    let emulator = start_with([latency(When::Before, 800), lost]).await;
    let change = |old: &str| {
        let body = json!({"old_password": old, "new_password": NEW}).to_string();
        let request = wire("PUT", &path("v2", Fleet::DCS_ID, "password"), &body);
        exchange(&emulator, request, false)
    };
    let wrong = change("Wrong");
    let right = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        change(Fleet::DCS_PASSWORD).await
    };
    let (wrong, right) = tokio::join!(wrong, right);
    assert!(wrong.contains("passwordFailed"), "{wrong}");
    assert_eq!(right, "", "its answer is lost");
    assert!(emulator.password_is(Fleet::DCS_ID, None, NEW));
}

#[tokio::test(start_paused = true)]
async fn what_has_arrived_is_carried_out_though_its_client_gives_up() {
    for gives_up in [false, true] {
        let before = waits_for_a_minute(When::Before, gives_up).await;
        assert_eq!(before, (false, 0, true, 1), "{gives_up}");
        let after = waits_for_a_minute(When::After, gives_up).await;
        assert_eq!(after, (true, 0, true, 1), "{gives_up}");
    }
}

#[tokio::test]
async fn a_fault_of_the_fleet_hits_as_often_as_it_says() {
    let mut fleet = Fleet::built_in();
    let mut lost = Fault::new(FaultKind::Cut);
    (lost.when, lost.count) = (When::After, Some(2));
    fleet.faults.push(lost);
    let emulator = Emulator::start(fleet).await.unwrap();
    let reset = ResetPassword::To(DcsPassword::new(NEW).unwrap());
    let client = client(&emulator).with_retries(RetryConfig {
        initial_backoff: Duration::from_millis(1),
        ..RetryConfig::default()
    });
    // Two answers are lost, the third attempt says that it is done.
    client.dcs_reset_password(&redis(), &reset).await.unwrap();
    let statuses: Vec<_> = (emulator.received().iter())
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [None, None, Some(200)]);
    let listed = control(&emulator).list_faults().await.unwrap().into_inner();
    assert_eq!(listed.faults[0].hits, Some(2));
}

#[tokio::test]
async fn throttling_follows_the_clock() {
    let emulator = start().await;
    let fault = json!({"fault": "throttle", "per_second": 2});
    send(&emulator, "post", "/_emulator/faults", &fault.to_string()).await;
    let path = path("v2", Fleet::DMS_ID, "password");
    let body = r#"{"new_password":"Kafka-Example-2024"}"#;
    let mut statuses = Vec::new();
    for _ in 0..2 {
        for _ in 0..2 {
            statuses.push(send(&emulator, "post", &path, body).await.0);
        }
        // However long that took, a second of these is over now.
        send(&emulator, "post", "/_emulator/clock", r#"{"seconds":1}"#).await;
    }
    assert_eq!(statuses, [204, 204, 204, 204]);
}

#[tokio::test]
async fn the_seed_decides_which_share_is_hit() {
    let run = async |seed: u64| {
        let mut fleet = Fleet::built_in();
        let mut some = Fault::new(FaultKind::Error);
        some.percent = Some(50);
        fleet.faults.push(some);
        fleet.seed = seed;
        let emulator = Emulator::start(fleet).await.unwrap();
        let path = path("v2", Fleet::DMS_ID, "password");
        let mut statuses = Vec::new();
        for _ in 0..40 {
            let body = r#"{"new_password":"Kafka-Example-2024"}"#;
            statuses.push(send(&emulator, "post", &path, body).await.0);
        }
        statuses
    };
    let first = run(1).await;
    assert!(first.contains(&204) && first.contains(&500));
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
}

/// The statuses of resets of the Kafka instance while one of the Redis instance comes between two.
async fn statuses(emulator: &Emulator) -> Vec<u16> {
    let (kafka, redis) = (Fleet::DMS_ID, Fleet::DCS_ID);
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let body = r#"{"new_password":"Kafka-Example-2024"}"#;
        statuses.push(
            send(emulator, "post", &path("v2", kafka, "password"), body)
                .await
                .0,
        );
        let body = r#"{"new_password":"Redis-Example-2024"}"#;
        send(emulator, "post", &path("v2", redis, "password/reset"), body).await;
    }
    statuses
}

#[tokio::test]
async fn a_share_depends_on_no_other_fault_and_can_be_had_again() {
    let emulator = start().await;
    let run = async |faults: &[Value]| {
        send(&emulator, "delete", "/_emulator/faults", "").await;
        for fault in faults {
            let (status, _) =
                send(&emulator, "post", "/_emulator/faults", &fault.to_string()).await;
            assert_eq!(status, 201);
        }
        statuses(&emulator).await
    };
    let kafka = json!({"fault": "error", "percent": 50, "service": "dms"});
    let redis = json!({"fault": "error", "percent": 50, "service": "dcs"});
    let mut seeded = kafka.clone();
    seeded["seed"] = 7.into();
    let alone = run(std::slice::from_ref(&kafka)).await;
    assert!(alone.contains(&204) && alone.contains(&500));
    assert_eq!(run(&[kafka.clone(), redis.clone()]).await, alone);
    assert_ne!(run(&[redis.clone(), kafka]).await, alone);
    let seventh = run(std::slice::from_ref(&seeded)).await;
    assert_eq!(run(&[redis, seeded]).await, seventh);
}

#[tokio::test]
async fn a_token_ends_where_there_is_one() {
    let emulator = start().await;
    let fault = json!({"fault": "expired_token"});
    send(&emulator, "post", "/_emulator/faults", &fault.to_string()).await;
    log_in(&emulator).await;
    let signing = Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY).unwrap();
    let endpoints = Endpoints::all(&emulator.url()).unwrap();
    let project = ProjectId::new(Fleet::PROJECT_ID).unwrap();
    let signing = Client::new(endpoints, project, signing).unwrap();
    let reset = ResetPassword::To(DcsPassword::new(NEW).unwrap());
    signing.dcs_reset_password(&redis(), &reset).await.unwrap();
    assert!(
        matches!(change(&emulator).await, Err(error) if error.certainty() == Certainty::Refused)
    );
}

/// The status of a look-up of projects with this token while there are these faults, and how many
/// requests each has hit.
async fn look_up(token: &str, faults: &[Value]) -> (u16, Vec<u64>) {
    let faults = faults.iter().cloned();
    let faults = faults.map(|fault| serde_json::from_value(fault).unwrap());
    let emulator = start_with(faults).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{}/v3/projects", emulator.url()));
    let answer = request.header("x-auth-token", token).send().await;
    let body = match answer {
        Ok(answer) => Some((answer.status().as_u16(), answer.bytes().await)),
        Err(_) => None,
    };
    let status = body.map_or(0, |(status, body)| body.map_or(0, |_| status));
    let (_, listed) = send(&emulator, "get", "/_emulator/faults", "").await;
    let listed = listed["faults"].as_array().unwrap().iter();
    (
        status,
        listed.map(|one| one["hits"].as_u64().unwrap()).collect(),
    )
}

#[tokio::test]
async fn one_fault_alone_strikes_a_request_and_none_after_a_refusal() {
    let after = json!({"fault": "error", "when": "after", "count": 1});
    let good = Fleet::TOKEN;
    for (token, faults, expected) in [
        (good, vec![after.clone()], (500, vec![1])),
        ("another", vec![after.clone()], (401, vec![0])),
        (
            "another",
            vec![json!({"fault": "truncate"})],
            (401, vec![0]),
        ),
        (good, vec![json!({"fault": "truncate"})], (0, vec![1])),
        (
            good,
            vec![json!({"fault": "throttle", "per_second": 0}), after.clone()],
            (429, vec![1, 0]),
        ),
        (
            good,
            vec![json!({"fault": "cut"}), after.clone()],
            (0, vec![1, 0]),
        ),
        (good, vec![after, json!({"fault": "cut"})], (0, vec![0, 1])),
    ] {
        assert_eq!(look_up(token, &faults).await, expected, "{faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_is_removed_strikes_no_request_that_waits() {
    for when in [When::Before, When::After] {
        let mut error = Fault::new(FaultKind::Error);
        error.when = when;
        let emulator = start_with([latency(when, 600_000), error]).await;
        let removed = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            exchange(&emulator, wire("DELETE", "/_emulator/faults", ""), false).await
        };
        let reset = exchange(&emulator, reset_kafka(), false);
        let (_, answer) = tokio::join!(removed, reset);
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_latency_that_is_over_is_waited_for_however_many_others_come() {
    let mut once = latency(When::Before, 60_000);
    once.count = Some(1);
    let others = (1..1000).map(|_| Fault::new(FaultKind::ExpiredToken));
    let others = others.map(|mut fault| {
        fault.service = Some("iam".to_owned());
        fault
    });
    let emulator = start_with([once].into_iter().chain(others)).await;
    let begun = tokio::time::Instant::now();
    let added = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        exchange(
            &emulator,
            wire("POST", "/_emulator/faults", r#"{"fault":"cut"}"#),
            false,
        )
        .await
    };
    let (added, answer) = tokio::join!(added, exchange(&emulator, reset_kafka(), false));
    assert!(added.starts_with("HTTP/1.1 409"), "{added}");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(begun.elapsed() >= Duration::from_secs(60));
}

#[tokio::test]
async fn an_id_is_the_same_however_it_is_written() {
    let emulator = start().await;
    let fault = json!({"fault": "error", "instance_id": Fleet::DMS_ID});
    send(&emulator, "post", "/_emulator/faults", &fault.to_string()).await;
    let path = path("v2", &Fleet::DMS_ID.replace('-', "%2d"), "password");
    let body = r#"{"new_password":"Kafka-Example-2024"}"#;
    assert_eq!(send(&emulator, "post", &path, body).await.0, 500);
}

#[tokio::test]
async fn there_is_an_end_to_faults() {
    let emulator = start().await;
    let fault = r#"{"fault":"error","count":1,"service":"dms"}"#;
    let add = async || send(&emulator, "post", "/_emulator/faults", fault).await;
    for _ in 0..1000 {
        assert_eq!(add().await.0, 201);
    }
    let (status, answer) = add().await;
    assert_eq!(status, 409, "{answer}");
    // One that is over makes room.
    let reset = path("v2", Fleet::DMS_ID, "password");
    assert_eq!(send(&emulator, "post", &reset, "{}").await.0, 500);
    assert_eq!(add().await.0, 201);
    assert_eq!(add().await.0, 409);
    send(&emulator, "delete", "/_emulator/faults", "").await;
    assert_eq!(add().await, (201, json!({"fault_id": 1})));
}

#[tokio::test]
async fn the_generated_client_drives_the_control() {
    let emulator = start().await;
    let control = control(&emulator);
    let fault = json!({"fault": "expired_token", "count": 1});
    let fault: types::Fault = serde_json::from_value(fault).unwrap();
    let added = control.add_fault(&fault).await.unwrap().into_inner();
    assert_eq!(added.fault_id, Some(1));
    let refused = change(&emulator).await.unwrap_err();
    assert!(
        refused.kind() == ErrorKind::ExpiredCredentials,
        "{refused:?}"
    );
    change(&emulator).await.unwrap();

    let shown = control.show_instance(&redis()).await.unwrap().into_inner();
    assert_eq!(shown.state.as_deref(), Some("running"));
    assert!(shown.changed_at.is_some());
    let check = types::PasswordCheck {
        account: None,
        password: repass_client::CandidatePassword::new(NEW),
    };
    let verdict = control.check_password(&redis(), &check).await.unwrap();
    assert_eq!(verdict.into_inner().is_current, Some(true));
    let requests = control.list_requests().await.unwrap().into_inner().requests;
    assert_eq!(requests.len(), 2, "the control's own are not among them");
    control.remove_faults(None).await.unwrap();
    assert!(
        control
            .list_faults()
            .await
            .unwrap()
            .into_inner()
            .faults
            .is_empty()
    );

    let before = control
        .show_clock()
        .await
        .unwrap()
        .into_inner()
        .now
        .unwrap();
    let advance = types::ClockAdvance { seconds: 3600 };
    let after = control.advance_clock(&advance).await.unwrap().into_inner();
    assert!(after.now.unwrap() > before);
    // Sorted by id, some at a time.
    let limit = std::num::NonZeroU32::new(1);
    let mut ids = Vec::new();
    let mut marker = None;
    loop {
        let page = control
            .list_instances(limit, marker.as_deref())
            .await
            .unwrap();
        let Some(instance) = page.into_inner().instances.pop() else {
            break;
        };
        marker.clone_from(&instance.id);
        ids.extend(instance.id);
    }
    assert!(ids.is_sorted());
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn what_the_control_does_not_understand_is_told() {
    // In one order, whatever a map of JSON does.
    let (message, code) = ("m".repeat(4097), "c".repeat(129));
    let long = &format!(r#"{{"fault":"error","message":"{message}","code":"{code}"}}"#);
    let emulator = start().await;
    let mut lines = Vec::new();
    for (method, path, body) in [
        ("post", "/faults", r#"{"fault":"latency"}"#),
        (
            "post",
            "/faults",
            r#"{"fault":"latency","milliseconds":600001}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"cut","status":500,"percent":101}"#,
        ),
        ("post", "/faults", r#"{"fault":"error","status":200}"#),
        ("post", "/faults", r#"{"fault":"error","service":"ecs"}"#),
        (
            "post",
            "/faults",
            r#"{"fault":"error","service":"dms","operation":"updatePassword"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"error","percent":0,"count":0,"status":99999999}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"cut","instance_id":"none","seed":1}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"cut","service":"dms","instance_id":"2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"cut","service":"iam","instance_id":"2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"error","operation":"keystoneListProjects","code":"IAM.0001"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"expired_token","operation":"keystoneCreateUserTokenByPassword"}"#,
        ),
        ("post", "/faults", r#"{"fault":"answer"}"#),
        (
            "post",
            "/faults",
            r#"{"fault":"answer","status":199,"seconds":1}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"answer","status":204,"body":"{}"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"answer","status":200,"headers":{"a b":"","Content-length":"1"}}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"error","headers":{},"body":""}"#,
        ),
        ("post", "/faults", r#"{"fault":"late"}"#),
        (
            "post",
            "/faults",
            r#"{"fault":"late","seconds":31536001,"when":"after"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"rollback","seconds":1,"service":"iam"}"#,
        ),
        (
            "post",
            "/faults",
            r#"{"fault":"late","seconds":1,"operation":"keystoneListProjects"}"#,
        ),
        ("post", "/faults", r#"{"fault":"cut","percent":"all"}"#),
        ("post", "/faults", r#"{"fault":"cut","count":-1}"#),
        ("post", "/faults", r#"{"fault":"fire"}"#),
        ("post", "/faults", long),
        ("post", "/faults", r#"{"fault":"cut","wen":"after"}"#),
        ("post", "/faults", "[]"),
        ("post", "/faults", ""),
        ("delete", "/faults?fault_id=first", ""),
        ("post", "/clock", r#"{"seconds":-1}"#),
        ("post", "/clock", r#"{"seconds":"many"}"#),
        (
            "post",
            "/instances/2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28/password-check",
            r#"{"password":["S3cret-Pass"]}"#,
        ),
        (
            "post",
            "/instances/2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28/password-check",
            r#"{"password":"S3cret-Pass","account":"ddmtest"}"#,
        ),
        (
            "post",
            "/instances/e6b99563-0000-4000-8000-1820d4fd2a67/password-check",
            r#"{"password":"S3cret-Pass"}"#,
        ),
        (
            "post",
            "/instances/e6b99563-0000-4000-8000-1820d4fd2a67/password-check",
            r#"{"password":"S3cret-Pass","account":"nobody"}"#,
        ),
        ("get", "/instances?limit=0", ""),
        ("get", "/instances?limit=many", ""),
        ("get", "/instances/%ff", ""),
        ("put", "/clock", "{}"),
        ("get", "/nothing", ""),
    ] {
        let at = format!("/_emulator{path}");
        let (status, answer) = send_with(&emulator, method, &at, body, None).await;
        let message = answer["error_msg"].as_str().unwrap();
        assert!(!message.contains("S3cret"));
        lines.push(format!("{method} {path} {body:.200} | {status} {message}"));
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_refusal_repeats_little_of_a_long_name() {
    let emulator = start().await;
    let body = format!(r#"{{"fault":"cut","{}":1}}"#, "n".repeat(11 << 20));
    let (status, answer) = send(&emulator, "post", "/_emulator/faults", &body).await;
    assert_eq!(status, 400);
    assert!(answer.to_string().len() < 17 << 10);
}

#[tokio::test]
async fn a_web_page_cannot_send_unasked() {
    let emulator = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let mut request = client.post(format!("{}/_emulator/faults", emulator.url()));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let answer = request.body(r#"{"fault":"cut"}"#).send().await.unwrap();
        assert_eq!(answer.status(), 415, "{kind:?}");
    }
    change(&emulator).await.unwrap();
}

#[tokio::test]
async fn what_comes_after_a_change_waits_for_one() {
    let emulator = start().await;
    let fault = json!({"fault": "cut", "when": "after", "operation": "updatePassword", "count": 1});
    send(&emulator, "post", "/_emulator/faults", &fault.to_string()).await;
    // Refused, in a 400 and in a 200: nothing changed, so there is nothing to come after.
    let path = path("v2", Fleet::DCS_ID, "password");
    for body in [
        json!({"old_password": Fleet::DCS_PASSWORD, "new_password": "short"}),
        json!({"old_password": "Wrong", "new_password": NEW}),
    ] {
        let (status, _) = send(&emulator, "put", &path, &body.to_string()).await;
        assert!([200, 400].contains(&status));
    }
    let lost = change(&emulator).await.unwrap_err();
    assert_eq!(lost.certainty(), Certainty::Unknown, "{lost:?}");
    assert!(emulator.password_is(Fleet::DCS_ID, None, NEW));
}
