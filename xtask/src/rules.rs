//! The extensions `x-retry`, `x-outcome` and `x-error-codes`, and the Rust data generated from them.
//!
//! `x-password-policy` has a module of its own, [`crate::policy`]. The texts of `openapi/README.md`
//! say what each extension means; here they are parsed, linted and generated.

use indexmap::IndexMap;
use openapiv3::StatusCode;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::document::text;
use crate::lint::{Finding, Problems};
use crate::rust;
use crate::spec::{Operation, Spec};

/// When a request may be sent again; on every operation.
pub const RETRY: &str = "x-retry";
/// What an answer proves; on every success response.
pub const OUTCOME: &str = "x-outcome";
/// What an error code means; at the top of every file.
pub const ERROR_CODES: &str = "x-error-codes";

/// The kinds of a refusal. `ErrorKind` of the client has them and those of other failures.
pub const REFUSAL_KINDS: &[&str] = &[
    "wrong-old-password",
    "locked",
    "weak-password",
    "password-free",
    "ssl-disabled",
    "not-running",
    "busy",
    "not-found",
    "unauthenticated",
    "expired-credentials",
    "forbidden",
    "throttled",
    "other",
];
/// The kind of every code that comes with a 5xx.
pub const SERVER_ERROR: &str = "server-error";
/// The kind of a refusal that states none.
const OTHER: &str = "other";
/// The codes of the gateway, which is in front of every service, and their older spelling.
const GATEWAY: &str = "APIGW.";
const OLD_GATEWAY: &str = "APIG.";

/// A retry class, from the strictest to the loosest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryClass {
    /// Only if no connection was made, or after a 429.
    Never,
    /// Also after a 503.
    Unavailable,
    /// Also if the answer was lost.
    LostAnswer,
}

/// `x-retry`: a class alone, or a class with an exception.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The class of the operation.
    pub class: RetryClass,
    /// The requests for which a stricter class holds.
    #[serde(default, deserialize_with = "object")]
    pub unless: Option<Unless>,
}

/// The requests whose body has this value, and their class.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    /// A property of the request body.
    pub property: String,
    /// Its value: a boolean, a string or an integer.
    pub value: Value,
    /// The stricter class.
    pub class: RetryClass,
}

/// `x-outcome`.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The status proves it.
    Status(StatusOutcome),
    /// The value of a property proves it.
    Property(PropertyOutcome),
}

/// What a status proves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusOutcome {
    /// What is proven.
    pub certainty: Success,
    /// The property with the id of a job.
    #[serde(default, deserialize_with = "present")]
    pub job_id: Option<String>,
    /// If there is a body, one of these properties has to be a string that is not empty.
    #[serde(default, deserialize_with = "present")]
    pub proof: Option<Vec<String>>,
}

/// What the values of a property prove.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyOutcome {
    /// A string or a boolean of the response body.
    pub property: String,
    /// What each value proves; a value that is not here proves nothing.
    #[serde(deserialize_with = "objects")]
    pub values: IndexMap<String, ValueOutcome>,
}

/// What one value proves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValueOutcome {
    /// What is proven.
    pub certainty: Certainty,
    /// The kind of a refusal.
    #[serde(default, deserialize_with = "present")]
    pub kind: Option<String>,
    /// The property with the number of tries left.
    #[serde(default, deserialize_with = "present")]
    pub tries_left: Option<String>,
    /// The property with the number of minutes that a lock lasts.
    #[serde(default, deserialize_with = "present")]
    pub minutes_left: Option<String>,
}

/// What the status of a success can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Success {
    /// The operation was carried out.
    Done,
    /// A job will carry it out.
    Accepted,
}

/// What the value of a property can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The operation was carried out.
    Done,
    /// A job will carry it out.
    Accepted,
    /// Nothing was changed.
    Refused,
}

/// What an error code means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorCode {
    /// The status that the code comes with.
    pub status: u16,
    /// One of [`REFUSAL_KINDS`], or [`SERVER_ERROR`].
    pub kind: String,
    /// The vendor's message.
    pub message: String,
}

impl Retry {
    /// Reads the value of `x-retry`.
    ///
    /// # Errors
    /// An unknown key or class, a wrong type.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let retry = match value {
            Value::String(_) => Self {
                class: read(value)?,
                unless: None,
            },
            Value::Object(_) => read(value)?,
            _ => return Err("is neither a class nor an object; write a class".to_owned()),
        };
        if let Some(unless) = &retry.unless {
            if unless.class >= retry.class {
                return Err("the class under `unless` is not stricter; correct it".to_owned());
            }
            if !(unless.value.is_boolean() || unless.value.is_string() || unless.value.is_i64()) {
                let problem = "the value under `unless` is not a boolean, a string or an integer; \
                               write one of these";
                return Err(problem.to_owned());
            }
        }
        Ok(retry)
    }
}

impl Outcome {
    /// Reads the value of `x-outcome`.
    ///
    /// # Errors
    /// An unknown key, certainty or kind, a wrong type, an empty list.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let Value::Object(keys) = value else {
            return Err("is not an object; write `{ certainty: done }` or the like".to_owned());
        };
        if !keys.contains_key("property") {
            let outcome: StatusOutcome = read(value)?;
            if let Some(proof) = &outcome.proof {
                let mut names = proof.iter().enumerate();
                let twice = names.find(|(at, name)| proof.iter().take(*at).any(|one| one == *name));
                if let Some((_, name)) = twice {
                    return Err(format!("`proof` has `{name}` twice; write it once"));
                }
                if proof.is_empty() {
                    return Err("`proof` is empty; list properties, or leave it out".to_owned());
                }
            }
            return Ok(Self::Status(outcome));
        }
        let outcome: PropertyOutcome = read(value)?;
        if outcome.values.is_empty() {
            return Err("`values` is empty; list what each value proves".to_owned());
        }
        for (value, proven) in &outcome.values {
            let details = [&proven.kind, &proven.tries_left, &proven.minutes_left];
            if proven.certainty != Certainty::Refused && details.iter().any(|one| one.is_some()) {
                return Err(format!(
                    "`{value}` is not a refusal; remove `kind`, `triesLeft` and `minutesLeft`"
                ));
            }
            if let Some(kind) = proven.kind.as_deref().filter(|kind| !is_refusal(kind)) {
                return Err(format!("`{value}`: {}", unknown_kind(kind)));
            }
        }
        Ok(Self::Property(outcome))
    }

    /// The properties of the body that it looks at, each with whether it may be a boolean.
    fn properties(&self) -> Vec<(&str, bool)> {
        match self {
            Self::Status(StatusOutcome { job_id, proof, .. }) => {
                let strings = job_id.iter().chain(proof.iter().flatten());
                strings.map(|name| (name.as_str(), false)).collect()
            }
            Self::Property(PropertyOutcome { property, values }) => {
                let strings = values.values();
                let strings =
                    strings.flat_map(|one| one.tries_left.iter().chain(&one.minutes_left));
                let strings = strings.map(|name| (name.as_str(), false));
                [(property.as_str(), true)]
                    .into_iter()
                    .chain(strings)
                    .collect()
            }
        }
    }
}

/// Reads the value of `x-error-codes`.
///
/// # Errors
/// As [`parse_error_code`], with the code.
pub fn parse_error_codes(value: &Value) -> Result<IndexMap<String, ErrorCode>, String> {
    let codes = value.as_object();
    let codes = codes.ok_or("is not an object; write each code with its meaning")?;
    let read = |(code, value): (&String, &Value)| match parse_error_code(code, value) {
        Ok(meaning) => Ok((code.clone(), meaning)),
        Err(problem) => Err(format!("{code}: {problem}")),
    };
    codes.iter().map(read).collect()
}

/// Reads one entry of `x-error-codes`.
///
/// # Errors
/// An unknown key or kind, a wrong type, a status that is not an error's, a missing message.
pub fn parse_error_code(code: &str, value: &Value) -> Result<ErrorCode, String> {
    let meaning: ErrorCode = read(value)?;
    let ErrorCode {
        status,
        kind,
        message,
    } = &meaning;
    if code.is_empty() || code.contains(char::is_whitespace) {
        return Err("a code is one word; correct it".to_owned());
    }
    if code.starts_with(OLD_GATEWAY) {
        return Err(format!("is an older spelling; write {GATEWAY}…"));
    }
    if !(400..=599).contains(status) {
        return Err(format!("the status is {status}; write one from 400 to 599"));
    }
    let expected = match status {
        500.. => kind == SERVER_ERROR,
        _ => is_refusal(kind),
    };
    if !expected && *status >= 500 {
        return Err(format!(
            "the kind is `{kind}`; with a 5xx write {SERVER_ERROR}"
        ));
    }
    if !expected {
        return Err(unknown_kind(kind));
    }
    if message.trim().is_empty() {
        return Err("the message is empty; write what the vendor's table says".to_owned());
    }
    Ok(meaning)
}

fn is_refusal(kind: &str) -> bool {
    REFUSAL_KINDS.contains(&kind)
}

fn unknown_kind(kind: &str) -> String {
    format!(
        "the kind is `{kind}`; write one of {}",
        REFUSAL_KINDS.join(", ")
    )
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    let read = match value {
        Value::String(_) => serde_json::from_value(value.clone()),
        value => from_object(value.clone()),
    };
    read.map_err(|error| format!("{error}; correct it"))
}

/// Serde would take null for an absent key.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Serde would take an array for an object whose members come in order.
pub(crate) fn from_object<T: DeserializeOwned>(value: Value) -> serde_json::Result<T> {
    let keys: Map<String, Value> = serde_json::from_value(value)?;
    serde_json::from_value(Value::Object(keys))
}

fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(value: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(value)?;
    from_object(value)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

fn objects<'de, D, T>(values: D) -> Result<IndexMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let values = IndexMap::<String, Value>::deserialize(values)?.into_iter();
    let values = values.map(|(name, value)| Ok((name, from_object(value)?)));
    values
        .collect::<serde_json::Result<_>>()
        .map_err(serde::de::Error::custom)
}

/// A request that is sent again without need sets a password that someone has replaced since.
pub(crate) fn check_retry(spec: &Spec, problems: &mut Problems) {
    for operation in spec.operations() {
        let Some(value) = operation.operation.extensions.get(RETRY) else {
            let problem = format!("has no {RETRY}; write `never`, `unavailable` or `lost-answer`");
            problems.add(&operation.name, problem);
            continue;
        };
        let place = format!("{}, {RETRY}", operation.name);
        let unless = match Retry::parse(value) {
            Ok(retry) => retry.unless,
            Err(problem) => {
                problems.add(place, problem);
                continue;
            }
        };
        let Some(Unless {
            property, value, ..
        }) = unless
        else {
            continue;
        };
        let properties = request_properties(spec, &operation);
        let expected = match value {
            Value::Bool(_) => "boolean",
            Value::String(_) => "string",
            _ => "integer",
        };
        match properties.and_then(|all| property_type(spec, all, &property)) {
            None => problems.add(
                place,
                format!("the request has no property `{property}`; correct it"),
            ),
            Some(kind) if kind != expected => {
                let problem =
                    format!("`{property}` is of type {kind} and cannot be {value}; correct one");
                problems.add(place, problem);
            }
            Some(_) => {}
        }
    }
}

/// An answer that is taken for success without proof hides that nothing was changed.
pub(crate) fn check_outcomes(spec: &Spec, problems: &mut Problems) {
    for operation in spec.operations() {
        for (status, response) in &operation.operation.responses.responses {
            let Some(response) = spec.response(response) else {
                continue;
            };
            let place = format!("{}, response {status}", operation.name);
            let outcome = response.extensions.get(OUTCOME);
            match (is_success(status), outcome) {
                (true, None) => {
                    let problem = format!("has no {OUTCOME}; write what the answer proves");
                    problems.add(place, problem);
                }
                (false, Some(_)) => {
                    let problem = format!("is not a success; remove {OUTCOME}");
                    problems.add(place, problem);
                }
                (true, Some(_)) if matches!(status, StatusCode::Range(_)) => {
                    problems.add(place, "is a range; list each status of success");
                }
                (true, Some(value)) => {
                    let place = format!("{place}, {OUTCOME}");
                    match Outcome::parse(value) {
                        Err(problem) => problems.add(place, problem),
                        Ok(outcome) => {
                            check_outcome(spec, &operation, status, &outcome, &place, problems)
                        }
                    }
                }
                (false, None) => {}
            }
        }
    }
}

fn check_outcome(
    spec: &Spec,
    operation: &Operation,
    status: &StatusCode,
    outcome: &Outcome,
    place: &str,
    problems: &mut Problems,
) {
    let properties = response_properties(spec, operation, status);
    for (name, may_be_boolean) in outcome.properties() {
        match properties.and_then(|all| property_type(spec, all, name)) {
            None => problems.add(
                place,
                format!("the response has no property `{name}`; correct it"),
            ),
            Some("string") => {}
            Some("boolean") if may_be_boolean => {}
            Some(kind) => {
                let expected = if may_be_boolean {
                    "a string or a boolean"
                } else {
                    "a string"
                };
                problems.add(
                    place,
                    format!("`{name}` is of type {kind}; name {expected}"),
                );
            }
        }
    }
    let Outcome::Property(PropertyOutcome { property, values }) = outcome else {
        return;
    };
    let schema = properties.and_then(|all| property_keys(spec, all, property));
    let known = schema.and_then(|keys| keys.get("x-extensible-enum"));
    let known = known.and_then(Value::as_array);
    let is_boolean = schema.and_then(|keys| text(keys, "type")) == Some("boolean");
    for value in values.keys() {
        let possible = match (is_boolean, known) {
            (true, _) => value == "true" || value == "false",
            (false, Some(known)) => known.contains(&Value::String(value.clone())),
            (false, None) => true,
        };
        if !possible {
            problems.add(
                place,
                format!("`{property}` is never `{value}`; correct or remove it"),
            );
        }
    }
}

/// A code without a meaning is told as "other", and its examples teach nothing.
pub(crate) fn check_error_codes(spec: &Spec, problems: &mut Problems) {
    let Some(value) = spec.api.extensions.get(ERROR_CODES) else {
        problems.add(
            "document",
            format!("has no {ERROR_CODES}; list the documented codes"),
        );
        return;
    };
    let Some(codes) = value.as_object() else {
        problems.add(
            ERROR_CODES,
            "is not an object; write each code with its meaning",
        );
        return;
    };
    for (code, value) in codes {
        if let Err(problem) = parse_error_code(code, value) {
            problems.add(format!("{ERROR_CODES}, {code}"), problem);
        }
    }
    for body in spec.objects() {
        let examples = body.keys.get("examples").and_then(Value::as_object);
        let examples = examples.filter(|_| body.kind == "content");
        for (name, example) in examples.into_iter().flatten() {
            let code = ["error_code", "errCode"];
            let code = code
                .iter()
                .find_map(|key| example.pointer(&format!("/value/{key}"))?.as_str());
            if let Some(code) = code.filter(|code| !codes.contains_key(*code)) {
                let place = format!("{}, example {name}", body.place);
                problems.add(
                    place,
                    format!("{ERROR_CODES} does not have `{code}`; add it"),
                );
            }
        }
    }
}

/// The gateway is the same in front of every service, and every other code belongs to one service.
pub(crate) fn shared_codes(spec: &Spec, earlier: &[Spec]) -> Vec<Finding> {
    let codes = |spec: &Spec| match spec.api.extensions.get(ERROR_CODES) {
        Some(Value::Object(codes)) => codes.clone(),
        _ => Map::new(),
    };
    let ours = codes(spec);
    let others = earlier.iter().filter(|_| spec.is_of_vendor());
    let mut findings = Vec::new();
    for other in others.filter(|other| other.is_of_vendor()) {
        let theirs = codes(other);
        let file = &other.file;
        let mut add = |code: &str, problem: String| {
            findings.push(Finding {
                file: spec.file.clone(),
                place: format!("{ERROR_CODES}, {code}"),
                problem,
                rule: "error-codes",
            });
        };
        for (code, meaning) in &ours {
            match theirs.get(code) {
                Some(_) if !code.starts_with(GATEWAY) => {
                    add(code, format!("{file} has this code too; keep one"));
                }
                Some(their) if their != meaning => {
                    add(
                        code,
                        format!("{file} says something else of it; make them alike"),
                    );
                }
                None if code.starts_with(GATEWAY) => {
                    add(
                        code,
                        format!("{file} does not have this code of the gateway; add it there"),
                    );
                }
                Some(_) | None => {}
            }
        }
        for code in theirs.keys().filter(|code| code.starts_with(GATEWAY)) {
            if !ours.contains_key(code) {
                add(
                    code,
                    format!("is missing; {file} has this code of the gateway"),
                );
            }
        }
    }
    findings
}

fn is_success(status: &StatusCode) -> bool {
    match status {
        StatusCode::Code(code) => (200..300).contains(code),
        StatusCode::Range(class) => *class == 2,
    }
}

type Properties = Map<String, Value>;

pub(crate) fn request_properties<'a>(
    spec: &'a Spec,
    operation: &Operation,
) -> Option<&'a Properties> {
    let body = written(spec, operation)?.get("requestBody")?.as_object()?;
    properties(spec, spec.resolve(body)?)
}

pub(crate) fn response_properties<'a>(
    spec: &'a Spec,
    operation: &Operation,
    status: &StatusCode,
) -> Option<&'a Properties> {
    let responses = written(spec, operation)?.get("responses")?;
    let response = responses.get(status.to_string())?.as_object()?;
    properties(spec, spec.resolve(response)?)
}

/// The operation as it is written.
fn written<'a>(spec: &'a Spec, operation: &Operation) -> Option<&'a Value> {
    spec.document
        .get("paths")?
        .get(operation.path)?
        .get(operation.method)
}

/// The properties of a body.
fn properties<'a>(spec: &'a Spec, body: &'a Map<String, Value>) -> Option<&'a Properties> {
    let media = body.get("content")?.as_object()?.values().next()?;
    let schema = spec.resolve(media.get("schema")?.as_object()?)?;
    schema.get("properties")?.as_object()
}

pub(crate) fn property_keys<'a>(
    spec: &'a Spec,
    all: &'a Properties,
    name: &str,
) -> Option<&'a Properties> {
    spec.resolve(all.get(name)?.as_object()?)
}

pub(crate) fn property_type<'a>(
    spec: &'a Spec,
    all: &'a Properties,
    name: &str,
) -> Option<&'a str> {
    let keys = property_keys(spec, all, name)?;
    Some(text(keys, "type").unwrap_or("any"))
}

/// `crates/repass-client/src/generated/rules.rs`.
///
/// # Errors
/// An extension that breaks a house rule; Rust that cannot be printed.
pub fn generate(specs: &[Spec]) -> anyhow::Result<String> {
    let mut operations = Vec::new();
    let mut codes = Vec::new();
    for spec in specs {
        for operation in spec.operations() {
            operations.push(operation_rules(spec, &operation)?);
        }
        if spec.is_of_vendor() {
            codes.extend(error_codes(spec)?);
        }
    }
    let code = quote! {
        use crate::contract::{
            ErrorCode, OperationRules, OutcomeRule, Proven, ProvenCertainty, RetryClass, RetryUnless,
            SuccessRule,
        };
        use crate::{ErrorKind, Service};

        pub(crate) static OPERATIONS: &[OperationRules] = &[#(#operations),*];

        #[doc = " Every documented error code, file by file."]
        pub static ERROR_CODES: &[ErrorCode] = &[#(#codes),*];
    };
    rust::print("openapi/*.yaml", code)
}

fn operation_rules(spec: &Spec, operation: &Operation) -> anyhow::Result<TokenStream> {
    let told = |problem| anyhow::anyhow!("{}: {}: {problem}", spec.file, operation.name);
    let missing = |name| told(format!("has no {name}"));
    let extensions = &operation.operation.extensions;
    let retry = extensions.get(RETRY).ok_or_else(|| missing(RETRY))?;
    let Retry { class, unless } = Retry::parse(retry).map_err(told)?;
    let class = retry_class(class);
    let unless = unless.map(|unless| {
        let Unless {
            property, value, ..
        } = &unless;
        let value = value.to_string();
        let class = retry_class(unless.class);
        quote!(RetryUnless { property: #property, value: #value, class: #class })
    });
    let unless = option(unless);

    let security = operation.operation.security.as_ref();
    let security = security.or(spec.api.security.as_ref());
    let authenticated = security.is_some_and(|all| !all.is_empty());

    let responses = &operation.operation.responses.responses;
    let refusals = responses.keys().filter_map(|status| match status {
        StatusCode::Code(code @ 400..=499) => Some(number(*code)),
        _ => None,
    });
    let mut successes = Vec::new();
    for (status, response) in responses {
        let (StatusCode::Code(code @ 200..=299), Some(response)) =
            (status, spec.response(response))
        else {
            continue;
        };
        let outcome = response
            .extensions
            .get(OUTCOME)
            .ok_or_else(|| missing(OUTCOME))?;
        let outcome = Outcome::parse(outcome).map_err(told)?;
        let properties = response_properties(spec, operation, status);
        let outcome = outcome_rule(&outcome, |name| {
            properties.and_then(|all| property_type(spec, all, name)) == Some("boolean")
        });
        let code = number(*code);
        successes.push(quote!(SuccessRule { status: #code, outcome: #outcome }));
    }
    let (module, id) = (&spec.name, &operation.name);
    let method = rust::snake_case(id);
    Ok(quote! {
        OperationRules {
            module: #module,
            operation_id: #id,
            method: #method,
            retry: #class,
            retry_unless: #unless,
            authenticated: #authenticated,
            refusals: &[#(#refusals),*],
            successes: &[#(#successes),*],
        }
    })
}

fn retry_class(class: RetryClass) -> TokenStream {
    match class {
        RetryClass::Never => quote!(RetryClass::Never),
        RetryClass::Unavailable => quote!(RetryClass::Unavailable),
        RetryClass::LostAnswer => quote!(RetryClass::LostAnswer),
    }
}

fn outcome_rule(outcome: &Outcome, is_boolean: impl Fn(&str) -> bool) -> TokenStream {
    match outcome {
        Outcome::Status(StatusOutcome {
            certainty,
            job_id,
            proof,
        }) => {
            let certainty = match certainty {
                Success::Done => Certainty::Done,
                Success::Accepted => Certainty::Accepted,
            };
            let value = ValueOutcome {
                certainty,
                kind: None,
                tries_left: None,
                minutes_left: None,
            };
            let proven = proven(
                &value,
                job_id.as_deref(),
                proof.as_deref().unwrap_or_default(),
            );
            quote!(OutcomeRule::Status(#proven))
        }
        Outcome::Property(PropertyOutcome { property, values }) => {
            let boolean = is_boolean(property);
            let values = values.iter().map(|(value, outcome)| {
                let proven = proven(outcome, None, &[]);
                quote!((#value, #proven))
            });
            quote! {
                OutcomeRule::Property {
                    property: #property,
                    boolean: #boolean,
                    values: &[#(#values),*],
                }
            }
        }
    }
}

fn proven(value: &ValueOutcome, job_id: Option<&str>, proof: &[String]) -> TokenStream {
    let certainty = match value.certainty {
        Certainty::Done => quote!(ProvenCertainty::Done),
        Certainty::Accepted => quote!(ProvenCertainty::Accepted),
        Certainty::Refused => quote!(ProvenCertainty::Refused),
    };
    let kind = kind(value.kind.as_deref().unwrap_or(OTHER));
    let tries_left = option(value.tries_left.as_deref().map(|name| quote!(#name)));
    let minutes_left = option(value.minutes_left.as_deref().map(|name| quote!(#name)));
    let job_id = option(job_id.map(|name| quote!(#name)));
    quote! {
        Proven {
            certainty: #certainty,
            kind: #kind,
            tries_left: #tries_left,
            minutes_left: #minutes_left,
            job_id: #job_id,
            proof: &[#(#proof),*],
        }
    }
}

fn error_codes(spec: &Spec) -> anyhow::Result<Vec<TokenStream>> {
    let service = format_ident!("{}", rust::pascal_case(&spec.name));
    let codes = spec.api.extensions.get(ERROR_CODES);
    let codes = codes.and_then(Value::as_object).into_iter().flatten();
    let codes = codes.map(|(code, value)| {
        let told = |problem| anyhow::anyhow!("{}: {ERROR_CODES}, {code}: {problem}", spec.file);
        let meaning = parse_error_code(code, value).map_err(told)?;
        let (status, kind, message) =
            (number(meaning.status), kind(&meaning.kind), meaning.message);
        Ok(quote! {
            ErrorCode {
                service: Service::#service,
                code: #code,
                status: #status,
                kind: #kind,
                message: #message,
            }
        })
    });
    codes.collect()
}

/// `ErrorKind::WeakPassword` of `weak-password`.
fn kind(name: &str) -> TokenStream {
    let variant: String = name.split('-').map(rust::pascal_case).collect();
    let variant = format_ident!("{variant}");
    quote!(ErrorKind::#variant)
}

fn number(number: u16) -> proc_macro2::Literal {
    proc_macro2::Literal::u16_unsuffixed(number)
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or(quote!(None), |value| quote!(Some(#value)))
}
