//! What a service says is not ours: it may repeat what it was sent.

use std::cmp::Reverse;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use repass_policy::Secret;

/// What a URL may hold as it is.
pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Puts `[REDACTED]` in place of each secret, also where it is written as in JSON, in a URL or in
/// Base64.
pub(crate) fn redact(mut text: String, secrets: &[&str]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    let mut spellings: Vec<Secret> = secrets.flat_map(|secret| spellings(secret)).collect();
    // The longest first: one secret may be the beginning of another.
    spellings.sort_by_key(|spelling| Reverse(spelling.expose().len()));
    for spelling in &spellings {
        if text.contains(spelling.expose()) {
            text = text.replace(spelling.expose(), "[REDACTED]");
        }
    }
    text
}

fn spellings(secret: &str) -> [Secret; 5] {
    let quoted = serde_json::Value::from(secret).to_string();
    let in_json = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    [
        secret.to_owned(),
        in_json.unwrap_or(&quoted).to_owned(),
        utf8_percent_encode(secret, UNRESERVED).to_string(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ]
    .map(Secret::from)
}
