//! What a service says is not ours: it may repeat what it was sent.
//!
//! The transport takes the secrets of a request out of the answer before anybody sees it, so that
//! no error, whoever makes it, can show one.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memchr_iter;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use repass_policy::Secret;
use serde_json::Value;

/// What a URL may hold as it is.
pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const REDACTED: &str = "[REDACTED]";

/// The secrets that a service may repeat.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Vec<Arc<Hidden>>);

/// A secret, and how JSON, URLs and Base64 write it.
struct Hidden {
    secret: Secret,
    spellings: Vec<Secret>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Hides these.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            redactor.add(secret);
        }
        redactor
    }

    /// Hides each member of a JSON body, too, that is a password by its name.
    pub(crate) fn with_passwords_of(&self, body: &[u8]) -> Self {
        let mut redactor = self.clone();
        if let Ok(body) = serde_json::from_slice(body) {
            passwords(body, &mut redactor);
        }
        redactor
    }

    /// Hides this one, too.
    pub(crate) fn add(&mut self, secret: &str) {
        let is_known = |known: &Arc<Hidden>| known.secret.expose() == secret;
        if secret.is_empty() || self.0.iter().any(is_known) {
            return;
        }
        self.0.push(Arc::new(Hidden {
            secret: secret.into(),
            spellings: spellings(secret),
        }));
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|hidden| hidden.secret.expose())
    }

    fn spellings(&self) -> impl Iterator<Item = &str> {
        let spellings = self.0.iter().flat_map(|hidden| &hidden.spellings);
        spellings.map(Secret::expose)
    }

    /// Whether it is plain that no secret is here, so that nobody has to look closer.
    pub(crate) fn is_clean(&self, bytes: &[u8]) -> bool {
        // What a reader would take for another character, and numbers, which can be written in
        // many ways.
        let escaped = |byte: &u8| b"%+&\\".contains(byte);
        let number = |secret: &str| secret.bytes().all(|byte| byte.is_ascii_digit());
        !bytes.iter().any(escaped)
            && !self.secrets().any(number)
            && !self.spellings().any(|spelling| contains(bytes, spelling))
    }

    /// The text with `[REDACTED]` in place of each secret; of a text that hides one in another
    /// spelling nothing is left.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // The longest first: one may be the beginning of another.
        let mut spellings: Vec<_> = self.spellings().collect();
        spellings.sort_by_key(|spelling| Reverse(spelling.len()));
        for spelling in spellings {
            if text.contains(spelling) {
                text = text.replace(spelling, REDACTED);
            }
        }
        let readings = readings(&text);
        let hidden = |secret: &str| {
            let mut readings = readings.iter();
            readings.any(|reading| reading.expose().contains(secret))
        };
        if self.secrets().any(hidden) {
            return REDACTED.to_owned();
        }
        text
    }

    /// A JSON body in which no text and no number shows a secret; none if it shows none as it is.
    pub(crate) fn json(&self, body: &[u8]) -> Option<Vec<u8>> {
        if self.is_clean(body) {
            return None;
        }
        let value: Value = serde_json::from_slice(body).ok()?;
        let clean = self.value(&value);
        (clean != value).then(|| clean.to_string().into_bytes())
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.text(name), self.value(value)))
                .collect(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::String(text) => self.text(text).into(),
            Value::Number(number) => {
                let text = self.text(&number.to_string());
                if text.contains(REDACTED) {
                    text.into()
                } else {
                    value.clone()
                }
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }
}

/// Hides each text whose own name says that it is a password.
fn passwords(value: Value, redactor: &mut Redactor) {
    let Value::Object(members) = value else {
        return;
    };
    for (name, value) in members {
        match value {
            Value::String(text) if name.contains("password") => {
                redactor.add(Secret::from(text).expose());
            }
            value => passwords(value, redactor),
        }
    }
}

fn spellings(secret: &str) -> Vec<Secret> {
    let quoted = Value::from(secret).to_string();
    let in_json = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut spellings = vec![Secret::from(secret)];
    for spelling in [
        in_json.unwrap_or(&quoted).to_owned(),
        utf8_percent_encode(secret, UNRESERVED).to_string(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ] {
        let spelling = Secret::from(spelling);
        if !spellings
            .iter()
            .any(|known| known.expose() == spelling.expose())
        {
            spellings.push(spelling);
        }
    }
    spellings
}

/// For many short searches in a short text: nothing is prepared.
fn contains(bytes: &[u8], text: &str) -> bool {
    let Some((first, rest)) = text.as_bytes().split_first() else {
        return true;
    };
    if bytes.len() < text.len() {
        return false;
    }
    memchr_iter(*first, bytes)
        .any(|at| bytes.get(at + 1..).is_some_and(|end| end.starts_with(rest)))
}

/// The text as a reader of URLs, forms, HTML or JSON would understand it.
fn readings(text: &str) -> [Secret; 4] {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut html = text.to_owned();
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        html = html.replace(entity, character);
    }
    // A text of its own, or a piece of one that a quotation mark would end.
    let json = text.replace("\\\"", "\"").replace('"', "\\\"");
    let json = serde_json::from_str(&format!("\"{json}\"")).unwrap_or_default();
    [decode(text), decode(&text.replace('+', " ")), html, json].map(Secret::from)
}
