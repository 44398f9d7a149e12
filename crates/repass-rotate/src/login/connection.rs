//! A fresh connection to a login address, and reads and writes that end at a deadline.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tls::Tls;

/// The reason why a login shows nothing about the password. It holds nothing that a server or a
/// caller sent.
#[derive(Debug)]
pub(super) struct Unknown(pub(super) String);

impl From<&str> for Unknown {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<io::Error> for Unknown {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => {
                Self::from("the server closed the connection")
            }
            _ => Self(error.to_string()),
        }
    }
}

/// The time by which one login ends.
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self {
            start: Instant::now(),
            limit,
        }
    }

    /// Waits for the future, or fails with the name of the step that was not finished. After the
    /// deadline the step is not begun.
    pub(super) async fn limit<T>(
        self,
        step: &str,
        future: impl Future<Output = Result<T, Unknown>>,
    ) -> Result<T, Unknown> {
        let rest = self.limit.saturating_sub(self.start.elapsed());
        if !rest.is_zero()
            && let Ok(result) = tokio::time::timeout(rest, future).await
        {
            return result;
        }
        Err(Unknown(format!("no {step} within {:?}", self.limit)))
    }
}

/// The address of a server.
#[derive(Clone)]
pub(super) struct Address {
    /// An IPv6 address has no brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) loopback: bool,
    /// Without it the connection is not encrypted.
    pub(super) tls: Option<Tls>,
}

impl Address {
    /// Opens a connection, encrypted if the address asks for it.
    pub(super) async fn open(&self, deadline: Deadline) -> Result<Connection, Unknown> {
        let connection = self.connect(deadline).await?;
        match &self.tls {
            Some(tls) => connection.encrypt(tls).await,
            None => Ok(connection),
        }
    }

    /// Opens a connection that is not encrypted yet.
    pub(super) async fn connect(&self, deadline: Deadline) -> Result<Connection, Unknown> {
        let connect = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port))
                .await
                .map_err(|error| Unknown(format!("could not connect: {error}")))?;
            // Each message waits for an answer, so delaying one to fill a packet only costs time.
            stream.set_nodelay(true)?;
            Ok(Connection {
                stream: Box::new(stream),
                deadline,
            })
        };
        deadline.limit("connection", connect).await
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Connection {
    // No buffer: bytes that arrive before the TLS handshake are not taken for bytes after it.
    stream: Box<dyn Stream>,
    pub(super) deadline: Deadline,
}

impl Connection {
    pub(super) async fn encrypt(self, tls: &Tls) -> Result<Self, Unknown> {
        let Self { stream, deadline } = self;
        let stream = deadline
            .limit("TLS handshake", tls.handshake(stream))
            .await?;
        Ok(Self {
            stream: Box::new(stream),
            deadline,
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Unknown> {
        let write = async {
            self.stream.write_all(bytes).await?;
            Ok(self.stream.flush().await?)
        };
        self.deadline.limit("answer", write).await
    }

    pub(super) async fn read(&mut self, length: usize) -> Result<Vec<u8>, Unknown> {
        let mut bytes = vec![0; length];
        let read = async {
            self.stream.read_exact(&mut bytes).await?;
            Ok(())
        };
        self.deadline.limit("answer", read).await?;
        Ok(bytes)
    }

    /// Tells the server that nothing more follows.
    pub(super) async fn close(mut self) {
        let close = async { Ok(self.stream.shutdown().await?) };
        // The result of the login is known by now, and does not depend on this.
        let _ = self.deadline.limit("end", close).await;
    }
}

/// The fields of a message. A field that is not there is `None`.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Takes the bytes up to a NUL, and the NUL.
    pub(super) fn until_nul(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let field = self.take(length)?;
        self.take(1)?;
        Some(field)
    }
}
