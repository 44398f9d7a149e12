//! The contract's vectors: what each answer proves, over HTTP.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

mod calls;
mod server;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use repass_client::{Completion, Error, Operation, Outcome, ResetPassword, RetryConfig};
use serde_json::{Value, json};

use calls::{OPERATIONS, call, instance};
use server::{Server, answer_with};

/// The operation of the client that a case is about. The client's own login uses those of IAM.
fn operation(case: &Value) -> Option<Operation> {
    OPERATIONS.into_iter().find(|operation| {
        let service = operation.service().to_string().to_lowercase();
        case["service"] == service.as_str() && case["operation"] == operation.id()
    })
}

fn bytes(case: &Value) -> Vec<u8> {
    let body = match case["body_base64"].as_str() {
        Some(encoded) => STANDARD.decode(encoded).unwrap(),
        None => case["body"].as_str().unwrap_or_default().into(),
    };
    let headers = case["headers"].as_object().unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap()));
    let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
    answer_with(status, &headers.collect::<String>(), body)
}

/// A result in the form of the vectors.
fn outcome(result: &Result<Outcome, Error>) -> Value {
    let mut outcome = match result {
        Ok(outcome) => json!({
            "certainty": match outcome.completion {
                Completion::Done => "done",
                Completion::Accepted => "accepted",
            },
            "job_id": outcome.job_id,
        }),
        Err(error) => json!({
            "certainty": error.certainty(),
            "kind": error.kind(),
            "tries": error.tries_left(),
            "minutes": error.minutes_left(),
        }),
    };
    let members = outcome.as_object_mut().unwrap();
    members.retain(|_, value| !value.is_null());
    outcome
}

fn vectors() -> Value {
    let vectors = include_str!("../../../openapi/outcome-vectors.json");
    serde_json::from_str(vectors).unwrap()
}

/// Answers with these in turn, and cuts the connection where there is none.
fn answer_in_turn(server: &Server, answers: impl IntoIterator<Item = Vec<u8>>) {
    let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
    server.answer_by(move |_| answers.lock().unwrap().pop_front().unwrap_or_default());
}

#[tokio::test]
async fn every_answer_proves_what_its_vector_says() {
    let vectors = vectors();
    let server = Server::start().await;
    let client = server.client_of_one_attempt();
    let mut made = 0;
    let mut wrong = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let Some(operation) = operation(case) else {
            assert_eq!(case["service"], "iam", "{case}");
            continue;
        };
        server.answer(bytes(case));
        let result = call(&client, operation, "Old-Example-1", "New-Example-2").await;
        let outcome = outcome(&result);
        if outcome != case["outcome"] {
            let name = format!("{operation}, {}, {}", case["name"], case["status"]);
            wrong.push(format!("{name}: {outcome}, not {}", case["outcome"]));
        }
        made += 1;
    }
    assert!(made >= 1000, "{made}");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_answer_after_a_lost_one_proves_what_its_vector_says() {
    let vectors = vectors();
    let server = Server::start().await;
    let client = server.client().with_retries(RetryConfig {
        attempts: 2,
        initial_backoff: Duration::ZERO,
        ..RetryConfig::default()
    });
    let mut made = 0;
    for case in vectors["later"].as_array().unwrap() {
        // A change is not sent again after a lost answer.
        let Some(operation) = operation(case).filter(|it| *it != Operation::DcsChangePassword)
        else {
            continue;
        };
        answer_in_turn(&server, [Vec::new(), bytes(case)]);
        let result = call(&client, operation, "Old-Example-1", "New-Example-2").await;
        assert_eq!(outcome(&result), case["outcome"], "{case}");
        assert_eq!(server.received().len(), 2);
        made += 1;
    }
    assert!(made >= 30, "{made}");
}

#[tokio::test]
async fn every_request_is_sent_again_as_its_vector_says() {
    let vectors = vectors();
    let server = Server::start().await;
    let client = server.client().with_retries(RetryConfig {
        attempts: 2,
        initial_backoff: Duration::ZERO,
        ..RetryConfig::default()
    });
    let mut made = 0;
    for case in vectors["retries"].as_array().unwrap() {
        let Some(operation) = operation(case) else {
            continue;
        };
        let first = case["status"].as_u64().map(|status| {
            let status = u16::try_from(status).unwrap();
            answer_with(status, "", "")
        });
        answer_in_turn(&server, first);
        let free = &case["request"]["no_password_access"];
        if free == true && operation == Operation::DcsResetPassword {
            let free = ResetPassword::PasswordFree;
            let _ = client.dcs_reset_password(&instance(), &free).await;
        } else if free.is_null() || free == false {
            let _ = call(&client, operation, "Old-Example-1", "New-Example-2").await;
        } else {
            // The client sends no such request.
            continue;
        }
        let sent = server.received().len();
        assert_eq!(sent == 2, case["again"] == true, "{case}: {sent}");
        made += 1;
    }
    assert!(made >= 80, "{made}");
}
