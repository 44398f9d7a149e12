//! Answers that a fault gives, changes that are applied late or rolled back, and the callback that is
//! told each password.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the calls are part of the tests"
)]

mod http;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{path, send, start, start_at};
use repass_emulator::{Clock, Emulator, Fleet, OnPassword, Options, PasswordSet};
use serde_json::{Value, json};

const REDIS: &str = Fleet::DCS_PASSWORD;
const KAFKA: &str = "Kafka-Example-2023";
const ACCOUNT: &str = "Account-Example-2023";

async fn add(emulator: &Emulator, fault: Value) {
    let (status, answer) = send(emulator, "post", "/_emulator/faults", &fault.to_string()).await;
    assert_eq!(status, 201, "{fault}: {answer}");
}

async fn advance(emulator: &Emulator, seconds: u64) {
    let body = json!({ "seconds": seconds }).to_string();
    let (status, _) = send(emulator, "post", "/_emulator/clock", &body).await;
    assert_eq!(status, 200);
}

/// A reset of the Kafka instance: the status, or none if the connection was cut.
async fn reset_kafka(emulator: &Emulator, password: &str) -> Option<u16> {
    let body = json!({ "new_password": password });
    call(
        emulator,
        "POST",
        &path("v2", Fleet::DMS_ID, "password"),
        body,
    )
    .await
}

async fn reset_redis(emulator: &Emulator, body: Value) -> Option<u16> {
    let path = path("v2", Fleet::DCS_ID, "password/reset");
    call(emulator, "POST", &path, body).await
}

async fn change_redis(emulator: &Emulator, old: &str, new: &str) -> Option<u16> {
    let body = json!({"old_password": old, "new_password": new});
    call(
        emulator,
        "PUT",
        &path("v2", Fleet::DCS_ID, "password"),
        body,
    )
    .await
}

async fn set_admin(emulator: &Emulator, password: &str) -> Option<u16> {
    let body = json!({"name": "root", "password": password});
    call(
        emulator,
        "PUT",
        &path("v3", Fleet::DDM_ID, "admin-user"),
        body,
    )
    .await
}

async fn reset_account(emulator: &Emulator, password: &str) -> Option<u16> {
    let rest = format!("users/{}/password", Fleet::DDM_USERNAME);
    let body = json!({ "password": password });
    call(emulator, "POST", &path("v2", Fleet::DDM_ID, &rest), body).await
}

async fn call(emulator: &Emulator, method: &str, path: &str, body: Value) -> Option<u16> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .request(method.parse().unwrap(), format!("{}{path}", emulator.url()))
        .header("x-auth-token", Fleet::TOKEN)
        .body(body.to_string());
    let answer = request.send().await.ok()?;
    Some(answer.status().as_u16())
}

fn redis_is(emulator: &Emulator, password: &str) -> bool {
    emulator.password_is(Fleet::DCS_ID, None, password)
}

fn kafka_is(emulator: &Emulator, password: &str) -> bool {
    emulator.password_is(Fleet::DMS_ID, None, password)
}

fn account_is(emulator: &Emulator, account: &str, password: &str) -> bool {
    emulator.password_is(Fleet::DDM_ID, Some(account), password)
}

#[tokio::test]
async fn an_answer_is_given_as_it_is() {
    let emulator = start().await;
    let body = "<html>\u{feff}Access blocked</html>";
    let headers = json!({
        "content-type": "text/html",
        "X-Request-Id": "of the proxy",
        "date": "Wed, 01 Jan 2020 00:00:00 GMT",
        "retry-after": "7",
    });
    for (when, status, is_changed) in [("before", 299, false), ("after", 499, true)] {
        let fault = json!({"fault": "answer", "when": when, "status": status,
                           "headers": headers, "body": body, "count": 1});
        add(&emulator, fault).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let path = path("v2", Fleet::DMS_ID, "password");
        let request = client
            .post(format!("{}{path}", emulator.url()))
            .header("x-auth-token", Fleet::TOKEN)
            .body(r#"{"new_password":"Kafka-Example-2024"}"#);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        for (name, value) in headers.as_object().unwrap() {
            let values: Vec<_> = answer.headers().get_all(name).iter().collect();
            assert_eq!(values, [value.as_str().unwrap()], "{name}");
        }
        assert_eq!(answer.headers()["content-length"], body.len().to_string());
        assert_eq!(answer.bytes().await.unwrap(), body);
        assert_eq!(kafka_is(&emulator, "Kafka-Example-2024"), is_changed);
    }
    // An answer without a body, and without a type for one.
    add(&emulator, json!({"fault": "answer", "status": 202})).await;
    let (status, body) = send(&emulator, "get", "/v3/projects", "").await;
    assert_eq!((status, body), (202, Value::Null));
    let listed = send(&emulator, "get", "/_emulator/faults", "").await.1;
    assert_eq!(listed["faults"][0]["fault"]["headers"], headers);
}

#[tokio::test]
async fn a_late_change_is_applied_when_it_is_due() {
    let emulator = start().await;
    add(
        &emulator,
        json!({"fault": "late", "seconds": 60, "count": 4}),
    )
    .await;
    assert_eq!(reset_kafka(&emulator, "Kafka-Example-2024").await, None);
    assert_eq!(
        change_redis(&emulator, REDIS, "Redis-Example-2024").await,
        None
    );
    assert_eq!(set_admin(&emulator, "Admin-Example-2024").await, None);
    assert_eq!(reset_account(&emulator, "Account-Example-2024").await, None);
    let is_changed = || {
        [
            kafka_is(&emulator, "Kafka-Example-2024"),
            redis_is(&emulator, "Redis-Example-2024"),
            account_is(&emulator, "root", "Admin-Example-2024"),
            account_is(&emulator, Fleet::DDM_USERNAME, "Account-Example-2024"),
        ]
    };
    assert_eq!(is_changed(), [false; 4]);
    assert!(kafka_is(&emulator, KAFKA) && redis_is(&emulator, REDIS));
    assert!(account_is(&emulator, Fleet::DDM_USERNAME, ACCOUNT));
    advance(&emulator, 30).await;
    assert_eq!(is_changed(), [false; 4]);
    advance(&emulator, 30).await;
    assert_eq!(is_changed(), [true; 4]);
}

/// It was under way, whatever came meanwhile.
#[tokio::test]
async fn a_late_change_overrides_what_was_set_meanwhile() {
    let emulator = start().await;
    add(
        &emulator,
        json!({"fault": "late", "seconds": 60, "count": 1}),
    )
    .await;
    assert_eq!(
        change_redis(&emulator, REDIS, "Redis-Example-2024").await,
        None
    );
    assert_eq!(
        change_redis(&emulator, REDIS, "Redis-Example-2025").await,
        Some(200)
    );
    assert!(redis_is(&emulator, "Redis-Example-2025"));
    advance(&emulator, 60).await;
    assert!(redis_is(&emulator, "Redis-Example-2024"));
}

#[tokio::test]
async fn a_late_change_keeps_the_instance_busy_from_then_on() {
    let mut fleet = Fleet::built_in();
    for instance in &mut fleet.instances {
        instance.change_seconds = 30;
    }
    let emulator = Emulator::start(fleet).await.unwrap();
    add(
        &emulator,
        json!({"fault": "late", "seconds": 60, "count": 1}),
    )
    .await;
    assert_eq!(reset_kafka(&emulator, "Kafka-Example-2024").await, None);
    let state = async || {
        let path = format!("/_emulator/instances/{}", Fleet::DMS_ID);
        let (_, shown) = send(&emulator, "get", &path, "").await;
        (shown["state"].clone(), shown["changed_at"].is_string())
    };
    assert_eq!(state().await, ("running".into(), false));
    advance(&emulator, 60).await;
    assert_eq!(state().await, ("busy".into(), true));
    advance(&emulator, 30).await;
    assert_eq!(state().await, ("running".into(), true));
}

/// Each is decided for a request that would change something.
#[tokio::test]
async fn what_is_refused_is_neither_late_nor_rolled_back() {
    for kind in ["late", "rollback"] {
        let emulator = start().await;
        add(&emulator, json!({"fault": kind, "seconds": 60, "count": 1})).await;
        assert_eq!(
            change_redis(&emulator, "Wrong", "Redis-Example-2024").await,
            Some(200)
        );
        assert_eq!(reset_kafka(&emulator, "short").await, Some(400));
        let hits = async || {
            let (_, listed) = send(&emulator, "get", "/_emulator/faults", "").await;
            listed["faults"][0]["hits"].clone()
        };
        assert_eq!(hits().await, 0);
        reset_kafka(&emulator, "Kafka-Example-2024").await;
        assert_eq!(hits().await, 1);
        advance(&emulator, 60).await;
        let expected = kind == "late";
        assert_eq!(kafka_is(&emulator, "Kafka-Example-2024"), expected);
    }
}

#[tokio::test]
async fn another_fault_answers_a_late_change() {
    let emulator = start().await;
    add(
        &emulator,
        json!({"fault": "late", "seconds": 1, "count": 1}),
    )
    .await;
    add(
        &emulator,
        json!({"fault": "html", "when": "after", "status": 504}),
    )
    .await;
    assert_eq!(
        reset_kafka(&emulator, "Kafka-Example-2024").await,
        Some(504)
    );
    assert!(kafka_is(&emulator, KAFKA));
    advance(&emulator, 1).await;
    assert!(kafka_is(&emulator, "Kafka-Example-2024"));
}

#[tokio::test]
async fn a_change_is_rolled_back_whether_it_was_answered_or_not() {
    for (is_lost, kafka, redis) in [(false, Some(204), Some(200)), (true, None, None)] {
        let emulator = start().await;
        add(&emulator, json!({"fault": "rollback", "seconds": 60})).await;
        if is_lost {
            add(&emulator, json!({"fault": "cut", "when": "after"})).await;
        }
        assert_eq!(reset_kafka(&emulator, "Kafka-Example-2024").await, kafka);
        let free = json!({"no_password_access": true});
        assert_eq!(reset_redis(&emulator, free).await, redis);
        assert_eq!(set_admin(&emulator, "Admin-Example-2024").await, redis);
        assert_eq!(
            reset_account(&emulator, "Account-Example-2024").await,
            redis
        );
        assert!(kafka_is(&emulator, "Kafka-Example-2024") && !redis_is(&emulator, REDIS));
        assert!(account_is(&emulator, "root", "Admin-Example-2024"));
        advance(&emulator, 59).await;
        assert!(kafka_is(&emulator, "Kafka-Example-2024"));
        advance(&emulator, 1).await;
        assert!(kafka_is(&emulator, KAFKA) && redis_is(&emulator, REDIS));
        assert!(account_is(&emulator, Fleet::DDM_USERNAME, ACCOUNT));
        let path = format!("/_emulator/instances/{}", Fleet::DDM_ID);
        let (_, shown) = send(&emulator, "get", &path, "").await;
        assert_eq!(shown["administrator"], Value::Null, "{shown}");
    }
}

#[tokio::test]
async fn a_later_change_is_not_rolled_back_with_an_earlier_one() {
    let emulator = start().await;
    add(
        &emulator,
        json!({"fault": "rollback", "seconds": 60, "count": 1}),
    )
    .await;
    assert_eq!(
        reset_account(&emulator, "Account-Example-2024").await,
        Some(200)
    );
    // Another password of the same instance is another matter.
    assert_eq!(set_admin(&emulator, "Admin-Example-2024").await, Some(200));
    add(
        &emulator,
        json!({"fault": "rollback", "seconds": 60, "count": 1}),
    )
    .await;
    assert_eq!(
        reset_kafka(&emulator, "Kafka-Example-2024").await,
        Some(204)
    );
    assert_eq!(
        reset_kafka(&emulator, "Kafka-Example-2024").await,
        Some(204)
    );
    advance(&emulator, 60).await;
    assert!(account_is(&emulator, Fleet::DDM_USERNAME, ACCOUNT));
    assert!(account_is(&emulator, "root", "Admin-Example-2024"));
    assert!(kafka_is(&emulator, "Kafka-Example-2024"));
}

#[tokio::test]
async fn a_change_can_be_late_and_rolled_back() {
    let emulator = start().await;
    add(
        &emulator,
        json!({"fault": "late", "seconds": 60, "count": 1}),
    )
    .await;
    add(
        &emulator,
        json!({"fault": "rollback", "seconds": 60, "count": 1}),
    )
    .await;
    assert_eq!(reset_kafka(&emulator, "Kafka-Example-2024").await, None);
    for expected in [KAFKA, "Kafka-Example-2024", KAFKA] {
        assert!(kafka_is(&emulator, expected), "{expected}");
        advance(&emulator, 60).await;
    }
    assert!(kafka_is(&emulator, KAFKA));
}

#[tokio::test]
async fn late_changes_of_an_instance_have_a_bound() {
    let emulator = start().await;
    add(&emulator, json!({"fault": "late", "seconds": 31_536_000})).await;
    add(
        &emulator,
        json!({"fault": "answer", "when": "after", "status": 504}),
    )
    .await;
    for number in 0..=1000 {
        assert!(kafka_is(&emulator, KAFKA), "{number}");
        let password = format!("Kafka-Example-{number}");
        assert_eq!(reset_kafka(&emulator, &password).await, Some(504));
    }
    assert!(kafka_is(&emulator, "Kafka-Example-0"));
}

/// A test's own clock moves without the control.
#[tokio::test]
async fn a_clock_of_the_test_is_enough() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    add(&emulator, json!({"fault": "late", "seconds": 60})).await;
    assert_eq!(reset_kafka(&emulator, "Kafka-Example-2024").await, None);
    clock.advance(Duration::from_secs(60));
    assert!(kafka_is(&emulator, "Kafka-Example-2024"));
}

/// What a callback was told: instance, account, password.
type Told = Arc<Mutex<Vec<(String, Option<String>, Option<String>)>>>;

/// An emulator whose callback takes its time before it notes what it is told.
async fn start_telling(clock: &Clock) -> (Emulator, Told) {
    let told = Told::default();
    let all = told.clone();
    let note = move |set: PasswordSet| {
        let all = all.clone();
        async move {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let password = set.password.map(|password| password.expose().to_owned());
            let told = (set.instance_id, set.account, password);
            all.lock().unwrap().push(told);
        }
    };
    let options = Options {
        clock: clock.clone(),
        on_password: Some(OnPassword::new(note)),
        ..Options::default()
    };
    let emulator = Emulator::start_with(Fleet::built_in(), options).await;
    (emulator.unwrap(), told)
}

fn taken(told: &Told) -> Vec<(String, Option<String>, Option<String>)> {
    std::mem::take(&mut told.lock().unwrap())
}

fn set(
    id: &str,
    account: Option<&str>,
    password: Option<&str>,
) -> (String, Option<String>, Option<String>) {
    let own = |text: &str| text.to_owned();
    (own(id), account.map(own), password.map(own))
}

#[tokio::test]
async fn each_password_is_told_before_the_answer_leaves() {
    let (emulator, told) = start_telling(&Clock::default()).await;
    assert_eq!(taken(&told), [], "a fleet's own passwords are known");
    let (ddm, dcs, dms) = (Fleet::DDM_ID, Fleet::DCS_ID, Fleet::DMS_ID);
    reset_kafka(&emulator, "Kafka-Example-2024").await;
    assert_eq!(taken(&told), [set(dms, None, Some("Kafka-Example-2024"))]);
    change_redis(&emulator, REDIS, "Redis-Example-2024").await;
    assert_eq!(taken(&told), [set(dcs, None, Some("Redis-Example-2024"))]);
    reset_redis(&emulator, json!({"no_password_access": true})).await;
    assert_eq!(taken(&told), [set(dcs, None, None)]);
    reset_account(&emulator, "Account-Example-2024").await;
    let account = Some(Fleet::DDM_USERNAME);
    assert_eq!(
        taken(&told),
        [set(ddm, account, Some("Account-Example-2024"))]
    );
    set_admin(&emulator, "Admin-Example-2024").await;
    assert_eq!(
        taken(&told),
        [set(ddm, Some("root"), Some("Admin-Example-2024"))]
    );
    // Nothing is set, so nothing is told.
    reset_kafka(&emulator, "short").await;
    reset_redis(&emulator, json!({})).await;
    assert_eq!(taken(&told), []);
    // Nor is anything shown.
    let shown = format!("{emulator:?} {:?}", Options::default());
    assert!(!shown.contains("Example"));
}

#[tokio::test]
async fn a_lost_answer_is_told_like_any_other() {
    let (emulator, told) = start_telling(&Clock::default()).await;
    add(&emulator, json!({"fault": "cut", "when": "after"})).await;
    assert_eq!(reset_kafka(&emulator, "Kafka-Example-2024").await, None);
    let expected = set(Fleet::DMS_ID, None, Some("Kafka-Example-2024"));
    assert_eq!(taken(&told), [expected]);
}

#[tokio::test]
async fn late_changes_and_rollbacks_are_told_before_the_clock_has_moved() {
    let (emulator, told) = start_telling(&Clock::default()).await;
    add(&emulator, json!({"fault": "late", "seconds": 60})).await;
    add(&emulator, json!({"fault": "rollback", "seconds": 60})).await;
    reset_kafka(&emulator, "Kafka-Example-2024").await;
    set_admin(&emulator, "Admin-Example-2024").await;
    assert_eq!(taken(&told), []);
    let sorted = || {
        let mut told = taken(&told);
        told.sort();
        told
    };
    let (ddm, dms) = (Fleet::DDM_ID, Fleet::DMS_ID);
    advance(&emulator, 60).await;
    let applied = [
        set(dms, None, Some("Kafka-Example-2024")),
        set(ddm, Some("root"), Some("Admin-Example-2024")),
    ];
    assert_eq!(sorted(), applied);
    advance(&emulator, 60).await;
    let undone = [set(dms, None, Some(KAFKA)), set(ddm, Some("root"), None)];
    assert_eq!(sorted(), undone);
}

/// Neither a request nor the control brings it about.
#[tokio::test]
async fn a_late_change_is_told_when_its_time_has_come() {
    let clock = Clock::default();
    let (emulator, told) = start_telling(&clock).await;
    add(&emulator, json!({"fault": "late", "seconds": 3600})).await;
    reset_kafka(&emulator, "Kafka-Example-2024").await;
    clock.advance(Duration::from_secs(3600));
    while told.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let expected = set(Fleet::DMS_ID, None, Some("Kafka-Example-2024"));
    assert_eq!(taken(&told), [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_one_instance_are_told_in_the_order_of_their_changes() {
    let (emulator, told) = start_telling(&Clock::default()).await;
    let emulator = Arc::new(emulator);
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let emulator = emulator.clone();
        calls.spawn(async move {
            let password = format!("Kafka-Example-{number}");
            assert_eq!(reset_kafka(&emulator, &password).await, Some(204));
        });
    }
    calls.join_all().await;
    let told = taken(&told);
    assert_eq!(told.len(), 50);
    let (_, _, last) = told.last().unwrap();
    assert!(kafka_is(&emulator, last.as_deref().unwrap()));
}
