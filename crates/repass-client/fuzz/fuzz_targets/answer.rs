//! An answer that holds secrets in any encoding: nothing of the client shows one, and no call
//! succeeds or is refused unless the answer proves it.
//!
//! An input is a text. Its first line is one character each for the call, the credentials, the
//! secrets and the framing, and then the status: `2t0l400`. Lines of headers follow, then an empty
//! line and the body. `$` is the beginning of a secret: its letter, the letters of its encodings from
//! the first to the last, and `;`, such as `$nxb;`. The letters are in `CALLS`, `LOGINS`, `FRAMINGS`,
//! `Secrets::of` and `encodings::encode`.
//!
//! The encoders, the decoders, the JSON parser and the rules are written from the contract and use
//! nothing of the client.
#![no_main]

mod encodings;
mod proof;
mod server;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::fmt::Debug;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use repass_client::{
    AdminName, Certainty, Client, Completion, Credentials, DcsOldPassword, DcsPassword,
    DdmAccountPassword, DdmAdminPassword, DmsPassword, Endpoints, Error, IamPassword, InstanceId,
    Outcome, ProjectId, ProjectName, ResetPassword, RetryConfig, Transport, Username, dcs, ddm,
    dms, iam,
};
use tokio::runtime::{Builder, Runtime};

use encodings::{Spelt, expand, shows};
use proof::{Operation, Verdict};
use server::{Part, Server};

/// The name and the id of the project.
const PROJECT: (&str, &str) = ("eu-de", "0123456789abcdef0123456789abcdef");
const INSTANCE: &str = "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57";
const ACCOUNT: &str = "ddmtest";

/// The secrets of one run. Each is long enough not to be found by chance.
#[derive(Debug, Clone, Copy)]
struct Secrets {
    old: &'static str,
    new: &'static str,
    token: &'static str,
    /// The password of the IAM user.
    user: &'static str,
    /// The secret key of the access key.
    key: &'static str,
}

const SECRETS: [Secrets; 4] = [
    Secrets {
        old: "Redis-Example-2023",
        new: "Redis-Example-2024",
        token: "MIIa-token-2024",
        user: "Alice.Example_2025",
        key: "SecretKey-Example/2026",
    },
    Secrets {
        old: r#"Old"0\\quote-2023"#,
        new: r#"Aa1"\\quote-2024"#,
        token: r#""tok\en"/+%2B==""#,
        user: r#"u\"ser\u0041'2024"#,
        key: r#"k&lt;ey\x2d%41"#,
    },
    Secrets {
        old: "6543210987654321",
        new: "1234567890123456",
        token: "9988776655443322",
        user: "5566778899001122",
        key: "deadbeefcafe0123",
    },
    Secrets {
        old: "Pässword ?>~ 2023",
        new: "<b>&amp;%20 ü?>~ 2024",
        token: "~~~???>>>token",
        user: "パスワード-2024 🔑",
        key: "~~~<<<>>>???&&&",
    },
];

/// A call, and whose answer the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// One of the five methods.
    Method(Operation),
    /// The same by a generated client.
    Generated(Operation),
    /// A method, for which IAM is asked for a token first.
    Login,
    /// A method, for which IAM is asked for the project first.
    LookUp,
    GeneratedLogin,
    GeneratedLookUp,
}

const CALLS: [(u8, Call); 14] = [
    (b'0', Call::Method(Operation::DdmAccount)),
    (b'1', Call::Method(Operation::DdmAdmin)),
    (b'2', Call::Method(Operation::DcsChange)),
    (b'3', Call::Method(Operation::DcsReset)),
    (b'4', Call::Method(Operation::Dms)),
    (b'5', Call::Generated(Operation::DdmAccount)),
    (b'6', Call::Generated(Operation::DdmAdmin)),
    (b'7', Call::Generated(Operation::DcsChange)),
    (b'8', Call::Generated(Operation::DcsReset)),
    (b'9', Call::Generated(Operation::Dms)),
    (b'L', Call::Login),
    (b'P', Call::LookUp),
    (b'l', Call::GeneratedLogin),
    (b'p', Call::GeneratedLookUp),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Login {
    Token,
    User,
    Key,
}

const LOGINS: [(u8, Login); 3] = [
    (b't', Login::Token),
    (b'u', Login::User),
    (b'k', Login::Key),
];

/// How the server sends the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    /// Until the connection ends.
    End,
    /// The connection ends before the body does.
    Short,
    /// The input is the whole answer, with its status line.
    Raw,
}

const FRAMINGS: [(u8, Framing); 5] = [
    (b'l', Framing::Length),
    (b'c', Framing::Chunked),
    (b'e', Framing::End),
    (b's', Framing::Short),
    (b'r', Framing::Raw),
];

/// What an input says.
struct Input {
    call: Call,
    login: Login,
    set: usize,
    framing: Framing,
    status: Option<u16>,
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
    spelt: BTreeSet<Spelt>,
}

impl Input {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = split(bytes, b"\n")?;
        let [call, login, set, framing, status @ ..] = first else {
            return None;
        };
        let set = usize::from(set.wrapping_sub(b'0')) % SECRETS.len();
        let secrets = SECRETS[set];
        let framing = choose(&FRAMINGS, *framing);
        let mut spelt = BTreeSet::new();
        let mut expand = |text: &[u8]| expand(text, |letter| secrets.of(letter), &mut spelt);
        let (head, body) = match framing {
            Framing::Raw => (&[][..], rest),
            _ if rest.starts_with(b"\n") => (&[][..], &rest[1..]),
            _ => split(rest, b"\n\n").unwrap_or((rest, &[])),
        };
        let lines = head.split(|byte| *byte == b'\n');
        let headers = lines.filter(|line| !line.is_empty()).map(&mut expand);
        Some(Self {
            call: choose(&CALLS, *call),
            login: choose(&LOGINS, *login),
            set,
            framing,
            status: str::from_utf8(status).ok().and_then(|status| {
                let is_status = status.len() == 3 && !status.starts_with(['0', '+']);
                status.parse().ok().filter(|_| is_status)
            }),
            headers: headers.filter(|line| !is_framing(line)).collect(),
            body: expand(body),
            spelt,
        })
    }

    /// Returns the answer, and whether its connection may stay open.
    fn answer(&self) -> Option<(Vec<u8>, bool)> {
        if self.framing == Framing::Raw {
            return Some((self.body.clone(), false));
        }
        let status = self.status?;
        let has_body = status >= 200 && status != 204 && status != 304;
        let open = has_body
            && self.headers_are_harmless()
            && matches!(self.framing, Framing::Length | Framing::Chunked);
        let mut answer = format!("HTTP/1.1 {status} \r\n").into_bytes();
        for line in &self.headers {
            answer.extend_from_slice(line);
            answer.extend_from_slice(b"\r\n");
        }
        if !open {
            answer.extend_from_slice(b"connection: close\r\n");
        }
        let length = self.body.len();
        match self.framing {
            Framing::Length if has_body => {
                answer.extend(format!("content-length: {length}\r\n\r\n").bytes());
                answer.extend_from_slice(&self.body);
            }
            Framing::Chunked if has_body => {
                answer.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
                for chunk in self.body.chunks(1 + length / 2) {
                    answer.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    answer.extend_from_slice(chunk);
                    answer.extend_from_slice(b"\r\n");
                }
                answer.extend_from_slice(b"0\r\n\r\n");
            }
            Framing::Short => {
                answer.extend(format!("content-length: {}\r\n\r\n", length + 1).bytes());
                answer.extend_from_slice(&self.body);
            }
            _ => {
                answer.extend_from_slice(b"\r\n");
                answer.extend_from_slice(&self.body);
            }
        }
        Some((answer, open))
    }

    /// Returns whether every HTTP client reads the same from the headers.
    fn headers_are_harmless(&self) -> bool {
        let names = ["x-request-id", "content-type", "date", "x-subject-token"];
        self.headers.iter().all(|line| {
            let named = split(line, b": ")
                .is_some_and(|(name, _)| names.map(str::as_bytes).contains(&name));
            named && line.iter().all(|byte| matches!(byte, b' '..=b'~'))
        })
    }

    /// Returns what the answer proves of the operation.
    fn proves(&self, operation: Operation) -> Option<Verdict> {
        let status = self.status?;
        let body = match self.framing {
            // Who reads it could find anything in it.
            Framing::Raw => return None,
            Framing::Short => None,
            _ if status == 204 || status == 304 => Some(&[][..]),
            _ => Some(&*self.body),
        };
        // A body that is announced and missing breaks off too, except where there is never one.
        let body = body.or((status == 204 || status == 304).then_some(&[]));
        Some(proof::of(operation, status, body))
    }
}

/// Returns whether a header changes where the body ends: that is a matter of raw answers.
fn is_framing(line: &[u8]) -> bool {
    let line = line.to_ascii_lowercase();
    [
        &b"transfer-encoding"[..],
        b"content-length",
        b"connection",
        b"upgrade",
    ]
    .iter()
    .any(|name| line.windows(name.len()).any(|part| part == *name))
        || line.contains(&b'\r')
        || line.starts_with(b" ")
        || line.starts_with(b"\t")
}

fn choose<T: Copy>(choices: &[(u8, T)], letter: u8) -> T {
    let named = choices.iter().find(|(name, _)| *name == letter);
    named
        .unwrap_or(&choices[usize::from(letter) % choices.len()])
        .1
}

fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|part| part == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

impl Secrets {
    fn of(&self, letter: u8) -> Option<&'static str> {
        Some(match letter {
            b'o' => self.old,
            b'n' => self.new,
            b't' => self.token,
            b'u' => self.user,
            b'k' => self.key,
            _ => return None,
        })
    }

    /// Returns those that the client has, and so may be asked to hide.
    fn in_play(&self, call: Call, login: Login) -> Vec<&'static str> {
        let mut secrets = match login {
            Login::Token => vec![self.token],
            Login::User => vec![self.user, self.token],
            Login::Key => vec![self.key, self.token],
        };
        match call {
            Call::Method(Operation::DcsChange) | Call::Generated(Operation::DcsChange) => {
                secrets.extend([self.old, self.new]);
            }
            Call::Method(_) | Call::Generated(_) => secrets.push(self.new),
            // IAM knows no password but the user's, and its answer is the first to have a token.
            Call::Login | Call::GeneratedLogin => secrets = vec![self.user],
            Call::LookUp | Call::GeneratedLookUp => {}
        }
        secrets
    }
}

thread_local! {
    static KEPT: OnceCell<(Runtime, Server)> = const { OnceCell::new() };
    /// Clients whose connection is open, for each kind of credentials and secrets.
    static CLIENTS: RefCell<BTreeMap<(Login, usize), Client>> = const { RefCell::new(BTreeMap::new()) };
    /// What was logged.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn start() -> (Runtime, Server) {
    let log = tracing_subscriber::fmt()
        .without_time()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(|| Log);
    log.init();
    // The server is in the same thread, so that no input waits for another thread to wake up.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = runtime.block_on(Server::start());
    (runtime, server)
}

fuzz_target!(|bytes: &[u8]| {
    let Some(input) = Input::parse(bytes) else {
        return;
    };
    let Some((answer, open)) = input.answer() else {
        return;
    };
    KEPT.with(|kept| {
        let (runtime, server) = kept.get_or_init(start);
        LOG.with_borrow_mut(Vec::clear);
        runtime.block_on(run(server, &input, answer, open));
    });
});

async fn run(server: &Server, input: &Input, answer: Vec<u8>, open: bool) {
    let secrets = SECRETS[input.set];
    let login = match input.call {
        Call::Login | Call::GeneratedLogin => Login::User,
        // With a project by its name, and no login before it.
        Call::LookUp | Call::GeneratedLookUp if input.login == Login::User => Login::Key,
        _ => input.login,
    };
    let part = match input.call {
        Call::Login | Call::GeneratedLogin => Part::Login,
        Call::LookUp | Call::GeneratedLookUp => Part::LookUp,
        Call::Method(_) | Call::Generated(_) => Part::Service,
    };
    server.prepare(part, answer, open, secrets.token);
    let by_name = input.call == Call::LookUp || input.call == Call::Login;
    let client = if open && !by_name {
        let key = (login, input.set);
        let kept = CLIENTS.with_borrow(|clients| clients.get(&key).cloned());
        kept.unwrap_or_else(|| {
            let client = client(server, secrets, login, false);
            CLIENTS.with_borrow_mut(|clients| clients.insert(key, client.clone()));
            client
        })
    } else {
        client(server, secrets, login, by_name)
    };
    // An answer that asks to wait would only take time.
    let client = client.with_retries(RetryConfig {
        attempts: if input.headers.is_empty() && input.framing != Framing::Raw {
            2
        } else {
            1
        },
        initial_backoff: Duration::ZERO,
        deadline: Duration::from_secs(60),
    });

    let mut said = String::new();
    match input.call {
        Call::Method(operation) => {
            let result = call(&client, operation, secrets).await;
            say(&mut said, &result);
            check_verdict(input, operation, &result);
        }
        Call::Login | Call::LookUp => {
            let result = call(&client, Operation::Dms, secrets).await;
            say(&mut said, &result);
            said += &format!("{client:?}");
            let asked = server.asked();
            assert!(
                asked.is_none()
                    || input.framing == Framing::Raw
                    || proves_login(input, asked.clone().flatten().as_deref()),
                "asked the service with {asked:?}"
            );
            // The token is a secret from here on: the service has repeated it.
            if let (Call::Login, Some(Some(token))) = (input.call, asked)
                && token.len() >= 20
                && !format!("{INSTANCE} {:?}", client.observed().0).contains(&token)
            {
                assert!(!said.contains(&token), "{token} in {said}");
            }
        }
        Call::Generated(operation) => {
            generated(&mut said, server, client.transport(), operation, secrets).await;
        }
        Call::GeneratedLogin | Call::GeneratedLookUp => {
            generated_iam(&mut said, server, client.transport(), input.call, secrets).await;
        }
    }
    let mut said = said.into_bytes();
    LOG.with_borrow(|log| said.extend_from_slice(log));
    let shown = shows(&said, &secrets.in_play(input.call, login), &input.spelt);
    if let Some(how) = shown {
        panic!("{how} in {}", String::from_utf8_lossy(&said));
    }
}

fn client(server: &Server, secrets: Secrets, login: Login, by_name: bool) -> Client {
    let credentials = match login {
        Login::Token => Credentials::token(secrets.token),
        Login::User => Credentials::user("domain", "alice", secrets.user),
        Login::Key => Credentials::temporary_access_key("AK", secrets.key, secrets.token),
    };
    let (endpoints, credentials) = (Endpoints::all(server.url()), credentials);
    let (endpoints, credentials) = (
        endpoints.expect("endpoints"),
        credentials.expect("credentials"),
    );
    let client = if by_name {
        Client::new(
            endpoints,
            ProjectName::new(PROJECT.0).expect("a name"),
            credentials,
        )
    } else {
        Client::new(endpoints, project(), credentials)
    };
    client.expect("a client")
}

fn project() -> ProjectId {
    ProjectId::new(PROJECT.1).expect("an id")
}

fn instance() -> InstanceId {
    InstanceId::new(INSTANCE).expect("an id")
}

async fn call(client: &Client, operation: Operation, secrets: Secrets) -> Result<Outcome, Error> {
    let Secrets { old, new, .. } = secrets;
    let instance = instance();
    let redis = DcsPassword::unchecked(new);
    match operation {
        Operation::DdmAccount => {
            let (user, new) = (Username::new(ACCOUNT), DdmAccountPassword::unchecked(new));
            client
                .ddm_reset_password(&instance, &user.expect("a name"), &new)
                .await
        }
        Operation::DdmAdmin => {
            let (name, new) = (AdminName::new("root"), DdmAdminPassword::unchecked(new));
            client
                .ddm_set_admin(&instance, &name.expect("a name"), &new)
                .await
        }
        Operation::DcsChange => {
            client
                .dcs_change_password(&instance, &DcsOldPassword::new(old), &redis)
                .await
        }
        Operation::DcsReset => {
            client
                .dcs_reset_password(&instance, &ResetPassword::To(redis))
                .await
        }
        Operation::Dms => {
            client
                .dms_reset_password(&instance, &DmsPassword::unchecked(new))
                .await
        }
    }
}

/// Adds everything that a result says.
fn say(said: &mut String, result: &Result<Outcome, Error>) {
    match result {
        Ok(outcome) => *said += &format!("{outcome}\n{outcome:?}\n"),
        Err(error) => {
            say_error(said, error);
            for text in [error.code(), error.message(), error.request_id()]
                .into_iter()
                .flatten()
            {
                *said += &format!("{text}\n");
            }
        }
    }
}

fn say_error(said: &mut String, error: &dyn StdError) {
    let mut next = Some(error);
    while let Some(error) = next {
        *said += &format!("{error}\n{error:?}\n");
        next = error.source();
    }
}

fn say_generated<T: Debug, E: StdError + 'static>(said: &mut String, result: Result<T, E>) {
    match result {
        Ok(answer) => *said += &format!("{answer:?}\n"),
        Err(error) => say_error(said, &error),
    }
}

fn check_verdict(input: &Input, operation: Operation, result: &Result<Outcome, Error>) {
    let verdict = match result {
        Ok(outcome) if outcome.completion == Completion::Done => Verdict::Done,
        Ok(_) => Verdict::Accepted,
        Err(error) => match error.certainty() {
            Certainty::Refused => Verdict::Refused,
            Certainty::Unknown => Verdict::Unknown,
            // The server is there.
            Certainty::NotSent => panic!("not sent: {error:?}"),
        },
    };
    let Some(proven) = input.proves(operation) else {
        return;
    };
    let may_differ = verdict == Verdict::Unknown && !input.headers_are_harmless();
    assert!(
        verdict == proven || may_differ,
        "{verdict:?}, not {proven:?}: {result:?}"
    );
}

/// Returns whether IAM's answer is one to go on with: a readable one with a token, or with exactly
/// one project of this name.
fn proves_login(input: &Input, token: Option<&str>) -> bool {
    let is_success = input
        .status
        .is_some_and(|status| (200..300).contains(&status));
    let object = proof::object(&input.body).filter(|_| input.framing != Framing::Short);
    let Some(object) = object.filter(|_| is_success) else {
        return false;
    };
    match input.call {
        Call::Login => token.is_some_and(|token| {
            let header = format!("x-subject-token:{token}").to_ascii_lowercase();
            input.headers.iter().any(|line| {
                let mut line = line.to_ascii_lowercase();
                line.retain(|byte| !matches!(byte, b' ' | b'\t'));
                line == header.replace([' ', '\t'], "").as_bytes()
            })
        }),
        _ => object.projects(PROJECT.0) == 1,
    }
}

async fn generated(
    said: &mut String,
    server: &Server,
    transport: Transport,
    operation: Operation,
    secrets: Secrets,
) {
    let Secrets { old, new, .. } = secrets;
    let (project, instance) = (project(), instance());
    let (url, http) = (server.url(), server.unused());
    let ddm = ddm::Client::new_with_client(url, http.clone(), transport.clone());
    let dcs = dcs::Client::new_with_client(url, http.clone(), transport.clone());
    let dms = dms::Client::new_with_client(url, http, transport);
    match operation {
        Operation::DdmAccount => {
            let body = ddm::types::ResetUserPasswordRequest {
                password: DdmAccountPassword::unchecked(new),
            };
            let user = Username::new(ACCOUNT).expect("a name");
            let result = ddm
                .reset_user_password(&project, &instance, &user, &body)
                .await;
            say_generated(said, result);
        }
        Operation::DdmAdmin => {
            let body = ddm::types::ResetAdministratorRequest {
                name: AdminName::new("root").expect("a name"),
                password: DdmAdminPassword::unchecked(new),
            };
            say_generated(
                said,
                ddm.reset_administrator(&project, &instance, &body).await,
            );
        }
        Operation::DcsChange => {
            let body = dcs::types::UpdatePasswordRequest {
                old_password: DcsOldPassword::new(old),
                new_password: DcsPassword::unchecked(new),
            };
            say_generated(said, dcs.update_password(&project, &instance, &body).await);
        }
        Operation::DcsReset => {
            let body = dcs::types::ResetPasswordRequest {
                new_password: Some(DcsPassword::unchecked(new)),
                no_password_access: false,
            };
            say_generated(said, dcs.reset_password(&project, &instance, &body).await);
        }
        Operation::Dms => {
            let body = dms::types::ResetPasswordRequest {
                new_password: DmsPassword::unchecked(new),
            };
            say_generated(said, dms.reset_password(&project, &instance, &body).await);
        }
    }
}

async fn generated_iam(
    said: &mut String,
    server: &Server,
    transport: Transport,
    call: Call,
    secrets: Secrets,
) {
    let iam = iam::Client::new_with_client(server.url(), server.unused(), transport);
    if call == Call::GeneratedLookUp {
        return say_generated(said, iam.keystone_list_projects(Some(PROJECT.0)).await);
    }
    let user = iam::types::User {
        id: None,
        name: Some("alice".to_owned()),
        password: IamPassword::new(secrets.user),
        domain: None,
    };
    let body = iam::types::CreateTokenRequest {
        auth: iam::types::Auth {
            identity: iam::types::Identity {
                methods: vec!["password".to_owned()],
                token: None,
                password: Some(iam::types::PasswordIdentity { user }),
            },
            scope: iam::types::Scope {
                project: iam::types::ProjectReference {
                    id: None,
                    name: Some(PROJECT.0.to_owned()),
                    domain: None,
                },
            },
        },
    };
    let result = iam
        .keystone_create_user_token_by_password(None, &body)
        .await;
    say_generated(said, result);
}
