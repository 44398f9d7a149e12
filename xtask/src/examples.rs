//! The rule `examples`: every body and path parameter shows a value that its schema accepts and,
//! where it is a password, that keeps the rules of passwords.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::document::{Object, text};
use crate::lint::Problems;
use crate::policy::{self, PasswordPolicy};
use crate::spec::{Spec, component};

/// Reports each body and path parameter without an example, and each example that is not valid.
pub(crate) fn check(spec: &Spec, problems: &mut Problems) {
    let objects = spec.objects().into_iter();
    for object in objects.filter(|object| ["content", "parameters"].contains(&object.kind)) {
        let examples = examples(spec, &object);
        let needed = object.kind == "content" || text(object.keys, "in") == Some("path");
        if needed && examples.is_empty() {
            problems.add(&object.place, "has no example; add one under `examples`");
        }
        let Some(schema) = object.keys.get("schema") else {
            continue;
        };
        let validator = match validator(spec, schema) {
            Ok(validator) => validator,
            Err(error) => {
                let problem = format!("the schema cannot be checked: {error}; correct it");
                problems.add(&object.place, problem);
                continue;
            }
        };
        for (place, example) in examples {
            for error in validator.iter_errors(example) {
                let at = error.instance_path().to_string();
                let at = at.trim_start_matches('/').replace('/', ", ");
                let at = if at.is_empty() { at } else { format!("{at}: ") };
                problems.add(&place, format!("{at}{error}; correct the example"));
            }
            check_secrets(spec, schema, example, &place, problems);
        }
    }
}

/// The examples of a body or parameter, each with its place.
fn examples<'a>(spec: &'a Spec, object: &Object<'a>) -> Vec<(String, &'a Value)> {
    let single = object.keys.get("example");
    let single = single.map(|example| (format!("{}, example", object.place), example));
    let named = object.keys.get("examples").and_then(Value::as_object);
    let named = named.into_iter().flatten().filter_map(|(name, example)| {
        let value = spec.resolve(example.as_object()?)?.get("value")?;
        Some((format!("{}, example {name}", object.place), value))
    });
    single.into_iter().chain(named).collect()
}

/// OpenAPI 3.0's schemas are those of JSON Schema draft 4 with words of its own.
fn validator(
    spec: &Spec,
    schema: &Value,
) -> Result<Validator, Box<jsonschema::ValidationError<'static>>> {
    let named = spec.document.pointer("/components/schemas");
    let named = named.and_then(Value::as_object).into_iter().flatten();
    let named: Map<_, _> = named
        .map(|(name, schema)| (name.clone(), json_schema(schema)))
        .collect();
    // References begin with `#/components/schemas/`, so the named schemas stand there here too.
    let root = json!({ "allOf": [json_schema(schema)], "components": { "schemas": named } });
    jsonschema::draft4::new(&root).map_err(Box::new)
}

/// The schema in the words of JSON Schema. An object that lists its properties has no others: a
/// property that only an example has is a misspelt one.
fn json_schema(schema: &Value) -> Value {
    let Value::Object(keys) = schema else {
        return schema.clone();
    };
    let mut converted = Map::new();
    for (key, value) in keys {
        let value = match (key.as_str(), value) {
            ("example" | "default" | "nullable", _) => continue,
            // A policy has its lengths from here, and tells of them with the rest.
            ("minLength" | "maxLength", _) if keys.contains_key(policy::EXTENSION) => continue,
            (key, _) if key.starts_with("x-") => continue,
            ("properties", Value::Object(properties)) => {
                let properties = properties.iter();
                properties
                    .map(|(name, schema)| (name.clone(), json_schema(schema)))
                    .collect()
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(schemas)) => {
                schemas.iter().map(json_schema).collect()
            }
            ("items" | "additionalProperties" | "not", schema) => json_schema(schema),
            (_, value) => value.clone(),
        };
        converted.insert(key.clone(), value);
    }
    if keys.get("nullable") == Some(&Value::Bool(true)) {
        if let Some(kind) = keys.get("type") {
            converted.insert("type".to_owned(), json!([kind, "null"]));
        }
        if let Some(Value::Array(values)) = converted.get_mut("enum") {
            values.push(Value::Null);
        }
    }
    if keys.contains_key("properties") && !keys.contains_key("additionalProperties") {
        converted.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(converted)
}

/// Holds each password of an example against the rules of its own schema.
fn check_secrets(
    spec: &Spec,
    schema: &Value,
    example: &Value,
    place: &str,
    problems: &mut Problems,
) {
    let Some(schema) = schema.as_object().and_then(|keys| spec.resolve(keys)) else {
        return;
    };
    match example {
        Value::Array(items) => {
            for item in items {
                let schema = schema.get("items").unwrap_or(&Value::Null);
                check_secrets(spec, schema, item, place, problems);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let Some(schema) = schema.get("properties").and_then(|all| all.get(name)) else {
                    continue;
                };
                let broken = broken_rules(spec, schema, member, members);
                if let Some((policy, codes)) = broken.filter(|(_, codes)| !codes.is_empty()) {
                    let codes = codes.join(", ");
                    let problem = format!("{name}: breaks {policy}: {codes}; choose a better one");
                    problems.add(place, problem);
                }
                check_secrets(spec, schema, member, place, problems);
            }
        }
        _ => {}
    }
}

/// The name of the member's schema, and the codes of its rules that the member breaks; none if it
/// is no password with rules.
fn broken_rules<'a>(
    spec: &Spec,
    schema: &'a Value,
    member: &Value,
    siblings: &Map<String, Value>,
) -> Option<(&'a str, Vec<&'static str>)> {
    let name = component(text(schema.as_object()?, "$ref")?);
    let (_, schema) = spec.schemas().find(|(schema, _)| *schema == name)?;
    // An extension that cannot be read is the rule `password-policy`'s.
    let policy = policy::parse(schema).ok().flatten()?;
    let known = Known {
        username: text(siblings, "username"),
        old_password: text(siblings, "old_password"),
    };
    Some((name, violations(&policy, member.as_str()?, known)))
}

/// What is known beside a candidate. A rule whose side is not known is not checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The name of the user whose password it is to be.
    pub username: Option<&'a str>,
    /// The password that it is to replace.
    pub old_password: Option<&'a str>,
}

/// The codes of the rules that a candidate breaks, always in the same order.
///
/// On purpose a second reading of the rules beside that of the crate `repass-policy`: the two
/// share nothing but the contract and its test vectors, and must agree.
pub fn violations(policy: &PasswordPolicy, candidate: &str, known: Known) -> Vec<&'static str> {
    let rules = &policy.extension;
    let length = candidate.chars().count();
    let classes: [Vec<char>; 4] = [
        ('a'..='z').collect(),
        ('A'..='Z').collect(),
        ('0'..='9').collect(),
        rules.specials.chars().collect(),
    ];
    let present = |class: &&Vec<char>| candidate.contains(class.as_slice());
    let is_name = |name: &str| candidate == name || candidate.chars().eq(name.chars().rev());
    let codes = [
        ("too_short", length < policy.min_length),
        ("too_long", length > policy.max_length),
        (
            "too_few_classes",
            classes.iter().filter(present).count() < rules.min_classes,
        ),
        (
            "character_not_allowed",
            !candidate.chars().all(|c| classes.concat().contains(&c)),
        ),
        (
            "forbidden_first",
            candidate.starts_with(|first| rules.forbidden_first.contains(first)),
        ),
        (
            "matches_username",
            rules.not_username && known.username.is_some_and(is_name),
        ),
        (
            "same_as_old",
            rules.not_old && known.old_password == Some(candidate),
        ),
        (
            "deny_listed",
            rules.deny_list.iter().any(|word| word == candidate),
        ),
    ];
    let broken = codes.into_iter().filter(|(_, broken)| *broken);
    broken.map(|(code, _)| code).collect()
}
