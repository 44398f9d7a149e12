//! What is sent again, and what then is known.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

mod calls;
mod server;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use repass_client::{Certainty, Client, DcsOldPassword, DcsPassword, ResetPassword, RetryConfig};

use calls::{every_call, instance, summary};
use server::{Closed, KEEP_OPEN, Server, answer, answer_with};

const OLD: &str = "Redis-Example-2023";
const NEW: &str = "Redis-Example-2024";
const CHANGED: &str = r#"{"result":"success"}"#;
const BUSY: &str = r#"{"error_code":"DCS.4115"}"#;
const RESET: &str = r#"{"code":"1"}"#;
/// No answer: the connection is cut.
const CUT: (u16, &str) = (0, "");

/// Gives one of these answers to each attempt, and cuts the connection when there are no more.
fn answer_in_turn(server: &Server, answers: &[(u16, &'static str)]) {
    let answers = Mutex::new(VecDeque::from(answers.to_vec()));
    server.answer_by(move |_| match answers.lock().unwrap().pop_front() {
        None | Some(CUT) => Vec::new(),
        Some((status, body)) => answer(status, body),
    });
}

async fn change(client: &Client) -> String {
    let (old, new) = (DcsOldPassword::new(OLD), DcsPassword::new(NEW).unwrap());
    summary(&client.dcs_change_password(&instance(), &old, &new).await)
}

async fn reset(client: &Client) -> String {
    let reset = ResetPassword::To(DcsPassword::new(NEW).unwrap());
    summary(&client.dcs_reset_password(&instance(), &reset).await)
}

#[tokio::test]
async fn a_change_is_sent_again_only_when_it_was_throttled() {
    let server = Server::start().await;
    for (answers, sent, result) in [
        (&[CUT, (200, CHANGED)][..], 1, "Unknown: ConnectionLost"),
        (&[(503, ""), (200, CHANGED)], 1, "503 Unknown: ServerError"),
        (&[(500, ""), (200, CHANGED)], 1, "500 Unknown: ServerError"),
        (
            &[(502, "<html>"), (200, CHANGED)],
            1,
            "502 Unknown: ServerError",
        ),
        (&[(400, ""), (200, CHANGED)], 1, "400 Refused: Other"),
        (
            &[(401, ""), (200, CHANGED)],
            1,
            "401 Refused: Unauthenticated",
        ),
        (&[(409, BUSY), (200, CHANGED)], 1, "409 Refused: Busy"),
        (&[(429, ""), (200, CHANGED)], 2, "200 Done"),
        (&[(429, ""), (429, ""), (200, CHANGED)], 3, "200 Done"),
        (&[(429, ""); 4], 3, "429 Refused: Throttled"),
        (
            &[(429, ""), CUT, (200, CHANGED)],
            2,
            "Unknown: ConnectionLost",
        ),
    ] {
        answer_in_turn(&server, answers);
        assert_eq!(change(&server.client()).await, result, "{answers:?}");
        assert_eq!(server.received().len(), sent, "{answers:?}");
    }
}

#[tokio::test]
async fn a_reset_is_sent_again_when_its_answer_was_lost_and_stays_in_doubt() {
    let server = Server::start().await;
    for (answers, sent, result) in [
        (&[CUT, (200, RESET)][..], 2, "200 Done"),
        (&[CUT, CUT, (200, RESET)], 3, "200 Done"),
        (&[(503, ""), (200, RESET)], 2, "200 Done"),
        (&[(429, ""), (200, RESET)], 2, "200 Done"),
        (&[CUT; 4], 3, "Unknown: ConnectionLost"),
        (&[(503, ""); 4], 3, "503 Unknown: ServerError"),
        // What was lost may have been carried out; a refusal after it says nothing of that.
        (&[CUT, (400, "")], 2, "400 Unknown: EarlierAttempt"),
        (&[(503, ""), (401, "")], 2, "401 Unknown: EarlierAttempt"),
        (
            &[CUT, (200, r#"{"code":"3"}"#)],
            2,
            "200 Unknown: EarlierAttempt",
        ),
        // A throttled one was not.
        (&[(429, ""), (400, "")], 2, "400 Refused: Other"),
        (&[(500, ""), (200, RESET)], 1, "500 Unknown: ServerError"),
        (
            &[(502, "<html>"), (200, RESET)],
            1,
            "502 Unknown: ServerError",
        ),
        (&[(400, ""), (200, RESET)], 1, "400 Refused: Other"),
        (&[(404, ""), (200, RESET)], 1, "404 Refused: NotFound"),
        (&[(200, "{}"), (200, RESET)], 1, "200 Unknown: NotConfirmed"),
    ] {
        answer_in_turn(&server, answers);
        assert_eq!(reset(&server.client()).await, result, "{answers:?}");
        assert_eq!(server.received().len(), sent, "{answers:?}");
    }
}

#[tokio::test]
async fn the_request_in_doubt_is_the_one_to_ask_the_vendor_for() {
    let server = Server::start().await;
    let unavailable = |id: &str| answer_with(503, &format!("x-request-id: {id}\r\n"), "");
    let refused = |id: &str| answer(400, format!(r#"{{"request_id":"{id}"}}"#));
    for (answers, id) in [
        ([unavailable("1"), refused("2"), Vec::new()], "1"),
        ([unavailable("1"), unavailable("2"), refused("3")], "1"),
        ([Vec::new(), unavailable("2"), refused("3")], "2"),
        ([Vec::new(), refused("2"), Vec::new()], "2"),
        (
            [
                answer(503, r#"{"request_id":"1"}"#),
                refused("2"),
                Vec::new(),
            ],
            "1",
        ),
    ] {
        let answers = Mutex::new(VecDeque::from(answers));
        server.answer_by(move |_| answers.lock().unwrap().pop_front().unwrap_or_default());
        let reset = ResetPassword::To(DcsPassword::new(NEW).unwrap());
        let result = server
            .client()
            .dcs_reset_password(&instance(), &reset)
            .await;
        assert_eq!(summary(&result), "400 Unknown: EarlierAttempt");
        assert_eq!(result.unwrap_err().request_id(), Some(id));
    }
}

#[tokio::test]
async fn every_attempt_sends_the_same_password() {
    let server = Server::start().await;
    for result in every_call(&server.client(), OLD, NEW).await {
        assert_eq!(summary(&result), "Unknown: ConnectionLost");
    }
    let received = server.received();
    // Four resets, three times each, and one change.
    assert_eq!(received.len(), 4 * 3 + 1);
    assert!(received.iter().all(|request| request.body.contains(NEW)));
    let changes = received.iter().filter(|request| request.body.contains(OLD));
    assert_eq!(changes.count(), 1);
}

/// An HTTP library may take a connection that was kept open for stale and try another one.
#[tokio::test]
async fn a_kept_connection_that_is_cut_sends_no_change_again() {
    let server = Server::start().await;
    let client = server.client();
    server.answer(format!(
        "{KEEP_OPEN}content-length: {}\r\n\r\n{CHANGED}",
        CHANGED.len()
    ));
    assert_eq!(change(&client).await, "200 Done");
    server.answer("");
    assert_eq!(change(&client).await, "Unknown: ConnectionLost");
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_tried_and_nothing_is_sent() {
    let closed = Closed::new();
    for result in every_call(&calls::client(&closed.url(), "token"), OLD, NEW).await {
        assert_eq!(result.unwrap_err().certainty(), Certainty::NotSent);
    }
}

#[tokio::test]
async fn the_budget_bounds_what_is_sent() {
    let server = Server::start().await;
    let client = |resending| server.client().with_retries(resending);
    let none = RetryConfig {
        attempts: 1,
        ..RetryConfig::default()
    };
    answer_in_turn(&server, &[(429, ""); 4]);
    assert!((change(&client(none)).await).starts_with("429 Refused: Throttled"));
    assert_eq!(server.received().len(), 1);

    // What the service asks for would end after the deadline.
    for retry_after in ["3600", "Wed, 01 Nov 2124 08:00:00 GMT"] {
        let headers = format!("retry-after: {retry_after}\r\n");
        server.answer(answer_with(429, &headers, ""));
        let result = change(&client(RetryConfig::default())).await;
        assert!(result.starts_with("429 Refused: Throttled"), "{result}");
        assert_eq!(server.received().len(), 1, "{retry_after}");
    }

    // It may ask for less than the client would wait.
    let patient = RetryConfig {
        initial_backoff: Duration::from_secs(3600),
        ..RetryConfig::default()
    };
    for retry_after in ["0", "Fri, 01 Nov 2024 08:00:00 GMT"] {
        let headers = format!("retry-after: {retry_after}\r\n");
        server.answer(answer_with(429, &headers, ""));
        let told = "429 Refused: Throttled (0ns)";
        assert_eq!(change(&client(patient)).await, told);
        assert_eq!(server.received().len(), 3, "{retry_after}");
    }
}
