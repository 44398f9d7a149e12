//! What the gateway lets through: a token, or a signature that is right in every part.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the calls are part of the tests"
)]

mod http;

use std::time::Duration;

use http::{Answer, log_in, path, send_with, start, start_at};
use repass_client::sign::{DATE_FORMAT, DATE_HEADER, Signed, authorization};
use repass_client::{
    AdminName, Certainty, Client, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DdmAdminPassword, DmsPassword, Endpoints, Error, InstanceId, Project, ProjectId, ProjectName,
    ResetPassword, Secret, Username,
};
use repass_emulator::{Clock, Emulator, Fleet};
use serde_json::Value;

/// A password that every policy accepts, and that only the tests here set.
const NEW: &str = "Example~Aa-2024";

const BODY: &str = r#"{"new_password":"Kafka-Example-2024"}"#;
const OTHER_BODY: &str = r#"{"new_password":"Kafka-Example-2025"}"#;

/// The three kinds of credentials that open the built-in fleet.
fn every_kind() -> [Credentials; 3] {
    [
        Credentials::token(Fleet::TOKEN),
        Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY),
        Credentials::user(Fleet::DOMAIN, Fleet::USER, Fleet::USER_PASSWORD),
    ]
    .map(Result::unwrap)
}

/// The built-in project by its id and by its name.
fn every_project() -> [Project; 2] {
    [
        ProjectId::new(Fleet::PROJECT_ID).unwrap().into(),
        ProjectName::new(Fleet::PROJECT_NAME).unwrap().into(),
    ]
}

/// Calls all five operations.
async fn set_every_password(client: &Client) -> Result<(), Error> {
    let [ddm, dcs, dms] =
        [Fleet::DDM_ID, Fleet::DCS_ID, Fleet::DMS_ID].map(|id| InstanceId::new(id).unwrap());
    let user = Username::new(Fleet::DDM_USERNAME).unwrap();
    let root = AdminName::new("root").unwrap();
    let account = DdmAccountPassword::new(NEW).unwrap();
    client.ddm_reset_password(&ddm, &user, &account).await?;
    let admin = DdmAdminPassword::new(NEW).unwrap();
    client.ddm_set_admin(&ddm, &root, &admin).await?;
    let reset = ResetPassword::To(DcsPassword::new("Example~Bb-2024").unwrap());
    client.dcs_reset_password(&dcs, &reset).await?;
    let old = DcsOldPassword::new("Example~Bb-2024");
    let redis = DcsPassword::new(NEW).unwrap();
    client.dcs_change_password(&dcs, &old, &redis).await?;
    let kafka = DmsPassword::new(NEW).unwrap();
    client.dms_reset_password(&dms, &kafka).await.map(drop)
}

#[tokio::test]
async fn every_kind_of_credentials_sets_every_password() {
    for credentials in every_kind() {
        for project in every_project() {
            let what = format!("{credentials:?} {project:?}");
            let emulator = start().await;
            let endpoints = Endpoints::all(&emulator.url()).unwrap();
            let client = Client::new(endpoints, project, credentials.clone()).unwrap();
            set_every_password(&client).await.unwrap();
            for (id, account) in [
                (Fleet::DDM_ID, Some(Fleet::DDM_USERNAME)),
                (Fleet::DDM_ID, Some("root")),
                (Fleet::DCS_ID, None),
                (Fleet::DMS_ID, None),
            ] {
                assert!(emulator.password_is(id, account, NEW), "{what}: {id}");
            }
            let received = emulator.received();
            assert!(
                received
                    .iter()
                    .all(|request| request.status.is_some_and(|status| status < 300)),
                "{what}: {received:?}"
            );
            let shown = format!("{client:?} {client:#?} {emulator:?} {emulator:#?} {what}");
            for secret in [
                Fleet::TOKEN,
                Fleet::SECRET_KEY,
                Fleet::USER_PASSWORD,
                NEW,
                "Example",
            ] {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }
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
        Err(error) if error.certainty() == Certainty::Refused => {
            format!("{} {}", error.status().unwrap(), error.code().unwrap())
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_token_or_a_key_pair_opens_the_project() {
    let emulator = start().await;
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

/// What a machine whose clock is a day behind meets.
#[tokio::test]
async fn the_clock_rehearses_an_expired_signature() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    clock.advance(Duration::from_secs(24 * 60 * 60));
    let signed_at = jiff::Timestamp::now();
    let (status, body) = signed_reset(&emulator, Fleet::SECRET_KEY, 0, BODY).await;
    assert_eq!((status, &body["error_code"]), (401, &"APIGW.0301".into()));
    let told = body["error_msg"].as_str().unwrap();
    let (begin, times) = told.split_once(", signature time:").unwrap();
    let expected = "Incorrect IAM authentication information: calc aksk signature \
                    fail:signature expired";
    assert_eq!(begin, expected);
    let (signed, server) = times.split_once(",server time:").unwrap();
    let time = |text: &str| {
        let time = jiff::civil::DateTime::strptime(DATE_FORMAT, text).unwrap();
        time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
    };
    let second = jiff::SignedDuration::from_secs(60);
    assert!(time(signed).duration_since(signed_at).abs() < second);
    let ahead = time(server).duration_since(time(signed)).as_hours();
    assert_eq!(ahead, 24);
    assert!(emulator.password_is(Fleet::DMS_ID, None, "Kafka-Example-2023"));
    // A signature by the emulator's clock is good.
    let answer = signed_reset(&emulator, Fleet::SECRET_KEY, 24 * 60, BODY).await;
    assert_eq!(answer.0, 204, "{answer:?}");
}

#[tokio::test]
async fn every_answer_has_the_date_of_the_clock() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    clock.advance(Duration::from_secs(400 * 24 * 60 * 60));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/", "/_emulator/clock", "/v3/projects", "/none"] {
        let answer = client.get(format!("{}{path}", emulator.url()));
        let answer = answer.send().await.unwrap();
        let date = answer.headers()["date"].to_str().unwrap();
        let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
        let ahead = date.duration_since(jiff::Timestamp::now()).as_secs();
        let expected = 400 * 24 * 60 * 60;
        assert!(
            (expected - 60..=expected).contains(&ahead),
            "{path}: {ahead}"
        );
        assert_eq!(answer.headers().get_all("date").iter().count(), 1);
    }
}

/// A reset of the Kafka instance, signed `minutes` from now, and sent with this body.
async fn signed_reset(emulator: &Emulator, secret_key: &str, minutes: i64, sent: &str) -> Answer {
    let url = emulator.url();
    let host = url.trim_start_matches("http://");
    let path = path("v2", Fleet::DMS_ID, "password");
    let now = jiff::Timestamp::now();
    let date = now + jiff::SignedDuration::from_mins(minutes);
    let date = date.strftime(DATE_FORMAT).to_string();
    let signed = Signed {
        method: "POST",
        path: &path,
        query: "",
        headers: &[("host", host), (DATE_HEADER, &date)],
        body: BODY.as_bytes(),
    };
    let authorization = authorization(Fleet::ACCESS_KEY, &secret_key.into(), &signed);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{url}{path}"))
        .header("authorization", authorization)
        .header(DATE_HEADER, date)
        .body(sent.to_owned());
    http::answer(request.send().await.unwrap()).await
}

#[tokio::test]
async fn what_the_gateway_refuses_is_told_as_documented_and_changes_nothing() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    let secret_key = Fleet::SECRET_KEY;
    let mut answers = vec![
        (
            "a wrong key",
            signed_reset(&emulator, "another", 0, BODY).await,
        ),
        (
            "too early",
            signed_reset(&emulator, secret_key, -16, BODY).await,
        ),
        (
            "too late",
            signed_reset(&emulator, secret_key, 16, BODY).await,
        ),
        (
            "another body",
            signed_reset(&emulator, secret_key, 0, OTHER_BODY).await,
        ),
    ];
    for (what, answer) in &answers {
        let message = answer.1["error_msg"].as_str().unwrap();
        assert!(
            message.starts_with("Incorrect IAM authentication information"),
            "{message}"
        );
        assert_eq!(
            message.contains("expired"),
            what.starts_with("too"),
            "{what}"
        );
        assert_eq!(answer.1["error_code"], "APIGW.0301");
    }
    let (token, _) = log_in(&emulator).await;
    clock.advance(Duration::from_secs(25 * 60 * 60));
    let path = path("v2", Fleet::DMS_ID, "password");
    let ended = send_with(&emulator, "post", &path, BODY, Some(&token)).await;
    assert_eq!(ended.1["error_code"], "APIGW.0307");
    answers.push(("an ended token", ended));
    for (what, (status, body)) in answers {
        let members: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(status, 401, "{what}");
        assert_eq!(members, ["error_code", "error_msg", "request_id"], "{what}");
        assert_eq!(body["request_id"].as_str().unwrap().len(), 32, "{what}");
    }
    assert!(emulator.password_is(Fleet::DMS_ID, None, "Kafka-Example-2023"));
}

#[tokio::test]
async fn a_signature_may_be_off_by_minutes() {
    let emulator = start().await;
    for minutes in [-14, 0, 14] {
        let answer = signed_reset(&emulator, Fleet::SECRET_KEY, minutes, BODY).await;
        assert_eq!(answer, (204, Value::Null), "{minutes}");
    }
}

/// A request as it was signed, and what was changed of it on the way.
#[tokio::test]
async fn a_request_that_was_changed_on_the_way_is_refused() {
    let emulator = start().await;
    let host = emulator.url().replace("http://", "");
    let path = path("v2", Fleet::DMS_ID, "password");
    let date = jiff::Timestamp::now().strftime(DATE_FORMAT).to_string();
    let sign = |headers: &[(&str, &str)]| {
        let signed = Signed {
            method: "POST",
            path: &path,
            query: "",
            headers,
            body: BODY.as_bytes(),
        };
        authorization(Fleet::ACCESS_KEY, &Secret::from(Fleet::SECRET_KEY), &signed)
    };
    let all = sign(&[
        ("host", &host),
        ("x-sdk-date", &date),
        ("content-type", "application/json"),
    ]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (what, authorization, path, date, body, status) in [
        ("nothing", &all, &*path, &*date, BODY, 204),
        ("the body", &all, &path, &date, OTHER_BODY, 401),
        ("the query", &all, &format!("{path}?x=1"), &date, BODY, 401),
        (
            "the instance",
            &all,
            &path.replace("/6f", "/7f"),
            &date,
            BODY,
            401,
        ),
        ("the date", &all, &path, "20240102T030405Z", BODY, 401),
        ("the form of the date", &all, &path, "yesterday", BODY, 401),
        (
            "the date is not signed",
            &sign(&[("host", &host)]),
            &path,
            &date,
            BODY,
            401,
        ),
        (
            "the host is not signed",
            &sign(&[("x-sdk-date", &date)]),
            &path,
            &date,
            BODY,
            401,
        ),
        (
            "another scheme",
            &"Basic dTpw".to_owned(),
            &path,
            &date,
            BODY,
            401,
        ),
        (
            "no signature",
            &all.replace("Signature=", "S="),
            &path,
            &date,
            BODY,
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

/// A request for projects as the vendor's own signers make it: its status.
async fn signed_list(
    emulator: &Emulator,
    query: [&str; 2],
    own: &[(&'static str, &str)],
    bodies: [&str; 2],
) -> u16 {
    let host = emulator.url().replace("http://", "");
    let date = jiff::Timestamp::now().strftime(DATE_FORMAT).to_string();
    let mut headers = vec![("host", &*host), (DATE_HEADER, &date)];
    headers.extend(own);
    let signed = Signed {
        method: "GET",
        path: "/v3/projects",
        query: query[0],
        headers: &headers,
        body: bodies[0].as_bytes(),
    };
    let authorization = authorization(Fleet::ACCESS_KEY, &Fleet::SECRET_KEY.into(), &signed);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client
        .get(format!("http://{host}/v3/projects?{}", query[1]))
        .header("authorization", authorization)
        .header(DATE_HEADER, &date)
        .body(bodies[1].to_owned());
    for (name, value) in own {
        request = request.header(*name, value.as_bytes());
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_official_signers_send_is_accepted() {
    let emulator = start().await;
    let unsigned = ("x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
    let text = ("content-type", "text/plain");
    let same = |text| [text, text];
    for (query, own, bodies, expected) in [
        // Encoded names have another order than decoded ones.
        (same("z=1&%C3%A9=2"), vec![], same(""), 200),
        (["z=1&%C3%A9=2", "%C3%A9=2&z=1"], vec![], same(""), 200),
        (["z=1&%C3%A9=2", "%C3%A9=1&z=2"], vec![], same(""), 401),
        (same(""), vec![("x-note", "Größe 漢")], same(""), 200),
        (same(""), vec![text, unsigned], same("a text"), 200),
        (same(""), vec![text, unsigned], ["a text", "another"], 200),
        (same(""), vec![text], same("a text"), 200),
        (same(""), vec![text], ["a text", "another"], 401),
        (
            same(""),
            vec![("x-sdk-content-sha256", "0000")],
            same("a text"),
            401,
        ),
    ] {
        let status = signed_list(&emulator, query, &own, bodies).await;
        assert_eq!(status, expected, "{query:?} {own:?} {bodies:?}");
    }
}
