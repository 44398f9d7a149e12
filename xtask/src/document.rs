//! A file as it is written: every object that OpenAPI gives a meaning to, with its place.
//!
//! The model of [`Spec::api`] says what a file means; it forgets what it does not know and says
//! nothing of a component that no operation uses. A rule about the text itself looks here.

use serde_json::{Map, Value};

use crate::spec::{Spec, component};

/// An object as it is written.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    /// What the object is: the section of `components` for such objects (`schemas`, `parameters`),
    /// or else `paths`, `operation`, `content` (a body), `document`, or the key that holds it.
    pub kind: &'a str,
    /// The key that holds it: `properties`, `schemas` and `schema` all hold schemas.
    pub holder: &'a str,
    /// Its name in the map that holds it, or in the list.
    pub name: &'a str,
    /// The operation or component and the way from it: `resetPassword, request, new_password`.
    pub place: String,
    /// What is written in it.
    pub keys: &'a Map<String, Value>,
}

/// A key that holds objects.
struct Holder {
    key: &'static str,
    kind: &'static str,
    /// What stands before a name in a place; nothing where the name speaks for itself.
    word: &'static str,
    /// Whether it holds a map of names rather than one object or a list.
    named: bool,
}

const fn one(key: &'static str, kind: &'static str, word: &'static str) -> Holder {
    Holder {
        key,
        kind,
        word,
        named: false,
    }
}

const fn many(key: &'static str, kind: &'static str, word: &'static str) -> Holder {
    Holder {
        key,
        kind,
        word,
        named: true,
    }
}

const HOLDERS: &[Holder] = &[
    one("components", "components", ""),
    many("paths", "paths", ""),
    many("schemas", "schemas", ""),
    many("properties", "schemas", ""),
    one("schema", "schemas", ""),
    one("items", "schemas", "items"),
    one("additionalProperties", "schemas", "additionalProperties"),
    one("oneOf", "schemas", "oneOf"),
    one("anyOf", "schemas", "anyOf"),
    one("allOf", "schemas", "allOf"),
    one("not", "schemas", "not"),
    many("parameters", "parameters", "parameter"),
    one("requestBody", "requestBodies", "request"),
    many("requestBodies", "requestBodies", "request body"),
    many("responses", "responses", "response"),
    many("headers", "headers", "header"),
    many("examples", "examples", "example"),
    many("securitySchemes", "securitySchemes", "security scheme"),
    many("links", "links", "link"),
    many("callbacks", "callbacks", "callback"),
    many("variables", "variables", "variable"),
    many("content", "content", ""),
];

/// Keys whose values are the service's data, in which a key means nothing to OpenAPI.
pub(crate) const DATA: &[&str] = &["default", "enum", "example", "security", "value"];

pub(crate) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl Spec {
    /// Every object of the file, in its order, each once; a reference is not followed.
    pub fn objects(&self) -> Vec<Object<'_>> {
        let mut objects = Vec::new();
        if let Some(keys) = self.document.as_object() {
            let document = Object {
                kind: "document",
                holder: "",
                name: "",
                place: String::new(),
                keys,
            };
            walk(document, &mut objects);
        }
        objects
    }

    /// The schemas among [`Spec::objects`].
    pub fn written_schemas(&self) -> impl Iterator<Item = Object<'_>> {
        let objects = self.objects().into_iter();
        objects.filter(|object| object.kind == "schemas")
    }

    /// The object that a reference leads to, or the object itself.
    pub fn resolve<'a>(&'a self, keys: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
        match text(keys, "$ref") {
            Some(reference) => {
                let pointer = reference.strip_prefix('#')?;
                self.document.pointer(pointer)?.as_object()
            }
            None => Some(keys),
        }
    }
}

/// The text under a key.
pub fn text<'a>(keys: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    keys.get(key)?.as_str()
}

fn walk<'a>(parent: Object<'a>, objects: &mut Vec<Object<'a>>) {
    let (kind, place, keys) = (parent.kind, parent.place.clone(), parent.keys);
    objects.push(parent);
    for (key, value) in keys {
        if DATA.contains(&key.as_str()) || key.starts_with("x-") {
            continue;
        }
        let holder = HOLDERS.iter().find(|holder| holder.key == key);
        let children: Vec<(&str, &Value)> = match value {
            Value::Object(names) if holder.is_some_and(|holder| holder.named) => {
                (names.iter().map(|(name, child)| (name.as_str(), child))).collect()
            }
            Value::Array(list) => list.iter().map(|child| (own_name(child), child)).collect(),
            value => vec![("", value)],
        };
        for (name, child) in children {
            let Value::Object(keys) = child else {
                continue;
            };
            let (kind, place) = match holder {
                _ if kind == "paths" && METHODS.contains(&key.as_str()) => {
                    let id = text(keys, "operationId").map(str::to_owned);
                    let endpoint = || format!("{} {place}", key.to_uppercase());
                    ("operation", id.unwrap_or_else(endpoint))
                }
                Some(Holder {
                    kind: "content", ..
                }) => ("content", place.clone()),
                Some(Holder { kind, word, .. }) => {
                    (*kind, join(&place, ", ", &join(word, " ", name)))
                }
                None => (key.as_str(), join(&place, ", ", &join(key, " ", name))),
            };
            let child = Object {
                kind,
                holder: key,
                name,
                place,
                keys,
            };
            walk(child, objects);
        }
    }
}

/// The name that an object of a list gives itself, or the one that it refers to.
fn own_name(object: &Value) -> &str {
    let name = object.get("name").and_then(Value::as_str);
    let reference = object.get("$ref").and_then(Value::as_str);
    name.or(reference.map(component)).unwrap_or_default()
}

/// What stands before the name of an object that this key holds, in its place.
pub(crate) fn word(key: &str) -> &str {
    let holder = HOLDERS.iter().find(|holder| holder.key == key);
    holder.map_or(key, |holder| holder.word)
}

pub(crate) fn join(left: &str, between: &str, right: &str) -> String {
    match (left, right) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{left}{between}{right}"),
    }
}
