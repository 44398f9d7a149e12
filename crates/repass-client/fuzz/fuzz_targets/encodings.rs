//! Encoders of secrets, and decoders that look for them: lenient ones, which decode what they can and
//! keep the rest.

use std::collections::BTreeSet;

/// The encodings of a secret, from the first to the last.
pub(crate) type Spelt = Vec<u8>;

/// The most encodings of one secret, and the most kinds of them in one input.
const LONGEST: usize = 5;
const MOST_SPELT: usize = 8;

/// Expands every `$`, letter of a secret, letters of encodings, `;`. Anything else stays as it is.
pub(crate) fn expand(
    text: &[u8],
    secret: impl Fn(u8) -> Option<&'static str>,
    spelt: &mut BTreeSet<Spelt>,
) -> Vec<u8> {
    let mut expanded = Vec::with_capacity(2 * text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let found = (first == b'$').then(|| {
            let end = after
                .iter()
                .take(LONGEST + 2)
                .position(|byte| *byte == b';')?;
            let (&letter, letters) = after[..end].split_first()?;
            let secret = secret(letter)?;
            let is_new = !spelt.contains(letters);
            (!is_new || spelt.len() < MOST_SPELT).then_some((secret, letters, &after[end + 1..]))
        });
        if let Some((secret, letters, after)) = found.flatten() {
            spelt.insert(letters.to_vec());
            expanded.extend(encode(secret, letters).bytes());
            rest = after;
        } else {
            expanded.push(first);
            rest = after;
        }
    }
    expanded
}

/// Encodes with each letter in turn. An unknown letter changes nothing.
///
/// | letters | encoding |
/// | --- | --- |
/// | `p` `P` | percent, with upper and lower case |
/// | `f` | a form: percent where it is needed, `+` for a space |
/// | `h` `H` `g` `z` | HTML: decimal, hexadecimal in upper and lower case, with zeros in front |
/// | `n` | HTML by name |
/// | `u` `U` `v` `x` `X` | `\u002d`, `\u002D`, `\u{2d}`, `\x2d`, `\x2D` |
/// | `j` | what JSON needs in a string |
/// | `d` `D` | hexadecimal in lower and upper case |
/// | `b` `B` `w` `W` | Base64, the standard's and that of URLs, padded and not |
/// | `m` | Base64 in lines |
/// | `a` `A` `s` | not an encoding: something in front, or JSON around it |
/// | `e` | not an encoding: the next one leaves every second character alone |
/// | `q` `r` | not an encoding: an invalid escape behind it |
fn encode(secret: &str, letters: &[u8]) -> String {
    let mut text = secret.to_owned();
    let mut every = 1;
    for letter in letters {
        let alternate = |encode: &dyn Fn(char) -> String| -> String {
            let mut index = 0;
            let encode = |character| {
                index += 1;
                if index % every == 0 {
                    encode(character)
                } else {
                    character.to_string()
                }
            };
            text.chars().map(encode).collect()
        };
        let number = |character: char| u32::from(character);
        text = match letter {
            b'p' => alternate(&|c| bytes_of(c, |byte| format!("%{byte:02X}"))),
            b'P' => alternate(&|c| bytes_of(c, |byte| format!("%{byte:02x}"))),
            b'f' => alternate(&|c| match c {
                ' ' => "+".to_owned(),
                c if c.is_ascii_alphanumeric() => c.to_string(),
                c => bytes_of(c, |byte| format!("%{byte:02X}")),
            }),
            b'h' => alternate(&|c| format!("&#{};", number(c))),
            b'H' => alternate(&|c| format!("&#X{:X};", number(c))),
            b'g' => alternate(&|c| format!("&#x{:x};", number(c))),
            b'z' => alternate(&|c| format!("&#{:07};", number(c))),
            b'n' => alternate(&|c| {
                let named = NAMES.iter().find(|(_, named)| *named == c);
                named.map_or(c.to_string(), |(name, _)| format!("&{name};"))
            }),
            b'u' => alternate(&|c| units_of(c, |unit| format!("\\u{unit:04x}"))),
            b'U' => alternate(&|c| units_of(c, |unit| format!("\\u{unit:04X}"))),
            b'v' => alternate(&|c| format!("\\u{{{:x}}}", number(c))),
            b'x' => alternate(&|c| bytes_of(c, |byte| format!("\\x{byte:02x}"))),
            b'X' => alternate(&|c| bytes_of(c, |byte| format!("\\x{byte:02X}"))),
            b'j' => alternate(&|c| match c {
                '"' | '\\' => format!("\\{c}"),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                c => c.to_string(),
            }),
            b'd' => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
            b'D' => text.bytes().map(|byte| format!("{byte:02X}")).collect(),
            b'b' => base64(&text, STANDARD, true),
            b'B' => base64(&text, STANDARD, false),
            b'w' => base64(&text, URL, true),
            b'W' => base64(&text, URL, false),
            b'm' => {
                let text = base64(&text, STANDARD, true);
                let lines: Vec<_> = text
                    .as_bytes()
                    .chunks(20)
                    .map(String::from_utf8_lossy)
                    .collect();
                lines.join("\r\n")
            }
            b'a' => format!("a{text}"),
            b'A' => format!("ab {text}"),
            b's' => format!(r#"{{"new_password":"{text}"}}"#),
            b'q' => format!(r"{text} \q"),
            b'r' => format!("{text} 100%"),
            _ => text,
        };
        every = if *letter == b'e' { 2 } else { 1 };
    }
    text
}

fn bytes_of(character: char, encode: impl Fn(u8) -> String) -> String {
    let mut bytes = [0; 4];
    character
        .encode_utf8(&mut bytes)
        .bytes()
        .map(encode)
        .collect()
}

fn units_of(character: char, encode: impl Fn(u16) -> String) -> String {
    let mut units = [0; 2];
    character
        .encode_utf16(&mut units)
        .iter()
        .map(|unit| encode(*unit))
        .collect()
}

const NAMES: [(&str, char); 10] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("hyphen", '-'),
    ("period", '.'),
    ("lowbar", '_'),
    ("bsol", '\\'),
    ("sol", '/'),
    ("quest", '?'),
];

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64(text: &str, alphabet: &[u8; 64], padded: bool) -> String {
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let mut bits = 0;
        for index in 0..3 {
            bits = bits << 8 | usize::from(group.get(index).copied().unwrap_or_default());
        }
        for index in 0..4 {
            if index <= group.len() {
                encoded.push(char::from(alphabet[bits >> (18 - 6 * index) & 63]));
            } else if padded {
                encoded.push('=');
            }
        }
    }
    encoded
}

/// Returns the secret that a text shows, and by which encodings.
pub(crate) fn shows(said: &[u8], secrets: &[&str], spelt: &BTreeSet<Spelt>) -> Option<String> {
    // `Debug` writes escapes of its own.
    let undebugged = backslashes(said);
    let mut none = BTreeSet::from([Vec::new()]);
    none.extend(spelt.iter().cloned());
    for text in [said, &undebugged] {
        for letters in &none {
            let mut text = text.to_vec();
            if let Some(secret) = find(&text, secrets) {
                return Some(format!("{secret:?} in plain"));
            }
            for letter in letters.iter().rev() {
                let Some(decoded) = decode(*letter, &text) else {
                    continue;
                };
                text = decoded;
                if let Some(secret) = find(&text, secrets) {
                    let letters = String::from_utf8_lossy(letters);
                    return Some(format!("{secret:?} by {letters:?}"));
                }
            }
        }
    }
    None
}

fn find<'a>(text: &[u8], secrets: &[&'a str]) -> Option<&'a str> {
    let shown = |secret: &&&str| {
        let secret = secret.as_bytes();
        let mut at = 0;
        // The standard library has no search in bytes.
        while let Some(next) = text[at..].iter().position(|byte| *byte == secret[0]) {
            if text[at + next..].starts_with(secret) {
                return true;
            }
            at += next + 1;
        }
        false
    };
    secrets.iter().find(shown).copied()
}

fn decode(letter: u8, text: &[u8]) -> Option<Vec<u8>> {
    Some(match letter {
        b'p' | b'P' => percent(text, false),
        b'f' => percent(text, true),
        b'h' | b'H' | b'g' | b'z' | b'n' => html(text),
        b'u' | b'U' | b'v' | b'x' | b'X' | b'j' => backslashes(text),
        b'd' | b'D' => runs(text, |byte| digit(byte).is_some(), 2, hexadecimal),
        b'b' | b'B' | b'w' | b'W' => runs(text, |byte| sextet(byte).is_some(), 4, base64_bytes),
        b'm' => {
            let mut text = text.to_vec();
            text.retain(|byte| !byte.is_ascii_whitespace());
            runs(&text, |byte| sextet(byte).is_some(), 4, base64_bytes)
        }
        _ => return None,
    })
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

fn sextet(byte: u8) -> Option<usize> {
    match byte {
        b'-' => Some(62),
        b'_' => Some(63),
        byte => STANDARD.iter().position(|each| *each == byte),
    }
}

fn percent(text: &[u8], form: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.first().zip(after.get(1));
        let digits = digits.and_then(|(high, low)| digit(*high).zip(digit(*low)));
        let (byte, behind) = match (first, digits) {
            (b'%', Some((high, low))) => ((high * 16 + low) as u8, &after[2..]),
            (b'+', _) if form => (b' ', after),
            _ => (first, after),
        };
        decoded.push(byte);
        rest = behind;
    }
    decoded
}

fn push(decoded: &mut Vec<u8>, number: u32) {
    let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
    decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn html(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'&' {
            decoded.push(first);
            continue;
        }
        let end = after.iter().take(10).position(|byte| *byte == b';');
        let name = end.and_then(|end| str::from_utf8(&after[..end]).ok());
        let number = name
            .and_then(|name| name.strip_prefix('#'))
            .and_then(|number| match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => number.parse().ok(),
            });
        let named = NAMES.iter().find(|(known, _)| Some(*known) == name);
        let number = number.or(named.map(|(_, character)| u32::from(*character)));
        match (number, end) {
            (Some(number), Some(end)) => {
                push(&mut decoded, number);
                rest = &after[end + 1..];
            }
            _ => decoded.push(first),
        }
    }
    decoded
}

fn backslashes(text: &[u8]) -> Vec<u8> {
    let number = |digits: Option<&[u8]>| {
        let digits = digits.filter(|digits| !digits.is_empty() && digits.len() <= 6)?;
        digits
            .iter()
            .try_fold(0, |number, byte| Some(number * 16 + digit(*byte)?))
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut high = None;
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let Some((&kind, after)) = after.split_first().filter(|_| first == b'\\') else {
            decoded.push(first);
            continue;
        };
        let braced = || {
            let end = after.iter().take(8).position(|byte| *byte == b'}')?;
            let digits = after[..end].strip_prefix(b"{")?;
            Some((number(Some(digits))?, end + 1))
        };
        let found = match kind {
            b'u' => number(after.get(..4))
                .map(|number| (number, 4))
                .or_else(braced),
            b'x' => number(after.get(..2)).map(|number| (number, 2)),
            _ => None,
        };
        if let Some((number, length)) = found {
            rest = &after[length..];
            match (number, high.take()) {
                // A byte of a longer character.
                (number, _) if kind == b'x' => decoded.push(number as u8),
                (0xd800..0xdc00, _) => high = Some(number - 0xd800),
                (0xdc00..0xe000, Some(high)) => {
                    push(&mut decoded, 0x10000 + high * 0x400 + number - 0xdc00);
                }
                _ => push(&mut decoded, number),
            }
            continue;
        }
        let plain = match kind {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'"' | b'\'' | b'\\' | b'/' => kind,
            _ => {
                decoded.push(first);
                continue;
            }
        };
        decoded.push(plain);
        rest = after;
    }
    decoded
}

/// Decodes every run of such bytes, from each of its first bytes up to this many.
fn runs(
    text: &[u8],
    is_of_run: impl Fn(u8) -> bool,
    starts: usize,
    decode: impl Fn(&[u8], &mut Vec<u8>),
) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(starts * text.len());
    for run in text
        .split(|byte| !is_of_run(*byte))
        .filter(|run| run.len() >= 8)
    {
        for start in 0..starts {
            decode(&run[start..], &mut decoded);
            decoded.push(b'\n');
        }
    }
    decoded
}

fn hexadecimal(run: &[u8], decoded: &mut Vec<u8>) {
    for pair in run.chunks_exact(2) {
        let digits = digit(pair[0]).zip(digit(pair[1]));
        decoded.extend(digits.map(|(high, low)| (high * 16 + low) as u8));
    }
}

fn base64_bytes(run: &[u8], decoded: &mut Vec<u8>) {
    for group in run.chunks(4) {
        let bits = group.iter().fold(0, |bits, byte| {
            bits << 6 | sextet(*byte).unwrap_or_default()
        });
        let bits = bits << (6 * (4 - group.len()));
        let bytes = [bits >> 16, bits >> 8, bits].map(|byte| byte as u8);
        decoded.extend_from_slice(&bytes[..group.len() - 1]);
    }
}
