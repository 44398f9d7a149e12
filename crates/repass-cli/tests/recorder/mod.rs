//! A proxy that answers for every host and keeps what each of them was sent.
//!
//! It ends TLS itself, with certificates of an authority of its own, so that no test needs a network
//! and each sees the credentials as they arrive. Requests without a proxy are for this machine.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests; none of them uses all of it"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::repass::{Run, bare, run};

pub(crate) struct Recorder {
    pub(crate) url: String,
    authority: Arc<Authority>,
    folder: tempfile::TempDir,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// A request as a host got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) host: String,
    pub(crate) path: String,
    query: String,
    /// Such as `token t`, `access-key AK` or `user alice of domain d with password p`.
    pub(crate) credentials: String,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// The TLS settings of a server of this host.
    fn server(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::from(key));
        Arc::new(config.unwrap())
    }
}

impl Recorder {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let authority = Arc::new(Authority::new());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("authority.pem"), &authority.pem).unwrap();
        std::fs::write(folder.path().join("other.pem"), Authority::new().pem).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (of_thread, kept) = (Arc::clone(&authority), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (authority, requests) = (Arc::clone(&of_thread), Arc::clone(&kept));
                std::thread::spawn(move || serve(stream.unwrap(), &authority, &requests));
            }
        });
        Self {
            url,
            authority,
            folder,
            requests,
        }
    }

    /// The file of the authority that signs the certificates of all hosts.
    pub(crate) fn authority(&self) -> String {
        self.file("authority.pem")
    }

    /// The file of an authority that signs none of them.
    pub(crate) fn other_authority(&self) -> String {
        self.file("other.pem")
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The requests since the last call of this function.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// The command with these words, every way out leading here.
    pub(crate) fn command(&self, words: &str, folder: &Path) -> assert_cmd::Command {
        let mut command = bare(words);
        command
            .current_dir(folder)
            .env("HOME", folder)
            .env("HTTPS_PROXY", &self.url)
            .env("SSL_CERT_FILE", self.authority());
        command
    }

    /// Resets the password of a DCS instance, and compares what was requested with what
    /// `repass config` says of the same settings.
    pub(crate) fn call(
        &self,
        options: &str,
        variables: &[(String, String)],
        folder: &Path,
    ) -> (Run, Vec<Request>) {
        let with_variables = |words: &str| {
            let mut command = self.command(&format!("{words} {options}"), folder);
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            command
        };
        let config = run(&mut with_variables("config --output json"));
        assert_eq!(self.take(), [], "config calls no one");
        let mut command = with_variables("dcs reset-password --instance-id i --password-stdin");
        let called = run(command.write_stdin("Example~Aa-2024"));
        let requests = self.take();
        compare(&config, &called, &requests, &self.url);
        (called, requests)
    }
}

/// Checks that a call used the settings that `repass config` shows.
fn compare(config: &Run, called: &Run, requests: &[Request], here: &str) {
    let told = format!(
        "{}{}\n{requests:?}",
        config.transcript(),
        called.transcript()
    );
    let described = serde_json::from_str::<Value>(&config.stdout).unwrap();
    if described["services"].is_null() {
        // An argument, a variable or a file that cannot be read.
        assert_eq!((config.code, called.code), (Some(2), Some(2)), "{told}");
        assert_eq!(requests, [], "{told}");
        return;
    }
    let config = described;
    let services = config["services"].as_array().unwrap();
    let is_ready = services.iter().any(|service| service == "dcs");
    assert_eq!(is_ready, called.code != Some(2), "{told}");
    assert_eq!(is_ready, !requests.is_empty(), "{told}");
    let setting = |name: &str| {
        let settings = config["settings"].as_array().unwrap();
        let setting = settings.iter().find(|one| one["name"] == name).unwrap();
        setting["value"].as_str().unwrap_or_default().to_owned()
    };
    let host = |name: &str| {
        let url = setting(name);
        let host = url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default().to_owned();
        if url.starts_with(here) {
            "here".to_owned()
        } else {
            host
        }
    };
    let kind = config["credentials"].as_str().unwrap_or_default();
    for request in requests {
        let is_iam = request.path.starts_with("/v3/");
        let name = if is_iam {
            "iam-endpoint"
        } else {
            "dcs-endpoint"
        };
        assert_eq!(request.host, host(name), "{told}");
        let expected = match (kind, request.path == "/v3/auth/tokens") {
            ("user", true) => format!(
                "user {} of domain {}",
                setting("username"),
                setting("domain")
            ),
            ("user", false) => format!("token of-{}", setting("username")),
            ("access-key", _) => format!("access-key {}", setting("access-key")),
            (kind, _) => format!("{kind} "),
        };
        assert!(
            request.credentials.starts_with(&expected),
            "{expected}: {told}"
        );
        if !is_iam {
            let project = match (setting("project-id"), setting("project-name")) {
                (id, name) if id.is_empty() => format!("id-of-{name}"),
                (id, _) => id,
            };
            assert!(
                request.path.starts_with(&format!("/v2/{project}/")),
                "{told}"
            );
        }
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            host,
            path,
            query,
            credentials,
        } = self;
        let path = match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "v2", project, ..] => format!("project {project}"),
            ["", "v3", "auth", "tokens"] => "log in".to_owned(),
            _ => format!("find project {}", query.trim_start_matches("name=")),
        };
        write!(f, "{host}: {path}, {credentials}")
    }
}

fn serve(mut stream: TcpStream, authority: &Authority, requests: &Mutex<Vec<Request>>) {
    let mut first = [0; 8];
    if stream.peek(&mut first).is_err() || !first.starts_with(b"CONNECT ") {
        return answer(stream, "here", requests);
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let host = head.split([' ', ':']).nth(1).unwrap().to_owned();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let connection = ServerConnection::new(authority.server(&host)).unwrap();
    answer(StreamOwned::new(connection, stream), &host, requests);
}

/// Answers one request, or none where TLS fails.
fn answer(stream: impl Read + Write, host: &str, requests: &Mutex<Vec<Request>>) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Err(_) | Ok(0) => return,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => lines.push(line.trim_end().to_owned()),
        }
    }
    let target = lines[0].split(' ').nth(1).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| {
        let mut headers = lines.iter().filter_map(|line| line.split_once(": "));
        let header = headers.find(|(each, _)| each.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let user = &body["auth"]["identity"]["password"]["user"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let credentials = match (header("x-auth-token"), header("authorization")) {
        (Some(token), _) => format!("token {token}"),
        (None, Some(signed)) => {
            let key = signed.split("Access=").nth(1).unwrap();
            let key = key.split(',').next().unwrap();
            let token = header("x-security-token");
            let token = token.map(|token| format!(" with token {token}"));
            format!("access-key {key}{}", token.unwrap_or_default())
        }
        _ => format!(
            "user {} of domain {} with password {}",
            text(&user["name"]),
            text(&user["domain"]["name"]),
            text(&user["password"])
        ),
    };
    let scope = &body["auth"]["scope"]["project"];
    let mut more = String::new();
    let (status, answer) = if path == "/v3/auth/tokens" {
        more = format!("X-Subject-Token: of-{}\r\n", text(&user["name"]));
        let id = scope["id"].as_str().map(str::to_owned);
        let id = id.unwrap_or_else(|| format!("id-of-{}", text(&scope["name"])));
        (
            "201 Created",
            serde_json::json!({"token": {"project": {"id": id}}}),
        )
    } else if let (true, Some(name)) = (path == "/v3/projects", query.strip_prefix("name=")) {
        let project = serde_json::json!({"id": format!("id-of-{name}"), "name": name});
        ("200 OK", serde_json::json!({"projects": [project]}))
    } else {
        let body = serde_json::json!({"error_code": "DCS.4003", "error_msg": "recorded"});
        ("403 Forbidden", body)
    };
    requests.lock().unwrap().push(Request {
        host: host.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        credentials,
    });
    let answer = answer.to_string();
    let length = answer.len();
    let _ = write!(
        stream.get_mut(),
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{more}Content-Length: \
         {length}\r\nConnection: close\r\n\r\n{answer}"
    );
    let _ = stream.get_mut().flush();
}
