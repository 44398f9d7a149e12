//! When an IAM user's client logs in. tokio's own clock is moved, so that nobody waits.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

mod calls;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insta::assert_snapshot;
use repass_client::{Client, Credentials, Endpoints, Operation, ProjectName, RetryConfig};

use calls::{by_user, call, reset_kafka, summary};
use server::{KEEP_OPEN, Server, answer, answer_with, jump};

const A_MINUTE: Duration = Duration::from_secs(60);

/// A token that is good until this time after midnight, when it was issued.
fn token(number: usize, until: &str) -> Vec<u8> {
    let header = format!("x-subject-token: token-{number}\r\n");
    let [issued, expires] = ["00:00:00", until].map(|time| format!("2024-01-02T{time}.000000Z"));
    let body = format!(r#"{{"token":{{"issued_at":"{issued}","expires_at":"{expires}"}}}}"#);
    answer_with(201, &header, body)
}

/// The tokens that were sent since the last time; a login sends none.
fn tokens(server: &Server) -> Vec<String> {
    let received = server.received();
    let tokens = received
        .iter()
        .map(|request| request.header("x-auth-token"));
    tokens.map(|token| token.concat()).collect()
}

#[tokio::test]
async fn calls_at_once_share_one_login_however_short_its_token_lives() {
    let server = Server::start().await;
    server.answer_by(|request| match request.is_login() {
        true => token(1, "00:00:00"),
        false => answer(204, ""),
    });
    let client = by_user(&server.url());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        calls.spawn(async move { reset_kafka(&client).await });
    }
    assert_eq!(calls.join_all().await, vec!["204 Done"; 50]);
    let logins = server.received();
    assert_eq!(
        logins.iter().filter(|request| request.is_login()).count(),
        1
    );
}

/// Each may have been a wrong password, and some of these lock a user.
#[tokio::test]
async fn a_login_whose_answer_was_lost_is_not_sent_again_by_the_same_call() {
    let server = Server::start().await;
    for (first, logins, told) in [
        (Vec::new(), 1, "NotSent: Login: IAM did not answer"),
        (
            answer(500, ""),
            1,
            "NotSent: Login: IAM did not return a token: no reason given (status 500)",
        ),
        (
            answer(504, ""),
            1,
            "NotSent: Login: IAM did not return a token: no reason given (status 504)",
        ),
        (answer(503, ""), 2, "204 Done"),
        (answer(429, ""), 2, "204 Done"),
    ] {
        let count = AtomicUsize::new(0);
        server.answer_by(move |request| match request.is_login() {
            true if count.fetch_add(1, Ordering::Relaxed) == 0 => first.clone(),
            true => token(1, "01:00:00"),
            false => answer(204, ""),
        });
        let client = by_user(&server.url()).with_retries(RetryConfig {
            initial_backoff: Duration::ZERO,
            ..RetryConfig::default()
        });
        assert_eq!(reset_kafka(&client).await, told);
        let received = server.received();
        let sent = received.iter().filter(|request| request.is_login()).count();
        assert_eq!(sent, logins, "{told}");
    }
}

#[tokio::test]
async fn a_login_that_fails_tells_the_id_of_its_request() {
    let server = Server::start().await;
    let id = "x-request-id: 5d0c2b8e\r\n";
    let name = ProjectName::new("eu-de").unwrap();
    let credentials = Credentials::user("domain", "alice", "Alice-Example-2024").unwrap();
    let endpoints = Endpoints::all(&server.url()).unwrap();
    let client = Client::new(endpoints, name, credentials).unwrap();
    let mut told = Vec::new();
    for (login, look_up) in [
        (answer_with(400, id, ""), Vec::new()),
        (answer(400, r#"{"request_id":"5d0c2b8e"}"#), Vec::new()),
        (answer_with(201, id, "{}"), Vec::new()),
        (answer_with(302, id, "{}"), Vec::new()),
        (token(1, "01:00:00"), answer_with(200, id, "{}")),
        (
            token(1, "01:00:00"),
            answer_with(200, id, r#"{"projects":[{"name":"eu-de"}]}"#),
        ),
    ] {
        jump(A_MINUTE);
        server.answer_by(move |request| match request.is_login() {
            true => login.clone(),
            false => look_up.clone(),
        });
        let result = call(
            &client,
            Operation::DmsResetPassword,
            "",
            "Kafka-Example-2024",
        )
        .await;
        assert_eq!(result.as_ref().unwrap_err().request_id(), Some("5d0c2b8e"));
        told.push(summary(&result));
    }
    assert_snapshot!(told.join("\n"), @"
    NotSent: Login: IAM did not return a token: no reason given (status 400, request id 5d0c2b8e)
    NotSent: Login: IAM did not return a token: no reason given (status 400, request id 5d0c2b8e)
    NotSent: Login: IAM's answer has no token (status 201, request id 5d0c2b8e)
    NotSent: Login: IAM's answer has no token (status 302, request id 5d0c2b8e)
    NotSent: Login: IAM knows 0 projects with the name eu-de; set the project id instead
    NotSent: Login: IAM's answer has no project (status 200, request id 5d0c2b8e)
    ");
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_its_end_or_halfway() {
    for (until, renewed_after) in [("00:04:00", 2), ("00:10:00", 5), ("01:00:00", 55)] {
        let server = Server::start().await;
        let logins = AtomicUsize::new(0);
        server.answer_by(move |request| match request.is_login() {
            true => token(logins.fetch_add(1, Ordering::Relaxed) + 1, until),
            false => answer(204, ""),
        });
        let client = by_user(&server.url());
        assert_eq!(reset_kafka(&client).await, "204 Done");
        jump(renewed_after * A_MINUTE - Duration::from_secs(1));
        assert_eq!(reset_kafka(&client).await, "204 Done");
        assert_eq!(tokens(&server), ["", "token-1", "token-1"], "{until}");
        jump(Duration::from_secs(1));
        assert_eq!(reset_kafka(&client).await, "204 Done");
        assert_eq!(tokens(&server), ["", "token-2"], "{until}");
    }
}

#[tokio::test]
async fn a_token_is_good_until_its_end_when_it_cannot_be_renewed() {
    for failure in [answer(500, ""), answer(401, ""), Vec::new()] {
        let server = Server::start().await;
        let logins = Arc::new(AtomicUsize::new(0));
        server.answer_by(move |request| match request.is_login() {
            true if logins.fetch_add(1, Ordering::Relaxed) == 0 => token(1, "01:00:00"),
            true => failure.clone(),
            false => answer(204, ""),
        });
        let client = by_user(&server.url());
        assert_eq!(reset_kafka(&client).await, "204 Done");
        assert_eq!(tokens(&server), ["", "token-1"]);
        jump(57 * A_MINUTE);
        assert_eq!(reset_kafka(&client).await, "204 Done");
        assert_eq!(tokens(&server), ["", "token-1"]);
        // For a minute nobody tries again.
        assert_eq!(reset_kafka(&client).await, "204 Done");
        assert_eq!(tokens(&server), ["token-1"]);
        jump(A_MINUTE);
        assert_eq!(reset_kafka(&client).await, "204 Done");
        assert_eq!(tokens(&server), ["", "token-1"]);
        jump(2 * A_MINUTE);
        let told = reset_kafka(&client).await;
        assert!(told.starts_with("NotSent: Login: IAM did not "), "{told}");
        assert_eq!(tokens(&server), [""]);
    }
}

#[tokio::test]
async fn a_renewal_that_has_no_answer_leaves_time_for_the_call() {
    let server = Server::start().await;
    server.answer_by(|request| match request.is_login() {
        true => token(1, "01:00:00"),
        false => answer(204, ""),
    });
    let client = by_user(&server.url());
    assert_eq!(reset_kafka(&client).await, "204 Done");
    assert_eq!(tokens(&server), ["", "token-1"]);
    jump(57 * A_MINUTE);
    server.answer_by(|request| match request.is_login() {
        true => KEEP_OPEN.into(),
        false => answer(204, ""),
    });
    let renewing = tokio::spawn(async move { reset_kafka(&client).await });
    while tokens(&server).is_empty() {
        tokio::task::yield_now().await;
    }
    jump(A_MINUTE / 2);
    assert_eq!(renewing.await.unwrap(), "204 Done");
    assert_eq!(tokens(&server), ["token-1"]);
}

/// Each would count as a wrong password, whether or not its caller waits for the answer.
#[tokio::test]
async fn callers_that_give_up_share_one_login() {
    let server = Server::start().await;
    server.answer_by(|request| match request.is_login() {
        // It hangs.
        true => KEEP_OPEN.into(),
        false => answer(204, ""),
    });
    let patient = by_user(&server.url());
    let impatient = patient.clone().with_retries(RetryConfig {
        deadline: Duration::from_millis(20),
        ..RetryConfig::default()
    });
    for _ in 0..10 {
        let result = reset_kafka(&impatient).await;
        assert_eq!(result, "NotSent: Login: timed out before login completed");
    }
    // Callers that drop the call do not cause another one either.
    for _ in 0..10 {
        let dropped = tokio::time::timeout(Duration::from_millis(5), reset_kafka(&patient));
        assert!(dropped.await.is_err());
    }
    let mut logins = 0;
    while logins == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        logins = server.received().len();
    }
    assert_eq!(logins, 1);
}

#[tokio::test]
async fn a_login_that_failed_is_not_tried_again_for_a_minute() {
    for (failure, tried_again) in [
        (answer(401, ""), false),
        (answer(500, ""), false),
        (Vec::new(), false),
        (answer(429, ""), true),
    ] {
        let server = Server::start().await;
        server.answer(failure);
        let client = by_user(&server.url()).with_retries(calls::ONE_ATTEMPT);
        let first = reset_kafka(&client).await;
        let second = reset_kafka(&client).await;
        assert_eq!(first, second);
        assert_eq!(
            server.received().len(),
            1 + usize::from(tried_again),
            "{first}"
        );
        jump(A_MINUTE);
        reset_kafka(&client).await;
        assert_eq!(server.received().len(), 1, "{first}");
    }
}
