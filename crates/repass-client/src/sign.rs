//! Request signatures with an access key pair: SDK-HMAC-SHA256.
//!
//! A pure function of what is sent. See the vendor's [guide](https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html).

use std::borrow::Cow;

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

/// The header that declares what the signature covers of the body: its hash, or
/// [`UNSIGNED_PAYLOAD`].
pub const PAYLOAD_HEADER: &str = "x-sdk-content-sha256";

/// The value of [`PAYLOAD_HEADER`] if the signature does not cover the body. The vendor's own signers
/// send it with every content type but JSON and BSON.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The method in upper case.
    pub method: &'a str,
    /// The path as it is sent, percent-encoded.
    pub path: &'a str,
    /// The query as it is sent, without the question mark; empty if there is none.
    pub query: &'a str,
    /// The headers to cover, among them `host` and `x-sdk-date`. As with the vendor's own signers,
    /// one with an underscore in its name is not covered.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// Returns the value of the `Authorization` header.
pub fn authorization(access_key: &str, secret_key: &Secret, signed: &Signed<'_>) -> String {
    let headers = Headers::new(signed.headers);
    let names = &headers.names;
    let signature = signature(secret_key, signed, &headers, Order::Sorted);
    format!("{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}")
}

/// Returns whether a signature is one that the secret key makes for this request.
///
/// The vendor's own signers sort several values of one name by their type, as numbers for example,
/// which a query does not show. So the signature of the query in the order in which it was sent is
/// right, too.
pub fn verify(signature: &str, secret_key: &Secret, signed: &Signed<'_>) -> bool {
    let headers = Headers::new(signed.headers);
    let is_payload = |declared| declared == UNSIGNED_PAYLOAD || declared == sha256(signed.body);
    if !signed.body.is_empty() && !headers.get(PAYLOAD_HEADER).is_none_or(is_payload) {
        return false;
    }
    let is_made = |order| self::signature(secret_key, signed, &headers, order) == signature;
    is_made(Order::Sorted) || (signed.query.contains('&') && is_made(Order::AsSent))
}

/// The order of the parameters of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Sorted,
    AsSent,
}

/// The headers that a signature covers, sorted by their names in lower case.
struct Headers<'a> {
    all: Vec<(Cow<'a, str>, &'a str)>,
    /// All names with a semicolon between them.
    names: String,
}

impl<'a> Headers<'a> {
    fn new(headers: &'a [(&'a str, &'a str)]) -> Self {
        let covered = headers.iter().filter(|(name, _)| !name.contains('_'));
        let mut all: Vec<_> = covered
            .map(|(name, value)| (lower_case(name), value.trim()))
            .collect();
        all.sort_unstable();
        let mut names = String::with_capacity(32 * all.len());
        for (name, _) in &all {
            if !names.is_empty() {
                names.push(';');
            }
            names.push_str(name);
        }
        Self { all, names }
    }

    /// Returns the value of a header that is present and not empty.
    fn get(&self, name: &str) -> Option<&'a str> {
        let mut all = self.all.iter();
        let found = all.find(|(one, _)| one == name).map(|(_, value)| *value);
        found.filter(|value| !value.is_empty())
    }
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    }
}

fn signature(
    secret_key: &Secret,
    signed: &Signed<'_>,
    headers: &Headers<'_>,
    order: Order,
) -> String {
    let date = headers.get(DATE_HEADER).unwrap_or_default();
    let canonical = canonical_request(signed, headers, order);
    let text = format!("{ALGORITHM}\n{date}\n{}", sha256(canonical.as_bytes()));
    hmac(secret_key, text.as_bytes())
}

fn canonical_request(signed: &Signed<'_>, headers: &Headers<'_>, order: Order) -> String {
    let mut text = String::with_capacity(1024);
    text.push_str(signed.method);
    text.push('\n');
    push_path(&mut text, signed.path);
    text.push('\n');
    push_query(&mut text, signed.query, order);
    text.push('\n');
    for (name, value) in &headers.all {
        for part in [name, ":", value, "\n"] {
            text.push_str(part);
        }
    }
    text.push('\n');
    text.push_str(&headers.names);
    text.push('\n');
    match headers.get(PAYLOAD_HEADER) {
        Some(declared) if !signed.body.is_empty() => text.push_str(declared),
        _ => text.push_str(&sha256(signed.body)),
    }
    text
}

/// Adds each segment decoded and encoded again, so that it does not matter how the sender spelt it,
/// and a slash at the end, which only the signature has. A `%2F` counts as a slash here.
fn push_path(text: &mut String, path: &str) {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    text.extend(utf8_percent_encode(&decoded, SEGMENTS));
    if !text.ends_with('/') {
        text.push('/');
    }
}

/// Adds the parameters, each decoded and encoded again. They are sorted as they are decoded.
fn push_query(text: &mut String, query: &str, order: Order) {
    if query.is_empty() {
        return;
    }
    let decode = |part| percent_decode_str(part).decode_utf8_lossy();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    if order == Order::Sorted {
        pairs.sort_unstable();
    }
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, UNRESERVED));
        text.push('=');
        text.extend(utf8_percent_encode(value, UNRESERVED));
    }
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
