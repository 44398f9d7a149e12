//! The login to MySQL: the handshake up to the server's decision, and no statement after it.
//!
//! The methods are `mysql_native_password`, which DDM uses, and `caching_sha2_password`, the default
//! of MySQL 8.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use repass_client::Secret;
use zeroize::Zeroizing;

use super::LoginResult;
use super::connection::{Address, Connection, Deadline, Fields, Unknown};

/// Longest packet that is read. A handshake has a few hundred bytes.
const PACKET_LIMIT: usize = 16 * 1024;
/// Most requests of a server to log in by another method. MariaDB accounts may have several.
const SWITCH_LIMIT: usize = 4;
/// UTF-8 in a form that every server has.
const CHARSET: u8 = 33;

const NOT_MYSQL: &str = "the server does not speak the MySQL protocol";

mod capability {
    pub(super) const PROTOCOL_41: u32 = 1 << 9;
    pub(super) const SSL: u32 = 1 << 11;
    pub(super) const SECURE_CONNECTION: u32 = 1 << 15;
    pub(super) const PLUGIN_AUTH: u32 = 1 << 19;
    /// With it a server says OK to a password that is right but expired.
    pub(super) const EXPIRED_PASSWORDS: u32 = 1 << 22;

    pub(super) const ALL: u32 =
        PROTOCOL_41 | SSL | SECURE_CONNECTION | PLUGIN_AUTH | EXPIRED_PASSWORDS;
}

pub(super) async fn login(
    address: &Address,
    user: &str,
    password: &Secret,
    deadline: Deadline,
) -> Result<LoginResult, Unknown> {
    if password.expose().contains('\0') {
        return Err("MySQL does not allow NUL characters in a password".into());
    }
    let mut session = Session::start(address, deadline).await?;
    let result = session.log_in(user, password).await;
    if matches!(result, Ok(LoginResult::Accepted)) {
        session.quit().await;
    }
    session.connection.close().await;
    result
}

/// Connects without credentials.
pub(super) async fn reach(address: &Address, deadline: Deadline) -> Result<Connection, Unknown> {
    let session = Session::start(address, deadline).await?;
    Ok(session.connection)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Native,
    CachingSha2,
}

impl Method {
    const ALL: [Self; 2] = [Self::Native, Self::CachingSha2];

    fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| method.name().as_bytes() == name)
    }

    /// Proves the knowledge of the password for the server's nonce.
    fn answer(self, password: &Secret, nonce: &[u8]) -> Vec<u8> {
        if password.expose().is_empty() {
            return Vec::new();
        }
        let algorithm = match self {
            Self::Native => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::CachingSha2 => &SHA256,
        };
        let once = digest::digest(algorithm, password.expose().as_bytes());
        let twice = digest::digest(algorithm, once.as_ref());
        let mut context = digest::Context::new(algorithm);
        let parts = match self {
            Self::Native => [nonce, twice.as_ref()],
            Self::CachingSha2 => [twice.as_ref(), nonce],
        };
        for part in parts {
            context.update(part);
        }
        let mask = context.finish();
        let pairs = once.as_ref().iter().zip(mask.as_ref());
        pairs.map(|(once, mask)| once ^ mask).collect()
    }
}

/// A connection after the server's greeting, encrypted if the address asks for it.
struct Session {
    connection: Connection,
    /// The number of the next packet, which both sides count.
    sequence: u8,
    encrypted: bool,
    /// The capabilities that both sides have.
    capabilities: u32,
    /// The method of the first answer. A server asks for another one if the account has it.
    method: Method,
    nonce: Vec<u8>,
}

impl Session {
    async fn start(address: &Address, deadline: Deadline) -> Result<Self, Unknown> {
        let mut session = Self {
            connection: address.connect(deadline).await?,
            sequence: 0,
            encrypted: address.tls.is_some(),
            capabilities: 0,
            method: Method::Native,
            nonce: Vec::new(),
        };
        let greeting = session.read().await?;
        session.greet(&greeting)?;
        if let Some(tls) = &address.tls {
            // The beginning of the login alone asks for TLS, so that nothing else is sent before it.
            let request = session.login_head();
            session.write(&request).await?;
            session.connection = session.connection.encrypt(tls).await?;
        }
        Ok(session)
    }

    fn greet(&mut self, packet: &[u8]) -> Result<(), Unknown> {
        if let Some((0xff, error)) = packet.split_first() {
            judge(error)?;
            return Err("the server refused the connection".into());
        }
        let greeting = Greeting::parse(packet).ok_or(NOT_MYSQL)?;
        self.capabilities = capability::ALL & greeting.capabilities;
        if self.has(capability::PROTOCOL_41 | capability::SECURE_CONNECTION) {
            self.nonce = greeting.nonce;
        } else {
            return Err("the server is older than MySQL 4.1".into());
        }
        if self.encrypted && !self.has(capability::SSL) {
            return Err("the server does not offer TLS; log in without it with tls=off".into());
        }
        if !self.encrypted {
            self.capabilities &= !capability::SSL;
        }
        if let Some(method) = Method::named(&greeting.method)
            && self.has(capability::PLUGIN_AUTH)
        {
            self.method = method;
        }
        Ok(())
    }

    fn has(&self, capabilities: u32) -> bool {
        self.capabilities & capabilities == capabilities
    }

    fn login_head(&self) -> Vec<u8> {
        let mut head = Vec::new();
        head.extend(self.capabilities.to_le_bytes());
        // The longest packet that the client takes.
        head.extend(0x0100_0000_u32.to_le_bytes());
        head.push(CHARSET);
        head.extend([0; 23]);
        head
    }

    async fn log_in(&mut self, user: &str, password: &Secret) -> Result<LoginResult, Unknown> {
        let mut method = self.method;
        let answer = method.answer(password, &self.nonce);
        let mut login = self.login_head();
        login.extend(user.as_bytes());
        login.push(0);
        login.push(u8::try_from(answer.len()).map_err(|_| NOT_MYSQL)?);
        login.extend(answer);
        if self.has(capability::PLUGIN_AUTH) {
            login.extend(method.name().as_bytes());
            login.push(0);
        }
        self.write(&login).await?;

        for _ in 0..SWITCH_LIMIT {
            let packet = self.read().await?;
            match packet.split_first() {
                Some((0x00, _)) => return Ok(LoginResult::Accepted),
                Some((0xff, error)) => return judge(error),
                Some((0xfe, request)) => {
                    let mut fields = Fields(request);
                    let name = fields.until_nul().unwrap_or_default();
                    method = Method::named(name).ok_or(
                        "the account uses a login method other than mysql_native_password and \
                         caching_sha2_password",
                    )?;
                    let Fields(nonce) = fields;
                    let nonce = nonce.strip_suffix(b"\0").unwrap_or(nonce);
                    self.write(&method.answer(password, nonce)).await?;
                }
                // The server knows the password from an earlier login. Its decision follows.
                Some((0x01, [3])) if method == Method::CachingSha2 => {}
                Some((0x01, [4])) if method == Method::CachingSha2 => {
                    if !self.encrypted {
                        return Err(
                            "the server asks for the password itself, which needs TLS".into()
                        );
                    }
                    let mut clear = Zeroizing::new(Vec::with_capacity(password.expose().len() + 1));
                    clear.extend_from_slice(password.expose().as_bytes());
                    clear.push(0);
                    self.write(&clear).await?;
                }
                _ => return Err(NOT_MYSQL.into()),
            }
        }
        Err("the server asked for another login method too often".into())
    }

    /// Leaves, so that the server does not report a connection that broke off.
    async fn quit(&mut self) {
        self.sequence = 0;
        // The result of the login is known by now, and does not depend on this.
        let _ = self.write(&[1]).await;
    }

    async fn read(&mut self) -> Result<Vec<u8>, Unknown> {
        let head = self.connection.read(4).await?;
        let &[low, middle, high, sequence] = head.as_slice() else {
            return Err(NOT_MYSQL.into());
        };
        let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
        if length == 0 || length > PACKET_LIMIT || sequence != self.sequence {
            return Err(NOT_MYSQL.into());
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.connection.read(length).await
    }

    async fn write(&mut self, content: &[u8]) -> Result<(), Unknown> {
        let length = u32::try_from(content.len()).map_err(|_| "the password is too long")?;
        let [low, middle, high, 0] = length.to_le_bytes() else {
            return Err("the password is too long".into());
        };
        let mut packet = Zeroizing::new(Vec::with_capacity(content.len() + 4));
        packet.extend_from_slice(&[low, middle, high, self.sequence]);
        packet.extend_from_slice(content);
        self.sequence = self.sequence.wrapping_add(1);
        self.connection.write(&packet).await
    }
}

struct Greeting {
    capabilities: u32,
    nonce: Vec<u8>,
    method: Vec<u8>,
}

impl Greeting {
    fn parse(packet: &[u8]) -> Option<Self> {
        let mut fields = Fields(packet);
        if fields.byte()? != 10 {
            return None;
        }
        let _version = fields.until_nul()?;
        let _thread = fields.take(4)?;
        let nonce_head = fields.take(8)?;
        let _filler = fields.byte()?;
        let low = u32::from(u16::from_le_bytes(fields.array()?));
        let _charset = fields.byte()?;
        let _status = fields.take(2)?;
        let high = u32::from(u16::from_le_bytes(fields.array()?));
        let nonce_length = usize::from(fields.byte()?);
        let _reserved = fields.take(10)?;
        // The second part has at least 13 bytes, the last of which is a NUL.
        let nonce_tail = fields.take(nonce_length.saturating_sub(8).max(13))?;
        let nonce_tail = nonce_tail.strip_suffix(b"\0").unwrap_or(nonce_tail);
        Some(Self {
            capabilities: low | high << 16,
            nonce: [nonce_head, nonce_tail].concat(),
            method: fields.until_nul().unwrap_or(fields.0).to_vec(),
        })
    }
}

/// Judges an error by its number. The message is not shown; it is the server's.
fn judge(error: &[u8]) -> Result<LoginResult, Unknown> {
    const REASONS: &[(u16, &str)] = &[
        (1040, "the server has too many connections"),
        (
            1129,
            "the server blocks this host after too many failed connections; unblock it with FLUSH \
             HOSTS",
        ),
        (1130, "the server does not allow connections from this host"),
        (1203, "the user has too many connections"),
        (1226, "the user has exceeded a limit of the server"),
        (1698, "the account uses a login method without a password"),
        (3118, "the account is locked"),
        (3159, "the server requires TLS"),
        (3955, "the account is locked after too many failed logins"),
        (4151, "the account is locked"),
    ];
    let mut fields = Fields(error);
    let number = fields.array().map(u16::from_le_bytes).ok_or(NOT_MYSQL)?;
    if number == 1045 {
        return Ok(LoginResult::Rejected);
    }
    let reason = REASONS.iter().find(|(known, _)| *known == number);
    Err(match reason {
        Some((_, reason)) => Unknown(format!("{reason} (error {number})")),
        None => Unknown(format!("the server answered with error {number}")),
    })
}
