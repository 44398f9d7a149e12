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

/// A login with this identity and this scope: its status and body.
async fn log_in_by(emulator: &Emulator, identity: Value, project: Value) -> (u16, Value) {
    let scope = json!({ "project": project });
    let body = json!({"auth": {"identity": identity, "scope": scope}}).to_string();
    send_with(emulator, "post", "/v3/auth/tokens", &body, None).await
}

const OTHER_DOMAIN: &str = "OTC00000000001000000002";

/// The built-in fleet with a user of another account.
async fn start_with_two() -> Emulator {
    let mut fleet = Fleet::built_in();
    let mut bob = fleet.users[0].clone();
    (bob.domain, bob.name) = (OTHER_DOMAIN.to_owned(), "bob".to_owned());
    fleet.users.push(bob);
    Emulator::start(fleet).await.unwrap()
}

#[tokio::test]
async fn users_and_domains_have_names_and_ids() {
    let emulator = start_with_two().await;
    let by_password = |user: Value| {
        let mut user = user;
        user["password"] = Fleet::USER_PASSWORD.into();
        json!({"methods": ["password"], "password": {"user": user}})
    };
    let project = || json!({"id": Fleet::PROJECT_ID});
    let mut users = Vec::new();
    for (name, domain) in [(Fleet::USER, Fleet::DOMAIN), ("bob", OTHER_DOMAIN)] {
        let user = json!({"name": name, "domain": {"name": domain}});
        let (status, body) = log_in_by(&emulator, by_password(user), project()).await;
        assert_eq!(status, 201);
        let user = body["token"]["user"].clone();
        assert_eq!(
            (&user["name"], &user["domain"]["name"]),
            (&name.into(), &domain.into())
        );
        users.push(user);
    }
    assert_ne!(users[0]["id"], users[1]["id"]);
    assert_ne!(users[0]["domain"]["id"], users[1]["domain"]["id"]);
    let (alice, bob) = (&users[0], &users[1]);
    let (domain, other) = (&alice["domain"]["id"], &bob["domain"]["id"]);
    for (user, expected) in [
        (json!({"name": "alice", "domain": {"id": domain}}), 201),
        (json!({"id": alice["id"]}), 201),
        (json!({"id": alice["id"], "name": "alice"}), 201),
        (json!({"id": alice["id"], "name": "bob"}), 401),
        (json!({"name": "alice", "domain": {"id": other}}), 401),
        (
            json!({"name": "alice", "domain": {"id": domain, "name": OTHER_DOMAIN}}),
            401,
        ),
        (json!({"id": alice["domain"]["id"]}), 401),
        // Not enough, or not of the right type.
        (json!({"name": "alice"}), 400),
        (json!({"name": "alice", "domain": {}}), 400),
        (json!({"name": "alice", "domain": {"id": null}}), 400),
        (json!({"name": "alice", "domain": [domain]}), 400),
        (json!({"id": null}), 400),
        (json!({}), 400),
    ] {
        let (status, body) = log_in_by(&emulator, by_password(user.clone()), project()).await;
        assert_eq!(status, expected, "{user}: {body}");
    }
    for (project, expected) in [
        (json!({"name": "eu-de", "domain": {"id": domain}}), 201),
        (
            json!({"name": "eu-de", "domain": {"name": OTHER_DOMAIN}}),
            201,
        ),
        (json!({"name": "eu-de", "domain": {"name": "another"}}), 404),
        (json!({"name": "eu-de", "domain": null}), 400),
        (json!([Fleet::PROJECT_ID]), 400),
    ] {
        let user = json!({"id": alice["id"]});
        let (status, body) = log_in_by(&emulator, by_password(user), project.clone()).await;
        assert_eq!(status, expected, "{project}: {body}");
    }
}

#[tokio::test]
async fn a_token_is_exchanged_for_another() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    let by_token = |token: &str| json!({"methods": ["token"], "token": {"id": token}});
    let project = || json!({"name": Fleet::PROJECT_NAME});
    let (token, first) = log_in(&emulator).await;
    clock.advance(HOUR);
    let (status, second) = log_in_by(&emulator, by_token(&token), project()).await;
    assert_eq!(status, 201);
    let (first, second) = (&first["token"], &second["token"]);
    assert_eq!(second["methods"], json!(["token"]));
    // It lasts no longer than the first one.
    assert_eq!(second["expires_at"], first["expires_at"]);
    assert_ne!(second["issued_at"], first["issued_at"]);
    for part in ["user", "project", "roles", "catalog"] {
        assert_eq!(second[part], first[part], "{part}");
        assert!(!second[part].is_null());
    }
    // The fleet's own does not end, so a whole lifetime is given.
    let (status, body) = log_in_by(&emulator, by_token(Fleet::TOKEN), project()).await;
    assert_eq!(status, 201, "{body}");
    let (status, _) = log_in_by(&emulator, by_token("another"), project()).await;
    assert_eq!(status, 401);
    clock.advance(24 * HOUR);
    let (status, _) = log_in_by(&emulator, by_token(&token), project()).await;
    assert_eq!(status, 401);
    // A method needs its own member.
    for identity in [
        json!({"methods": ["token"]}),
        json!({"methods": ["token"], "token": null}),
        json!({"methods": ["password"], "token": {"id": Fleet::TOKEN}}),
        json!({"methods": [], "token": {"id": Fleet::TOKEN}}),
    ] {
        let (status, _) = log_in_by(&emulator, identity.clone(), project()).await;
        assert_eq!(status, 400, "{identity}");
    }
}

/// A browser gets the page at the same place.
#[tokio::test]
async fn every_client_but_a_browser_finds_the_versions() {
    let emulator = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str, accept: &str| {
        let request = client.get(format!("{}{path}", emulator.url()));
        let answer = request.header("accept", accept).send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            String::from_utf8(answer.bytes().await.unwrap().into()).unwrap(),
        )
    };
    let href = format!(r#""href":"{}/v3/""#, emulator.url());
    for (path, accept, status) in [
        ("/", "application/json", 300),
        ("/", "Application/JSON;q=0.9, */*", 300),
        ("/", "*/*", 300),
        ("/v3", "application/json", 200),
        ("/v3", "*/*", 200),
        ("/v3/", "*/*", 200),
    ] {
        let (found, body) = get(path, accept).await;
        assert_eq!(found, status, "{path} {accept}");
        assert!(
            body.contains(&href) && body.contains(r#""id":"v3.6""#),
            "{body}"
        );
    }
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for accept in [browser, "Text/HTML", "text/html, application/json"] {
        let (status, body) = get("/", accept).await;
        assert_eq!(status, 200, "{accept}");
        assert!(body.starts_with("<!doctype html>"), "{accept}");
    }
}
