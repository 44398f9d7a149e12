//! Plain requests, as any tool in any language sends them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests; none of them uses all of it"
)]

use repass_emulator::{Clock, Emulator, Fleet, Options};
use serde_json::{Value, json};

/// A status and a JSON body; `null` where there is none.
pub(crate) type Answer = (u16, Value);

pub(crate) async fn start() -> Emulator {
    Emulator::start(Fleet::built_in()).await.unwrap()
}

/// Starts with the built-in fleet and this clock.
pub(crate) async fn start_at(clock: &Clock) -> Emulator {
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    Emulator::start_with(Fleet::built_in(), options)
        .await
        .unwrap()
}

/// Sends a body with the built-in token and gives the answer.
pub(crate) async fn send(emulator: &Emulator, method: &str, path: &str, body: &str) -> Answer {
    send_with(emulator, method, path, body, Some(Fleet::TOKEN)).await
}

/// Sends a body with this token, or with none.
pub(crate) async fn send_with(
    emulator: &Emulator,
    method: &str,
    path: &str,
    body: &str,
    token: Option<&str>,
) -> Answer {
    let method = method.to_uppercase().parse().unwrap();
    let request = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = request
        .request(method, format!("{}{path}", emulator.url()))
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .body(body.to_owned());
    if let Some(token) = token {
        request = request.header("x-auth-token", token);
    }
    answer(request.send().await.unwrap()).await
}

/// The status and the body, which is JSON and says so.
pub(crate) async fn answer(answer: reqwest::Response) -> Answer {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["x-request-id"].len(), 32);
    let json = answer
        .headers()
        .get("content-type")
        .is_some_and(|value| value == "application/json");
    let body = answer.bytes().await.unwrap();
    assert_eq!(json, !body.is_empty(), "a body is JSON and says so");
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).unwrap()
    };
    (status, body)
}

/// What the built-in user gets from IAM: a token, and the body beside it.
pub(crate) async fn log_in(emulator: &Emulator) -> (String, Value) {
    let request = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = request
        .post(format!("{}/v3/auth/tokens", emulator.url()))
        .body(login_body(Fleet::USER_PASSWORD));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let token = answer.headers()["x-subject-token"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = answer.bytes().await.unwrap();
    (token, serde_json::from_slice(&body).unwrap())
}

/// What the built-in user asks IAM with this password.
pub(crate) fn login_body(password: &str) -> String {
    let domain = json!({"name": Fleet::DOMAIN});
    let user = json!({"name": Fleet::USER, "password": password, "domain": domain});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    let scope = json!({"project": {"name": Fleet::PROJECT_NAME}});
    json!({"auth": {"identity": identity, "scope": scope}}).to_string()
}

/// The path of an instance of the built-in project: `/v2/{project}/instances/{id}/{rest}`.
pub(crate) fn path(version: &str, instance_id: &str, rest: &str) -> String {
    format!(
        "/{version}/{}/instances/{instance_id}/{rest}",
        Fleet::PROJECT_ID
    )
}
