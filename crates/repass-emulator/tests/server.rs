//! The listener: limits, and bytes that are no request.
#![allow(
    clippy::unwrap_used,
    reason = "the raw connection is part of the tests"
)]

mod http;

use std::io::{Read, Write};
use std::net::TcpStream;

use http::{path, send, start};
use repass_emulator::{Emulator, Fleet};

/// Writes bytes to a connection of its own and reads whatever comes back until it is closed.
fn raw(emulator: &Emulator, bytes: &[u8]) -> String {
    let address = emulator.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    // The emulator may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_gets_an_answer_or_a_closed_connection() {
    let emulator = start().await;
    let path = path("v2", Fleet::DMS_ID, "password");
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    let token = format!("x-auth-token: {}\r\n", Fleet::TOKEN);
    let long = "a".repeat(1_000_000);
    for (what, bytes, begins) in [
        (
            "no HTTP",
            "\u{0}\u{1}hello\r\n\r\n".to_owned(),
            "HTTP/1.1 400",
        ),
        (
            "a head that is too long",
            format!("{head}x: {long}\r\n\r\n"),
            "HTTP/1.1 431",
        ),
        (
            "a path that is not UTF-8",
            head.replace("instances/", "instances/%ff") + &token + "content-length: 2\r\n\r\n{}",
            "HTTP/1.1 400",
        ),
        (
            "no token",
            format!("{head}content-length: 2\r\n\r\n{{}}"),
            "HTTP/1.1 401",
        ),
        (
            "a body that is too long",
            format!(
                "{head}{token}content-length: 12582913\r\n\r\n{}",
                "a".repeat(12_582_913)
            ),
            "HTTP/1.1 413",
        ),
        (
            "deep JSON",
            format!(
                "{head}{token}content-length: 100000\r\n\r\n{}",
                "[".repeat(100_000)
            ),
            "HTTP/1.1 400",
        ),
    ] {
        let answer = raw(&emulator, bytes.as_bytes());
        assert!(answer.starts_with(begins), "{what}: {:.200}", answer);
    }
    // And it still works.
    let (status, _) = send(
        &emulator,
        "post",
        &path,
        r#"{"new_password":"Kafka-Example-2024"}"#,
    )
    .await;
    assert_eq!(status, 204);
}

/// The gateway says that nothing is published there, so it does not name the methods that are.
#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_not_published() {
    let emulator = start().await;
    let path = path("v2", Fleet::DMS_ID, "password");
    for method in ["GET", "DELETE", "OPTIONS", "TRACE"] {
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = raw(&emulator, head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert!(answer.contains("APIGW.0101"), "{answer}");
        assert!(!answer.contains("\r\nallow:"), "{answer}");
    }
}

#[tokio::test]
async fn what_was_received_is_remembered_without_bodies() {
    let emulator = start().await;
    let path = path("v2", Fleet::DMS_ID, "password");
    send(
        &emulator,
        "post",
        &path,
        r#"{"new_password":"Kafka-Example-2024"}"#,
    )
    .await;
    let received = emulator.received();
    assert_eq!(received.len(), 1);
    assert_eq!(
        (
            &received[0].method[..],
            &received[0].path,
            received[0].status
        ),
        ("POST", &path, Some(204))
    );
    assert!(!format!("{received:?}{emulator:?}").contains("Kafka-Example"));
    assert!(!format!("{emulator:?}").contains(Fleet::TOKEN));
}

#[tokio::test]
async fn an_emulator_stops_when_it_is_dropped() {
    let emulator = start().await;
    let address = emulator.url().replace("http://", "");
    assert!(TcpStream::connect(&address).is_ok());
    drop(emulator);
    // The task ends at its next turn.
    for _ in 0..100 {
        if TcpStream::connect(&address).is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it still listens");
}
