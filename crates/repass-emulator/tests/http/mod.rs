//! Plain requests, as any tool in any language sends them.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "a helper of tests; none of them uses all of it"
)]

use repass_emulator::{Emulator, Fleet};
use serde_json::Value;

/// A status and a JSON body; `null` where there is none.
pub(crate) type Answer = (u16, Value);

pub(crate) async fn start() -> Emulator {
    Emulator::start(Fleet::built_in()).await.unwrap()
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
        .header("content-type", "application/json")
        .body(body.to_owned());
    if let Some(token) = token {
        request = request.header("x-auth-token", token);
    }
    let answer = request.send().await.unwrap();
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

/// The path of an instance of the built-in project: `/v2/{project}/instances/{id}/{rest}`.
pub(crate) fn path(version: &str, instance_id: &str, rest: &str) -> String {
    format!(
        "/{version}/{}/instances/{instance_id}/{rest}",
        Fleet::PROJECT_ID
    )
}
