//! The emulator without file descriptors for connections. It is a test of its own because the limit is
//! that of the process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the raw connections are part of the tests"
)]

mod http;

use std::net::TcpStream;
use std::time::Duration;

use http::{path, send, start};
use repass_emulator::Fleet;
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

#[tokio::test(flavor = "multi_thread")]
async fn without_files_left_idle_connections_are_closed() {
    let emulator = start().await;
    let address = emulator.url().replace("http://", "");
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(200);
    setrlimit(Resource::Nofile, limit).unwrap();

    // The system completes connections before they are accepted, so these take all files.
    let mut idle = Vec::new();
    while let Ok(stream) = TcpStream::connect(&address) {
        idle.push(stream);
    }
    assert!(idle.len() > 50);

    let worked = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
    let before = worked();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let busy = worked() - before;
    assert!(busy < Duration::from_millis(200), "it spins: {busy:?}");

    // All others stay idle, those that the emulator has not closed and those in the system's queue.
    idle.truncate(idle.len() - 3);
    let path = path("v2", Fleet::DMS_ID, "password");
    let body = r#"{"new_password":"Kafka-Example-2024"}"#;
    let reset = send(&emulator, "post", &path, body);
    let answer = tokio::time::timeout(Duration::from_secs(20), reset).await;
    assert_eq!(answer.expect("idle connections are closed").0, 204);
}
