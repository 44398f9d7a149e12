//! How long a call takes at most. tokio's own clock is moved, so that nobody waits.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

mod calls;
mod server;

use std::time::Duration;

use repass_client::RetryConfig;
use tokio::time::Instant;

use calls::{by_user, reset_kafka};
use server::{KEEP_OPEN, Server, answer_with, jump};

const A_MINUTE: Duration = Duration::from_secs(60);

fn token() -> Vec<u8> {
    answer_with(201, "x-subject-token: token\r\n", "{}")
}

#[tokio::test]
async fn no_wait_is_too_long_to_be_reckoned_with() {
    let server = Server::start().await;
    let forever = RetryConfig {
        deadline: Duration::MAX,
        initial_backoff: Duration::MAX,
        ..RetryConfig::default()
    };
    let longest = u64::MAX;
    server.answer_by(move |_| {
        jump(Duration::from_secs(2));
        answer_with(429, &format!("retry-after: {longest}\r\n"), "")
    });
    let told = "429 Refused: Throttled (99999s)";
    assert_eq!(reset_kafka(&server.client()).await, told);
    assert_eq!(
        reset_kafka(&server.client().with_retries(forever)).await,
        told
    );
}

#[tokio::test]
async fn the_login_is_part_of_the_time_that_a_call_may_take() {
    let server = Server::start().await;
    server.answer_by(|request| {
        if request.is_login() {
            jump(Duration::from_secs(45));
            return token();
        }
        // From here on the clock jumps to the end of whatever is waited for.
        tokio::time::pause();
        KEEP_OPEN.into()
    });
    let begun = Instant::now();
    assert_eq!(
        reset_kafka(&by_user(&server.url())).await,
        "Unknown: Timeout"
    );
    let took = begun.elapsed().as_secs();
    assert!((60..62).contains(&took), "{took} s");
}

#[tokio::test]
async fn nobody_waits_for_the_login_of_another_call_beyond_the_time_of_his_own() {
    let server = Server::start().await;
    server.answer(KEEP_OPEN);
    let client = by_user(&server.url());
    let patient = client.clone().with_retries(RetryConfig {
        deadline: 60 * A_MINUTE,
        ..RetryConfig::default()
    });
    let patient = tokio::spawn(async move { reset_kafka(&patient).await });
    while server.received().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let begun = Instant::now();
    let expected = "NotSent: Login: timed out before login completed";
    assert_eq!(reset_kafka(&client).await, expected);
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert_eq!(patient.await.unwrap(), expected);
}
