//! What is sent again, and what then is known.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the steps are part of the tests"
)]

mod calls;
mod server;

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use repass_client::{
    Certainty, Client, DcsOldPassword, DcsPassword, DmsPassword, ErrorKind, ResetPassword,
    RetryConfig, dcs,
};

use calls::{every_call, instance, project, summary};
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

/// Someone may have closed the instance with a password in between.
#[tokio::test]
async fn a_reset_to_password_free_is_sent_again_only_when_it_was_throttled() {
    let server = Server::start().await;
    for (answers, sent, result) in [
        (&[CUT, (200, RESET)][..], 1, "Unknown: ConnectionLost"),
        (&[(503, ""), (200, RESET)], 1, "503 Unknown: ServerError"),
        (&[(429, ""), (200, RESET)], 2, "200 Done"),
        (
            &[(429, ""), (503, ""), (200, RESET)],
            2,
            "503 Unknown: ServerError",
        ),
    ] {
        answer_in_turn(&server, answers);
        let free = ResetPassword::PasswordFree;
        let client = server.client();
        let made = client.dcs_reset_password(&instance(), &free).await;
        assert_eq!(summary(&made), result, "{answers:?}");
        assert_eq!(server.received().len(), sent, "{answers:?}");

        answer_in_turn(&server, answers);
        let dcs = dcs::Client::new(&server.url(), client.transport());
        let body = dcs::types::ResetPasswordRequest {
            new_password: None,
            no_password_access: true,
        };
        let _ = dcs.reset_password(&project(), &instance(), &body).await;
        assert_eq!(server.received().len(), sent, "generated, {answers:?}");
    }
}

/// A connection that is kept open may be closing, and a change on it would end in doubt.
#[tokio::test]
async fn a_change_never_uses_a_connection_that_was_kept_open() {
    let server = Server::start().await;
    let client = server.client();
    let ok = |body: &str| format!("{KEEP_OPEN}content-length: {}\r\n\r\n{body}", body.len());
    server.answer(ok(RESET));
    assert_eq!(reset(&client).await, "200 Done");
    assert_eq!(reset(&client).await, "200 Done");
    assert_eq!(server.connections(), 1);
    let free = ResetPassword::PasswordFree;
    let freed = client.dcs_reset_password(&instance(), &free).await;
    assert_eq!(summary(&freed), "200 Done");
    assert_eq!(server.connections(), 1);
    server.answer(ok(CHANGED));
    for _ in 0..3 {
        assert_eq!(change(&client).await, "200 Done");
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn attempts_are_counted_with_those_of_a_new_login() {
    let server = Server::start().await;
    for (attempts, refusals, sent, result) in [
        (3, 1, 2, "204 Done"),
        (2, 1, 2, "204 Done"),
        // Without an attempt left there is no new login.
        (1, 1, 1, "401 Refused: Unauthenticated"),
        (3, 9, 2, "401 Refused: Unauthenticated"),
    ] {
        let left = AtomicUsize::new(refusals);
        let logins = AtomicUsize::new(0);
        server.answer_by(move |request| {
            if request.is_login() {
                let number = logins.fetch_add(1, Ordering::Relaxed);
                let header = format!("x-subject-token: token-{number}\r\n");
                return answer_with(201, &header, "{}");
            }
            match left.load(Ordering::Relaxed) {
                0 => answer(204, ""),
                more => {
                    left.store(more - 1, Ordering::Relaxed);
                    answer(401, "")
                }
            }
        });
        let client = calls::by_user(&server.url()).with_retries(RetryConfig {
            attempts,
            initial_backoff: Duration::ZERO,
            ..RetryConfig::default()
        });
        let password = DmsPassword::new(NEW).unwrap();
        let made = client.dms_reset_password(&instance(), &password).await;
        assert_eq!(summary(&made), result);
        let counted = match &made {
            Ok(outcome) => outcome.attempts,
            Err(error) => error.attempts(),
        };
        let received = server.received();
        let to_service = received.iter().filter(|request| !request.is_login());
        assert_eq!((counted, to_service.count()), (sent, sent));
    }
}

/// Starts a proxy that sends a request again when its answer was lost, as nginx does with a PUT, and
/// returns its URL. It blocks, so it has threads of its own.
fn repeating_relay(service: &Server) -> String {
    let upstream = service.url().replace("http://", "");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let request = whole_request(&mut client);
            let mut answer = Vec::new();
            // The answer to the first copy is lost.
            for _ in 0..2 {
                let mut stream = std::net::TcpStream::connect(&upstream).unwrap();
                stream.write_all(request.as_bytes()).unwrap();
                answer.clear();
                stream.read_to_end(&mut answer).unwrap();
            }
            client.write_all(&answer).unwrap();
        }
    });
    url
}

fn whole_request(stream: &mut std::net::TcpStream) -> String {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        request += str::from_utf8(&buffer[..read]).unwrap();
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            continue;
        };
        let mut lengths = head
            .lines()
            .filter_map(|line| line.strip_prefix("content-length: "));
        if lengths.next() == Some(&body.len().to_string()) {
            return request;
        }
    }
}

#[tokio::test]
async fn a_change_that_a_proxy_repeats_is_reported_with_the_advice_to_try_the_new_password() {
    for (second, kind) in [
        (
            answer(200, r#"{"result":"passwordFailed","retry_times_left":"4"}"#),
            ErrorKind::WrongOldPassword,
        ),
        (answer(400, BUSY), ErrorKind::Busy),
    ] {
        let service = Server::start().await;
        let password = Arc::new(Mutex::new(OLD.to_owned()));
        let current = password.clone();
        service.answer_by(move |request| {
            let mut current = current.lock().unwrap();
            if request
                .body
                .contains(&format!(r#""old_password":"{current}""#))
            {
                *current = NEW.to_owned();
                return answer(200, CHANGED);
            }
            second.clone()
        });
        let relay = repeating_relay(&service);
        let (old, new) = (DcsOldPassword::new(OLD), DcsPassword::new(NEW).unwrap());
        let client = calls::client(&relay, calls::TOKEN);
        let changed = client.dcs_change_password(&instance(), &old, &new).await;
        assert_eq!(*password.lock().unwrap(), NEW);
        let error = changed.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.suggests_repeated_change());

        // A reset that is repeated has the same effect as one.
        service.answer(answer(200, RESET));
        assert_eq!(reset(&client).await, "200 Done");
        service.answer(answer(400, BUSY));
        let to = ResetPassword::To(DcsPassword::new(NEW).unwrap());
        let error = client
            .dcs_reset_password(&instance(), &to)
            .await
            .unwrap_err();
        assert!(!error.suggests_repeated_change());
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
