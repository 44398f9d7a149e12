//! `openapi/extensions.schema.json` and the parser accept the same and refuse the same.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the steps are part of the test"
)]

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};
use xtask::rules::{self, Outcome, REFUSAL_KINDS, Retry};
use xtask::{policy, spec};

/// Values of each extension that both accept.
fn accepted() -> Vec<(&'static str, Value)> {
    let mut samples = vec![
        ("retry", json!("never")),
        ("retry", json!("unavailable")),
        ("retry", json!("lost-answer")),
        ("retry", json!({ "class": "lost-answer" })),
        ("outcome", json!({ "certainty": "done" })),
        (
            "outcome",
            json!({ "certainty": "accepted", "jobId": "job_id", "proof": ["instance_id", "job_id"] }),
        ),
        (
            "outcome",
            json!({
                "property": "result",
                "values": {
                    "success": { "certainty": "done" },
                    "later": { "certainty": "accepted" },
                    "wrong": { "certainty": "refused", "kind": "locked", "triesLeft": "tries" },
                    "locked": { "certainty": "refused", "minutesLeft": "minutes" },
                },
            }),
        ),
        ("errorCodes", json!({})),
        (
            "errorCodes",
            json!({
                "DCS.4019": { "status": 400, "kind": "weak-password", "message": "Too simple." },
                "APIGW.0201": { "status": 499, "kind": "other", "message": "m" },
                "111400022": { "status": 500, "kind": "server-error", "message": "m" },
            }),
        ),
        (
            "passwordPolicy",
            json!({ "minClasses": 3, "specials": "-~ " }),
        ),
        (
            "passwordPolicy",
            json!({
                "minClasses": 4, "specials": "!-/:@[`{~", "forbiddenFirst": "-", "notUsername": true,
                "notOld": false, "denyList": ["Teapot-418", "Kettle-418"],
            }),
        ),
    ];
    for (class, stricter) in [
        ("lost-answer", "never"),
        ("lost-answer", "unavailable"),
        ("unavailable", "never"),
    ] {
        for value in [json!(true), json!("yes"), json!(0)] {
            let unless = json!({ "property": "force", "value": value, "class": stricter });
            samples.push(("retry", json!({ "class": class, "unless": unless })));
        }
    }
    for kind in REFUSAL_KINDS {
        let values = json!({ "no": { "certainty": "refused", "kind": kind } });
        samples.push(("outcome", json!({ "property": "p", "values": values })));
        let code = json!({ "status": 404, "kind": kind, "message": "m" });
        samples.push(("errorCodes", json!({ "A.1": code })));
    }
    samples
}

/// Values of each extension that both refuse, beside those that [`mutations`] makes.
fn refused() -> Vec<(&'static str, Value)> {
    let code = |code: &str, status: Value, kind: &str, message: &str| {
        let meaning = json!({ "status": status, "kind": kind, "message": message });
        ("errorCodes", json!({ code: meaning }))
    };
    let unless = |class: &str, stricter: &str, value: Value| {
        let unless = json!({ "property": "force", "value": value, "class": stricter });
        ("retry", json!({ "class": class, "unless": unless }))
    };
    let values = |values: Value| ("outcome", json!({ "property": "result", "values": values }));
    let policy = |classes: Value, specials: &str, words: Value| {
        let policy = json!({ "minClasses": classes, "specials": specials, "denyList": words });
        ("passwordPolicy", policy)
    };
    vec![
        ("retry", json!("always")),
        ("retry", json!("Never")),
        ("retry", json!(["never"])),
        unless("never", "never", json!(true)),
        unless("unavailable", "unavailable", json!(true)),
        unless("unavailable", "lost-answer", json!(true)),
        unless("lost-answer", "lost-answer", json!(true)),
        unless("lost-answer", "never", json!(1.5)),
        unless("lost-answer", "never", json!([])),
        (
            "retry",
            json!({ "class": "lost-answer", "unless": ["force", true, "never"] }),
        ),
        ("outcome", json!("done")),
        ("outcome", json!(["done"])),
        ("outcome", json!({ "certainty": "refused" })),
        ("outcome", json!({ "certainty": "done", "kind": "busy" })),
        ("outcome", json!({ "certainty": "done", "proof": [] })),
        (
            "outcome",
            json!({ "certainty": "done", "proof": ["a", "a"] }),
        ),
        (
            "outcome",
            json!({ "certainty": "done", "property": "result" }),
        ),
        (
            "outcome",
            json!({ "values": { "yes": { "certainty": "done" } } }),
        ),
        values(json!({})),
        values(json!({ "yes": "done" })),
        values(json!({ "yes": ["done"] })),
        values(json!({ "yes": { "certainty": "unknown" } })),
        values(json!({ "yes": { "certainty": "done", "kind": "other" } })),
        values(json!({ "yes": { "certainty": "accepted", "triesLeft": "tries" } })),
        values(json!({ "no": { "certainty": "refused", "kind": "server-error" } })),
        values(json!({ "no": { "certainty": "refused", "kind": "wrong_old_password" } })),
        values(json!({ "no": { "certainty": "refused", "jobId": "job_id" } })),
        code("A.1", json!(200), "other", "m"),
        code("A.1", json!(600), "server-error", "m"),
        code("A.1", json!(-1), "other", "m"),
        code("A.1", json!("400"), "other", "m"),
        code("A.1", json!(400), "server-error", "m"),
        code("A.1", json!(500), "other", "m"),
        code("A.1", json!(400), "policy", "m"),
        code("A.1", json!(400), "other", " "),
        code("A 1", json!(400), "other", "m"),
        code("", json!(400), "other", "m"),
        code("APIG.0201", json!(400), "other", "m"),
        ("errorCodes", json!({ "A.1": [400, "other", "m"] })),
        ("errorCodes", json!(["A.1"])),
        policy(json!(0), "-", json!([])),
        policy(json!(5), "-", json!([])),
        policy(json!(3), "--", json!([])),
        policy(json!(3), "-!-", json!([])),
        policy(json!(3), "-a", json!([])),
        policy(json!(3), "-é", json!([])),
        policy(json!(3), "-\n", json!([])),
        policy(json!(3), "-", json!(["a", "b", "a"])),
        policy(json!(3), "-", json!([1])),
        ("passwordPolicy", json!([3, "-"])),
        (
            "passwordPolicy",
            json!({ "minClasses": 3, "specials": "-", "minLength": 8 }),
        ),
    ]
}

/// The value with one thing in it another: each key gone, an unknown key in each object, and each
/// value of every other type.
fn mutations(value: &Value) -> Vec<Value> {
    let mut mutations = vec![
        json!(null),
        json!(true),
        json!(7),
        json!("word"),
        json!(["word"]),
        json!({}),
        json!({ "word": "word" }),
    ];
    match value {
        Value::Object(keys) => {
            for (key, inner) in keys {
                let mut without = keys.clone();
                without.remove(key);
                mutations.push(Value::Object(without));
                for mutation in self::mutations(inner) {
                    let mut with = keys.clone();
                    with.insert(key.clone(), mutation);
                    mutations.push(Value::Object(with));
                }
            }
            let mut more = keys.clone();
            more.insert("unknown".to_owned(), json!("word"));
            mutations.push(Value::Object(more));
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                for mutation in self::mutations(inner) {
                    let mut with = items.clone();
                    with[at] = mutation;
                    mutations.push(Value::Array(with));
                }
            }
        }
        _ => {}
    }
    mutations
}

fn parse(extension: &str, value: &Value) -> Result<(), String> {
    match extension {
        "retry" => Retry::parse(value).map(|_| ()),
        "outcome" => Outcome::parse(value).map(|_| ()),
        "errorCodes" => rules::parse_error_codes(value).map(|_| ()),
        _ => {
            let schema = json!({
                "type": "string", "format": "password", "minLength": 8, "maxLength": 32,
                "x-password-policy": value,
            });
            let schema = serde_json::from_value(schema).unwrap();
            let parsed = policy::parse(&schema).map_err(|error| error.to_string())?;
            parsed.map(|_| ()).ok_or_else(|| "is not there".to_owned())
        }
    }
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/extensions.schema.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn validator(extension: &str) -> Validator {
    let mut schema = schema();
    let keys = schema.as_object_mut().unwrap();
    keys.retain(|key, _| key == "$defs" || key == "$schema");
    keys.insert("$ref".to_owned(), format!("#/$defs/{extension}").into());
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn the_schema_and_the_parser_agree() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for extension in ["retry", "outcome", "errorCodes", "passwordPolicy"] {
        let validator = validator(extension);
        let mut compare = |value: &Value, expected: Option<bool>| {
            let parsed = parse(extension, value);
            let is_valid = validator.is_valid(value);
            compared += 1;
            if parsed.is_ok() != is_valid || expected.is_some_and(|expected| expected != is_valid) {
                wrong.push(format!(
                    "{extension} {value}: schema {is_valid}, parser {parsed:?}"
                ));
            }
        };
        let ours = |(name, _): &(&str, Value)| *name == extension;
        for (_, value) in accepted().into_iter().filter(ours) {
            compare(&value, Some(true));
            for mutation in mutations(&value) {
                compare(&mutation, None);
            }
        }
        for (_, value) in refused().into_iter().filter(ours) {
            compare(&value, Some(false));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 1000, "{compared}");
}

#[test]
fn the_schema_describes_the_files() {
    let schema = schema();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for spec in spec::load(&root).unwrap() {
        let document = &spec.document;
        let errors: Vec<_> = (validator.iter_errors(document))
            .map(|one| one.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", spec.file);
    }
    let spec = spec::Spec::parse("teapot", include_str!("valid.yaml")).unwrap();
    // Each place where an extension has to be, or may not be.
    let gone = |pointer: &str, key: &str| {
        let mut document = spec.document.clone();
        let holder = document.pointer_mut(pointer).unwrap();
        assert!(holder.as_object_mut().unwrap().remove(key).is_some());
        document
    };
    let added = |pointer: &str, key: &str, value: Value| {
        let mut document = spec.document.clone();
        let holder = document.pointer_mut(pointer).unwrap();
        holder
            .as_object_mut()
            .unwrap()
            .insert(key.to_owned(), value);
        document
    };
    assert!(validator.is_valid(&spec.document));
    let operation = "/paths/~1v1~1tokens/post";
    let success = "/paths/~1v1~1tokens/post/responses/204";
    for document in [
        gone("", "x-error-codes"),
        gone(operation, "x-retry"),
        gone(success, "x-outcome"),
        added(success, "x-outcome", json!("done")),
        added(
            "/paths/~1v1~1tokens/post/responses/4XX",
            "x-outcome",
            json!({ "certainty": "done" }),
        ),
        added(
            "/components/responses/Refused",
            "x-outcome",
            json!({ "certainty": "unknown" }),
        ),
        added(
            "/components/schemas/LoginRequest/properties/username",
            "x-password-policy",
            json!({}),
        ),
    ] {
        assert!(!validator.is_valid(&document));
    }
}
