//! Secrets that are hard to hide, and how they may be spelt.

#![allow(
    dead_code,
    reason = "compiled into each test binary, which uses a part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use repass_client::{Client, Credentials, Endpoints, ProjectName};
use serde_json::{Value, json};

use crate::calls;
use crate::server::{Request, answer, answer_with};

/// Old password, new password and token, with characters that other encodings write otherwise, or
/// that could be taken for something else.
pub(crate) const SECRETS: [[&str; 3]; 4] = [
    [
        "Redis-Example-2023",
        "Redis-Example-2024",
        "MIIa-token-2024",
    ],
    [
        r#"Old"0\\quote-2023"#,
        r#"Aa1"\\quote-2024"#,
        r#""tok\en"/+%2B==""#,
    ],
    ["6543210987654321", "1234567890123456", "9988776655443322"],
    [
        "Pässword ?>~ 2023",
        "<b>&amp;%20 ü?>~ 2024",
        "~~~???>>>token",
    ],
];

pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How a service or gateway may write what it was sent.
pub(crate) fn spellings(secret: &str) -> [String; 19] {
    let json = json!(secret).to_string();
    let percent = utf8_percent_encode(secret, UNRESERVED).to_string();
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    [
        // As JSON writers spell it that fear for HTML.
        json[1..json.len() - 1]
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026"),
        html.replace('"', "&quot;"),
        percent
            .to_lowercase()
            .replace(&secret.to_lowercase(), secret),
        percent.replace("%20", "+"),
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        utf8_percent_encode(secret, UNRESERVED).to_string(),
        // Without what fills up the last group.
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE.encode(secret).trim_end_matches('=').to_owned(),
        each(secret, |character| format!("&#{};", u32::from(character))),
        each(secret, |character| {
            format!("&#x{:X}", u32::from(character)) + ";"
        }),
        each(secret, |character| {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units).iter();
            units.map(|unit| format!("\\u{unit:04x}")).collect()
        }),
        each_byte(secret, |byte| format!("\\x{byte:02x}")),
        each_byte(secret, |byte| format!("%{byte:02X}")),
        // Twice.
        utf8_percent_encode(&percent, UNRESERVED).to_string(),
        each_byte(secret, |byte| format!("%25{byte:02x}")),
        // As a whole, and with what stands around it.
        each_byte(secret, |byte| format!("{byte:02x}")),
        STANDARD.encode(format!(r#"{{"new_password":"{secret}"}}"#)),
        STANDARD.encode(STANDARD.encode(secret)),
    ]
}

fn each(secret: &str, spell: impl Fn(char) -> String) -> String {
    secret.chars().map(spell).collect()
}

fn each_byte(secret: &str, spell: impl Fn(u8) -> String) -> String {
    secret.bytes().map(spell).collect()
}

pub(crate) fn every_spelling(secrets: &[&str]) -> Vec<String> {
    secrets
        .iter()
        .flat_map(|secret| spellings(secret))
        .collect()
}

#[track_caller]
pub(crate) fn assert_shows_none(shown: &str, secrets: &[&str]) {
    for spelling in every_spelling(secrets) {
        assert!(!shown.contains(&spelling), "{spelling} in {shown}");
    }
}

pub(crate) fn debug(value: impl Debug) -> String {
    format!("{value:?}\n{value:#?}\n")
}

/// All that an error says of itself and of its causes.
pub(crate) fn everything_said(error: &dyn StdError) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        said += &format!("{error}\n{error:#}\n{}", debug(error));
        next = error.source();
    }
    said
}

/// A key has no other characters.
pub(crate) fn visible(secret: &str) -> String {
    secret.chars().filter(char::is_ascii_graphic).collect()
}

pub(crate) fn by_user(url: &str, password: &str) -> Client {
    with(url, Credentials::user("domain", "alice", password).unwrap())
}

pub(crate) fn by_key(url: &str, secret_key: &str, token: &str) -> Client {
    let key = Credentials::temporary_access_key("AK", visible(secret_key), token);
    with(url, key.unwrap())
}

pub(crate) fn with(url: &str, credentials: Credentials) -> Client {
    let endpoints = Endpoints::all(url).unwrap();
    let name = ProjectName::new("eu-de").unwrap();
    let client = Client::new(endpoints, name, credentials).unwrap();
    client.with_retries(calls::ONE_ATTEMPT)
}

/// IAM, and services that repeat what they were sent.
pub(crate) fn iam_and_echo(request: &Request, status: u16, token: &str) -> Vec<u8> {
    if request.line.contains("/v3/auth/tokens") {
        let header = format!("x-subject-token: {token}\r\n");
        return answer_with(201, &header, r#"{"token":{"project":{"id":"1"}}}"#);
    }
    if request.line.contains("/v3/projects") {
        return answer(200, r#"{"projects":[{"id":"1","name":"eu-de"}]}"#);
    }
    answer_with(status, &id_header(request), every_field(&echo(request)))
}

/// Everything that was sent, and every secret in it in every spelling.
pub(crate) fn echo(request: &Request) -> String {
    let Request {
        line,
        headers,
        body,
    } = request;
    let headers = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    let headers = headers.collect::<String>();
    format!("{}\n{line}\n{headers}\n{body}", echo_of_secrets(request))
}

pub(crate) fn echo_of_secrets(request: &Request) -> String {
    let body: HashMap<String, Value> = serde_json::from_str(&request.body).unwrap_or_default();
    let in_body = body.values().filter_map(Value::as_str);
    let sent: Vec<_> = in_body.chain(request.header("x-auth-token")).collect();
    every_spelling(&sent).join(" ")
}

pub(crate) fn no_header(_: &Request) -> String {
    String::new()
}

/// Only what a header can hold: one that holds more is not read at all.
pub(crate) fn id_header(request: &Request) -> String {
    let mut id = echo_of_secrets(request);
    id.retain(|character| character.is_ascii());
    format!("x-request-id: {id}\r\n")
}

pub(crate) fn every_field(echo: &str) -> String {
    json!({
        "error_code": echo, "error_msg": echo, "error_ext_msg": echo,
        "errCode": echo, "externalMessage": echo, "request_id": echo,
        "success": false, "instance_id": echo, "user_name": echo, "job_id": echo,
        "result": echo, "message": echo, "code": echo, "ext_message": echo,
        "lock_time": echo, "lock_time_left": echo, "retry_times_left": echo,
    })
    .to_string()
}
