//! A server of IAM and the services on loopback. One part of it gives the answer of the input, and
//! the others what lets a call get as far as that part.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::PROJECT;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Login,
    LookUp,
    Service,
}

pub(crate) struct Server {
    url: String,
    unused: reqwest::Client,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    part: Option<Part>,
    answer: Arc<[u8]>,
    open: bool,
    token: &'static str,
    /// The token that a service was asked with, if one was asked.
    asked: Option<Option<String>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let served = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream, served.clone()));
            }
        });
        Self {
            url: format!("http://{address}"),
            unused: reqwest::Client::new(),
            state,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns a client for what asks for one and does not send by it.
    pub(crate) fn unused(&self) -> reqwest::Client {
        self.unused.clone()
    }

    /// Answers requests to this part with these bytes, and leaves the connection open or not.
    pub(crate) fn prepare(&self, part: Part, answer: Vec<u8>, open: bool, token: &'static str) {
        *lock(&self.state) = State {
            part: Some(part),
            answer: answer.into(),
            open,
            token,
            asked: None,
        };
    }

    /// Returns the token that a service was asked with, if one was asked.
    pub(crate) fn asked(&self) -> Option<Option<String>> {
        lock(&self.state).asked.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no panic before")
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut bytes = Vec::with_capacity(4096);
    loop {
        bytes.clear();
        let head = loop {
            if let Some(head) = whole(&bytes) {
                break head;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(read) if read > 0 => {}
                _ => return,
            }
        };
        let (answer, open) = lock(&state).answer(&head);
        // A client that has read enough hangs up before the end.
        if stream.write_all(&answer).await.is_err() || !open {
            return;
        }
    }
}

/// Returns the head of a request once all of it is there.
fn whole(bytes: &[u8]) -> Option<String> {
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok());
    (bytes.len() == end + 4 + length.unwrap_or(0)).then_some(head)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    headers
        .find(|(each, _)| each.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

impl State {
    fn answer(&mut self, head: &str) -> (Arc<[u8]>, bool) {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let part = if path.starts_with("/v3/auth/tokens") {
            Part::Login
        } else if path.starts_with("/v3/projects") {
            Part::LookUp
        } else {
            Part::Service
        };
        let token = header(head, "x-auth-token");
        if part == Part::Service {
            self.asked = Some(token.map(str::to_owned));
        }
        if Some(part) == self.part {
            return (self.answer.clone(), self.open);
        }
        let (name, id) = PROJECT;
        let answer = match part {
            Part::Login => with(
                &format!("HTTP/1.1 201 \r\nx-subject-token: {}\r\n", self.token),
                &format!(r#"{{"token":{{"project":{{"id":"{id}"}}}}}}"#),
            ),
            Part::LookUp => with(
                "HTTP/1.1 200 \r\n",
                &format!(r#"{{"projects":[{{"id":"{id}","name":"{name}"}}]}}"#),
            ),
            Part::Service => with(
                "HTTP/1.1 400 \r\n",
                &format!(r#"{{"error_msg":{:?}}}"#, token.unwrap_or_default()),
            ),
        };
        (answer, true)
    }
}

fn with(head: &str, body: &str) -> Arc<[u8]> {
    let length = body.len();
    format!("{head}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
        .into()
}
