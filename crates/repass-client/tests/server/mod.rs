//! A server that keeps the bytes it receives and answers with the bytes it is told to. It knows
//! nothing of the services, and of HTTP only where a request ends.

#![allow(
    dead_code,
    reason = "compiled into each test binary, which uses a part"
)]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use repass_client::{Client, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::calls::{ONE_ATTEMPT, TOKEN, client};

type Answer = Box<dyn Fn(&Request) -> Vec<u8> + Send>;

/// Lives as long as the runtime of its test.
pub(crate) struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    received: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// A server that cuts every connection once a request has arrived.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(Box::new(|_| Vec::new()))),
            received: Arc::default(),
            connections: Arc::default(),
        };
        let (answer, received) = (server.answer.clone(), server.received.clone());
        let connections = server.connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, answer.clone(), received.clone()));
            }
        });
        server
    }

    /// Answers with these bytes from now on; no bytes cut the connection.
    pub(crate) fn answer(&self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.answer_by(move |_| bytes.clone());
    }

    /// Answers from now on with what this makes of the request.
    pub(crate) fn answer_by(&self, answer: impl Fn(&Request) -> Vec<u8> + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    /// The number of connections that were made since the last time this was asked.
    pub(crate) fn connections(&self) -> usize {
        self.connections.swap(0, Ordering::Relaxed)
    }

    /// What was received since the last time this was asked.
    pub(crate) fn received(&self) -> Vec<Request> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// The one request that the hand-written and the generated client have both sent, byte for
    /// byte, and that keeps what holds for all of them.
    #[track_caller]
    pub(crate) fn received_from_both(&self) -> Request {
        let [by_hand, generated] = self.received().try_into().unwrap();
        assert_eq!(by_hand, generated);
        assert_eq!(by_hand.header("x-auth-token"), [TOKEN]);
        assert_eq!(by_hand.header("content-type"), ["application/json"]);
        assert!(by_hand.header("api-version").is_empty());
        by_hand
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.url(), TOKEN)
    }

    /// A client that sends nothing again.
    pub(crate) fn client_of_one_attempt(&self) -> Client {
        self.client().with_retries(ONE_ATTEMPT)
    }

    /// The generated clients are made from the address and this.
    pub(crate) fn transport(&self) -> Transport {
        self.client().transport()
    }
}

/// A port that nobody may connect to.
pub(crate) struct Unvisited(std::net::TcpListener);

impl Unvisited {
    pub(crate) fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(crate) fn url(&self) -> String {
        let address = self.0.local_addr().unwrap();
        format!("http://{address}")
    }
}

impl Drop for Unvisited {
    fn drop(&mut self) {
        let visited = self.0.accept().is_ok();
        assert!(!visited || std::thread::panicking(), "somebody connected");
    }
}

/// A port that refuses every connection. It is bound, so that no other test gets it meanwhile.
pub(crate) struct Closed(TcpSocket);

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

/// A port where connecting takes forever: nobody accepts, and the queue is full.
pub(crate) struct Full {
    address: SocketAddr,
    _held: (TcpListener, Vec<std::net::TcpStream>),
}

impl Full {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let a_moment = Duration::from_millis(100);
        let connect = || std::net::TcpStream::connect_timeout(&address, a_moment).ok();
        let held = std::iter::from_fn(connect).collect();
        Self {
            address,
            _held: (listener, held),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Moves tokio's clock forward, at once.
pub(crate) fn jump(by: Duration) {
    tokio::time::pause();
    // The first step moves the clock, and there is nothing else to wait for.
    let mut advance = std::pin::pin!(tokio::time::advance(by));
    let _ = { advance.as_mut() }.poll(&mut Context::from_waker(Waker::noop()));
    tokio::time::resume();
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<Mutex<Answer>>,
    received: Arc<Mutex<Vec<Request>>>,
) {
    while let Some(request) = read(&mut stream).await {
        let bytes = answer.lock().unwrap()(&request);
        received.lock().unwrap().push(request);
        // A client that has read enough may hang up before the end of a long answer.
        let sent = stream.write_all(&bytes).await.is_ok();
        if !sent || !bytes.starts_with(KEEP_OPEN.as_bytes()) {
            break;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = Request::whole(&bytes) {
            return Some(request);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// An answer that starts so leaves the connection open. All others end with it.
pub(crate) const KEEP_OPEN: &str = "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\n";

/// An answer with this status and body.
pub(crate) fn answer(status: u16, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer_with(status, "content-type: application/json\r\n", body)
}

/// An answer with this status, these lines of headers and this body.
pub(crate) fn answer_with(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = match status {
        // It has neither a length nor a body.
        204 => String::new(),
        _ => format!("content-length: {}\r\n", body.len()),
    };
    let head = format!("HTTP/1.1 {status} \r\nconnection: close\r\n{headers}{length}\r\n");
    [head.as_bytes(), body].concat()
}

/// A request as received. `Display` shows it with its headers sorted, and placeholders for what
/// differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn is_login(&self) -> bool {
        self.line.contains("/v3/auth/tokens")
    }

    fn whole(bytes: &[u8]) -> Option<Self> {
        let (head, body) = std::str::from_utf8(bytes).ok()?.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let request = Self {
            line: lines.next()?.to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        };
        let length = request.header("content-length").concat();
        let length = if length.is_empty() { "0" } else { &length };
        (length == body.len().to_string()).then_some(request)
    }

    /// The values of this header, one for each time it was sent.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(each, _)| each == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line)?;
        let mut headers = self.headers.clone();
        headers.sort();
        for (name, value) in headers {
            let value = match name.as_str() {
                "host" => "[address]",
                "user-agent" => &value.replace(env!("CARGO_PKG_VERSION"), "[version]"),
                "x-auth-token" => "[token]",
                _ => &value,
            };
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.body)
    }
}
