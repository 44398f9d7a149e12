//! Removes secrets from what a service says: it may repeat what it was sent, in any encoding.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use repass_policy::Secret;
use serde_json::{Map, Value};

const REDACTED: &str = "[REDACTED]";

/// The longest text that is shown. Documented messages have at most 1,024 characters.
const LONGEST_TEXT: usize = 8 << 10;

/// How many readings of a text are tried before it counts as hiding something.
const MOST_READINGS: usize = 100;

/// The shortest secret that is looked for in Base64 and hexadecimal: any word decodes to something.
const SHORTEST_IN_BINARY: usize = 4;

/// The characters that an escape begins with, and the one that stands for a space in a form.
const ESCAPES: [char; 4] = ['%', '+', '&', '\\'];

/// The shortest text out of Base64 or hexadecimal that is decoded further.
const SHORTEST_NESTED: usize = 8;

/// The secrets that a service may repeat.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Vec<Secret>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            redactor.add(secret);
        }
        redactor
    }

    /// Adds a secret.
    pub(crate) fn add(&mut self, secret: &str) {
        let known = self.0.iter().any(|known| known.expose() == secret);
        if !secret.is_empty() && !known {
            self.0.push(secret.into());
        }
    }

    /// Adds every string of a JSON body whose member's name contains `password`.
    pub(crate) fn add_passwords_of(&mut self, body: &[u8]) {
        if let Ok(body) = serde_json::from_slice(body) {
            self.add_passwords(body);
        }
    }

    fn add_passwords(&mut self, value: Value) {
        let Value::Object(members) = value else {
            return;
        };
        for (name, value) in members {
            match value {
                Value::String(text) if name.contains("password") => {
                    self.add(Secret::from(text).expose());
                }
                value => self.add_passwords(value),
            }
        }
    }

    /// Returns the text with `[REDACTED]` in place of each secret. If a secret is hidden in it by an
    /// encoding, if an escape in it is not valid, or if it is too long, nothing of it is left.
    pub(crate) fn text(&self, text: &str) -> String {
        if text.len() > LONGEST_TEXT {
            return REDACTED.to_owned();
        }
        let mut shown = text.to_owned();
        // The longest first: one secret may be the beginning of another.
        let mut secrets: Vec<_> = self.0.iter().map(Secret::expose).collect();
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        for secret in secrets {
            if shown.contains(secret) {
                shown = shown.replace(secret, REDACTED);
            }
        }
        if self.is_hidden_in(&shown) {
            return REDACTED.to_owned();
        }
        shown
    }

    /// Returns the members with every name, string and number redacted.
    pub(crate) fn members(&self, members: &Map<String, Value>) -> Map<String, Value> {
        members
            .iter()
            .map(|(name, value)| (self.text(name), self.value(value)))
            .collect()
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => self.members(members).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::String(text) => self.text(text).into(),
            Value::Number(number) => {
                let text = number.to_string();
                let shown = self.text(&text);
                if shown == text {
                    value.clone()
                } else {
                    shown.into()
                }
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// Decodes a text until nothing changes, by every order of the decoders, and looks for a secret
    /// in each reading.
    fn is_hidden_in(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut seen = BTreeSet::from([text.to_owned()]);
        let mut open = vec![text.to_owned()];
        while let Some(reading) = open.pop() {
            let mut found = Vec::new();
            if reading.contains(ESCAPES) {
                for decode in [percent, form, html, backslashes] {
                    match decode(&reading) {
                        Ok(decoded) => found.push(decoded),
                        Err(Invalid) => return true,
                    }
                }
            }
            for decoded in binary(&reading) {
                if self.shows(&decoded, SHORTEST_IN_BINARY) {
                    return true;
                }
                // What Base64 makes of a word is not text, and need not be decoded any further.
                if decoded.len() >= SHORTEST_NESTED && is_text(&decoded) {
                    found.push(decoded);
                }
            }
            for decoded in found {
                if !seen.contains(&decoded) {
                    if self.shows(&decoded, 1) || seen.len() >= MOST_READINGS {
                        return true;
                    }
                    seen.insert(decoded.clone());
                    open.push(decoded);
                }
            }
        }
        // A mixture: some of a secret's own characters look like an escape, and were decoded as one.
        let escaped = |secret: &&str| secret.contains(ESCAPES);
        let secrets = self.0.iter().map(Secret::expose).filter(escaped);
        let mut secrets = secrets.map(fully_decoded).peekable();
        if secrets.peek().is_none() {
            return false;
        }
        let text = fully_decoded(text);
        secrets.any(|secret| !secret.is_empty() && text.contains(&secret))
    }

    /// Returns whether a text contains a secret of at least this length.
    fn shows(&self, text: &str, shortest: usize) -> bool {
        let secrets = self.0.iter().map(Secret::expose);
        let mut secrets = secrets.filter(|secret| secret.len() >= shortest);
        secrets.any(|secret| text.contains(secret))
    }
}

/// An escape that no decoder understands.
struct Invalid;

type Decoded = Result<String, Invalid>;

fn is_text(decoded: &str) -> bool {
    !decoded.contains(|character: char| {
        character == char::REPLACEMENT_CHARACTER
            || (character.is_control() && !character.is_whitespace())
    })
}

fn fully_decoded(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MOST_READINGS {
        let before = text.clone();
        for decode in [percent, html, backslashes] {
            text = decode(&text).unwrap_or(text);
        }
        if text == before {
            break;
        }
    }
    text
}

/// Decodes `%41`.
fn percent(text: &str) -> Decoded {
    let mut escapes = text.split('%').skip(1);
    let valid = |escape: &str| {
        let digits = escape.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(valid) {
        return Err(Invalid);
    }
    Ok(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// Decodes `%41` and `+`.
fn form(text: &str) -> Decoded {
    percent(&text.replace('+', " "))
}

/// The names that HTML has for ASCII characters, and for the space that does not break.
const ENTITIES: [(&str, char); 36] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("dash", '-'),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("rcub", '}'),
];

/// Decodes `&amp;`, `&#65;` and `&#x41;`.
fn html(text: &str) -> Decoded {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some(number) = part.strip_prefix('#') {
            let (digits, radix) = match number.strip_prefix(['x', 'X']) {
                Some(digits) => (digits, 16),
                None => (number, 10),
            };
            let end = digits.find(|digit: char| !digit.is_digit(radix));
            let (digits, rest) = digits.split_at(end.unwrap_or(digits.len()));
            let number = u32::from_str_radix(digits, radix).map_err(|_| Invalid)?;
            decoded.push(char::from_u32(number).ok_or(Invalid)?);
            decoded += rest.strip_prefix(';').unwrap_or(rest);
        } else {
            let known = ENTITIES
                .iter()
                .find_map(|(name, character)| Some((part.strip_prefix(name)?, character)))
                .and_then(|(rest, character)| Some((rest.strip_prefix(';')?, character)));
            match known {
                Some((rest, character)) => {
                    decoded.push(*character);
                    decoded += rest;
                }
                None if is_entity(part) => return Err(Invalid),
                // An ampersand as it is.
                None => {
                    decoded.push('&');
                    decoded += part;
                }
            }
        }
    }
    Ok(decoded)
}

/// Returns whether a text that follows an ampersand has the form of an entity, such as `verbar;`.
fn is_entity(text: &str) -> bool {
    let name = text.split(';').next().unwrap_or_default();
    name.len() < text.len()
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Decodes the escapes of JSON, JavaScript, Python and C.
fn backslashes(text: &str) -> Decoded {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        units.extend(before.encode_utf16());
        let mut characters = escape.chars();
        characters.next();
        let kind = characters.next().ok_or(Invalid)?;
        let after = characters.as_str();
        rest = match kind {
            'u' if after.starts_with('{') => {
                let (digits, rest) = after.split_once('}').ok_or(Invalid)?;
                let digits = digits.get(1..).unwrap_or_default();
                let number = u32::from_str_radix(digits, 16).map_err(|_| Invalid)?;
                let character = char::from_u32(number).ok_or(Invalid)?;
                units.extend(character.encode_utf16(&mut [0; 2]).iter());
                rest
            }
            'u' => number(&mut units, after, 4)?,
            'x' => number(&mut units, after, 2)?,
            _ => {
                let character = match kind {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    '0' => '\0',
                    '"' | '\'' | '\\' | '/' => kind,
                    _ => return Err(Invalid),
                };
                units.extend(character.encode_utf16(&mut [0; 2]).iter());
                after
            }
        };
    }
    units.extend(rest.encode_utf16());
    Ok(String::from_utf16_lossy(&units))
}

/// Reads this many hexadecimal digits, and returns what follows them.
fn number<'a>(units: &mut Vec<u16>, text: &'a str, digits: usize) -> Result<&'a str, Invalid> {
    let (number, rest) = text.split_at_checked(digits).ok_or(Invalid)?;
    let is_hex = number.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u16::from_str_radix(number, 16).ok().filter(|_| is_hex);
    units.push(unit.ok_or(Invalid)?);
    Ok(rest)
}

/// Base64 of either alphabet, padded or not. The last bits may be anything: a text may go on after it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes every run of characters that may be Base64 or hexadecimal, line breaks within removed.
fn binary(text: &str) -> Vec<String> {
    let mut texts = vec![text.to_owned()];
    if text.contains(|character: char| character.is_ascii_whitespace()) {
        texts.push(text.split_ascii_whitespace().collect());
    }
    let mut decoded = Vec::new();
    for text in &texts {
        let runs = |allowed: fn(char) -> bool| {
            let runs = text.split(move |character| !allowed(character));
            runs.filter(|run| run.len() >= SHORTEST_IN_BINARY)
        };
        for run in runs(|character| character.is_ascii_hexdigit()) {
            for start in 0..2 {
                let digits = run.as_bytes().get(start..).unwrap_or_default();
                let bytes = digits.chunks_exact(2).map(|pair| {
                    let pair = str::from_utf8(pair).unwrap_or_default();
                    u8::from_str_radix(pair, 16).unwrap_or_default()
                });
                decoded.push(bytes.collect());
            }
        }
        let may_be_base64 =
            |character: char| character.is_ascii_alphanumeric() || "+/-_".contains(character);
        for run in runs(may_be_base64) {
            let run = run.replace('-', "+").replace('_', "/");
            for start in 0..4 {
                let run = run.get(start..).unwrap_or_default();
                // One character more than whole groups decodes to nothing.
                let whole = run.len() - usize::from(run.len() % 4 == 1);
                let bytes = BASE64.decode(run.get(..whole).unwrap_or_default());
                decoded.extend(bytes);
            }
        }
    }
    let decoded = decoded
        .into_iter()
        .filter(|bytes: &Vec<u8>| !bytes.is_empty());
    decoded
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}
