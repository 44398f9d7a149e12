//! An answer of a service: read once, strictly, and shown only with its secrets redacted.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::redact::{Budget, Redactor};
use crate::retry;

/// The header that IAM returns a token in.
pub(crate) const NEW_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// How deeply the values of a readable body may be nested.
const DEEPEST: usize = 100;

/// The longest wait that is shown. A larger number is not a wait, and could be a password.
const LONGEST_WAIT: Duration = Duration::from_secs(99_999);

/// The members that hold the code of a refusal.
const CODES: [&str; 2] = ["error_code", "errCode"];
/// The members that are shown as the code of a failure, but prove nothing.
const SHOWN_CODES: [&str; 2] = ["errorCode", "code"];
/// The members that are shown as the reason of a failure.
const MESSAGES: [&str; 5] = [
    "error_msg",
    "externalMessage",
    "errorMsg",
    "ext_message",
    "message",
];

/// An answer that arrived as a whole, or whose status was enough. `Debug` shows no body and no header.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    headers: HeaderMap,
    redactor: Redactor,
    received: SystemTime,
    /// The reason, if it is known better than the answer says it.
    note: Option<String>,
}

/// The body of an answer. What it holds may be secret.
pub(crate) enum Body {
    Empty,
    /// One JSON object that leaves no doubt: see [`parse`].
    Object(Map<String, Value>),
    Unreadable,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: Body, redactor: Redactor) -> Self {
        Self {
            status,
            body,
            headers,
            redactor,
            received: SystemTime::now(),
            note: None,
        }
    }

    /// Returns the answer with this reason in place of its own.
    pub(crate) fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }

    /// Returns whether there is a body that cannot be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self.body, Body::Unreadable)
    }

    /// Returns the body as a type of the contract.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        match &self.body {
            Body::Object(members) => T::deserialize(Value::Object(members.clone())).ok(),
            Body::Empty | Body::Unreadable => None,
        }
    }

    /// Returns a member of the body. It may be secret.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        match &self.body {
            Body::Object(members) => members.get(name),
            Body::Empty | Body::Unreadable => None,
        }
    }

    /// Returns a header's value. It may be secret.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the error code by which a 4xx is a refusal. It may be secret.
    pub(crate) fn code(&self) -> Option<String> {
        self.find(&CODES, code)
    }

    /// Returns what to show as the error's code.
    pub(crate) fn shown_code(&self) -> Option<String> {
        let found = self.code().or_else(|| self.find(&SHOWN_CODES, code));
        found.map(|code| self.redactor.text(&code))
    }

    /// Returns what to show as the reason.
    pub(crate) fn shown_message(&self) -> Option<String> {
        let found = || Some(self.redactor.text(self.find(&MESSAGES, text)?));
        self.note.clone().or_else(found)
    }

    /// Returns what to show of a member that is a string.
    pub(crate) fn shown_text(&self, name: &str) -> Option<String> {
        let text = text(self.member(name)?)?;
        Some(self.redactor.text(text))
    }

    /// Returns the id of the request: from the header, or else from the gateway's body.
    pub(crate) fn request_id(&self) -> Option<String> {
        let header = self.headers.get("x-request-id");
        let header = header.and_then(|id| id.to_str().ok());
        let id = header.filter(|id| !id.is_empty());
        let id = id.or_else(|| text(self.member("request_id")?))?;
        Some(self.redactor.text(id))
    }

    /// Returns whether the body speaks of an error, whatever the status is.
    pub(crate) fn speaks_of_error(&self) -> bool {
        let Body::Object(members) = &self.body else {
            return false;
        };
        members.iter().any(|(name, value)| match name.as_str() {
            "success" => *value != Value::Bool(true),
            name => (name.starts_with("err") || name == "externalMessage") && !value.is_null(),
        })
    }

    /// Returns how long the service asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry::retry_after(&self.headers, self.received)
    }

    /// Returns how long to say that the service asks to wait.
    pub(crate) fn shown_retry_after(&self) -> Option<Duration> {
        self.retry_after().map(|wait| wait.min(LONGEST_WAIT))
    }

    /// Returns how far this machine's clock is ahead of the service's, by the answer's `Date`.
    pub(crate) fn clock_offset(&self) -> Option<SignedDuration> {
        let date = httpdate::parse_http_date(self.header(&DATE)?).ok()?;
        let [received, date] = [self.received, date].map(|time| Timestamp::try_from(time).ok());
        Some(received?.duration_since(date?))
    }

    /// Returns the answer as the generated clients may see it: their errors show headers and bodies.
    /// A refusal without a readable body, and a success without a body, get an empty object, because
    /// the generated code keeps status and headers only of what it can parse.
    pub(crate) fn redacted(self) -> (u16, HeaderMap, Vec<u8>) {
        let refused = self.status >= 400;
        let mut budget = Budget::default();
        let headers = self.redacted_headers(&mut budget);
        let body = match &self.body {
            Body::Object(members) => self.redactor.members(members, &mut budget),
            Body::Empty => Map::new(),
            Body::Unreadable if refused => Map::new(),
            Body::Unreadable => return (self.status, headers, b"null".into()),
        };
        let body = Value::Object(body).to_string().into_bytes();
        (self.status, headers, body)
    }

    /// Returns the headers without those whose name shows a secret.
    fn redacted_headers(&self, budget: &mut Budget) -> HeaderMap {
        let redact = |(name, value): (&HeaderName, &HeaderValue)| {
            let mut value = value.clone();
            let text = String::from_utf8_lossy(value.as_bytes());
            if *name == NEW_TOKEN {
                // Its value is needed, and never shown.
                value.set_sensitive(true);
            } else if self.redactor.is_in_name(name.as_str(), budget) {
                return None;
            } else if self.redactor.text_within(&text, budget) != text {
                value = HeaderValue::from_static("[REDACTED]");
            }
            Some((name.clone(), value))
        };
        self.headers.iter().filter_map(redact).collect()
    }

    /// Finds the first of these members, of the body or else of its `error`.
    fn find<'a, T>(&'a self, names: &[&str], read: fn(&'a Value) -> Option<T>) -> Option<T> {
        let Body::Object(members) = &self.body else {
            return None;
        };
        let nested = members.get("error").and_then(Value::as_object);
        let mut objects = [Some(members), nested].into_iter().flatten();
        objects.find_map(|object| names.iter().find_map(|name| read(object.get(*name)?)))
    }
}

/// Reads a string that is not empty.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// Reads a code: a string that is not empty, or an integer.
fn code(value: &Value) -> Option<String> {
    let number = || (value.is_i64() || value.is_u64()).then(|| value.to_string());
    text(value).map(str::to_owned).or_else(number)
}

impl Body {
    /// Reads a body. It is readable if it is one JSON object in UTF-8 without a byte order mark, whose
    /// members all have different names, at every depth, which is nested 100 deep at most, and
    /// whose numbers are finite as a double. Other readers would disagree about anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let value = Strict { depth: 0 }.deserialize(&mut reader);
        match value.and_then(|value| reader.end().map(|()| value)) {
            Ok(Value::Object(members)) => Self::Object(members),
            Ok(_) | Err(_) => Self::Unreadable,
        }
    }
}

/// Reads a value without names that stand twice.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEEPEST {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(map.into())
    }
}
