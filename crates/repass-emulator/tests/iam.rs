//! IAM: tokens that are new each time and end, and the project by its name.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the answers are part of the tests"
)]

mod http;

use std::time::Duration;

use http::{log_in, login_body, path, send_with, start, start_at};
use repass_emulator::{Clock, Emulator, Fleet, Options};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What a reset of the Kafka instance with this token comes to: its status, and the code of a
/// refusal.
async fn reset(emulator: &Emulator, token: &str, password: &str) -> (u16, Value) {
    let path = path("v2", Fleet::DMS_ID, "password");
    let body = json!({ "new_password": password }).to_string();
    let (status, body) = send_with(emulator, "post", &path, &body, Some(token)).await;
    (status, body["error_code"].clone())
}

#[tokio::test]
async fn each_login_gives_a_token_of_its_own() {
    let emulator = start().await;
    let (first, body) = log_in(&emulator).await;
    let (second, _) = log_in(&emulator).await;
    assert_ne!(first, second);
    for (token, password) in [
        (first, "Kafka-Example-2024"),
        (second, "Kafka-Example-2025"),
    ] {
        assert_eq!(token.len(), 64);
        assert_eq!(reset(&emulator, &token, password).await.0, 204);
        assert!(emulator.password_is(Fleet::DMS_ID, None, password));
    }

    let time = |field: &str| {
        let text = body["token"][field].as_str().unwrap();
        assert_eq!(text.len(), "2024-01-03T03:04:05.000000Z".len(), "{text}");
        text.parse::<jiff::Timestamp>().unwrap()
    };
    let lifetime = time("expires_at").duration_since(time("issued_at"));
    assert_eq!(lifetime.unsigned_abs(), 24 * HOUR);
}

#[tokio::test]
async fn a_token_that_has_ended_has_to_be_renewed() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    let (token, _) = log_in(&emulator).await;
    clock.advance(23 * HOUR);
    assert_eq!(
        reset(&emulator, &token, "Kafka-Example-2024").await,
        (204, Value::Null)
    );

    clock.advance(HOUR);
    let ended = (401, Value::from("APIGW.0307"));
    assert_eq!(reset(&emulator, &token, "Kafka-Example-2025").await, ended);
    let (renewed, _) = log_in(&emulator).await;
    assert_eq!(reset(&emulator, &token, "Kafka-Example-2025").await, ended);
    let projects = send_with(&emulator, "get", "/v3/projects", "", Some(&token)).await;
    assert_eq!((projects.0, projects.1["error_code"].clone()), ended);
    assert!(emulator.password_is(Fleet::DMS_ID, None, "Kafka-Example-2024"));

    for (good, password) in [
        (renewed.as_str(), "Kafka-Example-2025"),
        (Fleet::TOKEN, "Kafka-Example-2026"),
    ] {
        assert_eq!(reset(&emulator, good, password).await, (204, Value::Null));
    }
}

#[tokio::test]
async fn a_lifetime_at_its_ends_is_no_panic() {
    for (token_lifetime, expected) in [
        (Duration::ZERO, (401, Value::from("APIGW.0307"))),
        (Duration::MAX, (204, Value::Null)),
    ] {
        let options = Options {
            token_lifetime,
            ..Options::default()
        };
        options.clock.advance(Duration::MAX);
        let emulator = Emulator::start_with(Fleet::built_in(), options).await;
        let emulator = emulator.unwrap();
        let (token, _) = log_in(&emulator).await;
        assert_eq!(
            reset(&emulator, &token, "Kafka-Example-2024").await,
            expected
        );
    }
}

#[tokio::test]
async fn the_project_is_found_by_its_name() {
    let emulator = start().await;
    let (issued, _) = log_in(&emulator).await;
    for token in [Fleet::TOKEN, &issued] {
        for (query, found) in [
            ("", true),
            ("?name=eu-de", true),
            ("?name=eu%2Dde", true),
            ("?enabled=true&name=eu-de", true),
            ("?name=eu-de_production", false),
            ("?name=eu", false),
            ("?name=EU-DE", false),
            ("?name=", false),
            ("?name=%ff", false),
        ] {
            let path = format!("/v3/projects{query}");
            let (status, body) = send_with(&emulator, "get", &path, "", Some(token)).await;
            let projects = body["projects"].as_array().unwrap();
            let ids: Vec<_> = projects.iter().map(|project| &project["id"]).collect();
            let expected = vec![Fleet::PROJECT_ID; usize::from(found)];
            assert_eq!(status, 200);
            assert_eq!(ids, expected, "{query}");
            assert!(body["links"]["next"].is_null());
        }
    }
    for token in [None, Some("another")] {
        let (status, body) = send_with(&emulator, "get", "/v3/projects", "", token).await;
        assert_eq!(
            (status, &body["error_code"]),
            (401, &Value::from("APIGW.0301"))
        );
    }
}

/// Somebody who does not know the password learns nothing of the projects.
#[tokio::test]
async fn a_wrong_password_comes_before_a_wrong_project() {
    let emulator = start().await;
    let body = login_body("Wrong").replace(Fleet::PROJECT_NAME, "eu-nl");
    let (status, answer) = send_with(&emulator, "post", "/v3/auth/tokens", &body, None).await;
    let message = "The username or password is wrong.";
    let error = json!({"code": 401, "message": message, "title": "Unauthorized"});
    assert_eq!((status, answer), (401, json!({ "error": error })));
}

/// A project has an id or a name, or both; null is neither.
#[tokio::test]
async fn a_project_that_is_null_is_no_project() {
    let emulator = start().await;
    let named = format!(r#"{{"name":"{}"}}"#, Fleet::PROJECT_NAME);
    for (project, expected) in [
        (named.as_str(), 201),
        (r#"{"name":"eu-de","id":null}"#, 400),
        (
            r#"{"name":null,"id":"0123456789abcdef0123456789abcdef"}"#,
            400,
        ),
        ("{}", 400),
    ] {
        let body = login_body(Fleet::USER_PASSWORD).replace(&named, project);
        let (status, _) = send_with(&emulator, "post", "/v3/auth/tokens", &body, None).await;
        assert_eq!(status, expected, "{project}");
    }
}
