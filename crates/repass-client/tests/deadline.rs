//! How long a call takes at most. tokio's own clock is moved, so that nobody waits.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

mod calls;
mod server;

use std::time::Duration;

use repass_client::{Client, Credentials, Endpoints, Operation, Resending};
use tokio::time::Instant;

use calls::{call, project, summary};
use server::{KEEP_OPEN, Request, Server, answer_with, jump};

const A_MINUTE: Duration = Duration::from_secs(60);

fn is_login(request: &Request) -> bool {
    request.line.contains("/v3/auth/tokens")
}

fn token() -> Vec<u8> {
    answer_with(201, "x-subject-token: token\r\n", "{}")
}

fn by_user(url: &str) -> Client {
    let credentials = Credentials::user("domain", "alice", "Alice-Example-2024").unwrap();
    Client::new(Endpoints::all(url).unwrap(), project(), credentials).unwrap()
}

async fn reset(client: &Client) -> String {
    summary(
        &call(
            client,
            Operation::DmsResetPassword,
            "",
            "Kafka-Example-2024",
        )
        .await,
    )
}

#[tokio::test]
async fn no_wait_is_too_long_to_be_reckoned_with() {
    let server = Server::start().await;
    let forever = Resending {
        deadline: Duration::MAX,
        first_wait: Duration::MAX,
        ..Resending::default()
    };
    let longest = u64::MAX;
    server.answer_by(move |_| {
        jump(Duration::from_secs(2));
        answer_with(429, &format!("retry-after: {longest}\r\n"), "")
    });
    let told = format!("429 Refused: Throttled {{ retry_after: Some({longest}s) }}");
    assert_eq!(reset(&server.client()).await, told);
    assert_eq!(reset(&server.client().with_resending(forever)).await, told);
}

#[tokio::test]
async fn the_login_is_part_of_the_time_that_a_call_may_take() {
    let server = Server::start().await;
    server.answer_by(|request| {
        if is_login(request) {
            jump(Duration::from_secs(45));
            return token();
        }
        // From here on the clock jumps to the end of whatever is waited for.
        tokio::time::pause();
        KEEP_OPEN.into()
    });
    let begun = Instant::now();
    assert_eq!(reset(&by_user(&server.url())).await, "Unknown: Timeout");
    let took = begun.elapsed().as_secs();
    assert!((60..62).contains(&took), "{took} s");
}

#[tokio::test]
async fn nobody_waits_for_the_login_of_another_call_beyond_the_time_of_his_own() {
    let server = Server::start().await;
    server.answer(KEEP_OPEN);
    let client = by_user(&server.url());
    let patient = client.clone().with_resending(Resending {
        deadline: 60 * A_MINUTE,
        ..Resending::default()
    });
    let patient = tokio::spawn(async move { reset(&patient).await });
    while server.received().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let begun = Instant::now();
    let told = "NotSent: there was no time left to log in";
    assert_eq!(reset(&client).await, told);
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert_eq!(patient.await.unwrap(), "NotSent: IAM gave no answer");
}
