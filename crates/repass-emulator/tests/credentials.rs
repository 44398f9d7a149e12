//! What the gateway lets through: a token, or a signature that is right in every part.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the calls are part of the tests"
)]

use std::time::Duration;

use repass_client::sign::{Signed, authorization};
use repass_client::{
    Client, Credentials, DmsPassword, Endpoints, Error, InstanceId, ProjectId, Secret,
};
use repass_emulator::{Clock, Emulator, Fleet, Options};

async fn start(clock: &Clock) -> Emulator {
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    Emulator::start_with(Fleet::built_in(), options)
        .await
        .unwrap()
}

/// What a reset with these credentials comes to: `204`, or the status and code of a refusal.
async fn reset(emulator: &Emulator, credentials: Credentials) -> String {
    let endpoints = Endpoints::all(&emulator.url()).unwrap();
    let project = ProjectId::new(Fleet::PROJECT_ID).unwrap();
    let client = Client::new(endpoints, project, credentials).unwrap();
    let instance = InstanceId::new(Fleet::DMS_ID).unwrap();
    let password = DmsPassword::new("Kafka-Example-2024").unwrap();
    match client.dms_reset_password(&instance, &password).await {
        Ok(outcome) => outcome.status.to_string(),
        Err(Error::Refused(refusal)) => format!("{} {}", refusal.status, refusal.code.unwrap()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_token_or_a_key_pair_opens_the_project() {
    let emulator = start(&Clock::default()).await;
    let (key, secret) = (Fleet::ACCESS_KEY, Fleet::SECRET_KEY);
    for (credentials, result) in [
        (Credentials::token(Fleet::TOKEN), "204"),
        (Credentials::access_key(key, secret), "204"),
        (
            Credentials::temporary_access_key(key, secret, "security-token"),
            "204",
        ),
        (Credentials::token("another"), "401 APIGW.0301"),
        (Credentials::access_key(key, "another"), "401 APIGW.0301"),
        (Credentials::access_key("another", secret), "401 APIGW.0301"),
    ] {
        let credentials = credentials.unwrap();
        let shown = format!("{credentials:?}");
        assert_eq!(reset(&emulator, credentials).await, result, "{shown}");
    }
}

#[tokio::test]
async fn a_signature_is_good_for_a_quarter_of_an_hour() {
    let clock = Clock::default();
    let emulator = start(&clock).await;
    let pair = || Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY).unwrap();
    clock.advance(Duration::from_secs(14 * 60));
    assert_eq!(reset(&emulator, pair()).await, "204");
    clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(reset(&emulator, pair()).await, "401 APIGW.0301");
}

/// A request as it was signed, and what was changed of it on the way.
#[tokio::test]
async fn a_request_that_was_changed_on_the_way_is_refused() {
    let emulator = start(&Clock::default()).await;
    let host = emulator.url().replace("http://", "");
    let path = format!(
        "/v2/{}/instances/{}/password",
        Fleet::PROJECT_ID,
        Fleet::DMS_ID
    );
    let body = r#"{"new_password":"Kafka-Example-2024"}"#;
    let date = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let sign = |headers: &[(&str, &str)]| {
        let signed = Signed {
            method: "POST",
            path: &path,
            query: "",
            headers,
            body: body.as_bytes(),
        };
        authorization(Fleet::ACCESS_KEY, &Secret::from(Fleet::SECRET_KEY), &signed)
    };
    let all = sign(&[
        ("host", &host),
        ("x-sdk-date", &date),
        ("content-type", "application/json"),
    ]);
    let other_body = r#"{"new_password":"Kafka-Example-2025"}"#;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (what, authorization, path, date, body, status) in [
        ("nothing", &all, &*path, &*date, body, 204),
        ("the body", &all, &path, &date, other_body, 401),
        ("the query", &all, &format!("{path}?x=1"), &date, body, 401),
        (
            "the instance",
            &all,
            &path.replace("/6f", "/7f"),
            &date,
            body,
            401,
        ),
        ("the date", &all, &path, "20240102T030405Z", body, 401),
        ("the form of the date", &all, &path, "yesterday", body, 401),
        (
            "the date is not signed",
            &sign(&[("host", &host)]),
            &path,
            &date,
            body,
            401,
        ),
        (
            "the host is not signed",
            &sign(&[("x-sdk-date", &date)]),
            &path,
            &date,
            body,
            401,
        ),
        (
            "another scheme",
            &"Basic dTpw".to_owned(),
            &path,
            &date,
            body,
            401,
        ),
        (
            "no signature",
            &all.replace("Signature=", "S="),
            &path,
            &date,
            body,
            401,
        ),
    ] {
        let request = http
            .post(format!("http://{host}{path}"))
            .header("authorization", authorization)
            .header("x-sdk-date", date)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
    }
    assert!(emulator.password_is(Fleet::DMS_ID, None, "Kafka-Example-2024"));
}
