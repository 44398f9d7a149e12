//! What is logged: what was done, and no secret. The log belongs to the whole process, so there is
//! one test here.
#![allow(clippy::unwrap_used, reason = "the steps are part of the test")]

mod calls;
mod secrets;
mod server;

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use repass_client::{Client, Credentials, Endpoints, Operation};
use tracing_subscriber::fmt::format::FmtSpan;

use calls::{call, client, every_call, project};
use secrets::{
    SECRETS, assert_shows_none, by_key, by_user, debug, echo, every_field, everything_said,
    iam_and_echo, visible,
};
use server::{Server, answer, answer_with};

/// What is logged, by this crate and by those below it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Everything, of the libraries below too.
    fn start(&self) {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || log.clone());
        subscriber.try_init().unwrap();
    }

    /// What was logged since the last time.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }
}

/// Every kind of credentials, what all services say of them, and the whole log of it.
#[tokio::test]
async fn a_whole_run_at_trace_level_shows_no_secret() {
    let log = Log::default();
    log.start();
    let server = Server::start().await;
    let url = server.url();
    a_span_tells_what_was_done(&server, &log).await;
    for secrets in SECRETS {
        let [old, new, token] = secrets;
        let mut shown = String::new();
        for status in [200, 202, 204, 307, 400, 401, 404, 429, 500, 503] {
            server.answer_by(move |request| iam_and_echo(request, status, token));
            for client in [
                client(&url, token),
                by_user(&url, old),
                by_key(&url, new, token),
            ] {
                for result in every_call(&client, old, new).await {
                    shown += &match &result {
                        Ok(outcome) => debug(outcome),
                        Err(error) => everything_said(error),
                    };
                }
                // It has logged in.
                shown += &debug(&client);
            }
        }
        // IAM itself repeats what it was sent.
        server.answer_by(|request| answer(401, every_field(&echo(request))));
        for result in every_call(&by_user(&url, old), "old", new).await {
            shown += &everything_said(&result.unwrap_err());
        }
        server.answer("");
        for result in every_call(&by_user(&url, old), "old", new).await {
            shown += &everything_said(&result.unwrap_err());
        }
        let key = visible(new);
        let log = log.take();
        // It is a log of the run, of the libraries below too.
        for part in ["DCS password change", "status=401", "reqwest"] {
            assert!(log.contains(part), "{part} in {log}");
        }
        for text in [shown, log] {
            assert_shows_none(&text, &[old, new, token, &key]);
        }
    }
}

/// The end of each call, as it is logged.
async fn a_span_tells_what_was_done(server: &Server, log: &Log) {
    let client = server.client();
    for (operation, bytes) in [
        (
            Operation::DmsResetPassword,
            answer_with(204, "x-request-id: 5d0c2b8e\r\n", ""),
        ),
        (
            Operation::DcsChangePassword,
            answer(200, r#"{"result":"passwordFailed"}"#),
        ),
        (Operation::DdmSetAdmin, answer(500, "")),
        (
            Operation::DcsResetPassword,
            answer(
                400,
                r#"{"error_code":"DCS.4115","error_msg":"Some words."}"#,
            ),
        ),
    ] {
        server.answer(bytes);
        let _ = call(&client, operation, "old", "new").await;
    }
    let _ = call(&client, Operation::DcsChangePassword, "same", "same").await;
    // The ways out before anything is sent.
    let credentials = Credentials::token("token").unwrap();
    let nowhere = Client::new(Endpoints::new(), project(), credentials).unwrap();
    let _ = call(&nowhere, Operation::DmsResetPassword, "", "new").await;
    server.answer(answer(
        401,
        r#"{"error":{"message":"Some words."},"request_id":"6e1d3c9f"}"#,
    ));
    let user = by_user(&server.url(), "Alice-Example-2024");
    let _ = call(&user, Operation::DmsResetPassword, "", "new").await;
    let log = log.take();
    assert!(!log.contains("Some words."), "{log}");
    let ours = log.lines().filter(|line| line.contains(" INFO "));
    let ends = ours.filter(|line| line.contains("done") || line.contains("failed"));
    let ends: Vec<_> = ends.map(without_time).collect();
    assert_snapshot!(ends.join("\n"));
    server.received();
}

/// The time that a call took differs from run to run.
fn without_time(line: &str) -> String {
    match line.split_once("elapsed_ms=") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{before}elapsed_ms=[time]{after}")
        }
        None => line.to_owned(),
    }
}
