//! Every row of the table of certainties, over real HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the steps are part of the tests"
)]

mod calls;
mod server;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use repass_client::{
    Certainty, Client, Completion, Credentials, Endpoints, Error, InFlight, Operation, Outcome,
    ProjectName, RetryConfig,
};

use calls::{ONE_ATTEMPT, OPERATIONS, TOKEN, call, client, project};
use server::{Closed, Full, KEEP_OPEN, Request, Server, answer, answer_with, jump};

const OLD: &str = "Redis-Example-2023";
const NEW: &str = "Redis-Example-2024";

/// A row of `src/certainty.md`.
struct Row {
    happens: &'static str,
    calls: Vec<Operation>,
    certainty: &'static str,
}

fn rows() -> Vec<Row> {
    let table = include_str!("../src/certainty.md").lines();
    let rows = table.filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = rows.skip_while(|row| !row.starts_with("---")).skip(1);
    rows.map(|row| {
        let [happens, calls, certainty] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let (but, only) = match calls.split_once("any but ") {
            Some((_, but)) => (but, None),
            None if calls.starts_with("any") => ("", None),
            None => ("", Some(calls)),
        };
        let named = |operation: &Operation| {
            let name = operation.to_string();
            only.is_none_or(|only| only == name) && but != name
        };
        let calls: Vec<_> = OPERATIONS.into_iter().filter(named).collect();
        assert!(!calls.is_empty(), "{row}");
        Row {
            happens,
            calls,
            certainty,
        }
    })
    .collect()
}

/// What a server does.
enum Answers {
    /// This, whatever is asked.
    Always(Vec<u8>),
    /// One of these to every call.
    Each(Vec<Vec<u8>>),
    /// These in turn, to the attempts of one call; a cut after the last.
    InTurn(Vec<Vec<u8>>),
    /// Whatever says success to the call, and before it these.
    Then(Vec<Vec<u8>>),
}

/// Whatever proves success to one of the calls.
const PROOFS: &str = r#""success":true,"result":"success","code":"1","job_id":"1""#;

fn success(request: &Request) -> Vec<u8> {
    let change = request.line.starts_with("PUT");
    if request.line.contains("/users/") {
        answer(200, r#"{"success":true}"#)
    } else if request.line.contains("/admin-user") {
        answer(202, r#"{"job_id":"1"}"#)
    } else if request.line.contains("/reset") {
        answer(200, r#"{"code":"1"}"#)
    } else if change {
        answer(200, r#"{"result":"success"}"#)
    } else {
        answer(204, "")
    }
}

/// What happens at the service in the rows that are about its answers.
fn answers(happens: &str) -> Option<Answers> {
    use Answers::{Always, Each, InTurn, Then};
    let json = |status, body: &str| answer(status, body);
    let ok = |body: &str| Always(json(200, body));
    Some(match happens {
        "a 4xx that the contract lists for the operation, whatever its body is" => Each(vec![
            json(400, r#"{"error_code":"DCS.4115","error_msg":"Busy."}"#),
            json(400, "{}"),
            json(403, r#"{"error_code":"APIGW.0302","request_id":"1"}"#),
            json(404, ""),
            json(401, "<html>"),
            json(400, r#"{"error_code":1e999}"#),
        ]),
        "another 4xx with a code in one of the dialects" => Each(vec![
            json(418, r#"{"error_code":"DCS.4115","error_msg":"Busy."}"#),
            json(410, r#"{"errCode":"DBS.280001","externalMessage":"No."}"#),
            json(408, r#"{"error_code":"APIGW.0201","request_id":"1"}"#),
            json(405, r#"{"error_code":111400022}"#),
            json(499, r#"{"error":{"error_code":"DCS.4115"}}"#),
        ]),
        "a 408, a 499 or another 4xx that is not listed, without a code" => Each(vec![
            json(408, ""),
            json(499, ""),
            json(408, "<html>"),
            json(418, "{}"),
            json(405, r#"{"error_code":"","errCode":null}"#),
            json(413, r#"{"code":413,"message":"Too large."}"#),
            json(422, r#"{"error":"No."}"#),
        ]),
        "a 4xx that is not listed, with a body that cannot be read" => Each(vec![
            json(418, r#"{"error_code":"DCS.4115","x":1e999}"#),
            json(418, r#"{"error_code":"DCS.4115","error_code":"DCS.4116"}"#),
            json(418, r#"["DCS.4115"]"#),
            json(418, "\u{feff}{\"error_code\":\"DCS.4115\"}"),
        ]),
        "a 401 for a token that has expired" => Always(json(401, r#"{"error_code":"APIGW.0307"}"#)),
        "a 429 with `Retry-After`, until the attempts are used up" => {
            Always(answer_with(429, "retry-after: 0\r\n", ""))
        }
        "a 429 without `Retry-After`, until the attempts are used up" => Always(json(429, "")),
        "a listed 4xx whose body is cut off" => {
            Always("HTTP/1.1 400 \r\ncontent-length: 99\r\n\r\n{\"err".into())
        }
        "a 200 with `result` `passwordFailed`" => ok(r#"{"result":"passwordFailed"}"#),
        "a 200 with `result` `locked`" => ok(r#"{"result":"locked"}"#),
        "a 200 with `result` `failed`" => ok(r#"{"result":"failed"}"#),
        "a 200 with `code` `3`" => ok(r#"{"code":"3"}"#),
        "a 200 with `success` false" => ok(r#"{"success":false}"#),
        "a 500" => Always(json(500, r#"{"error_code":"DCS.5000"}"#)),
        "a 502 with HTML" => Always(json(502, "<html>")),
        "a 503" => Always(json(503, "")),
        "a 504 with a code of the gateway" => Always(json(504, r#"{"error_code":"APIGW.0201"}"#)),
        "the connection is lost after the request is read" => Always(Vec::new()),
        "the connection is lost in the middle of a 2xx" => {
            Always("HTTP/1.1 200 \r\ncontent-length: 99\r\n\r\n{\"success\":true,\"code\":".into())
        }
        "the answer is not HTTP" => Always("SSH-2.0-OpenSSH_9.6\r\n".into()),
        "a redirect, which is not followed" => {
            Always(answer_with(307, "location: http://127.0.0.1:9/\r\n", ""))
        }
        "a 2xx that the contract does not list for the operation" => Always(json(206, "{}")),
        "a 200 with HTML" => ok("<html>"),
        "a 200 with a body that parsers read differently" => Each(
            [
                r#""x":1e999"#.to_owned(),
                r#""success":true"#.to_owned(),
                r#""a":{"b":1,"b":2}"#.to_owned(),
                format!(r#""x":{}{}"#, "[".repeat(200), "]".repeat(200)),
            ]
            .map(|member| json(200, &format!("{{{PROOFS},{member}}}")))
            .into_iter()
            .chain([
                json(200, &format!("\u{feff}{{{PROOFS}}}")),
                json(200, &format!("{{{PROOFS}}}{{}}")),
                json(200, &format!("[{{{PROOFS}}}]")),
                json(200, &format!("{{{PROOFS},}}")),
            ])
            .collect(),
        ),
        "a 200 with `result` missing or not documented" => Each(vec![
            json(200, ""),
            json(200, "{}"),
            json(200, r#"{"result":"Success"}"#),
            json(200, r#"{"result":null}"#),
        ]),
        "a 200 with `code` missing or not documented" => Each(vec![
            json(200, ""),
            json(200, r#"{"code":"2"}"#),
            json(200, r#"{"message":"success"}"#),
        ]),
        "a 200 with `success` missing" => Each(vec![json(200, ""), json(200, r#"{"name":"a"}"#)]),
        "a success whose body also speaks of an error, in any dialect" => Each(
            [
                r#""error_code":"DCS.4115""#,
                r#""error_msg":{"en":"Busy."}"#,
                r#""errCode":"DBS.280001","externalMessage":"Parameter error.""#,
                r#""errCode":300306"#,
                r#""externalMessage":"Parameter error.""#,
                r#""error":{"code":400,"message":"Wrong."}"#,
                r#""errorCode":"1""#,
            ]
            .map(|error| json(200, &format!("{{{PROOFS},{error}}}")))
            .into(),
        ),
        "a refusal after an attempt whose answer was lost" => {
            InTurn(vec![Vec::new(), json(400, "")])
        }
        "a 200 with `success` true" => ok(r#"{"success":true}"#),
        "a 200 without a body, or with one of the ids" => Each(vec![
            json(200, ""),
            json(200, r#"{"job_id":"1"}"#),
            json(200, r#"{"instance_id":"1"}"#),
            json(
                200,
                r#"{"error_code":null,"errCode":null,"success":true,"job_id":"1"}"#,
            ),
        ]),
        "a 202 without a body, or with one of the ids" => {
            Each(vec![json(202, ""), json(202, r#"{"job_id":"1"}"#)])
        }
        "a 200 or 202 with a body that has neither `instance_id` nor `job_id`" => Each(vec![
            json(200, "{}"),
            json(200, r#"{"message":"Access blocked by proxy policy"}"#),
            json(202, r#"{"job_id":null}"#),
            json(200, r#"{"job_id":""}"#),
            json(200, r#"{"job_id":7}"#),
        ]),
        "a 200 with `result` `success`" => ok(r#"{"result":"success"}"#),
        "a 200 with `code` `1`" => ok(r#"{"code":"1"}"#),
        "a 204" => Always(json(204, "")),
        "a success after an attempt whose answer was lost" => Then(vec![Vec::new()]),
        _ => return None,
    })
}

impl Answers {
    /// How often the call has to be made to see all of them.
    fn rounds(&self) -> usize {
        match self {
            Self::Each(answers) => answers.len(),
            _ => 1,
        }
    }

    fn give(&self, round: usize, server: &Server) {
        match self {
            Self::Always(bytes) => server.answer(bytes.clone()),
            Self::Each(answers) => server.answer(answers[round].clone()),
            Self::InTurn(answers) => {
                let answers = Mutex::new(VecDeque::from(answers.clone()));
                let next = move || answers.lock().unwrap().pop_front();
                server.answer_by(move |_| next().unwrap_or_default());
            }
            Self::Then(answers) => {
                let answers = Mutex::new(VecDeque::from(answers.clone()));
                let next = move || answers.lock().unwrap().pop_front();
                server.answer_by(move |request| next().unwrap_or_else(|| success(request)));
            }
        }
    }
}

fn told(result: &Result<Outcome, Error>) -> &'static str {
    match result {
        Ok(outcome) => match outcome.completion {
            Completion::Done => "done",
            Completion::Accepted => "accepted",
        },
        Err(error) => match error.certainty() {
            Certainty::NotSent => "not sent",
            Certainty::Refused => "refused",
            Certainty::Unknown => "unknown",
        },
    }
}

fn by_user(iam: &str, service: &str) -> Client {
    let endpoints = Endpoints::all(service).unwrap().iam(iam).unwrap();
    let credentials = Credentials::user("domain", "alice", "Alice-Example-2024").unwrap();
    let client = Client::new(endpoints, project(), credentials).unwrap();
    client.with_retries(RetryConfig {
        initial_backoff: Duration::ZERO,
        ..RetryConfig::default()
    })
}

fn by_project_name(url: &str) -> Client {
    let credentials = Credentials::token(TOKEN).unwrap();
    let name = ProjectName::new("eu-de").unwrap();
    Client::new(Endpoints::all(url).unwrap(), name, credentials).unwrap()
}

const TOKEN_MADE: &str = r#"{"token":{"expires_at":"2024-01-03T03:04:05.000000Z","issued_at":"2024-01-02T03:04:05.000000Z"}}"#;

/// The answer of IAM, if it is IAM that is asked.
fn iam(request: &Request, token: &str) -> Option<Vec<u8>> {
    let header = format!("x-subject-token: {token}\r\n");
    request
        .is_login()
        .then(|| answer_with(201, &header, TOKEN_MADE))
}

/// What a call may take.
const A_MINUTE: Duration = Duration::from_secs(60);

/// Makes a call, and drops it when its first request has arrived.
async fn dropped_on_arrival(server: &Server, client: &Client, operation: Operation) {
    let (arrived, arrival) = tokio::sync::oneshot::channel();
    let arrived = Mutex::new(Some(arrived));
    server.answer_by(move |_| {
        let arrived = arrived.lock().unwrap().take();
        arrived.unwrap().send(()).unwrap();
        KEEP_OPEN.into()
    });
    tokio::select! {
        result = call(client, operation, OLD, NEW) => panic!("{result:?}"),
        arrival = arrival => arrival.unwrap(),
    }
}

async fn received_one(server: &Server) -> Request {
    for _ in 0..1000 {
        if let Some(request) = server.received().pop() {
            return request;
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing was received");
}

/// What a caller that dropped a call knows.
fn known_by(in_flight: &InFlight) -> &'static str {
    if in_flight.outcome_uncertain() {
        "unknown"
    } else {
        "not sent"
    }
}

/// What happens in the rows that an answer alone does not bring about.
async fn otherwise(happens: &str, operation: Operation) -> Vec<&'static str> {
    let server = Server::start().await;
    let url = server.url();
    let made = |client: Client, new: &'static str| async move {
        told(&call(&client, operation, OLD, new).await)
    };
    match happens {
        "the password is the user name or its reverse" => {
            let client = server.client();
            let results = vec![
                made(client.clone(), "ddmtest").await,
                made(client, "tsetmdd").await,
            ];
            assert!(server.received().is_empty());
            results
        }
        "the new password is the old one" => {
            let result = made(server.client(), OLD).await;
            assert!(server.received().is_empty());
            vec![result]
        }
        "the client has no endpoint for the service" => {
            let credentials = Credentials::token(TOKEN).unwrap();
            let client = Client::new(Endpoints::new(), project(), credentials).unwrap();
            vec![made(client, NEW).await]
        }
        "the client needs IAM and has no endpoint for it" => {
            let endpoints = Endpoints::new();
            let endpoints = endpoints.ddm(&url).unwrap().dcs(&url).unwrap();
            let endpoints = endpoints.dms(&url).unwrap();
            let credentials = Credentials::user("domain", "alice", "a").unwrap();
            let client = Client::new(endpoints, project(), credentials).unwrap();
            let result = made(client, NEW).await;
            assert!(server.received().is_empty());
            vec![result]
        }
        "IAM refuses the login, or fails" => {
            let iam = Server::start().await;
            let mut results = Vec::new();
            for (status, body) in [
                (401, r#"{"error":{"code":401,"message":"Wrong."}}"#),
                (400, ""),
                (500, "<html>"),
                (201, "{}"),
                (302, ""),
            ] {
                iam.answer(answer(status, body));
                results.push(made(by_user(&iam.url(), &url), NEW).await);
            }
            assert!(server.received().is_empty());
            results
        }
        "IAM cannot be reached" => {
            let result = made(by_user(&Closed::new().url(), &url), NEW).await;
            assert!(server.received().is_empty());
            vec![result]
        }
        "IAM knows no project of the name, or several" => {
            let mut results = Vec::new();
            for projects in [
                r#"{"projects":[]}"#,
                r#"{"projects":[{"id":"1","name":"eu-de"},{"id":"2","name":"eu-de"}]}"#,
                r#"{"projects":[{"id":"1","name":"another"}]}"#,
                r#"{"projects":[{"id":"../1","name":"eu-de"}]}"#,
            ] {
                server.answer(answer(200, projects));
                results.push(made(by_project_name(&url), NEW).await);
            }
            let received = server.received();
            assert!(
                received
                    .iter()
                    .all(|request| request.line.starts_with("GET "))
            );
            results
        }
        "a login leaves no time for the call" => {
            server.answer_by(|request| {
                jump(A_MINUTE - Duration::from_secs(5));
                iam(request, "token").unwrap_or_else(|| success(request))
            });
            let result = made(by_user(&url, &url), NEW).await;
            assert_eq!(server.received().len(), 1);
            vec![result]
        }
        "a 401, and a new login leaves no time for another attempt" => {
            let logins = AtomicUsize::new(0);
            server.answer_by(move |request| {
                let Some(login) = iam(request, "token") else {
                    return answer(401, "");
                };
                if logins.fetch_add(1, Ordering::Relaxed) > 0 {
                    jump(A_MINUTE - Duration::from_secs(5));
                }
                login
            });
            let result = made(by_user(&url, &url), NEW).await;
            // A login, the call, and a login.
            assert_eq!(server.received().len(), 3);
            vec![result]
        }
        "no connection is made before the deadline" => {
            let full = Full::new();
            let soon = RetryConfig {
                deadline: Duration::from_secs(5),
                ..RetryConfig::default()
            };
            let client = client(&full.url(), TOKEN).with_retries(soon);
            // tokio's own clock jumps to the end of whatever is waited for.
            tokio::time::pause();
            vec![made(client, NEW).await]
        }
        "no connection can be made" => vec![made(client(&Closed::new().url(), TOKEN), NEW).await],
        "the connection is lost before the request is read" => {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let cutter = std::thread::spawn(move || {
                // With its receive buffer unread, closing resets the connection.
                for _ in 0..3 {
                    let (stream, _) = listener.accept().unwrap();
                    let mut byte = [0];
                    let _ = stream.peek(&mut byte);
                }
            });
            let result = made(client(&format!("http://{address}"), TOKEN), NEW).await;
            // A change is made once; the other connections let the thread end.
            while !cutter.is_finished() {
                let _ = std::net::TcpStream::connect(address);
                tokio::task::yield_now().await;
            }
            vec![result]
        }
        "no answer arrives before the deadline" => {
            // tokio's own clock jumps to the end of the wait once all is sent.
            server.answer_by(|_| {
                tokio::time::pause();
                KEEP_OPEN.into()
            });
            vec![made(server.client().with_retries(ONE_ATTEMPT), NEW).await]
        }
        "the caller drops the call while it logs in" => {
            let (client, in_flight) = by_user(&url, &url).observed();
            dropped_on_arrival(&server, &client, operation).await;
            assert!(received_one(&server).await.is_login());
            vec![known_by(&in_flight)]
        }
        "the caller drops the call after it was sent" => {
            let (client, in_flight) = server.client().observed();
            dropped_on_arrival(&server, &client, operation).await;
            // The service has the new password, whatever the caller wants now.
            assert!(received_one(&server).await.body.contains(NEW));
            vec![known_by(&in_flight)]
        }
        "the caller drops the call while it connects" => {
            let full = Full::new();
            let (client, in_flight) = client(&full.url(), TOKEN).observed();
            tokio::select! {
                result = call(&client, operation, OLD, NEW) => panic!("{result:?}"),
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
            vec![known_by(&in_flight)]
        }
        "the caller drops the call while it waits after a 429" => {
            let (answered, arrival) = tokio::sync::oneshot::channel();
            let answered = Mutex::new(Some(answered));
            server.answer_by(move |_| {
                let answered = answered.lock().unwrap().take();
                answered.unwrap().send(()).unwrap();
                answer_with(429, "retry-after: 30\r\n", "")
            });
            let (client, in_flight) = server.client().observed();
            let arrived_and_read = async {
                arrival.await.unwrap();
                while in_flight.outcome_uncertain() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                result = call(&client, operation, OLD, NEW) => panic!("{result:?}"),
                () = arrived_and_read => {}
            }
            vec![known_by(&in_flight)]
        }
        "a 401, and success with the token of a new login" => {
            let logins = AtomicUsize::new(0);
            server.answer_by(move |request| {
                let number = logins.load(Ordering::Relaxed) + 1;
                if let Some(login) = iam(request, &format!("token-{number}")) {
                    logins.store(number, Ordering::Relaxed);
                    return login;
                }
                match request.header("x-auth-token")[..] {
                    ["token-2"] => success(request),
                    _ => answer(401, ""),
                }
            });
            vec![made(by_user(&url, &url), NEW).await]
        }
        _ => panic!("no test goes through this row: {happens}"),
    }
}

#[test]
fn every_row_is_as_the_table_says() {
    for row in rows() {
        for operation in &row.calls {
            // A runtime of its own, for one row stops its clock.
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            let results = runtime.block_on(async {
                let Some(answers) = answers(row.happens) else {
                    return otherwise(row.happens, *operation).await;
                };
                let server = Server::start().await;
                let mut results = Vec::new();
                for round in 0..answers.rounds() {
                    answers.give(round, &server);
                    results.push(told(&call(&server.client(), *operation, OLD, NEW).await));
                }
                results
            });
            assert!(!results.is_empty());
            for result in results {
                let expected: Vec<_> = row.certainty.split(" or ").collect();
                assert!(
                    expected.contains(&result),
                    "{operation}, {}: {result}, not {}",
                    row.happens,
                    row.certainty
                );
            }
        }
    }
}
