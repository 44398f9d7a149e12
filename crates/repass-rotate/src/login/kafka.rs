//! The login to Kafka: `SaslHandshake`, then `SaslAuthenticate` with PLAIN or SCRAM.

use repass_client::Secret;
use zeroize::Zeroizing;

use super::LoginResult;
use super::connection::{Address, Connection, Deadline, Fields, Unknown};
use super::scram;

/// Longest response that is read.
const RESPONSE_LIMIT: usize = 16 * 1024;
/// Name of this client in the broker's log.
const CLIENT_ID: &str = "repass";

const NOT_KAFKA: &str = "the server does not speak the Kafka protocol";
const TOO_LONG: &str = "the user name or the password is too long for Kafka";

/// A kind of request, and the version of it. These have been there since Kafka 1.0.
#[derive(Clone, Copy)]
struct Api {
    key: i16,
    version: i16,
}

const SASL_HANDSHAKE: Api = Api {
    key: 17,
    version: 1,
};
const SASL_AUTHENTICATE: Api = Api {
    key: 36,
    version: 0,
};

mod code {
    pub(super) const NONE: i16 = 0;
    pub(super) const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
    pub(super) const ILLEGAL_SASL_STATE: i16 = 34;
    pub(super) const SASL_AUTHENTICATION_FAILED: i16 = 58;
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    ScramSha512,
    ScramSha256,
    Plain,
}

impl Mechanism {
    /// The strongest first.
    const ALL: [Self; 3] = [Self::ScramSha512, Self::ScramSha256, Self::Plain];

    fn name(self) -> &'static str {
        match self {
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

pub(super) async fn login(
    address: &Address,
    user: &str,
    mechanism: Option<Mechanism>,
    password: &Secret,
    deadline: Deadline,
) -> Result<LoginResult, Unknown> {
    // NUL separates the fields of PLAIN.
    if password.expose().contains('\0') {
        return Err("Kafka does not allow NUL characters in a password".into());
    }
    let mut used = mechanism.unwrap_or(Mechanism::ScramSha512);
    let mut broker = Broker::open(address, deadline).await?;
    let mut offer = broker.handshake(used).await?;
    if offer.code == code::UNSUPPORTED_SASL_MECHANISM && mechanism.is_none() {
        used = offer.strongest(address.tls.is_some() || address.loopback)?;
        // A broker closes the connection on which it refused a mechanism. No credentials were sent.
        broker = Broker::open(address, deadline).await?;
        offer = broker.handshake(used).await?;
    }
    match offer.code {
        code::NONE => {}
        // A listener without SASL.
        code::ILLEGAL_SASL_STATE => return Ok(LoginResult::Open),
        code::UNSUPPORTED_SASL_MECHANISM => {
            let name = used.name();
            return Err(Unknown(format!("the broker does not offer {name}")));
        }
        code => return Err(unexpected(code)),
    }
    let result = match used {
        Mechanism::Plain => broker.plain(user, password).await,
        Mechanism::ScramSha256 => broker.scram(&scram::SHA_256, user, password).await,
        Mechanism::ScramSha512 => broker.scram(&scram::SHA_512, user, password).await,
    };
    broker.connection.close().await;
    result
}

/// The answer to a `SaslHandshake`.
struct Offer {
    code: i16,
    mechanisms: Vec<Mechanism>,
}

impl Offer {
    fn parse(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        let code = fields.i16()?;
        let mut mechanisms = Vec::new();
        for _ in 0..fields.i32()? {
            let name = fields.string()?;
            mechanisms.extend(std::str::from_utf8(name).ok().and_then(Mechanism::parse));
        }
        Some(Self { code, mechanisms })
    }

    /// The strongest mechanism. Only a private connection can carry PLAIN.
    fn strongest(&self, private: bool) -> Result<Mechanism, Unknown> {
        let strongest = Mechanism::ALL
            .into_iter()
            .find(|mechanism| self.mechanisms.contains(mechanism));
        match strongest {
            Some(Mechanism::Plain) if !private => {
                Err("the broker offers only PLAIN, which sends the password itself; use TLS".into())
            }
            Some(mechanism) => Ok(mechanism),
            None => Err("the broker offers neither SCRAM nor PLAIN".into()),
        }
    }
}

struct Broker {
    connection: Connection,
    correlation: i32,
}

impl Broker {
    async fn open(address: &Address, deadline: Deadline) -> Result<Self, Unknown> {
        Ok(Self {
            connection: address.open(deadline).await?,
            correlation: 0,
        })
    }

    async fn handshake(&mut self, mechanism: Mechanism) -> Result<Offer, Unknown> {
        let request = string(mechanism.name())?;
        let response = self.call(SASL_HANDSHAKE, &request).await?;
        Ok(Offer::parse(&response).ok_or(NOT_KAFKA)?)
    }

    async fn plain(&mut self, user: &str, password: &Secret) -> Result<LoginResult, Unknown> {
        let password = password.expose();
        let mut message = Zeroizing::new(Vec::with_capacity(user.len() + password.len() + 2));
        for field in [user, password] {
            message.push(0);
            message.extend_from_slice(field.as_bytes());
        }
        match self.authenticate(&message).await? {
            Some(_) => Ok(LoginResult::Accepted),
            None => Ok(LoginResult::Rejected),
        }
    }

    async fn scram(
        &mut self,
        hash: &'static scram::Hash,
        user: &str,
        password: &Secret,
    ) -> Result<LoginResult, Unknown> {
        let first = scram::First::new(user)?;
        let Some(answer) = self.authenticate(first.message().as_bytes()).await? else {
            return Ok(LoginResult::Rejected);
        };
        let challenge = match first.challenge(&answer) {
            Ok(challenge) => challenge,
            Err(refusal) => return refusal,
        };
        let password = password.clone();
        let compute = tokio::task::spawn_blocking(move || challenge.answer(hash, &password));
        let compute = async { compute.await.map_err(|_| "SCRAM failed".into()) };
        let last = self
            .connection
            .deadline
            .limit("SCRAM proof", compute)
            .await?;
        match self.authenticate(last.message.as_bytes()).await? {
            Some(answer) => last.judge(&answer),
            None => Ok(LoginResult::Rejected),
        }
    }

    /// Sends a message of the mechanism and returns the broker's, or `None` after a refusal.
    async fn authenticate(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, Unknown> {
        let length = i32::try_from(message.len()).map_err(|_| TOO_LONG)?;
        let mut request = Zeroizing::new(Vec::with_capacity(message.len() + 4));
        request.extend_from_slice(&length.to_be_bytes());
        request.extend_from_slice(message);
        let response = self.call(SASL_AUTHENTICATE, &request).await?;

        let mut fields = Fields(&response);
        let code = fields.i16().ok_or(NOT_KAFKA)?;
        let _reason = fields.string().ok_or(NOT_KAFKA)?;
        let answer = fields.bytes().ok_or(NOT_KAFKA)?;
        match code {
            code::NONE => Ok(Some(answer.to_vec())),
            code::SASL_AUTHENTICATION_FAILED => Ok(None),
            code => Err(unexpected(code)),
        }
    }

    /// Sends a request and returns the body of its response.
    async fn call(&mut self, api: Api, body: &[u8]) -> Result<Vec<u8>, Unknown> {
        self.correlation += 1;
        let mut head = Vec::new();
        head.extend(api.key.to_be_bytes());
        head.extend(api.version.to_be_bytes());
        head.extend(self.correlation.to_be_bytes());
        head.extend(string(CLIENT_ID)?);
        let length = i32::try_from(head.len() + body.len()).map_err(|_| TOO_LONG)?;
        let mut request = Zeroizing::new(Vec::with_capacity(4 + head.len() + body.len()));
        request.extend_from_slice(&length.to_be_bytes());
        request.extend_from_slice(&head);
        request.extend_from_slice(body);
        self.connection.write(&request).await?;

        let length = self.connection.read(4).await?;
        let length = Fields(&length)
            .i32()
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| *length <= RESPONSE_LIMIT)
            .ok_or(NOT_KAFKA)?;
        let response = self.connection.read(length).await?;
        let mut fields = Fields(&response);
        if fields.i32() != Some(self.correlation) {
            return Err(NOT_KAFKA.into());
        }
        Ok(fields.0.to_vec())
    }
}

impl<'a> Fields<'a> {
    fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// Takes a string. One that is null has the length -1.
    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.i16()?.max(0);
        self.take(usize::try_from(length).ok()?)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.i32()?.max(0);
        self.take(usize::try_from(length).ok()?)
    }
}

fn string(text: &str) -> Result<Vec<u8>, Unknown> {
    let length = i16::try_from(text.len()).map_err(|_| TOO_LONG)?;
    Ok([&length.to_be_bytes(), text.as_bytes()].concat())
}

fn unexpected(code: i16) -> Unknown {
    Unknown(format!("the broker answered with error {code}"))
}
