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

/// How many bytes of readings are tried for one text, or for all texts of one answer, before the rest
/// counts as hiding something. It bounds the time that a hostile answer takes.
const MOST_BYTES: usize = 2 << 20;

/// The bytes that each reading counts for in addition to its own.
const READING: usize = 64;

/// The shortest secret that is looked for in Base64 and hexadecimal: any word decodes to something.
const SHORTEST_IN_BINARY: usize = 4;

/// The characters that an escape begins with, and the one that stands for a space in a form.
const ESCAPES: [char; 4] = ['%', '+', '&', '\\'];

/// The shortest text out of Base64 or hexadecimal that is decoded further.
const SHORTEST_NESTED: usize = 8;

/// The secrets that a service may repeat.
#[derive(Clone, Default)]
pub(crate) struct Redactor(Vec<Hidden>);

/// A secret, and what is left of it once everything in it that looks like an escape is decoded, if
/// anything does.
#[derive(Clone)]
struct Hidden {
    secret: Secret,
    decoded: Option<[Secret; 2]>,
}

/// The bytes of readings that are left for the texts of one answer.
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_BYTES)
    }
}

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
        if secret.is_empty() || self.secrets().any(|known| known == secret) {
            return;
        }
        let decode = || HEXADECIMAL.map(|hexadecimal| fully_decoded(secret, hexadecimal).into());
        self.0.push(Hidden {
            secret: secret.into(),
            decoded: secret.contains(ESCAPES).then(decode),
        });
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

    /// Returns the secrets.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|hidden| hidden.secret.expose())
    }

    /// Returns the text with `[REDACTED]` in place of each secret. If a secret is hidden in it by an
    /// encoding, if an escape in it is not valid, or if it is too long, nothing of it is left.
    pub(crate) fn text(&self, text: &str) -> String {
        self.text_within(text, &mut Budget::default())
    }

    /// Returns one of the texts of an answer, redacted.
    pub(crate) fn text_within(&self, text: &str, budget: &mut Budget) -> String {
        if text.len() > LONGEST_TEXT {
            return REDACTED.to_owned();
        }
        // No encoding is shorter than what it encodes.
        let decoded = self.0.iter().flat_map(|hidden| &hidden.decoded).flatten();
        let lengths = self.secrets().chain(decoded.map(Secret::expose));
        if lengths.map(str::len).all(|length| text.len() < length) {
            return text.to_owned();
        }
        let mut shown = text.to_owned();
        // The longest first: one secret may be the beginning of another.
        let mut secrets: Vec<_> = self.secrets().collect();
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        for secret in secrets {
            if shown.contains(secret) {
                shown = shown.replace(secret, REDACTED);
            }
        }
        if self.is_hidden_in(&shown, budget) {
            return REDACTED.to_owned();
        }
        shown
    }

    /// Returns whether the name of a header, which is in lower case, shows a secret.
    pub(crate) fn is_in_name(&self, name: &str, budget: &mut Budget) -> bool {
        let mut secrets = self.secrets();
        secrets.any(|secret| name.contains(&secret.to_lowercase()))
            || self.text_within(name, budget) != name
    }

    /// Returns the members with every name, string and number redacted.
    pub(crate) fn members(
        &self,
        members: &Map<String, Value>,
        budget: &mut Budget,
    ) -> Map<String, Value> {
        let redact = |(name, value): (&String, &Value)| {
            let name = self.text_within(name, budget);
            (name, self.value(value, budget))
        };
        members.iter().map(redact).collect()
    }

    fn value(&self, value: &Value, budget: &mut Budget) -> Value {
        match value {
            Value::Object(members) => self.members(members, budget).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item, budget)).collect(),
            Value::String(text) => self.text_within(text, budget).into(),
            Value::Number(number) => {
                let text = number.to_string();
                let shown = self.text_within(&text, budget);
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
    fn is_hidden_in(&self, text: &str, budget: &mut Budget) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let lengths = self.secrets().map(str::len);
        let shortest = lengths.filter(|length| *length >= SHORTEST_IN_BINARY).min();
        let mut seen = BTreeSet::from([text.to_owned()]);
        let mut open = vec![text.to_owned()];
        while let Some(reading) = open.pop() {
            budget.0 = budget.0.saturating_sub(reading.len() + READING);
            if budget.0 == 0 {
                return true;
            }
            let mut found = Vec::new();
            if reading.contains(ESCAPES) {
                for decode in DECODERS {
                    match decode(&reading) {
                        Ok(decoded) => found.push(decoded),
                        Err(Invalid) => return true,
                    }
                }
            }
            for decoded in binary(&reading, shortest) {
                if self.shows(&decoded, SHORTEST_IN_BINARY) {
                    return true;
                }
                // What Base64 makes of a word is not text, and need not be decoded any further.
                let texts = decoded.split(is_no_text);
                let texts = texts.filter(|text| text.len() >= SHORTEST_NESTED);
                found.extend(texts.map(str::to_owned));
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
        let mut mixed = self.0.iter().flat_map(|hidden| &hidden.decoded).peekable();
        if mixed.peek().is_none() {
            return false;
        }
        let text = HEXADECIMAL.map(|hexadecimal| fully_decoded(text, hexadecimal));
        mixed.any(|secret| {
            let mut pairs = text.iter().zip(secret.each_ref().map(Secret::expose));
            pairs.any(|(text, secret)| !secret.is_empty() && text.contains(secret))
        })
    }

    /// Returns whether a text contains a secret of at least this length.
    fn shows(&self, text: &str, shortest: usize) -> bool {
        let mut secrets = self.secrets().filter(|secret| secret.len() >= shortest);
        secrets.any(|secret| text.contains(secret))
    }
}

/// An escape that no decoder understands.
struct Invalid;

type Decoded = Result<String, Invalid>;

/// The meaning of `\xc3`: Python writes a character of a text so, and a byte of UTF-8 too.
#[derive(Clone, Copy)]
enum Hexadecimal {
    Character,
    Byte,
}

const HEXADECIMAL: [Hexadecimal; 2] = [Hexadecimal::Character, Hexadecimal::Byte];

const DECODERS: [fn(&str) -> Decoded; 5] = [
    percent,
    form,
    html,
    |text| backslashes(text, Hexadecimal::Character),
    |text| backslashes(text, Hexadecimal::Byte),
];

fn is_no_text(character: char) -> bool {
    character == char::REPLACEMENT_CHARACTER
        || (character.is_control() && !character.is_whitespace())
}

fn fully_decoded(text: &str, hexadecimal: Hexadecimal) -> String {
    let mut text = text.to_owned();
    for _ in 0..MOST_READINGS {
        let before = text.clone();
        for decode in [percent, html] {
            text = decode(&text).unwrap_or(text);
        }
        text = backslashes(&text, hexadecimal).unwrap_or(text);
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
    let decoded = percent_decode_str(text).decode_utf8();
    // In another charset, a character could be one of a secret.
    decoded.map(Into::into).map_err(|_| Invalid)
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
fn backslashes(text: &str, hexadecimal: Hexadecimal) -> Decoded {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut decoded = Units::default();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        if !before.is_empty() {
            decoded.push_text(before);
        }
        let mut characters = escape.chars();
        characters.next();
        let kind = characters.next().ok_or(Invalid)?;
        let after = characters.as_str();
        let character = match kind {
            'u' if after.starts_with('{') => {
                let (digits, behind) = after.split_once('}').ok_or(Invalid)?;
                let digits = digits.get(1..).unwrap_or_default();
                let number = u32::from_str_radix(digits, 16).map_err(|_| Invalid)?;
                rest = behind;
                char::from_u32(number).ok_or(Invalid)?
            }
            'u' | 'x' => {
                let length = if kind == 'u' { 4 } else { 2 };
                let (unit, behind) = number(after, length)?;
                rest = behind;
                match (hexadecimal, u8::try_from(unit)) {
                    (Hexadecimal::Byte, Ok(byte)) if kind == 'x' => decoded.push_byte(byte),
                    _ => decoded.units.push(unit),
                }
                continue;
            }
            // The beginning of an octal number.
            '0' if after.starts_with(|next: char| next.is_ascii_digit()) => return Err(Invalid),
            _ => {
                rest = after;
                match kind {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    '0' => '\0',
                    '"' | '\'' | '\\' | '/' => kind,
                    _ => return Err(Invalid),
                }
            }
        };
        decoded.push_text(character.encode_utf8(&mut [0; 4]));
    }
    decoded.push_text(rest);
    Ok(String::from_utf8_lossy(&decoded.bytes).into_owned())
}

/// Text that is decoded from units of UTF-16 and bytes of UTF-8.
#[derive(Default)]
struct Units {
    bytes: Vec<u8>,
    /// The units at the end, which may not be whole characters yet.
    units: Vec<u16>,
}

impl Units {
    fn push_text(&mut self, text: &str) {
        let units = std::mem::take(&mut self.units);
        self.bytes.extend(String::from_utf16_lossy(&units).bytes());
        self.bytes.extend(text.bytes());
    }

    fn push_byte(&mut self, byte: u8) {
        self.push_text("");
        self.bytes.push(byte);
    }
}

/// Reads this many hexadecimal digits, and returns the number and the rest of the text.
fn number(text: &str, digits: usize) -> Result<(u16, &str), Invalid> {
    let (number, rest) = text.split_at_checked(digits).ok_or(Invalid)?;
    let is_hex = number.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u16::from_str_radix(number, 16).ok().filter(|_| is_hex);
    Ok((unit.ok_or(Invalid)?, rest))
}

/// Base64 of either alphabet, padded or not. The last bits may be anything: a text may go on after it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes every run of characters that may be Base64 or hexadecimal, line breaks within removed. A
/// run shorter than the shortest secret cannot hold one.
fn binary(text: &str, shortest: Option<usize>) -> Vec<String> {
    let Some(shortest) = shortest else {
        return Vec::new();
    };
    let joined: String = text.split_ascii_whitespace().collect();
    let texts = [Some(text), Some(&*joined).filter(|joined| *joined != text)];
    let mut decoded = Vec::new();
    for text in texts.into_iter().flatten() {
        let runs = |allowed: fn(char) -> bool| {
            let runs = text.split(move |character| !allowed(character));
            runs.filter(|run| run.len() >= shortest)
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
        .iter()
        .filter(|bytes: &&Vec<u8>| bytes.len() >= shortest);
    decoded
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect()
}
