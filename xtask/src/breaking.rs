//! What a change of a file breaks for those who made a client of the file as it was.
//!
//! The promise has two parts: what was accepted is accepted still and what comes back was to be
//! expected; and each name that code may be generated from is there still. Words for people are no
//! part of it. The tables below say what each key means. A key that none of them has may mean
//! anything, so a change of it breaks.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value};

use crate::document::{METHODS, join, text, word};
use crate::rules;
use crate::spec::{Role, Spec};

/// A place where a change breaks something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The operation or component, and the way from it to what changed.
    pub place: String,
    /// What changed there, and what breaks by it.
    pub problem: String,
    /// The operations that it concerns; all of them, if none is named.
    pub operations: Vec<String>,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            problem,
            operations,
        } = self;
        write!(f, "{place}: {problem}")?;
        // A place that begins with its operation says which it is.
        if operations
            .iter()
            .all(|operation| place.starts_with(operation))
        {
            return Ok(());
        }
        write!(f, " [{}]", operations.join(", "))
    }
}

/// What the new file breaks of the old one.
pub fn breaks(old: &Spec, new: &Spec) -> Vec<Break> {
    let mut comparison = Comparison {
        files: (old, new),
        role: Role::Request,
        operation: None,
        within: Vec::new(),
        found: Vec::new(),
    };
    comparison.keys("", DOCUMENT, &by_operation(old), &by_operation(new));
    comparison.found
}

/// The keys of an object and what a change of each means.
type Keys = &'static [(&'static str, Rule)];

#[derive(Clone, Copy)]
enum Rule {
    /// For people: it may change.
    Words,
    /// A value, and whether it is stricter than before.
    Value(Compare),
    /// An object. None is the same as one without keys.
    One(&'static Keys),
    /// Likewise, but code reads it, so that it may not go.
    Kept(&'static Keys),
    /// Objects by name. None may go; one that is new breaks what this says.
    Named(&'static Keys, Addition),
    /// Likewise, and clients that send them know them by their position too.
    Ordered(&'static Keys, Addition),
}

/// How a value of the new file differs from the old one; nothing if it says the same.
type Compare = fn(Option<&Value>, Option<&Value>) -> Option<Shift>;

use Rule::{Kept, Named, One, Ordered, Value as Is, Words};

/// How a value differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shift {
    /// Less is allowed.
    Stricter,
    /// More is allowed.
    Looser,
    /// Neither, or nobody can tell.
    Other,
}

static DOCUMENT: Keys = &[
    ("info", One(&INFO)),
    ("externalDocs", Words),
    ("tags", Words),
    // A client that is told nothing takes the first server, or one by its number.
    ("servers", Ordered(&SERVER, passes)),
    ("operations", Named(&OPERATION, passes)),
    ("x-error-codes", Named(&ERROR_CODE, passes)),
    ("securitySchemes", Named(&SECURITY_SCHEME, passes)),
];
// Without the title, which names the package of a generated client.
static INFO: Keys = &[
    ("version", Words),
    ("description", Words),
    ("termsOfService", Words),
    ("contact", Words),
    ("license", Words),
    ("x-unofficialSpec", Words),
];
static ERROR_CODE: Keys = &[("message", Words)];
static SERVER: Keys = &[
    ("description", Words),
    ("variables", Named(&VARIABLE, passes)),
];
static VARIABLE: Keys = &[("description", Words), ("enum", Is(allowed))];
static SECURITY_SCHEME: Keys = &[("description", Words)];
// Without the operationId and the tags, of which any change breaks: generated methods are called by
// the one, and stand in classes that are called by the other.
static OPERATION: Keys = &[
    ("summary", Words),
    ("description", Words),
    ("externalDocs", Words),
    ("deprecated", Words),
    ("security", Is(security)),
    // Generated methods take them in this order.
    ("parameters", Ordered(&PARAMETER, parameter)),
    ("requestBody", One(&REQUEST_BODY)),
    ("responses", Named(&RESPONSE, response)),
    ("x-retry", Is(retry)),
];
static PARAMETER: Keys = &[
    ("description", Words),
    ("example", Words),
    ("examples", Words),
    ("deprecated", Words),
    ("required", Is(restriction)),
    ("schema", One(&SCHEMA)),
];
static REQUEST_BODY: Keys = &[
    ("description", Words),
    ("required", Is(restriction)),
    ("content", Named(&MEDIA_TYPE, media_type)),
];
static RESPONSE: Keys = &[
    ("description", Words),
    ("headers", Named(&PARAMETER, passes)),
    ("x-outcome", Is(outcome)),
    ("content", Named(&MEDIA_TYPE, media_type)),
];
static MEDIA_TYPE: Keys = &[
    ("example", Words),
    ("examples", Words),
    ("schema", One(&SCHEMA)),
];
// Without the title, by which generated types are called.
static SCHEMA: Keys = &[
    ("description", Words),
    ("externalDocs", Words),
    ("example", Words),
    ("deprecated", Words),
    ("nullable", Is(permission)),
    ("enum", Is(allowed)),
    ("x-extensible-enum", Is(known)),
    ("minLength", Is(lower_bound)),
    ("maxLength", Is(upper_bound)),
    ("pattern", Is(condition)),
    ("minimum", Is(lower_bound)),
    ("exclusiveMinimum", Is(restriction)),
    ("maximum", Is(upper_bound)),
    ("exclusiveMaximum", Is(restriction)),
    ("multipleOf", Is(condition)),
    ("minItems", Is(lower_bound)),
    ("maxItems", Is(upper_bound)),
    ("uniqueItems", Is(restriction)),
    ("items", One(&SCHEMA)),
    ("required", Is(refused)),
    // Generated constructors take them in this order.
    ("properties", Ordered(&SCHEMA, property)),
    ("additionalProperties", One(&SCHEMA)),
    ("minProperties", Is(lower_bound)),
    ("maxProperties", Is(upper_bound)),
    ("not", Is(condition)),
    ("x-password-policy", Kept(&PASSWORD_POLICY)),
];
static PASSWORD_POLICY: Keys = &[
    ("minClasses", Is(lower_bound)),
    ("specials", Is(allowed)),
    ("forbiddenFirst", Is(refused)),
    ("notUsername", Is(restriction)),
    ("notOld", Is(restriction)),
    ("denyList", Is(refused)),
];

/// What a name that is new breaks, if anything.
type Addition = fn(&Added) -> Option<&'static str>;

struct Added<'a> {
    role: Role,
    object: Map<String, Value>,
    /// What it is added to, as that was before.
    owner: &'a Map<String, Value>,
}

fn passes(_: &Added) -> Option<&'static str> {
    None
}

fn parameter(added: &Added) -> Option<&'static str> {
    let required = added.object.get("required") == Some(&Value::Bool(true));
    required.then_some("is new and required; no request has it yet")
}

fn response(_: &Added) -> Option<&'static str> {
    Some("is new and of no class that was there; no client expects it")
}

fn media_type(added: &Added) -> Option<&'static str> {
    (added.role == Role::Response).then_some("is new; no client expects it")
}

fn property(added: &Added) -> Option<&'static str> {
    match added.owner.get("additionalProperties") {
        None | Some(Value::Bool(true)) => None,
        Some(Value::Bool(false)) if added.role != Role::Response => None,
        Some(_) => Some("is new where `additionalProperties` said what else there may be"),
    }
}

/// `true` is stricter.
fn restriction(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    turned(old, new, true)
}

/// `true` is looser.
fn permission(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    turned(new, old, true)
}

/// `false` is stricter than any schema.
fn closed(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    turned(old, new, false)
}

fn turned(old: Option<&Value>, new: Option<&Value>, stricter: bool) -> Option<Shift> {
    let is_stricter = |value: Option<&Value>| value == Some(&Value::Bool(stricter));
    match (is_stricter(old), is_stricter(new)) {
        (false, true) => Some(Shift::Stricter),
        (true, false) => Some(Shift::Looser),
        _ => None,
    }
}

/// Higher is stricter, and any is stricter than none.
fn lower_bound(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    bound(old, new, 1.0)
}

/// Lower is stricter, and any is stricter than none.
fn upper_bound(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    bound(old, new, -1.0)
}

fn bound(old: Option<&Value>, new: Option<&Value>, sign: f64) -> Option<Shift> {
    let strictness = |value: Option<&Value>| match value {
        Some(value) => value.as_f64().map(|number| number * sign),
        None => Some(f64::NEG_INFINITY),
    };
    let Some((was, is)) = strictness(old).zip(strictness(new)) else {
        return different(old, new);
    };
    match was.total_cmp(&is) {
        Ordering::Less => Some(Shift::Stricter),
        Ordering::Equal => None,
        Ordering::Greater => Some(Shift::Looser),
    }
}

/// Of two that differ nobody can tell which is stricter.
fn condition(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    match (old, new) {
        (None, Some(_)) => Some(Shift::Stricter),
        (Some(_), None) => Some(Shift::Looser),
        _ => different(old, new),
    }
}

/// Each member refuses something.
fn refused(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    let (gone, added) = (missing(old, new), missing(new, old));
    match (gone.is_empty(), added.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Shift::Stricter),
        (false, true) => Some(Shift::Looser),
        (false, false) => Some(Shift::Other),
    }
}

/// Each member allows something. Without the key everything is allowed.
fn allowed(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    match (old, new) {
        (Some(_), Some(_)) => refused(new, old),
        _ => condition(old, new),
    }
}

/// Each member is one of the values that are known. Others were always to be expected.
fn known(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    (!missing(old, new).is_empty()).then_some(Shift::Other)
}

fn different(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    (old != new).then_some(Shift::Other)
}

/// A request that was sent once may be sent twice.
fn retry(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    let old = old?;
    let parsed = |value| rules::Retry::parse(value).ok();
    let Some((old, new)) = parsed(old).zip(new.and_then(parsed)) else {
        return different(Some(old), new);
    };
    // The class of the requests that the old exception was about.
    let exception = old.unless.as_ref().map(|old| {
        let same = new.unless.as_ref();
        let same = same.filter(|new| new.property == old.property && new.value == old.value);
        (
            old.class,
            same.map_or(new.class, |same| same.class.min(new.class)),
        )
    });
    let loosened = new.class > old.class || exception.is_some_and(|(old, new)| new > old);
    loosened.then_some(Shift::Other)
}

/// A value, or a property with details, may be added. All else decides what is proven.
fn outcome(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    let old = old?;
    (!new.is_some_and(|new| keeps(old, new))).then_some(Shift::Other)
}

fn keeps(old: &Value, new: &Value) -> bool {
    // These change what is proven also where there was none.
    const DECISIVE: &[&str] = &["kind", "proof"];
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let kept =
                (old.iter()).all(|(key, old)| new.get(key).is_some_and(|new| keeps(old, new)));
            kept && DECISIVE
                .iter()
                .all(|key| old.contains_key(*key) == new.contains_key(*key))
        }
        _ => old == new,
    }
}

/// Each member is a way in. What opens the door must open it still.
fn security(old: Option<&Value>, new: Option<&Value>) -> Option<Shift> {
    let ways = |value: Option<&Value>| match value.and_then(Value::as_array) {
        Some(ways) if !ways.is_empty() => ways.clone(),
        _ => vec![Value::Object(Map::new())],
    };
    // A way that asks for nothing more.
    let opens = |has: &Value, asked: &Value| {
        let mut asked = asked.as_object().into_iter().flatten();
        asked.all(|(scheme, scopes)| has.get(scheme) == Some(scopes))
    };
    let (old, new) = (ways(old), ways(new));
    let open = |all: &[Value], doors: &[Value]| {
        (all.iter()).all(|has| doors.iter().any(|asked| opens(has, asked)))
    };
    match (open(&old, &new), open(&new, &old)) {
        (true, true) => None,
        (true, false) => Some(Shift::Looser),
        (false, true) => Some(Shift::Stricter),
        (false, false) => Some(Shift::Other),
    }
}

/// The members of a list or characters of a string that the other has not.
fn missing(of: Option<&Value>, from: Option<&Value>) -> Vec<Value> {
    let list = |value: Option<&Value>| match value {
        None => Vec::new(),
        Some(Value::Array(members)) => members.clone(),
        Some(Value::String(text)) => text.chars().map(|c| c.to_string().into()).collect(),
        Some(other) => vec![other.clone()],
    };
    let from = list(from);
    let mut missing = list(of);
    missing.retain(|member| !from.contains(member));
    missing
}

/// A document as its operations see it: each by method and path, with the parameters of its path
/// and the security of the document as its own; and by name what a list holds.
fn by_operation(spec: &Spec) -> Map<String, Value> {
    let mut document = spec.document.as_object().cloned().unwrap_or_default();
    let (paths, components) = (document.remove("paths"), document.remove("components"));
    let security = document.remove("security");

    let mut operations = Map::new();
    for (path, item) in members(paths.as_ref()) {
        let (own, shared): (Map<_, _>, Map<_, _>) = members(Some(item))
            .map(|(key, value)| (key.clone(), value.clone()))
            .partition(|(key, _)| METHODS.contains(&key.as_str()));
        for (method, own) in &own {
            let mut operation = shared.clone();
            if let Some(security) = &security {
                operation.insert("security".to_owned(), security.clone());
            }
            operation.extend(members(Some(own)).map(|(key, value)| (key.clone(), value.clone())));
            let lists = [shared.get("parameters"), own.get("parameters")];
            let parameters = by_name(lists, |parameter| {
                let keys = spec.resolve(parameter)?;
                Some(format!("{} {}", text(keys, "in")?, text(keys, "name")?))
            });
            operation.insert("parameters".to_owned(), parameters);
            operations.insert(
                format!("{} {path}", method.to_uppercase()),
                operation.into(),
            );
        }
    }
    let servers = by_name([document.get("servers")], |server| {
        text(server, "url").map(str::to_owned)
    });
    let schemes = components
        .as_ref()
        .and_then(|all| all.get("securitySchemes"));
    document.insert("servers".to_owned(), servers);
    document.insert("operations".to_owned(), operations.into());
    document.insert(
        "securitySchemes".to_owned(),
        schemes.cloned().unwrap_or_default(),
    );
    document
}

fn by_name<'a>(
    lists: impl IntoIterator<Item = Option<&'a Value>>,
    name: impl Fn(&Map<String, Value>) -> Option<String>,
) -> Value {
    let lists = lists.into_iter().flatten().filter_map(Value::as_array);
    let named = lists
        .flatten()
        .filter_map(|item| Some((name(item.as_object()?)?, item.clone())));
    Value::Object(named.collect())
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// A value of the old file and of the new.
type Values<'a> = (Option<&'a Value>, Option<&'a Value>);

struct Comparison<'a> {
    files: (&'a Spec, &'a Spec),
    role: Role,
    operation: Option<String>,
    /// The components on the way here, by their places. One that contains itself ends there.
    within: Vec<String>,
    found: Vec<Break>,
}

impl Comparison<'_> {
    /// A component that several operations use is written once, and breaks once.
    fn add(&mut self, place: String, problem: String) {
        let operation = self.operation.iter().cloned();
        let mut found = self.found.iter_mut();
        match found.find(|one| one.place == place && one.problem == problem) {
            Some(one) if self.operation.as_ref() == one.operations.last() => {}
            Some(one) => one.operations.extend(operation),
            None => self.found.push(Break {
                place,
                problem,
                operations: operation.collect(),
            }),
        }
    }

    fn object(&mut self, place: &str, rules: Keys, (old, new): Values) {
        let (old_reference, old_keys) = follow(self.files.0, old);
        let (new_reference, new_keys) = follow(self.files.1, new);
        // Generated types are called by the schema, and so is nothing else of the components.
        let schema = |reference: Option<&str>| {
            let name = reference?.strip_prefix("#/components/schemas/")?;
            Some(format!("`{name}`"))
        };
        let names = [old_reference, new_reference].map(schema);
        if old.is_some() && new.is_some() && names[0] != names[1] {
            let [old, new] = names.map(|name| name.unwrap_or("one without a name".to_owned()));
            let problem = format!("the schema was {old} and is {new}; {OTHER}");
            self.add(place.to_owned(), problem);
        }
        let Some(component) = old_reference.or(new_reference).map(component_place) else {
            return self.keys(place, rules, &old_keys, &new_keys);
        };
        if !self.within.contains(&component) {
            self.within.push(component.clone());
            self.keys(&component, rules, &old_keys, &new_keys);
            self.within.pop();
        }
    }

    fn keys(
        &mut self,
        place: &str,
        rules: Keys,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) {
        let added = new.keys().filter(|key| !old.contains_key(*key));
        for key in old.keys().chain(added) {
            let values = (old.get(key), new.get(key));
            let rule = rules.iter().find(|(name, _)| name == key);
            match rule.map_or(Is(different), |(_, rule)| *rule) {
                Words => {}
                Is(shift) => self.value(join(place, ", ", key), shift, values),
                One(_) if closed(values.0, values.1).is_some() => {
                    self.value(join(place, ", ", key), closed, values);
                }
                Kept(_) if values.1.is_none() => {
                    self.add(join(place, ", ", key), GONE.to_owned());
                }
                One(rules) | Kept(rules) => {
                    self.object(&join(place, ", ", word(key)), rules, values);
                }
                Named(rules, addition) => self.named(place, key, rules, addition, old, values),
                Ordered(rules, addition) => {
                    self.named(place, key, rules, addition, old, values);
                    if self.role != Role::Response {
                        self.order(place, key, values);
                    }
                }
            }
        }
    }

    fn value(&mut self, place: String, shift: Compare, (old, new): Values) {
        let effect = match (shift(old, new), self.role) {
            (Some(Shift::Stricter), Role::Request | Role::Parameter) => {
                "what was accepted is refused"
            }
            (Some(Shift::Looser), Role::Response) => "an answer may be what no client expects",
            (Some(Shift::Other), _) => OTHER,
            _ => return,
        };
        self.add(place, format!("{}; {effect}", difference((old, new))));
    }

    fn named(
        &mut self,
        place: &str,
        key: &str,
        rules: Keys,
        addition: Addition,
        owner: &Map<String, Value>,
        (old, new): Values,
    ) {
        let outer = (self.role, self.operation.clone());
        if key == "responses" {
            self.role = Role::Response;
        }
        for (name, was) in members(old) {
            let at = match (key, was.get("operationId").and_then(Value::as_str)) {
                ("operations", id) => self.operation.insert(id.unwrap_or(name).to_owned()).clone(),
                _ => join(place, ", ", &join(word(key), " ", name)),
            };
            match new.and_then(|new| new.get(name)) {
                None => self.add(at, GONE.to_owned()),
                is => self.object(&at, rules, (Some(was), is)),
            }
        }
        let old = old.and_then(Value::as_object);
        let is_new = |name: &str| !old.is_some_and(|old| old.contains_key(name));
        for (name, is) in members(new).filter(|(name, _)| is_new(name)) {
            let at = join(place, ", ", &join(word(key), " ", name));
            // What stood for a status until it was named says what clients expect of it.
            if let Some(class) = class(key, name).and_then(|class| old?.get(&class)) {
                self.object(&at, rules, (Some(class), Some(is)));
                continue;
            }
            let added = Added {
                role: self.role,
                object: follow(self.files.1, Some(is)).1,
                owner,
            };
            if let Some(problem) = addition(&added) {
                self.add(at, problem.to_owned());
            }
        }
        (self.role, self.operation) = outer;
    }

    fn order(&mut self, place: &str, key: &str, (old, new): Values) {
        let names = |value| members(value).map(|(name, _)| name);
        let kept: Vec<_> = names(old)
            .filter(|name| names(new).any(|new| new == *name))
            .collect();
        if !names(new).take(kept.len()).eq(kept) {
            let problem =
                "the order is another, and clients count; keep it, and put what is new at the end";
            self.add(join(place, ", ", key), problem.to_owned());
        }
    }
}

const GONE: &str = "is gone; clients may use it";
const OTHER: &str = "a client that was right may be wrong";

fn difference((old, new): Values) -> String {
    match (old, new) {
        (Some(Value::Array(_)) | None, Some(Value::Array(_)) | None) => {
            let (gone, added) = (missing(old, new), missing(new, old));
            let gone = gone.iter().map(|one| format!("without {one}"));
            let added = added.iter().map(|one| format!("with {one}"));
            gone.chain(added).collect::<Vec<_>>().join(", ")
        }
        (Some(old), Some(new)) => format!("was {old} and is {new}"),
        (Some(old), None) => format!("was {old} and is gone"),
        (None, new) => format!("is new: {}", new.unwrap_or(&Value::Null)),
    }
}

/// An object's keys, and the reference that led to them. What is no object says nothing.
fn follow<'a>(spec: &Spec, value: Option<&'a Value>) -> (Option<&'a str>, Map<String, Value>) {
    let Some(keys) = value.and_then(Value::as_object) else {
        return (None, Map::new());
    };
    let resolved = spec.resolve(keys).cloned();
    (text(keys, "$ref"), resolved.unwrap_or_default())
}

/// `4XX` for the response `404`.
fn class(key: &str, status: &str) -> Option<String> {
    let first = status.chars().next().filter(|_| key == "responses");
    first.map(|first| format!("{first}XX"))
}

/// `parameter ProjectId` of `#/components/parameters/ProjectId`.
fn component_place(reference: &str) -> String {
    let mut segments = reference.rsplit('/');
    let name = segments.next().unwrap_or(reference);
    join(segments.next().map_or("", word), " ", name)
}
