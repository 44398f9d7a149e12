//! `cargo xtask lint`: the house rules that every file of `openapi/` keeps.
//!
//! A rule is here because a generator, a client in some language, or a reader was once misled
//! without it. Every rule looks at every file, and all that is wrong is told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};
use openapiv3::{APIKeyLocation, ReferenceOr, SecurityScheme, StatusCode};
use serde_json::{Map, Value};

use crate::document::{Object, join, text};
use crate::spec::{self, Role, Spec, Use};
use crate::{examples, policy, rules};

/// A house rule.
#[derive(Debug)]
pub struct Rule {
    /// What the rule is called in a [`Finding`].
    pub name: &'static str,
    check: fn(&Spec, &mut Problems),
}

/// Every house rule.
pub const RULES: &[Rule] = &[
    rule("version", version),
    rule("order", order),
    rule("unknown-keys", unknown_keys),
    rule("references", references),
    rule("names", names),
    rule("operation-id", operation_id),
    rule("documented", documented),
    rule("security", security),
    rule("servers", servers),
    rule("flat-bodies", flat_bodies),
    rule("responses", responses),
    rule("request-id", request_id),
    rule("media-type", media_type),
    rule("secrets", secrets),
    rule("password-policy", password_policy),
    rule("retry", rules::check_retry),
    rule("outcome", rules::check_outcomes),
    rule("error-codes", rules::check_error_codes),
    rule("patterns", patterns),
    rule("open-responses", open_responses),
    rule("extensible-enums", extensible_enums),
    rule("deprecated", deprecated),
    rule("examples", examples::check),
];

const fn rule(name: &'static str, check: fn(&Spec, &mut Problems)) -> Rule {
    Rule { name, check }
}

/// A place that breaks a house rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `openapi/dms.yaml`.
    pub file: String,
    /// The operation or component, and the way from it to what is wrong.
    pub place: String,
    /// What is wrong there, and what to do about it.
    pub problem: String,
    /// The name of the rule.
    pub rule: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            place,
            problem,
            rule,
        } = self;
        write!(f, "{file}: {place}: {problem} [{rule}]")
    }
}

/// What one rule finds in one file: places, and what is wrong there.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<(String, String)>);

impl Problems {
    pub(crate) fn add(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        let found = (place.into(), problem.into());
        // A schema with two uses is still written once, and wrong once.
        if !self.0.contains(&found) {
            self.0.push(found);
        }
    }
}

/// Checks every `openapi/*.yaml` below `root`.
///
/// # Errors
/// A file that cannot be read; otherwise as [`check`].
pub fn lint(root: &Path) -> Result<()> {
    check(&spec::load(root)?)
}

/// Checks the files.
///
/// # Errors
/// Every finding, each on its own line.
pub fn check(specs: &[Spec]) -> Result<()> {
    let findings = findings(specs);
    if findings.is_empty() {
        return Ok(());
    }
    let lines: String = findings.iter().map(|one| format!("{one}\n")).collect();
    let count = findings.len();
    bail!(
        "{lines}house rules broken: {count}; edit what is named above, then run `cargo xtask lint` again"
    );
}

/// What breaks a house rule, file by file and rule by rule.
pub fn findings(specs: &[Spec]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, spec) in specs.iter().enumerate() {
        let earlier = specs.get(..position).unwrap_or_default();
        for rule in RULES {
            let mut problems = Problems::default();
            (rule.check)(spec, &mut problems);
            findings.extend(problems.0.into_iter().map(|(place, problem)| Finding {
                file: spec.file.clone(),
                place,
                problem,
                rule: rule.name,
            }));
        }
        findings.extend(shared_secrets(spec, earlier));
        findings.extend(rules::shared_codes(spec, earlier));
    }
    findings
}

/// A secret becomes a type of the one policy crate, by its name and whatever its file.
fn shared_secrets(spec: &Spec, earlier: &[Spec]) -> Vec<Finding> {
    let secrets = spec
        .schemas()
        .filter(|(_, schema)| policy::is_secret(schema));
    let clashes = secrets.filter_map(|(name, _)| {
        let mut others = earlier.iter();
        let other = others.find(|other| {
            let mut theirs = other.schemas();
            theirs.any(|(theirs, schema)| theirs == name && policy::is_secret(schema))
        })?;
        Some(Finding {
            file: spec.file.clone(),
            place: name.to_owned(),
            problem: format!("{} has a secret of this name too; rename one", other.file),
            rule: "password-policy",
        })
    });
    clashes.collect()
}

/// Says that a file is not the vendor's.
const UNOFFICIAL: &str = "x-unofficialSpec";

/// The generator reads no other version.
fn version(spec: &Spec, problems: &mut Problems) {
    let version = &spec.api.openapi;
    if version != "3.0.3" {
        problems.add("openapi", format!("the version is {version}; write 3.0.3"));
    }
}

/// A reader who knows one file finds the way in every other, and differences show only what differs.
fn order(spec: &Spec, problems: &mut Problems) {
    const DOCUMENT: &[&str] = &[
        "openapi",
        "info",
        "servers",
        "security",
        "tags",
        rules::ERROR_CODES,
        "paths",
        "components",
    ];
    const COMPONENTS: &[&str] = &[
        "parameters",
        "headers",
        "schemas",
        "responses",
        "securitySchemes",
    ];
    for (place, expected) in [("document", DOCUMENT), ("components", COMPONENTS)] {
        let keys = match place {
            "document" => Some(&spec.document),
            inner => spec.document.get(inner),
        };
        let written = keys.and_then(Value::as_object).into_iter();
        let written = written.flat_map(Map::keys).map(String::as_str);
        // Other keys may stand anywhere; whether they may stand at all, other rules say.
        let written: Vec<_> = written.filter(|key| expected.contains(key)).collect();
        let sorted: Vec<_> = (expected.iter().copied())
            .filter(|key| written.contains(key))
            .collect();
        if written != sorted {
            let problem = format!("the keys are not in order; write {}", sorted.join(", "));
            problems.add(place, problem);
        }
    }
}

/// A misspelt key is no error to any tool; it just has no effect.
fn unknown_keys(spec: &Spec, problems: &mut Problems) {
    // Each extension, and the kind of object that it has an effect on.
    const EXTENSIONS: &[(&str, &str)] = &[
        (policy::EXTENSION, "schemas"),
        (EXTENSIBLE_ENUM, "schemas"),
        (UNOFFICIAL, "info"),
        (rules::RETRY, "operation"),
        (rules::OUTCOME, "responses"),
        (rules::ERROR_CODES, "document"),
    ];
    for object in spec.objects() {
        for key in object.keys.keys().filter(|key| key.starts_with("x-")) {
            let place = join(&object.place, ", ", key);
            match EXTENSIONS.iter().find(|(name, _)| name == key) {
                None => {
                    let known: Vec<_> = EXTENSIONS.iter().map(|(name, _)| *name).collect();
                    let known = known.join(", ");
                    let problem = format!("unknown extension; correct or remove it ({known})");
                    problems.add(place, problem);
                }
                Some((_, kind)) if *kind != object.kind => {
                    problems.add(place, "the extension has no effect here; remove it");
                }
                Some(_) => {}
            }
        }
    }
    // What the model does not know is lost when the model is written again.
    if let Ok(known) = serde_json::to_value(&spec.api) {
        lost_keys("", &spec.document, &known, problems);
    }
}

fn lost_keys(path: &str, written: &Value, known: &Value, problems: &mut Problems) {
    match (written, known) {
        (Value::Object(written), Value::Object(known)) => {
            for (key, value) in written {
                let way = format!("{path}{key}");
                if let Some(known) = known.get(key) {
                    lost_keys(&format!("{way}, "), value, known, problems);
                } else if known.contains_key("$ref") {
                    problems.add(way, "a key beside `$ref` has no effect; remove it");
                } else if !is_default(key, value) {
                    problems.add(way, "OpenAPI has no such key here; correct or remove it");
                }
            }
        }
        (Value::Array(written), Value::Array(known)) => {
            for (item, (written, known)) in written.iter().zip(known).enumerate() {
                lost_keys(&format!("{path}{item}, "), written, known, problems);
            }
        }
        _ => {}
    }
}

/// Whether the model leaves the key out because the value says no more than its absence.
fn is_default(key: &str, value: &Value) -> bool {
    const FALSE: &[&str] = &[
        "allowReserved",
        "deprecated",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "nullable",
        "readOnly",
        "required",
        "uniqueItems",
        "writeOnly",
    ];
    match value {
        Value::Null => true,
        Value::Bool(false) => FALSE.contains(&key),
        Value::Array(items) => items.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        _ => false,
    }
}

/// The generator takes the last segment of a reference and silently guesses the rest.
fn references(spec: &Spec, problems: &mut Problems) {
    for object in spec.objects() {
        let Some(reference) = text(object.keys, "$ref") else {
            continue;
        };
        let section = format!("#/components/{}/", object.kind);
        let target = spec.resolve(object.keys);
        if object.kind == "paths" {
            problems.add(&object.place, "a path is not a reference; write it out");
        } else if !reference.starts_with(&section) {
            let problem = format!("`{reference}` does not begin with `{section}`; correct it");
            problems.add(&object.place, problem);
        } else if target.is_none_or(|target| target.contains_key("$ref")) {
            let problem =
                format!("`{reference}` leads to no definition; add it or correct the name");
            problems.add(&object.place, problem);
        }
    }
}

/// Generators make one identifier of each name, whatever it is the name of.
fn names(spec: &Spec, problems: &mut Problems) {
    let mut places = BTreeMap::new();
    let components = spec.objects().into_iter();
    let components = components.filter(|object| object.holder == object.kind);
    for object in components.filter(|object| !object.place.contains(", ")) {
        let sections = [
            "parameters",
            "headers",
            "schemas",
            "responses",
            "requestBodies",
        ];
        if !sections.contains(&object.kind) {
            continue;
        }
        let place = format!("components, {}, {}", object.kind, object.name);
        if let Some(other) = places.insert(object.name.to_lowercase(), place.clone()) {
            problems.add(place, format!("has the name of {other} too; rename one"));
        }
    }
    let mut urls = BTreeMap::new();
    for server in &spec.api.servers {
        let place = format!("servers, {}", server.url);
        if let Some(description) = &server.description
            && let Some(other) = urls.insert(description, &server.url)
        {
            let problem = format!(
                "has the description of {other} too; add a word in brackets, such as \
                 `{description} (Europe)`"
            );
            problems.add(place, problem);
        }
    }
}

/// The id becomes the name of a method in every language.
fn operation_id(spec: &Spec, problems: &mut Problems) {
    let mut endpoints = BTreeMap::new();
    for operation in spec.operations() {
        let endpoint = format!("{} {}", operation.method.to_uppercase(), operation.path);
        let Some(id) = &operation.operation.operation_id else {
            problems.add(
                endpoint,
                "has no operationId; give it the vendor's name for it",
            );
            continue;
        };
        let camel_case = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_alphanumeric());
        if !camel_case {
            let problem =
                format!("the operationId `{id}` is not camelCase; write it like `getToken`");
            problems.add(&endpoint, problem);
        }
        if let Some(other) = endpoints.insert(id, endpoint.clone()) {
            let problem = format!("the operationId `{id}` is that of {other} too; rename one");
            problems.add(endpoint, problem);
        }
    }
}

/// Whoever reads the generated client sees these texts and little else.
fn documented(spec: &Spec, problems: &mut Problems) {
    let info = &spec.api.info;
    let license = info.license.as_ref().map(|license| license.name.as_str());
    for (key, text) in [
        ("title", Some(info.title.as_str())),
        ("version", Some(info.version.as_str())),
        ("description", info.description.as_deref()),
        ("license", license),
    ] {
        if is_blank(text) {
            problems.add("info", format!("has no {key}; add it"));
        }
    }
    if info
        .contact
        .as_ref()
        .is_none_or(|contact| is_blank(contact.name.as_deref()))
    {
        problems.add("info", "has no contact with a name; add the project");
    }
    if spec.is_of_vendor() && info.extensions.get(UNOFFICIAL) != Some(&Value::Bool(true)) {
        let problem = format!("does not say that it is unofficial; add `{UNOFFICIAL}: true`");
        problems.add("info", problem);
    }
    for property in spec.written_schemas() {
        let target = spec.resolve(property.keys);
        let description = target.map(|target| text(target, "description"));
        if property.holder == "properties" && description.is_some_and(is_blank) {
            problems.add(property.place, "has no description; add it");
        }
    }
    for operation in spec.operations() {
        let (place, operation) = (&operation.name, operation.operation);
        for (key, text) in [
            ("summary", &operation.summary),
            ("description", &operation.description),
        ] {
            if is_blank(text.as_deref()) {
                problems.add(place, format!("has no {key}; add it"));
            }
        }
        match operation.tags.as_slice() {
            [tag] if spec.api.tags.iter().any(|declared| declared.name == *tag) => {}
            [tag] => {
                let problem = format!("the tag `{tag}` is not declared; add it to `tags`");
                problems.add(place, problem);
            }
            tags => {
                let problem = format!("has {} tags; give it exactly one", tags.len());
                problems.add(place, problem);
            }
        }
        let docs = operation.external_docs.as_ref();
        let has_page = docs.is_some_and(|docs| docs.url.starts_with("https://"));
        if spec.is_of_vendor() && !has_page {
            let problem = "has no externalDocs with an https URL; link the vendor's page";
            problems.add(place, problem);
        }
    }
}

fn is_blank(text: Option<&str>) -> bool {
    text.unwrap_or_default().trim().is_empty()
}

/// A token or a signature for all operations, which no method takes as an argument.
fn security(spec: &Spec, problems: &mut Problems) {
    // The name of a scheme, its header, and what its description has to name.
    const SCHEMES: [(&str, &str, &str); 2] = [
        ("token", "X-Auth-Token", "X-Subject-Token"),
        ("signature", "Authorization", "X-Sdk-Date"),
    ];
    if !spec.is_of_vendor() {
        return;
    }
    let components = spec.api.components.iter();
    let schemes: Vec<_> = components.flat_map(|all| &all.security_schemes).collect();
    for (name, _) in &schemes {
        if !SCHEMES.iter().any(|(known, ..)| known == name) {
            let problem = "is neither `token` nor `signature`; rename or remove it";
            problems.add(format!("security scheme {name}"), problem);
        }
    }
    for (name, header, named) in SCHEMES {
        let place = format!("security scheme {name}");
        match schemes.iter().find(|(known, _)| *known == name) {
            None => problems.add(place, "is missing; declare it"),
            Some((
                _,
                ReferenceOr::Item(SecurityScheme::APIKey {
                    location: APIKeyLocation::Header,
                    name,
                    description,
                    ..
                }),
            )) if name == header => {
                let description = description.as_deref().unwrap_or_default();
                if !description.contains(named) {
                    let problem = format!("the description does not name `{named}`; add it");
                    problems.add(place, problem);
                }
            }
            Some(_) => {
                let problem = format!("make it an `apiKey` in `header` named `{header}`");
                problems.add(place, problem);
            }
        }
    }
    let applied = spec.api.security.as_deref().unwrap_or_default();
    let names = applied.iter().map(|way| way.keys().collect::<Vec<_>>());
    if !names.eq(SCHEMES.map(|(name, ..)| vec![name])) {
        let problem = "the document does not ask for one of the two; write `- token: []` and \
                       `- signature: []`";
        problems.add("security", problem);
    }
    for operation in spec.operations() {
        let own = operation.operation.security.as_deref();
        if own.is_some_and(|own| !own.is_empty()) {
            let problem = "has security of its own; remove it, or write `security: []` if it needs \
                           no token";
            problems.add(operation.name, problem);
        }
    }
    for object in spec.objects() {
        if object.kind == "parameters" && text(object.keys, "in") == Some("header") {
            let problem = "is a header; remove it, the token is a security scheme and other \
                           headers are the client's own";
            problems.add(object.place, problem);
        }
    }
}

/// Clients of some languages call the server of an operation literally, `{region}` and all. Our own
/// looks a host up by the cloud's name and the region.
fn servers(spec: &Spec, problems: &mut Problems) {
    if spec.api.servers.is_empty() {
        problems.add("servers", "the document has no server; add one");
    }
    for server in &spec.api.servers {
        let place = format!("servers, {}", server.url);
        if server.description.is_none() {
            problems.add(&place, "has no description; give the name of the cloud");
        }
        for (name, variable) in server.variables.iter().flatten() {
            if spec.is_of_vendor() && !variable.enumeration.contains(&variable.default) {
                let problem = format!("`{name}` has no `enum` with its default; list its values");
                problems.add(&place, problem);
            }
        }
    }
    for object in spec.objects() {
        let inner = ["paths", "operation"].contains(&object.kind);
        if inner && object.keys.contains_key("servers") {
            let problem = "has servers of its own; move them to the document's `servers`";
            problems.add(object.place, problem);
        }
    }
}

/// Generated clients drop members of a body that is one of several, and send the rest.
fn flat_bodies(spec: &Spec, problems: &mut Problems) {
    for schema in spec.written_schemas() {
        for key in ["oneOf", "anyOf", "allOf", "not"] {
            if schema.keys.contains_key(key) {
                let problem = format!("uses {key}; write one flat schema");
                problems.add(&schema.place, problem);
            }
        }
    }
    for request in spec.objects() {
        let content = request.keys.get("content").and_then(Value::as_object);
        let content = content.filter(|_| request.kind == "requestBodies");
        for body in content.into_iter().flat_map(Map::values) {
            let schema = body.get("schema").and_then(Value::as_object);
            let named = schema.filter(|schema| schema.contains_key("$ref"));
            let target = named.and_then(|schema| spec.resolve(schema));
            let is_object = |target| text(target, "type") == Some("object");
            // Where the reference leads nowhere, that is what to correct.
            if named.is_none() || !target.is_none_or(is_object) {
                let problem = "the body is no `$ref` to a named object schema; make it one";
                problems.add(&request.place, problem);
            }
        }
    }
}

/// Every failure reads the same, and the generator takes one success and one error schema for an
/// operation; `default` counts as both.
fn responses(spec: &Spec, problems: &mut Problems) {
    for operation in spec.operations() {
        let (name, responses) = (&operation.name, &operation.operation.responses);
        if responses.default.is_some() {
            let problem = "has a `default` response; name the status codes instead";
            problems.add(name, problem);
        }
        for class in [4, 5] {
            if !responses.responses.contains_key(&StatusCode::Range(class)) {
                let problem = format!("has no {class}XX response; add one with {ERROR_SCHEMA}");
                problems.add(name, problem);
            }
        }
        let mut success = Vec::new();
        for (status, response) in &responses.responses {
            let Some(response) = spec.response(response) else {
                continue;
            };
            let place = format!("{name}, response {status}");
            let schemas = response.content.values().map(|body| &body.schema);
            if is_failure(status) {
                if schemas.len() == 0 || !schemas.clone().all(is_error_schema) {
                    let problem = format!("the body is not {ERROR_SCHEMA}; refer to that schema");
                    problems.add(place, problem);
                }
            } else if *status == StatusCode::Code(204) && schemas.len() > 0 {
                problems.add(place, "has a body, which 204 cannot have; remove `content`");
            } else {
                success.extend(schemas);
            }
        }
        let first = success.first().copied();
        if success.iter().any(|schema| Some(*schema) != first) {
            let problem = "has success bodies of several schemas; give them one for all";
            problems.add(name, problem);
        }
    }
}

/// The vendor's support asks for the id of a request.
fn request_id(spec: &Spec, problems: &mut Problems) {
    const HEADER: &str = "X-Request-Id";
    for response in spec.objects() {
        let written = response.kind == "responses" && !response.keys.contains_key("$ref");
        let headers = response.keys.get("headers");
        let declared = headers.is_some_and(|headers| headers.get(HEADER).is_some());
        if written && spec.is_of_vendor() && !declared {
            problems.add(
                response.place,
                format!("has no {HEADER} header; declare it"),
            );
        }
    }
}

const ERROR_SCHEMA: &str = "ErrorBody";

fn is_failure(status: &StatusCode) -> bool {
    match status {
        StatusCode::Code(code) => *code >= 400,
        StatusCode::Range(class) => *class >= 4,
    }
}

fn is_error_schema(schema: &Option<ReferenceOr<openapiv3::Schema>>) -> bool {
    match schema {
        Some(ReferenceOr::Reference { reference }) => spec::component(reference) == ERROR_SCHEMA,
        _ => false,
    }
}

/// The services speak nothing else, and a second type would double every method.
fn media_type(spec: &Spec, problems: &mut Problems) {
    for body in spec.objects() {
        if body.kind == "content" && body.name != "application/json" {
            let problem = format!("the body is {}; only application/json is used", body.name);
            problems.add(body.place, problem);
        }
    }
}

/// A secret that is not marked as one is printed, logged and sent back by generated code.
fn secrets(spec: &Spec, problems: &mut Problems) {
    for schema in spec.written_schemas() {
        let named_so =
            schema.holder == "properties" && schema.name.to_ascii_lowercase().contains("password");
        let target = spec.resolve(schema.keys);
        let is_text = |target| {
            // A string of another format, such as the date when a password expires, is no secret.
            text(target, "type") == Some("string") && !target.contains_key("format")
        };
        if named_so && target.is_some_and(is_text) {
            let problem = "is a password by its name and not by its schema; refer to a named \
                           schema with `format: password` and `writeOnly: true`, or give it the \
                           `format` of what it is instead";
            problems.add(schema.place, problem);
        } else if is_secret(&schema) && schema.holder != "schemas" {
            let problem = "is a secret without a name; move it to `components/schemas` and refer \
                           to it";
            problems.add(schema.place, problem);
        } else if is_secret(&schema) && schema.keys.get("writeOnly") != Some(&Value::Bool(true)) {
            problems.add(schema.place, "is a secret; add `writeOnly: true`");
        }
    }
    for used in spec.uses() {
        if used.role != Role::Request && policy::is_secret(used.schema) {
            let problem = "is a secret outside of a request body; remove it";
            problems.add(used.place, problem);
        }
    }
}

fn is_secret(schema: &Object) -> bool {
    text(schema.keys, "format") == Some("password")
}

/// The extension is this repository's own, and no tool checks it.
fn password_policy(spec: &Spec, problems: &mut Problems) {
    for schema in spec.written_schemas() {
        if !schema.keys.contains_key(policy::EXTENSION) {
            continue;
        }
        let parsed = serde_json::from_value(Value::Object(schema.keys.clone()));
        if let Ok(parsed) = parsed
            && let Err(error) = policy::parse(&parsed)
        {
            let problem = format!("{}: {error}", policy::EXTENSION);
            problems.add(schema.place, problem);
        }
    }
}

/// Some languages' clients treat a secret with a pattern as plain text, and linear-time matchers
/// refuse to look around.
fn patterns(spec: &Spec, problems: &mut Problems) {
    const LOOKAROUND: &[&str] = &["(?=", "(?!", "(?<=", "(?<!"];
    for schema in spec.written_schemas() {
        let Some(pattern) = text(schema.keys, "pattern") else {
            continue;
        };
        if is_secret(&schema) {
            let problem = format!(
                "is a secret with a pattern; write {} instead",
                policy::EXTENSION
            );
            problems.add(&schema.place, problem);
        }
        // An escaped parenthesis opens no group.
        let groups = pattern.replace(r"\\", "").replace(r"\(", "");
        if let Some(found) = LOOKAROUND.iter().find(|look| groups.contains(**look)) {
            let problem = format!("the pattern looks around with `{found}`; write it without");
            problems.add(schema.place, problem);
        }
    }
}

/// A client must not refuse what a service answers: the pages are wrong about it often enough.
fn open_responses(spec: &Spec, problems: &mut Problems) {
    const CLOSING: &[&str] = &[
        "enum",
        "maxLength",
        "maximum",
        "minLength",
        "minimum",
        "pattern",
    ];
    let mut schemas = Vec::new();
    for used in spec.uses() {
        if used.role == Role::Response
            && let Ok(Value::Object(keys)) = serde_json::to_value(used.schema)
        {
            schemas.push((written_at(&used), keys));
        }
    }
    for header in spec.objects() {
        let schema = header.keys.get("schema").and_then(Value::as_object);
        if header.kind == "headers"
            && let Some(keys) = schema.and_then(|schema| spec.resolve(schema))
        {
            schemas.push((header.place, keys.clone()));
        }
    }
    for (place, keys) in schemas {
        for key in CLOSING.iter().filter(|key| keys.contains_key(**key)) {
            let problem = format!("{key} limits a response; say it in the description instead");
            problems.add(&place, problem);
        }
    }
}

/// Where the schema is written, which is the same place for all its uses.
fn written_at(used: &Use) -> String {
    match (used.component, used.owner, used.field) {
        (Some(component), ..) => component.to_owned(),
        (None, Some(owner), Some(field)) => format!("{owner}, {field}"),
        _ => used.place.clone(),
    }
}

const EXTENSIBLE_ENUM: &str = "x-extensible-enum";

/// Most tools show the description and not the extension.
fn extensible_enums(spec: &Spec, problems: &mut Problems) {
    for schema in spec.written_schemas() {
        let Some(values) = schema.keys.get(EXTENSIBLE_ENUM) else {
            continue;
        };
        let values = values
            .as_array()
            .map(|values| values.iter().map(Value::as_str));
        let Some(values) = values.and_then(Iterator::collect::<Option<Vec<_>>>) else {
            let problem = format!("{EXTENSIBLE_ENUM} is no list of strings; quote each value");
            problems.add(schema.place, problem);
            continue;
        };
        let description = text(schema.keys, "description").unwrap_or_default();
        for value in values {
            let quoted = format!("`{value}`");
            if !description.contains(&quoted) {
                let problem = format!("the description does not say what {quoted} means; add it");
                problems.add(&schema.place, problem);
            }
        }
    }
}

/// Readers see the description, tools the flag.
fn deprecated(spec: &Spec, problems: &mut Problems) {
    const KINDS: &[&str] = &["operation", "parameters", "headers", "schemas"];
    for object in spec.objects() {
        if !KINDS.contains(&object.kind) {
            continue;
        }
        let description = text(object.keys, "description").unwrap_or_default();
        let description = description.to_lowercase();
        let said = description.contains("deprecated");
        // That of an operation or object may speak of a part that is deprecated.
        let has_parts = object.kind == "operation" || object.keys.contains_key("properties");
        let said_of_itself = said && (!has_parts || description.starts_with("deprecated"));
        let flagged = object.keys.get("deprecated") == Some(&Value::Bool(true));
        if said_of_itself && !flagged {
            let problem = "the description says deprecated; add `deprecated: true`";
            problems.add(object.place, problem);
        } else if flagged && !said {
            let problem = "is deprecated; begin the description with \"Deprecated\" and say why";
            problems.add(object.place, problem);
        }
    }
}
