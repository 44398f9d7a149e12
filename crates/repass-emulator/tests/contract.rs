//! The emulator holds what the contract promises: each operation of `openapi/`, with each documented
//! example, gets the documented status and body.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "reading the contract is part of the tests"
)]

mod http;

use std::collections::BTreeMap;

use openapiv3::{OpenAPI, Parameter, ReferenceOr, StatusCode};
use serde_json::Value;

struct Operation {
    file: &'static str,
    name: String,
    method: String,
    /// With the example of each parameter in its place.
    path: String,
    requests: Vec<(String, Value)>,
    /// The examples of each documented success; none where there is no body.
    successes: BTreeMap<u16, Vec<Value>>,
    /// The examples of each documented refusal: status and body.
    refusals: Vec<(u16, Value)>,
}

fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for file in ["ddm", "dcs", "dms"] {
        let path = format!("{}/../../openapi/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
        let api: OpenAPI = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let components = api.components.as_ref().unwrap();
        for (template, item) in &api.paths.paths {
            let item = item.as_item().unwrap();
            let mut path = template.clone();
            for parameter in &item.parameters {
                let ReferenceOr::Reference { reference } = parameter else {
                    panic!("parameters are shared")
                };
                let parameter = &components.parameters[reference.rsplit('/').next().unwrap()];
                let Parameter::Path { parameter_data, .. } = parameter.as_item().unwrap() else {
                    panic!("parameters stand in the path")
                };
                let example = parameter_data.example.as_ref().unwrap().as_str().unwrap();
                path = path.replace(&format!("{{{}}}", parameter_data.name), example);
            }
            for (method, operation) in item.iter() {
                let body = operation.request_body.as_ref().unwrap().as_item().unwrap();
                let mut successes = BTreeMap::new();
                let mut refusals = Vec::new();
                for (status, response) in &operation.responses.responses {
                    let response = match response {
                        ReferenceOr::Item(response) => response,
                        ReferenceOr::Reference { reference } => {
                            let name = reference.rsplit('/').next().unwrap();
                            components.responses[name].as_item().unwrap()
                        }
                    };
                    let examples = response.content.values().flat_map(examples);
                    let examples: Vec<_> = examples.map(|(_, value)| value).collect();
                    if let StatusCode::Code(status) = status {
                        if *status < 300 {
                            successes.insert(*status, examples);
                        } else {
                            refusals.extend(examples.into_iter().map(|value| (*status, value)));
                        }
                    }
                }
                operations.push(Operation {
                    file,
                    name: operation.operation_id.clone().unwrap(),
                    method: method.to_owned(),
                    path: path.clone(),
                    requests: body.content.values().flat_map(examples).collect(),
                    successes,
                    refusals,
                });
            }
        }
    }
    operations
}

fn examples(media: &openapiv3::MediaType) -> Vec<(String, Value)> {
    let examples = media.examples.iter();
    examples
        .map(|(name, example)| {
            let example = example.as_item().unwrap();
            (name.clone(), example.value.clone().unwrap())
        })
        .collect()
}

/// What differs from call to call.
fn comparable(mut body: Value) -> Value {
    for field in ["job_id", "request_id"] {
        if let Some(value) = body.get_mut(field) {
            assert!(
                value.as_str().is_some_and(|id| !id.is_empty()),
                "{field} is a text"
            );
            *value = Value::from("…");
        }
    }
    body
}

#[tokio::test]
async fn every_documented_request_gets_a_documented_success() {
    let operations = operations();
    assert_eq!(operations.len(), 5, "the contract has five operations");
    for operation in operations {
        for (example, body) in &operation.requests {
            // A new emulator each: a change makes its own example's old password the wrong one.
            let emulator = http::start().await;
            let (status, answer) = http::send(
                &emulator,
                &operation.method,
                &operation.path,
                &body.to_string(),
            )
            .await;
            let at = format!(
                "{} {} {example}: {status} {answer}",
                operation.file, operation.name
            );
            let documented = operation.successes.get(&status);
            let documented = documented.unwrap_or_else(|| panic!("undocumented status: {at}"));
            if documented.is_empty() {
                assert_eq!(answer, Value::Null, "undocumented body: {at}");
            } else {
                let bodies: Vec<_> = documented.iter().cloned().map(comparable).collect();
                assert!(
                    bodies.contains(&comparable(answer)),
                    "undocumented body: {at}"
                );
            }
        }
    }
}

/// Which requests get which documented refusals; the text is the error code.
#[tokio::test]
async fn refusals_are_told_as_documented() {
    for operation in operations() {
        let (_, body) = &operation.requests[0];
        let body = body.to_string();
        let (method, path) = (&operation.method, &operation.path);
        let elsewhere = path.replace(repass_emulator::Fleet::PROJECT_ID, "another-project");
        let id = path.split('/').nth(4).unwrap();
        let no_instance = path.replace(id, "00000000-0000-4000-8000-000000000000");

        let emulator = http::start().await;
        let mut answers = vec![
            http::send_with(&emulator, method, path, &body, None).await,
            http::send_with(&emulator, method, path, &body, Some("another-token")).await,
            http::send(&emulator, method, &elsewhere, &body).await,
            http::send(&emulator, method, &no_instance, &body).await,
            http::send(&emulator, method, path, "").await,
            http::send(&emulator, method, path, "{").await,
            http::send(&emulator, method, path, "[]").await,
            http::send(
                &emulator,
                method,
                path,
                "{\"password\":1,\"new_password\":1}",
            )
            .await,
        ];
        if operation.file != "ddm" {
            answers.push(http::send(&emulator, method, &path.replace(id, "no-uuid"), &body).await);
        }
        for (status, answer) in answers {
            let documented = |(documented, example): &(u16, Value)| {
                let texts = ["error_code", "error_msg", "errCode", "externalMessage"];
                *documented == status
                    && texts
                        .iter()
                        .all(|text| example.get(text) == answer.get(text))
            };
            assert!(
                operation.refusals.iter().any(documented),
                "{} {}: {status} {answer} is no documented example",
                operation.file,
                operation.name
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_contract_is_not_published() {
    let emulator = http::start().await;
    for (method, path) in [
        ("get", "/".to_owned()),
        ("get", "/v2/p/instances/i/password".to_owned()),
        (
            "delete",
            http::path("v2", repass_emulator::Fleet::DMS_ID, "password"),
        ),
        (
            "post",
            http::path("v1.0", repass_emulator::Fleet::DMS_ID, "password"),
        ),
    ] {
        let (status, body) = http::send(&emulator, method, &path, "{}").await;
        assert_eq!(
            (status, &body["error_code"]),
            (404, &Value::from("APIGW.0101")),
            "{path}"
        );
    }
}
