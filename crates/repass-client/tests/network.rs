//! Proxies and certificates, as the environment names them. Each case runs in a process of its own,
//! because the environment is the process's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the servers of a test fail as a test does, and the probe tells its parent"
)]

mod calls;
mod server;

use std::error::Error as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use calls::{ONE_ATTEMPT, OPERATIONS, TOKEN, project, summary};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use repass_client::{Client, Credentials, Endpoints, RetryConfig};
use server::{Closed, Server, answer};
use tokio_rustls::rustls;

/// The variable that holds the URL that [`probe`] calls.
const URL: &str = "REPASS_PROBE_URL";
/// The variable that says whether [`probe`] logs in.
const LOGIN: &str = "REPASS_PROBE_LOGIN";
/// Part of every proxy's URL that no one may see.
const SECRET: &str = "Proxy-Secret-2024";

const PROXIES: [&str; 9] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "REQUEST_METHOD",
];

/// Calls each operation once and prints what came of it. It runs as the child of the tests below.
#[tokio::test]
async fn probe() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let credentials = match std::env::var_os(LOGIN) {
        Some(_) => Credentials::user("domain", "alice", "Alice-Example-2024"),
        None => Credentials::token(TOKEN),
    };
    let endpoints = Endpoints::new().allow_http();
    let endpoints = endpoints
        .ddm(&url)
        .and_then(|set| set.dcs(&url)?.dms(&url)?.iam(&url));
    let client = Client::new(endpoints.unwrap(), project(), credentials.unwrap());
    let client = client.unwrap().with_retries(RetryConfig {
        deadline: Duration::from_secs(5),
        ..ONE_ATTEMPT
    });
    for operation in OPERATIONS {
        let result = calls::call(&client, operation, "Old-Example-2023", "New-Example~2024").await;
        let mut line = summary(&result);
        if let Err(error) = &result {
            // Without the object and the operation.
            let text = error.to_string();
            let starts = ["not sent: ", "refused: ", "took effect: "];
            let start = starts.iter().find_map(|start| text.find(start)).unwrap();
            line += &format!(" / : {}", &text[start..]);
            let mut source = error.source();
            while let Some(error) = source {
                // Some errors repeat their source in their own text.
                let text = format!(": {error}");
                line += if line.ends_with(&text) { "" } else { &text };
                source = error.source();
            }
            line += &format!(" / {error:?} {client:?}").replace(SECRET, "SHOWN");
        }
        println!("result {line}");
    }
}

/// What the five calls to this URL come to with these variables. They all come to the same.
#[track_caller]
fn result(url: &str, variables: &[(&str, &str)]) -> String {
    let mut probe = Command::new(std::env::current_exe().unwrap());
    probe.args(["--exact", "probe", "--nocapture"]);
    for name in PROXIES.iter().chain(&["SSL_CERT_FILE", "SSL_CERT_DIR"]) {
        probe.env_remove(name);
    }
    let output = probe.env(URL, url).envs(variables.iter().copied());
    let output = output.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(!printed.contains(SECRET), "{printed}");
    assert!(!printed.contains("SHOWN"), "{printed}");
    let lines = printed.lines().filter_map(|line| {
        let (_, result) = line.split_once("result ")?;
        result.split(" / ").nth(1).or(Some(result))
    });
    // Without the operation, which each begins with.
    let mut results: Vec<_> = lines
        .map(|line| line.split_once(": ").map_or(line, |(_, rest)| rest))
        .collect();
    assert_eq!(results.len(), 5, "{printed}");
    results.dedup();
    results.join("\n")
}

/// A server of the services that is not on a loopback address, and so would be reached by a proxy.
async fn service() -> (Server, String) {
    let server = Server::start().await;
    server.answer(answer(200, r#"{"success":true,"result":"success"}"#));
    // It means this machine to the system, and another one to whoever reads it.
    let url = server.url().replace("127.0.0.1", "0.0.0.0");
    (server, url)
}

/// A proxy that answers each request with this, and gives each head that it received.
fn proxy(answer: &'static str) -> (SocketAddr, Receiver<String>) {
    let (received, heads) = channel();
    let address = serve(move |mut stream| {
        let head = head(&stream);
        let length = head.lines().find_map(|line| {
            let value = line.strip_prefix("content-length: ")?;
            value.parse().ok()
        });
        // A body that nobody read would cut the answer short.
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        received.send(head).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (address, heads)
}

/// A server on a loopback address that treats each connection like this, one after the other.
fn serve(mut treat: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            treat(stream.unwrap());
        }
    });
    address
}

fn head(stream: &TcpStream) -> String {
    // One byte at a time: what follows the head is somebody else's.
    let mut reader = BufReader::with_capacity(1, stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
    head
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_proxy_variable_is_an_error_and_nothing_is_sent() {
    let (server, url) = service().await;
    for value in [
        "http://Proxy-Secret-2024@proxy:port",
        "http://user:Proxy-Secret-2024@",
        "http://proxy:3128/Proxy-Secret-2024.pac",
        "http://proxy:3128?Proxy-Secret-2024",
        "proxy:Proxy-Secret-2024",
        "Proxy-Secret-2024 proxy",
        "http://",
        "://Proxy-Secret-2024",
        "http//proxy:3128",
        "http://proxy:99999",
    ] {
        let result = result(&url, &[("HTTP_PROXY", value)]);
        let expected = "not sent: HTTP_PROXY does not hold the URL of a proxy";
        assert!(result.starts_with(expected), "{value}: {result}");
    }
    for (scheme, name) in [
        ("http", "http_proxy"),
        ("http", "ALL_PROXY"),
        ("http", "all_proxy"),
        ("https", "HTTPS_PROXY"),
        ("https", "https_proxy"),
        ("https", "ALL_PROXY"),
        ("https", "all_proxy"),
    ] {
        let result = result(&url.replace("http", scheme), &[(name, "a b")]);
        let expected = format!("not sent: {name} does not hold the URL of a proxy");
        assert!(result.starts_with(&expected), "{name}: {result}");
    }
    // IAM is a service like any other.
    let login = result(&url, &[("HTTP_PROXY", "a b"), (LOGIN, "1")]);
    let expected = "not sent: HTTP_PROXY does not hold the URL of a proxy";
    assert!(login.starts_with(expected), "{login}");
    assert!(server.received().is_empty());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_variable_that_is_not_unicode_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let (server, url) = service().await;
    let value = std::ffi::OsStr::from_bytes(b"http://\xff:3128");
    let mut probe = Command::new(std::env::current_exe().unwrap());
    for name in PROXIES {
        probe.env_remove(name);
    }
    let output = probe
        .args(["--exact", "probe", "--nocapture"])
        .env(URL, url)
        .env("HTTP_PROXY", value)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let count = printed.matches("sent: HTTP_PROXY does not hold").count();
    assert_eq!(count, 5, "{printed}");
    assert!(server.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_another_protocol_is_an_error() {
    let (server, url) = service().await;
    for scheme in ["ftp", "ssh", "quic", "pac+http", "socks"] {
        let value = format!("{scheme}://user:{SECRET}@proxy:3128");
        let result = result(&url, &[("ALL_PROXY", &value)]);
        let expected = format!(
            "not sent: ALL_PROXY holds a proxy URL with the scheme {scheme}; use http, \
             https or socks5h"
        );
        assert_eq!(result, expected);
    }
    assert!(server.received().is_empty());
}

/// The rules of reqwest.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_variable_that_is_set_counts_unless_the_host_is_excluded() {
    let (server, url) = service().await;
    let closed = Closed::new();
    let (proxy, _heads) = proxy("HTTP/1.1 403 \r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let (closed, proxy) = (closed.url(), format!("http://{proxy}"));
    let without_scheme = proxy.replace("http://", "");
    let direct = "200 Done";
    let by_proxy = "permission denied (status 403)";
    let not_reached = "not sent: could not connect";
    for (variables, expected) in [
        (&[][..], direct),
        (&[("HTTP_PROXY", "")], direct),
        (&[("HTTP_PROXY", &*proxy)], by_proxy),
        (&[("HTTP_PROXY", &*without_scheme)], by_proxy),
        (
            &[("HTTP_PROXY", &*proxy), ("http_proxy", &*closed)],
            by_proxy,
        ),
        (
            &[("http_proxy", &*proxy), ("ALL_PROXY", &*closed)],
            by_proxy,
        ),
        (&[("all_proxy", &*proxy)], by_proxy),
        (&[("HTTP_PROXY", ""), ("http_proxy", &*closed)], direct),
        (&[("HTTP_PROXY", ""), ("ALL_PROXY", &*proxy)], by_proxy),
        // Whoever sends a request to a CGI program sets this one.
        (
            &[("HTTP_PROXY", &*closed), ("REQUEST_METHOD", "GET")],
            direct,
        ),
        (
            &[("http_proxy", &*proxy), ("REQUEST_METHOD", "GET")],
            by_proxy,
        ),
        (&[("HTTPS_PROXY", "a b"), ("HTTP_PROXY", &*proxy)], by_proxy),
        (&[("HTTPS_PROXY", &*closed)], direct),
        (&[("HTTP_PROXY", &*closed)], not_reached),
        (&[("HTTP_PROXY", "a b"), ("NO_PROXY", "0.0.0.0")], direct),
        (
            &[("HTTP_PROXY", "ftp://x"), ("no_proxy", "x, 0.0.0.0/8")],
            direct,
        ),
        (
            &[("HTTP_PROXY", &*proxy), ("NO_PROXY", "example.com")],
            by_proxy,
        ),
        (&[("HTTP_PROXY", &*proxy), ("NO_PROXY", "")], by_proxy),
    ] {
        let result = result(&url, variables);
        assert!(result.contains(expected), "{variables:?}: {result}");
        assert_eq!(server.received().is_empty(), expected != direct);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_requires_credentials_is_told_as_that() {
    let (server, url) = service().await;
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                  proxy-authenticate: Basic\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (address, heads) = proxy(answer);
    let expected = "requires credentials, or did not accept those in its URL (407)";
    for (name, scheme) in [("HTTP_PROXY", "http"), ("HTTPS_PROXY", "https")] {
        let url = url.replace("http", scheme);
        for credentials in ["", "alice:Proxy-Secret-2024@"] {
            for login in [None, Some((LOGIN, "1"))] {
                let value = format!("http://{credentials}{address}");
                let mut variables = vec![(name, &*value)];
                variables.extend(login);
                let result = result(&url, &variables);
                assert!(result.contains(expected), "{scheme}: {result}");
                let head = heads.try_iter().last().unwrap();
                let has = head.to_lowercase().contains("proxy-authorization: basic ");
                assert_eq!(has, !credentials.is_empty(), "{head}");
            }
        }
    }
    // Only a proxy is told so: the service's own answer is its own.
    server.answer(server::answer(407, ""));
    let result = result(&url, &[]);
    assert!(!result.contains("proxy"), "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_to_connect_is_told_as_that() {
    let (_server, url) = service().await;
    let (address, _heads) = proxy("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
    let value = format!("http://alice:{SECRET}@{address}");
    let result = result(&url.replace("http", "https"), &[("HTTPS_PROXY", &value)]);
    let expected = "not sent: the proxy in HTTPS_PROXY refused to connect to the host";
    assert_eq!(result, expected);
}

/// A SOCKS5 proxy that wants no credentials, and connects to this address whatever it is asked.
fn socks5(to: SocketAddr) -> SocketAddr {
    serve(move |mut client| {
        let mut greeting = [0; 2];
        client.read_exact(&mut greeting).unwrap();
        let [5, methods] = greeting else {
            panic!("this is not SOCKS5: {greeting:?}");
        };
        client.read_exact(&mut vec![0; methods.into()]).unwrap();
        client.write_all(&[5, 0]).unwrap();
        // To an IPv4 address, with its port.
        let mut request = [0; 10];
        client.read_exact(&mut request).unwrap();
        assert_eq!(request.get(..8), Some(&[5, 1, 0, 1, 0, 0, 0, 0][..]));
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        let mut server = TcpStream::connect(to).unwrap();
        let (mut back, mut forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut back, &mut forth);
            let _ = forth.shutdown(Shutdown::Write);
        });
        let _ = std::io::copy(&mut client, &mut server);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_is_used() {
    let (server, _) = service().await;
    let address = server.url().replace("http://", "").parse().unwrap();
    let proxy = socks5(address);
    for scheme in ["socks5", "socks5h"] {
        // Nobody listens there.
        let url = "http://0.0.0.0:1";
        let value = format!("{scheme}://{proxy}");
        let result = result(url, &[("ALL_PROXY", &value)]);
        assert!(result.starts_with("200 Done"), "{result}");
        assert_eq!(server.received().len(), 5);
    }
}

#[test]
fn a_socks_proxy_that_does_not_connect_is_told_as_that() {
    // It accepts no way to authenticate, which is how most tell that they require credentials.
    let address = serve(|mut stream| {
        let _ = stream.write_all(&[5, 255]);
    });
    let value = format!("socks5h://alice:{SECRET}@{address}");
    let result = result("http://0.0.0.0:1", &[("ALL_PROXY", &value)]);
    assert!(
        result.starts_with("not sent: the proxy in ALL_PROXY"),
        "{result}"
    );
}

/// A server for HTTPS on this machine that answers each request with a success, and the PEM of the
/// authority that signed its certificate.
fn https(name: &str) -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &authority).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let config = Arc::new(config);
    let address = serve(move |stream| {
        let connection = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        // A body is JSON and ends with a brace.
        while !request.ends_with(b"}") {
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => request.extend(buffer.iter().take(read)),
                // The client does not trust the certificate.
                _ => return,
            }
        }
        let body = r#"{"success":true,"result":"success"}"#;
        let _ = stream.write_all(&answer(200, body));
        stream.conn.send_close_notify();
        let _ = stream.flush();
    });
    (
        format!("https://localhost:{}", address.port()),
        authority.pem(),
    )
}

#[test]
fn the_certificates_of_the_variables_are_used() {
    let (url, pem) = https("authority");
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("authority.pem"), https("other").1);
    std::fs::write(&file, &pem).unwrap();
    let both = folder.path().join("both.pem");
    std::fs::write(&both, format!("{other}{pem}")).unwrap();
    let wrong = folder.path().join("wrong");
    std::fs::create_dir(&wrong).unwrap();
    std::fs::write(wrong.join("other.pem"), &other).unwrap();
    let right = folder.path().join("right");
    std::fs::create_dir(&right).unwrap();
    // No name of a hash is needed.
    std::fs::copy(&file, right.join("any name")).unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let [file, both, wrong, right, empty] =
        [&file, &both, &wrong, &right, &empty].map(|path| text(path));
    let folders = format!("{wrong}:{right}");

    let trusted = "200 Done";
    let not_trusted = "UnknownIssuer";
    let none = |variable: &str| format!("no CA certificates were found where {variable} points");
    let [no_file, no_folder] = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(none);
    for (variables, expected) in [
        (&[("SSL_CERT_FILE", &*file)][..], trusted),
        (&[("SSL_CERT_FILE", &both)], trusted),
        (&[("SSL_CERT_DIR", &right)], trusted),
        (&[("SSL_CERT_DIR", &folders)], trusted),
        // Both are read.
        (
            &[("SSL_CERT_FILE", &file), ("SSL_CERT_DIR", &wrong)],
            trusted,
        ),
        (
            &[("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", &right)],
            trusted,
        ),
        // And nothing else is.
        (&[("SSL_CERT_DIR", &wrong)], not_trusted),
        (&[("SSL_CERT_FILE", "/nowhere")], &no_file),
        (&[("SSL_CERT_FILE", &empty)], &no_file),
        (&[("SSL_CERT_FILE", "")], &no_file),
        (&[("SSL_CERT_DIR", "/nowhere")], &no_folder),
    ] {
        let result = result(&url, variables);
        assert!(result.contains(expected), "{variables:?}: {result}");
        assert_eq!(
            result.starts_with("not sent"),
            expected != trusted,
            "{result}"
        );
    }
}

#[test]
fn only_https_needs_certificates() {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 1);
    let none = ("SSL_CERT_FILE", "/nowhere");
    // No connection is made, but it is tried.
    let tried = "could not connect";
    let result_of = |url: &str, variables: &[_]| result(url, variables);
    assert!(result_of(&format!("http://{any}"), &[none]).contains(tried));
    let proxy = ("HTTP_PROXY", "http://127.0.0.1:1");
    assert!(result_of(&format!("http://{any}"), &[none, proxy]).contains(tried));
    // HTTPS to the proxy needs them, too.
    let proxy = ("HTTP_PROXY", "https://127.0.0.1:1");
    let result = result_of(&format!("http://{any}"), &[none, proxy]);
    assert!(result.contains("no CA certificates"), "{result}");
    let login = result_of(&format!("https://{any}"), &[none, (LOGIN, "1")]);
    assert!(login.contains("no CA certificates"), "{login}");
}
