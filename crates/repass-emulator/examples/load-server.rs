//! A server for `benches/load.sh`: an emulator with a fleet of so many instances, or axum handlers
//! that do nothing but give the same answers.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "part of a benchmark: it fails as a test does, and prints"
)]

use std::fmt::Write;
use std::time::Instant;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::{post, put};
use repass_emulator::{Emulator, Fleet};

/// The answer to a change of a password, byte for byte.
const CHANGED: &str = r#"{"lock_time":"0","result":"success","lock_time_left":"0","retry_times_left":"4294967295","message":"Modify DCSInstance password success."}"#;

#[tokio::main]
async fn main() {
    let what = std::env::args().nth(1).unwrap();
    if what == "bare" {
        return bare().await;
    }
    let text = fleet(what.parse().unwrap());
    let begun = Instant::now();
    let fleet = Fleet::from_yaml(&text).unwrap();
    let read = begun.elapsed();
    let emulator = Emulator::start(fleet).await.unwrap();
    let started = begun.elapsed();
    drop(text);
    eprintln!(
        "{what} instances: read in {:.3} s, listening after {:.3} s",
        read.as_secs_f64(),
        started.as_secs_f64()
    );
    println!("{}", emulator.url());
    std::future::pending::<()>().await;
}

/// Instances with the ids that `load.lua` counts through: DMS with an even number, DCS with an odd
/// one. Wrong passwords do not lock them: where instances are few, requests overtake each other.
fn fleet(instances: u32) -> String {
    let mut text = format!(
        "projects:\n  - {{id: {}, name: {}, token: {}}}\ninstances:\n",
        Fleet::PROJECT_ID,
        Fleet::PROJECT_NAME,
        Fleet::TOKEN
    );
    for number in 0..instances {
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let own = match number % 2 {
            0 => "service: dms\n    password: Kafka-Example-2023",
            _ => "service: dcs\n    password: Redis-Example-2023\n    tries: 4294967295",
        };
        writeln!(text, "  - id: {id}\n    {own}").unwrap();
    }
    text
}

async fn bare() {
    let id = [("x-request-id", "00000000000000000000000000000001")];
    let path = "/v2/{project_id}/instances/{instance_id}/password";
    let json = [(header::CONTENT_TYPE, "application/json")];
    let router = Router::new().route(
        path,
        post(move || async move { (StatusCode::NO_CONTENT, id) })
            .merge(put(move || async move { (json, id, CHANGED) })),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    axum::serve(listener, router).await.unwrap();
}
