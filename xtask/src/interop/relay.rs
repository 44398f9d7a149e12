//! Stands between a program and the emulator, for answers that the emulator never gives: a success
//! that is none.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::Context;

/// What stands in the place of each success of an operation. What the service did stays done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instead {
    /// How the URL of the operation ends.
    pub(super) operation: &'static str,
    pub(super) status: &'static str,
    pub(super) body: &'static str,
}

/// A relay on a port of its own, until it is dropped.
pub(super) struct Relay {
    pub(super) url: String,
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    pub(super) fn start(url: &str, instead: Instead) -> anyhow::Result<Self> {
        let emulator = url
            .strip_prefix("http://")
            .with_context(|| format!("{url} is not http"))?
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").context("listen")?;
        let address = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        // One at a time: no program sends two requests at once.
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                // A program that gets no answer tells so.
                let _ = stream.and_then(|stream| answer(stream, &emulator, instead));
            }
        });
        Ok(Self {
            // With a slash at its end, as people write it, too.
            url: format!("http://{address}/"),
            address,
            over,
            thread: Some(thread),
        })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // The thread waits for a connection; with this one it ends.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            let _ = thread.join();
        }
    }
}

/// Answers the one request of a connection.
fn answer(mut program: TcpStream, emulator: &str, instead: Instead) -> io::Result<()> {
    let mut reader = BufReader::new(&program);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    let mut head = first.clone();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        // The end of the connection is that of the answer.
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&line);
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;

    let mut service = TcpStream::connect(emulator)?;
    service.write_all(head.as_bytes())?;
    service.write_all(&body)?;
    let mut answer = Vec::new();
    service.read_to_end(&mut answer)?;

    let url = first.split(' ').nth(1).unwrap_or_default();
    if url.ends_with(instead.operation) && answer.starts_with(b"HTTP/1.1 2") {
        let Instead { status, body, .. } = instead;
        answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes();
    }
    program.write_all(&answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a service that gives this answer to each request seems to answer, past a relay.
    fn relayed(answer: &'static str, path: &str) -> String {
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", service.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = service.accept().unwrap();
            let mut request = [0; 1000];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let relay = Relay::start(
            &url,
            Instead {
                operation: "/reset",
                status: "200 OK",
                body: "{}",
            },
        )
        .unwrap();
        let mut stream = TcpStream::connect(relay.address).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nX-Auth-Token: t\r\nConnection: keep-alive\r\n\r\n"
        )
        .unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        let request = thread.join().unwrap();
        assert!(request.contains("X-Auth-Token: t\r\nConnection: close\r\n\r\n"));
        told
    }

    #[test]
    fn only_a_success_of_the_operation_is_replaced() {
        let success = "HTTP/1.1 204 No Content\r\n\r\n";
        let refusal = "HTTP/1.1 400 Bad Request\r\n\r\nno";
        assert!(relayed(success, "/reset").ends_with("\r\n\r\n{}"));
        assert_eq!(relayed(success, "/change"), success);
        assert_eq!(relayed(refusal, "/reset"), refusal);
    }
}
