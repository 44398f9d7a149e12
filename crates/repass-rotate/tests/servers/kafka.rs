//! A Kafka broker that knows nothing but logins: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::fake::Stream;

/// A broker's settings.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) mechanisms: &'static [&'static str],
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) fault: Option<Fault>,
    pub(crate) iterations: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mechanisms: &["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
            tls: None,
            fault: None,
            iterations: 4096,
        }
    }
}

/// A way in which a broker differs from others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refuses a password with a message of SCRAM, and the code of a success.
    Payload(&'static str),
    /// Closes the connection instead of an answer to a handshake.
    CloseOnHandshake,
    /// Closes the connection instead of an answer to the last message.
    CloseOnPassword,
    /// Signs with another key.
    WrongSignature,
    /// Adds nothing to the client's nonce, as in a replay of an old login.
    NoNonce,
    /// Asks for no password, as a listener without SASL.
    NoSasl,
    /// Answers every login with this code.
    Code(i16),
}

/// A broker that runs.
pub(crate) struct Kafka {
    pub(crate) port: u16,
    state: Arc<State>,
}

struct State {
    settings: Settings,
    users: Mutex<BTreeMap<String, String>>,
    seen: Mutex<Seen>,
}

/// The connections and logins that a broker saw.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Mechanisms that a login began with.
    pub(crate) logins: Vec<String>,
}

impl Kafka {
    pub(crate) async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            settings,
            users: Mutex::default(),
            seen: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&shared);
                state.seen.lock().unwrap().connections += 1;
                tokio::spawn(async move {
                    let stream: Box<dyn Stream> = match &state.settings.tls {
                        Some(tls) => {
                            match TlsAcceptor::from(Arc::clone(tls)).accept(stream).await {
                                Ok(stream) => Box::new(stream),
                                Err(_) => return,
                            }
                        }
                        None => Box::new(stream),
                    };
                    // A client that leaves, or is sent away, ends its connection.
                    let _ = Client { stream, state }.serve().await;
                });
            }
        });
        Self { port, state }
    }

    pub(crate) fn set_password(&self, user: &str, password: &str) {
        let mut users = self.state.users.lock().unwrap();
        users.insert(user.to_owned(), password.to_owned());
    }

    pub(crate) fn seen(&self) -> Seen {
        self.state.seen.lock().unwrap().clone()
    }
}

const NONE: i16 = 0;
const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
const ILLEGAL_SASL_STATE: i16 = 34;
const SASL_AUTHENTICATION_FAILED: i16 = 58;

struct Client {
    stream: Box<dyn Stream>,
    state: Arc<State>,
}

struct Request {
    key: i16,
    version: i16,
    correlation: [u8; 4],
    body: Vec<u8>,
}

impl Client {
    async fn serve(mut self) -> io::Result<()> {
        let settings = self.state.settings.clone();
        loop {
            let request = self.read().await?;
            match request.key {
                18 => self.versions(&request).await?,
                17 => {
                    let mechanism = String::from_utf8(request.body[2..].to_vec()).unwrap();
                    let known = settings.mechanisms.contains(&mechanism.as_str());
                    let code = match settings.fault {
                        Some(Fault::CloseOnHandshake) => return Ok(()),
                        Some(Fault::NoSasl) => ILLEGAL_SASL_STATE,
                        _ if known => NONE,
                        _ => UNSUPPORTED_SASL_MECHANISM,
                    };
                    let mut body = code.to_be_bytes().to_vec();
                    body.extend(
                        i32::try_from(settings.mechanisms.len())
                            .unwrap()
                            .to_be_bytes(),
                    );
                    for mechanism in settings.mechanisms {
                        body.extend(i16::try_from(mechanism.len()).unwrap().to_be_bytes());
                        body.extend(mechanism.as_bytes());
                    }
                    self.respond(&request, &body).await?;
                    if code != NONE {
                        return Ok(());
                    }
                    return self.log_in(&mechanism).await;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Says which versions of which requests there are.
    async fn versions(&mut self, request: &Request) -> io::Result<()> {
        let known: [(i16, i16, i16); 3] = [(17, 0, 1), (18, 0, 2), (36, 0, 1)];
        let mut body = NONE.to_be_bytes().to_vec();
        body.extend(3_i32.to_be_bytes());
        for (key, from, to) in known {
            for number in [key, from, to] {
                body.extend(number.to_be_bytes());
            }
        }
        if request.version > 0 {
            body.extend(0_i32.to_be_bytes());
        }
        self.respond(request, &body).await
    }

    async fn log_in(&mut self, mechanism: &str) -> io::Result<()> {
        let first = self.read_message().await?;
        self.state
            .seen
            .lock()
            .unwrap()
            .logins
            .push(mechanism.to_owned());
        if let Some(Fault::Code(code)) = self.state.settings.fault {
            return self.answer(&first.0, code, b"").await;
        }
        let accepted = match mechanism {
            "PLAIN" => self.plain(first).await?,
            "SCRAM-SHA-256" => self.scram(first, &SHA_256).await?,
            "SCRAM-SHA-512" => self.scram(first, &SHA_512).await?,
            _ => unreachable!(),
        };
        if accepted {
            // Stays until the client leaves.
            self.read().await?;
        }
        Ok(())
    }

    fn password(&self, user: &str) -> Option<String> {
        self.state.users.lock().unwrap().get(user).cloned()
    }

    async fn plain(&mut self, (request, message): (Request, Vec<u8>)) -> io::Result<bool> {
        let text = String::from_utf8(message).unwrap();
        let fields: Vec<&str> = text.split('\0').collect();
        let [_as_whom, user, password] = fields[..] else {
            panic!("{} fields", fields.len());
        };
        let right = self.password(user).is_some_and(|known| known == password);
        if self.state.settings.fault == Some(Fault::CloseOnPassword) {
            return Ok(false);
        }
        if right {
            self.answer(&request, NONE, b"").await?;
        } else {
            self.answer(&request, SASL_AUTHENTICATION_FAILED, b"")
                .await?;
        }
        Ok(right)
    }

    async fn scram(
        &mut self,
        (request, message): (Request, Vec<u8>),
        hash: &Hash,
    ) -> io::Result<bool> {
        let fault = self.state.settings.fault;
        let message = String::from_utf8(message).unwrap();
        let client_first = message.strip_prefix("n,,").unwrap();
        let (user, client_nonce) = client_first.split_once(",r=").unwrap();
        let user = user.strip_prefix("n=").unwrap();
        let user = user.replace("=2C", ",").replace("=3D", "=");
        let Some(password) = self.password(&user) else {
            match fault {
                Some(Fault::Payload(_)) => {
                    self.answer(&request, NONE, b"e=unknown-user").await?;
                }
                _ => {
                    self.answer(&request, SASL_AUTHENTICATION_FAILED, b"")
                        .await?
                }
            }
            return Ok(false);
        };

        let (mut salt, mut own) = ([0; 16], [0; 16]);
        rand::fill(&mut salt).unwrap();
        rand::fill(&mut own).unwrap();
        let own = if fault == Some(Fault::NoNonce) {
            String::new()
        } else {
            STANDARD.encode(own)
        };
        let nonce = format!("{client_nonce}{own}");
        let iterations = self.state.settings.iterations;
        let server_first = format!("r={nonce},s={},i={iterations}", STANDARD.encode(salt));
        self.answer(&request, NONE, server_first.as_bytes()).await?;

        let (request, message) = self.read_message().await?;
        if fault == Some(Fault::CloseOnPassword) {
            return Ok(false);
        }
        let message = String::from_utf8(message).unwrap();
        let (client_final, proof) = message.split_once(",p=").unwrap();
        assert_eq!(client_final, format!("c=biws,r={nonce}"));
        let proof = STANDARD.decode(proof).unwrap();
        let conversation = format!("{client_first},{server_first},{client_final}");

        let mut salted = vec![0; hash.digest.output_len()];
        let rounds = NonZeroU32::new(iterations).unwrap();
        pbkdf2::derive(hash.pbkdf2, rounds, &salt, password.as_bytes(), &mut salted);
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(hash.hmac, key), text);
        let stored = digest::digest(hash.digest, sign(&salted, b"Client Key").as_ref());
        let mask = sign(stored.as_ref(), conversation.as_bytes());
        let key: Vec<u8> = proof
            .iter()
            .zip(mask.as_ref())
            .map(|(p, m)| p ^ m)
            .collect();
        let right = digest::digest(hash.digest, &key).as_ref() == stored.as_ref();

        match fault {
            Some(Fault::Payload(error)) if !right => {
                self.answer(&request, NONE, format!("e={error}").as_bytes())
                    .await?;
            }
            _ if right => {
                let mut server_key = sign(&salted, b"Server Key").as_ref().to_vec();
                if fault == Some(Fault::WrongSignature) {
                    server_key[0] ^= 1;
                }
                let signature = sign(&server_key, conversation.as_bytes());
                let message = format!("v={}", STANDARD.encode(signature));
                self.answer(&request, NONE, message.as_bytes()).await?;
            }
            _ => {
                self.answer(&request, SASL_AUTHENTICATION_FAILED, b"")
                    .await?
            }
        }
        Ok(right)
    }

    async fn read(&mut self) -> io::Result<Request> {
        let length = usize::try_from(self.stream.read_i32().await?).unwrap();
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await?;
        let i16_at = |at: usize| i16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let client = usize::try_from(i16_at(8).max(0)).unwrap();
        Ok(Request {
            key: i16_at(0),
            version: i16_at(2),
            correlation: bytes[4..8].try_into().unwrap(),
            body: bytes[10 + client..].to_vec(),
        })
    }

    /// Reads a message of a mechanism.
    async fn read_message(&mut self) -> io::Result<(Request, Vec<u8>)> {
        let request = self.read().await?;
        assert_eq!(request.key, 36);
        let message = request.body[4..].to_vec();
        let length = i32::from_be_bytes(request.body[..4].try_into().unwrap());
        assert_eq!(usize::try_from(length).unwrap(), message.len());
        Ok((request, message))
    }

    /// Answers a message of a mechanism.
    async fn answer(&mut self, request: &Request, code: i16, message: &[u8]) -> io::Result<()> {
        let mut body = code.to_be_bytes().to_vec();
        // A reason, or null where there is none.
        match code {
            NONE => body.extend((-1_i16).to_be_bytes()),
            _ => {
                let reason = b"Authentication failed";
                body.extend(i16::try_from(reason.len()).unwrap().to_be_bytes());
                body.extend(reason);
            }
        }
        body.extend(i32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message);
        if request.version > 0 {
            body.extend(0_i64.to_be_bytes());
        }
        self.respond(request, &body).await
    }

    async fn respond(&mut self, request: &Request, body: &[u8]) -> io::Result<()> {
        let length = i32::try_from(body.len() + 4).unwrap();
        let response = [&length.to_be_bytes(), &request.correlation, body].concat();
        self.stream.write_all(&response).await?;
        self.stream.flush().await
    }
}

struct Hash {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

static SHA_256: Hash = Hash {
    digest: &digest::SHA256,
    hmac: hmac::HMAC_SHA256,
    pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
};

static SHA_512: Hash = Hash {
    digest: &digest::SHA512,
    hmac: hmac::HMAC_SHA512,
    pbkdf2: pbkdf2::PBKDF2_HMAC_SHA512,
};
