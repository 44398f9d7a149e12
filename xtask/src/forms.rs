//! Other forms of a file of the contract, for generators that do not take it as it is written.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

use crate::document::DATA;
use crate::spec::Spec;

/// The responses that the ranges `4XX` and `5XX` refer to, and the one that takes their place.
const RANGES: [(&str, &str); 2] = [("4XX", "ClientError"), ("5XX", "ServerError")];
const DEFAULT: &str = "OtherError";

/// The file with one `default` response in place of the ranges `4XX` and `5XX`.
///
/// # Errors
/// A range that is not a reference to the shared response of its class.
pub fn with_default(spec: &Spec) -> Result<Value> {
    let mut document = spec.document.clone();
    let reference = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut);
    let operations = operations.filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut) {
        let responses = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        let Some(responses) = responses else {
            continue;
        };
        for (range, name) in RANGES {
            let response = responses.shift_remove(range);
            ensure!(
                response == Some(reference(name)),
                "{}: {range} is not a reference to the response {name}",
                spec.file
            );
        }
        responses.insert("default".to_owned(), reference(DEFAULT));
    }

    let components = document.pointer_mut("/components/responses");
    let components = components.and_then(Value::as_object_mut);
    let components = components.with_context(|| format!("{}: no responses", spec.file))?;
    let mut merged = Map::new();
    for (_, name) in RANGES {
        let response = components.shift_remove(name);
        let response = response.with_context(|| format!("{}: no response {name}", spec.file))?;
        merge(&mut merged, response);
    }
    components.insert(DEFAULT.to_owned(), merged.into());
    Ok(document)
}

/// Adds the texts, the headers and the examples of a response to those that are there.
fn merge(merged: &mut Map<String, Value>, response: Value) {
    let Value::Object(response) = response else {
        return;
    };
    for (key, value) in response {
        match (merged.get_mut(&key), value) {
            (Some(Value::Object(keys)), value) => merge(keys, value),
            (Some(Value::String(text)), Value::String(more)) if key == "description" => {
                *text = format!("{}\n\n{more}", text.trim_end());
            }
            (Some(_), _) => {}
            (None, value) => {
                merged.insert(key, value);
            }
        }
    }
}

/// The file as OpenAPI 3.1, in which a schema is one of JSON Schema 2020-12.
pub fn as_3_1(spec: &Spec) -> Value {
    let mut document = spec.document.clone();
    with_null(&mut document);
    if let Some(version) = document.get_mut("openapi") {
        *version = "3.1.0".into();
    }
    document
}

/// Writes `nullable` as the type null.
fn with_null(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            if let Some(nullable) = keys.get("nullable").and_then(Value::as_bool) {
                keys.shift_remove("nullable");
                if let (true, Some(kind)) = (nullable, keys.get_mut("type")) {
                    *kind = json!([kind.take(), "null"]);
                }
            }
            let structure = |key: &str| !DATA.contains(&key) && !key.starts_with("x-");
            let keys = keys.iter_mut().filter(|(key, _)| structure(key));
            keys.for_each(|(_, value)| with_null(value));
        }
        Value::Array(items) => items.iter_mut().for_each(with_null),
        _ => {}
    }
}
