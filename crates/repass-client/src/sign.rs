//! Request signatures with an access key pair: SDK-HMAC-SHA256.
//!
//! A pure function of what is sent. See the vendor's [guide](https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html).

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use repass_policy::Secret;
use sha2::{Digest, Sha256};

/// The name of the algorithm.
pub const ALGORITHM: &str = "SDK-HMAC-SHA256";
/// The header that a signed request has its time in: `20240102T030405Z`, UTC.
pub const DATE_HEADER: &str = "x-sdk-date";

/// The form of a time in [`DATE_HEADER`], for `strftime` and `strptime`.
pub const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The characters that a URL may hold as they are.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The characters that stay as they are in a path.
const SEGMENTS: &AsciiSet = &UNRESERVED.remove(b'/');

/// What a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The method in upper case.
    pub method: &'a str,
    /// The path as it is sent, percent-encoded.
    pub path: &'a str,
    /// The query as it is sent, without the question mark; empty if there is none.
    pub query: &'a str,
    /// The headers that are covered, among them `host` and `x-sdk-date`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// The value of the `Authorization` header.
pub fn authorization(access_key: &str, secret_key: &Secret, signed: &Signed<'_>) -> String {
    let mut headers: Vec<_> = signed
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    headers.sort();
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let date = headers
        .iter()
        .find_map(|(name, value)| (name == DATE_HEADER).then_some(*value))
        .unwrap_or_default();

    let canonical = canonical_request(signed, &headers, &names);
    let text = format!("{ALGORITHM}\n{date}\n{}", sha256(canonical.as_bytes()));
    let signature = hmac(secret_key, text.as_bytes());
    format!("{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}")
}

fn canonical_request(signed: &Signed<'_>, headers: &[(String, &str)], names: &str) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        for part in [name, ":", value, "\n"] {
            lines += part;
        }
    }
    [
        signed.method,
        &canonical_path(signed.path),
        &canonical_query(signed.query),
        &lines,
        names,
        &sha256(signed.body),
    ]
    .join("\n")
}

/// Each segment decoded and encoded again, so that it does not matter how the sender spelt it, and
/// a slash at the end, which only the signature has. A `%2F` counts as a slash here.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut canonical = String::with_capacity(path.len() + 1);
    canonical.extend(utf8_percent_encode(&decoded, SEGMENTS));
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

fn canonical_query(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(&decode(name)), encode(&decode(value))))
        .collect();
    pairs.sort();
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hmac(secret_key: &Secret, bytes: &[u8]) -> String {
    // A key of any length is a key.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret_key.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(bytes);
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |number: u8| char::from(if number < 10 { b'0' } else { b'a' - 10 } + number);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text
}
