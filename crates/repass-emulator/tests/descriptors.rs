//! What happens when there are no files left for connections. Its own test: the limit is that of the
//! process.
#![allow(
    clippy::unwrap_used,
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
async fn without_files_left_the_emulator_waits_for_connections_to_end() {
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

    drop(idle);
    let path = path("v2", Fleet::DMS_ID, "password");
    let body = r#"{"new_password":"Kafka-Example-2024"}"#;
    assert_eq!(send(&emulator, "post", &path, body).await.0, 204);
}
