//! A MySQL 8 that knows nothing but logins by `caching_sha2_password`, which MariaDB does not have.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::fake::Stream;

/// A server's settings.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) user: &'static str,
    pub(crate) password: String,
    /// Whether the server remembers the password from an earlier login.
    pub(crate) cached: bool,
    /// Whether the greeting names another method, so that the server has to ask for its own.
    pub(crate) switch: bool,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// A server that runs.
pub(crate) struct MySql {
    pub(crate) port: u16,
    /// The number of logins.
    pub(crate) logins: Arc<Mutex<usize>>,
}

/// The two nonces, in the greeting and in a request for another method.
const NONCES: [&[u8; 20]; 2] = [b"0123456789abcdefghij", b"ABCDEFGHIJ9876543210"];

const SSL: u32 = 1 << 11;

impl MySql {
    pub(crate) async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let logins = Arc::new(Mutex::new(0));
        let count = Arc::clone(&logins);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (settings, count) = (settings.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    let client = Client {
                        stream: Box::new(stream),
                        sequence: 0,
                    };
                    // A client that leaves, or is sent away, ends its connection.
                    let _ = client.serve(&settings, &count).await;
                });
            }
        });
        Self { port, logins }
    }
}

struct Client {
    stream: Box<dyn Stream>,
    sequence: u8,
}

impl Client {
    async fn serve(mut self, settings: &Settings, count: &Mutex<usize>) -> io::Result<()> {
        let mut nonce = NONCES[0];
        self.write(&greeting(settings, nonce)).await?;
        let mut login = self.read().await?;
        let encrypted = login.len() == 32;
        if encrypted {
            let tls = TlsAcceptor::from(Arc::clone(settings.tls.as_ref().unwrap()));
            let Self { stream, sequence } = self;
            self = Self {
                stream: Box::new(tls.accept(stream).await?),
                sequence,
            };
            login = self.read().await?;
        }
        *count.lock().unwrap() += 1;

        let rest = &login[32..];
        let end = rest.iter().position(|byte| *byte == 0).unwrap();
        let (user, rest) = (&rest[..end], &rest[end + 1..]);
        let mut answer = rest[1..=usize::from(rest[0])].to_vec();
        if settings.switch {
            nonce = NONCES[1];
            self.write(&[b"\xfecaching_sha2_password\0", &nonce[..], b"\0"].concat())
                .await?;
            answer = self.read().await?;
        }

        let known = user == settings.user.as_bytes();
        let right = if settings.cached {
            let once = digest(&SHA256, settings.password.as_bytes());
            let twice = digest(&SHA256, once.as_ref());
            let mask = digest(&SHA256, &[twice.as_ref(), &nonce[..]].concat());
            let pairs = once.as_ref().iter().zip(mask.as_ref());
            let expected: Vec<u8> = pairs.map(|(once, mask)| once ^ mask).collect();
            let right = answer == expected;
            if right {
                self.write(&[1, 3]).await?;
            }
            right
        } else {
            self.write(&[1, 4]).await?;
            let clear = self.read().await?;
            assert!(encrypted, "the password was sent without TLS");
            clear.strip_suffix(b"\0") == Some(settings.password.as_bytes())
        };
        if known && right {
            loop {
                self.write(&[0, 0, 0, 2, 0, 0, 0]).await?;
                self.sequence = 0;
                // Every statement succeeds, because some clients send their own.
                if self.read().await?.first() == Some(&1) {
                    break;
                }
            }
        } else {
            self.write(b"\xff\x15\x04#28000Access denied").await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.stream.read_exact(&mut head).await?;
        assert_eq!(head[3], self.sequence);
        self.sequence += 1;
        let mut packet = vec![0; usize::from(head[0]) + 256 * usize::from(head[1])];
        self.stream.read_exact(&mut packet).await?;
        Ok(packet)
    }

    async fn write(&mut self, content: &[u8]) -> io::Result<()> {
        let packet = [
            &[u8::try_from(content.len()).unwrap(), 0, 0, self.sequence],
            content,
        ];
        self.sequence += 1;
        self.stream.write_all(&packet.concat()).await?;
        self.stream.flush().await
    }
}

pub(crate) fn greeting(settings: &Settings, nonce: &[u8; 20]) -> Vec<u8> {
    let mut capabilities: u32 = 1 | 1 << 9 | 1 << 15 | 1 << 19;
    if settings.tls.is_some() {
        capabilities |= SSL;
    }
    let [low, low_2, high, high_2] = capabilities.to_le_bytes();
    let method: &[u8] = if settings.switch {
        b"mysql_native_password\0"
    } else {
        b"caching_sha2_password\0"
    };
    [
        b"\x0a8.0.36\0\x01\0\0\0",
        &nonce[..8],
        &[0, low, low_2, 255, 2, 0, high, high_2, 21],
        &[0; 10],
        &nonce[8..],
        b"\0",
        method,
    ]
    .concat()
}
