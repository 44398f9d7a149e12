//! Bytes of any kind: each gets an answer or a closed connection.
#![allow(
    clippy::unwrap_used,
    reason = "the raw connection is part of the tests"
)]

mod http;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use http::{login_body, path, send, start};
use repass_emulator::{Emulator, Fault, FaultKind, Fleet};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

/// As long as a client may take to send a head, and then a body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it waits for a client to read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

fn connect(emulator: &Emulator) -> TcpStream {
    let stream = TcpStream::connect(emulator.url().replace("http://", "")).unwrap();
    let hangs = Some(Duration::from_secs(20));
    stream.set_read_timeout(hangs).unwrap();
    stream
}

/// Writes bytes to a connection of its own and reads whatever comes back until it is closed.
fn raw(emulator: &Emulator, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(emulator);
    // The emulator may close before it has read everything.
    let _ = stream.write_all(bytes.as_ref());
    read(stream)
}

fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 "));
    answer
}

/// The status of an answer; 0 if the connection was closed without one.
fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).unwrap_or("0");
    status.parse().unwrap()
}

/// A reset of the Kafka instance, with these headers and this body.
fn reset(headers: &str, body: &[u8]) -> Vec<u8> {
    let path = path("v2", Fleet::DMS_ID, "password");
    let (token, length) = (Fleet::TOKEN, body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-auth-token: {token}\r\n\
         content-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

const PASSWORD: &[u8] = br#"{"new_password":"Kafka-Example-2024"}"#;

async fn works(emulator: &Emulator) {
    let path = path("v2", Fleet::DMS_ID, "password");
    let body = std::str::from_utf8(PASSWORD).unwrap();
    assert_eq!(send(emulator, "post", &path, body).await.0, 204);
}

/// The gateway has limits: 32 KB for a URI and for a header, and 128 KB for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_beyond_the_limits_is_refused_as_the_gateway_does() {
    let emulator = start().await;
    let get = |query: usize, headers: &[usize]| {
        let query = "q".repeat(query);
        let header = |size: &usize| format!("x: {}\r\n", "a".repeat(*size));
        let headers: String = headers.iter().map(header).collect();
        format!("GET /x{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n")
    };
    let kib = 1 << 10;
    for (query, headers, expected) in [
        (32 * kib - 2, vec![], 404),
        (32 * kib - 1, vec![], 414),
        (60 * kib, vec![], 414),
        (0, vec![32 * kib - 1], 404),
        (0, vec![32 * kib], 494),
        (0, vec![31 * kib; 4], 404),
        (0, vec![31 * kib; 5], 494),
    ] {
        let answer = raw(&emulator, get(query, &headers));
        assert_eq!(status(&answer), expected, "{query} {headers:?}");
        if expected != 404 {
            assert!(answer.contains(r#""error_code":"APIGW.0201""#), "{answer}");
            assert!(answer.contains(r#""request_id":"#), "{answer}");
        }
    }
    // Beyond what is looked at there is an answer without a body.
    for (query, headers) in [
        (70 * kib, vec![]),
        (0, vec![31 * kib; 12]),
        (0, vec![0; 101]),
    ] {
        let answer = raw(&emulator, get(query, &headers));
        // The rest of the request may be on its way when the connection is closed.
        assert!(matches!(status(&answer), 414 | 431 | 494 | 0), "{answer}");
    }
    works(&emulator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_chunks_has_the_same_limit() {
    let emulator = start().await;
    let chunk = format!("100000\r\n{}\r\n", "a".repeat(1 << 20));
    let head = reset("transfer-encoding: chunked\r\n", b"");
    let head = String::from_utf8(head).unwrap();
    let head = head.replace("content-length: 0\r\n", "");
    for (chunks, expected) in [(12, 400), (13, 413)] {
        let request = format!("{head}{}0\r\n\r\n", chunk.repeat(chunks));
        assert_eq!(status(&raw(&emulator, request)), expected);
    }
}

/// 415 stands in the services' general tables. No Content-Type at all is let pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_by_its_type_is_refused() {
    let emulator = start().await;
    for (kind, expected) in [
        ("", 204),
        ("content-type: application/json\r\n", 204),
        ("content-type: application/json;charset=utf-8\r\n", 204),
        ("content-type: Application/JSON ; charset=UTF-8\r\n", 204),
        ("content-type: application/x-www-form-urlencoded\r\n", 415),
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/bson\r\n", 415),
        ("content-type: \r\n", 415),
    ] {
        let answer = raw(&emulator, reset(kind, PASSWORD));
        assert_eq!(status(&answer), expected, "{kind}");
        assert_eq!(answer.contains("DMS.00400005"), expected == 415);
    }
    let body = login_body(Fleet::USER_PASSWORD);
    for (kind, expected) in [("application/json;charset=utf8", 201), ("text/plain", 415)] {
        let length = body.len();
        let answer = raw(
            &emulator,
            format!(
                "POST /v3/auth/tokens HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                 content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
            ),
        );
        assert_eq!(status(&answer), expected, "{answer}");
    }
}

/// No page says which of two would count.
#[tokio::test]
async fn a_field_that_stands_there_twice_is_refused() {
    let emulator = start().await;
    let twice = r#"{"new_password":"Kafka-Example-2024","new_password":"Kafka-Example-2025"}"#;
    let change = r#"{"old_password":"Redis-Example-2023","old_password":"Redis-Example-2023",
                     "new_password":"Redis-Example-2024"}"#;
    let admin = r#"{"name":"root","password":"Admin-Example-2024","name":"root"}"#;
    let user = r#"{"password":"Account-Example-2024","password":"Account-Example-2024"}"#;
    let of_user = format!("users/{}/password", Fleet::DDM_USERNAME);
    let faults = r#"{"fault":"cut","fault":"html"}"#;
    let login = login_body(Fleet::USER_PASSWORD);
    let login = login.replacen(r#""name":"#, r#""name":"another","name":"#, 1);
    for (method, path, body) in [
        ("post", path("v2", Fleet::DMS_ID, "password"), twice),
        ("put", path("v2", Fleet::DCS_ID, "password"), change),
        ("post", path("v2", Fleet::DCS_ID, "password/reset"), twice),
        ("put", path("v3", Fleet::DDM_ID, "admin-user"), admin),
        ("post", path("v2", Fleet::DDM_ID, &of_user), user),
        ("post", "/_emulator/faults".to_owned(), faults),
        ("post", "/v3/auth/tokens".to_owned(), login.as_str()),
    ] {
        let (status, answer) = send(&emulator, method, &path, body).await;
        assert_eq!(status, 400, "{path}: {answer}");
    }
    assert!(emulator.password_is(Fleet::DMS_ID, None, "Kafka-Example-2023"));
    assert!(emulator.password_is(Fleet::DCS_ID, None, Fleet::DCS_PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_any_bytes_is_refused() {
    let emulator = start().await;
    let deep = |open: &str| open.repeat(50_000).into_bytes();
    for body in [
        vec![0xff; 1000],
        b"{\"new_password\":\"Kafka-Example-2024\xff\"}".to_vec(),
        b"{\"new_password\":\"\\ud800Kafka-Example-2024\"}".to_vec(),
        b"\xef\xbb\xbf{\"new_password\":\"Kafka-Example-2024\"}".to_vec(),
        vec![0; 1000],
        deep("["),
        deep(r#"{"new_password":"#),
        [&b"{\"new_password\":"[..], &deep("[")].concat(),
        format!(r#"{{"new_password":{}}}"#, "9".repeat(100_000)).into_bytes(),
    ] {
        let answer = raw(&emulator, reset("", &body));
        let shown = String::from_utf8_lossy(&body);
        assert_eq!(status(&answer), 400, "{shown:.50}: {answer}");
        assert!(answer.contains("DMS.0040"), "{answer}");
    }
    works(&emulator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_end_the_connection() {
    let emulator = start().await;
    let whole = reset("", PASSWORD);
    let whole_text = String::from_utf8(whole.clone()).unwrap();
    let framed = |how: &str| {
        let length = format!("content-length: {}\r\n", PASSWORD.len());
        whole_text.replace(&length, how).into_bytes()
    };
    let of_bytes = |from: &str, to: &[u8]| {
        let (before, after) = whole_text.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    for (bytes, expected) in [
        (vec![0; 1000], 400),
        (vec![0xff; 1000], 400),
        // A version that there is not, and bytes where text belongs.
        (of_bytes("HTTP/1.1", b"HTTP/9.9"), 400),
        (of_bytes("instances", b"inst\xff\xfences"), 400),
        (of_bytes("host: ", b"ho\xffst: "), 400),
        (of_bytes("emulator-token", b"emulator-\xff\xfe"), 401),
        (framed("content-length: -1\r\n"), 400),
        (framed("content-length: 99999999999999999999\r\n"), 400),
        (framed("content-length: 37\r\ncontent-length: 38\r\n"), 400),
        (framed("transfer-encoding: chunked\r\n"), 400),
        (framed("content-length: 2\r\n"), 400),
        (whole.clone(), 204),
    ] {
        let answer = raw(&emulator, &bytes);
        let shown = String::from_utf8_lossy(&bytes);
        assert_eq!(status(&answer), expected, "{shown}: {answer}");
    }
    // Less than a request, and then the client is gone.
    for bytes in [
        vec![],
        b"\r\n\r\n\r\n".to_vec(),
        // The beginnings of HTTP/2 and of TLS.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        whole[..60].to_vec(),
        framed("content-length: 1000\r\n"),
    ] {
        let mut stream = connect(&emulator);
        stream.write_all(&bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let shown = String::from_utf8_lossy(&bytes);
        assert!(matches!(status(&read(stream)), 0 | 400), "{shown}");
    }
    works(&emulator).await;
}

/// What comes back on a connection without a network, and after how long.
async fn paused(
    emulator: &Emulator,
    send: impl AsyncFnOnce(&mut tokio::io::DuplexStream),
) -> (String, Duration) {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let begun = Instant::now();
    let client = async {
        send(&mut client).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, ()) = tokio::join!(client, emulator.serve(server));
    (answer, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_not_waited_for() {
    let emulator = start().await;
    let request = reset("", PASSWORD);
    let head = request.len() - PASSWORD.len();
    // The clock of the tests jumps, so that nothing here takes its time.
    for (sent, expected) in [(0, 0), (10, 0), (head, 400), (head + 5, 400)] {
        let part = &request[..sent];
        let (answer, took) = paused(&emulator, async |client| {
            client.write_all(part).await.unwrap();
        })
        .await;
        assert_eq!(status(&answer), expected, "{sent}: {answer}");
        assert_eq!(answer.contains("APIGW.0201"), expected == 400);
        assert!(took >= READ_TIMEOUT && took < 2 * READ_TIMEOUT, "{took:?}");
    }
    // A byte now and then is no whole head, and no whole body.
    for begun in [0, head] {
        let (answer, took) = paused(&emulator, async |client| {
            client.write_all(&request[..begun]).await.unwrap();
            for byte in &request[begun..] {
                tokio::time::sleep(Duration::from_secs(2)).await;
                if client.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
        })
        .await;
        assert_ne!(status(&answer), 204);
        assert!(took >= READ_TIMEOUT && took < 3 * READ_TIMEOUT, "{took:?}");
    }
    // A connection that is kept and not used ends, too.
    let kept = String::from_utf8(request).unwrap();
    let kept = kept.replace("connection: close\r\n", "");
    let (answer, took) = paused(&emulator, async |client| {
        client.write_all(kept.as_bytes()).await.unwrap();
    })
    .await;
    assert_eq!(status(&answer), 204);
    assert!(took >= READ_TIMEOUT && took < 2 * READ_TIMEOUT, "{took:?}");
}

/// What is refused, or struck by a fault, before anybody looks at its body.
#[tokio::test(start_paused = true)]
async fn an_early_answer_leaves_the_connection_to_the_next_request() {
    let own =
        |change: fn(&str) -> String| change(std::str::from_utf8(&reset("", PASSWORD)).unwrap());
    let mut cases = vec![
        (own(|good| good.replace(Fleet::TOKEN, "another")), None, 401),
        (
            own(|good| good.replace("x-auth-token", "x-none")),
            None,
            401,
        ),
        (own(|good| good.replace("/v2/", "/v9/")), None, 404),
        (own(|good| good.replace("POST /v2", "PATCH /v2")), None, 404),
        (
            own(|good| good.replace(&path("v2", Fleet::DMS_ID, "password"), "/_emulator/clock")),
            None,
            415,
        ),
        (
            own(|good| good.replace("host: localhost", "host: example.com")),
            None,
            421,
        ),
    ];
    for (kind, status) in [
        (FaultKind::Error, 500),
        (FaultKind::Html, 502),
        (FaultKind::Throttle, 429),
        (FaultKind::ExpiredToken, 401),
    ] {
        let mut fault = Fault::new(kind);
        fault.count = Some(1);
        fault.per_second = (kind == FaultKind::Throttle).then_some(0);
        cases.push((own(str::to_owned), Some(fault), status));
    }
    for (first, fault, expected) in cases {
        let mut fleet = Fleet::built_in();
        fleet.faults.extend(fault.clone());
        let emulator = Emulator::start(fleet).await.unwrap();
        let first = first.replace("connection: close\r\n", "");
        let (head, body) = first.split_once("\r\n\r\n").unwrap();
        let (answers, _) = paused(&emulator, async |client| {
            client
                .write_all(format!("{head}\r\n\r\n").as_bytes())
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            client.write_all(body.as_bytes()).await.unwrap();
            client.write_all(&reset("", PASSWORD)).await.unwrap();
        })
        .await;
        let mut statuses = answers.split("HTTP/1.1 ").skip(1);
        let mut next = || {
            statuses
                .next()
                .map(|answer| answer.split(' ').next().unwrap().to_owned())
        };
        let told = (next(), next());
        assert_eq!(
            told,
            (Some(expected.to_string()), Some("204".to_owned())),
            "{first} {fault:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_not_waited_for() {
    let emulator = start().await;
    // Less room than the answer takes.
    let (mut client, server) = tokio::io::duplex(1 << 10);
    let console = "GET /_emulator/page/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(console.as_bytes()).await.unwrap();
    let begun = Instant::now();
    emulator.serve(server).await;
    let took = begun.elapsed();
    assert!(
        took >= WRITE_TIMEOUT && took < 2 * WRITE_TIMEOUT,
        "{took:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_idle_connections_hold_nobody_up() {
    let emulator = start().await;
    // Both ends of a connection are files of this process.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let files = limit.current.unwrap_or(u64::MAX);
    let half_a_head = b"POST /v2/";
    let mut idle = Vec::new();
    for number in 0..3000.min(files / 2 - 200) {
        let mut stream = connect(&emulator);
        if number % 2 == 0 {
            stream.write_all(half_a_head).unwrap();
        }
        idle.push(stream);
    }
    works(&emulator).await;
    drop(idle);
    works(&emulator).await;
}

/// The bodies of all connections have one bound, and an answer comes beyond it.
#[tokio::test(start_paused = true)]
async fn unfinished_bodies_take_bounded_memory() {
    let emulator = start().await;
    let largest = 12 << 20;
    let large = [&b"{"[..], &vec![b' '; largest - 1]].concat();
    let request = reset("", &large);
    // Each pipe holds little, so what is written is what the emulator has read.
    let mut clients = Vec::new();
    let mut servers = tokio::task::JoinSet::new();
    let emulator = std::sync::Arc::new(emulator);
    for _ in 0..6 {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let shared = emulator.clone();
        servers.spawn(async move { shared.serve(server).await });
        client
            .write_all(&request[..request.len() - 1])
            .await
            .unwrap();
        clients.push(client);
    }
    // Small ones are answered meanwhile.
    let (answer, _) = paused(&emulator, async |client| {
        client.write_all(&reset("", PASSWORD)).await.unwrap();
    })
    .await;
    assert_eq!(status(&answer), 204);
    // Five fit into 64 MiB. The sixth was read to its end, and is answered.
    let mut statuses = Vec::new();
    for mut client in clients {
        client.write_all(b" ").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains("APIGW") || answer.contains("APIGW.0201"));
        statuses.push(status(&answer));
    }
    assert_eq!(statuses, [400, 400, 400, 400, 400, 503]);
    // The memory is free again.
    let (answer, _) = paused(&emulator, async |client| {
        client.write_all(&request).await.unwrap();
    })
    .await;
    assert_eq!(status(&answer), 400);
}

/// When every connection carries out a request, another one gets an answer instead of none.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_too_many_is_answered() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut fleet = Fleet::built_in();
    let mut latency = Fault::new(FaultKind::Latency);
    latency.milliseconds = Some(600_000);
    fleet.faults.push(latency);
    let emulator = Emulator::start(fleet).await.unwrap();
    let request = reset("", PASSWORD);
    let mut busy = Vec::new();
    for _ in 0..1000 {
        let mut stream = connect(&emulator);
        stream.write_all(&request).unwrap();
        busy.push(stream);
    }
    // Without the listener, as its connections are all in use.
    let ask = async |method: &str| {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let request = format!(
            "{method} /_emulator/faults HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        );
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = client.read_to_string(&mut answer);
        let (read, ()) = tokio::join!(read, emulator.serve(server));
        read.map(|_| answer).unwrap()
    };
    while !ask("GET").await.contains(r#""hits":1000,"#) {
        tokio::task::yield_now().await;
    }
    let answer = raw(&emulator, &request);
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("APIGW.0201"), "{answer}");
    // Nobody who was served before was sent away.
    assert!(ask("DELETE").await.starts_with("HTTP/1.1 204"));
    for stream in busy {
        assert_eq!(status(&read(stream)), 204);
    }
}
