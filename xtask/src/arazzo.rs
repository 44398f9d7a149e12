//! An Arazzo document: a workflow for each operation that sets a password, with what proves success,
//! what is a refusal, and what may be tried again. All of it follows from the contract.

use anyhow::{Context as _, Result};
use openapiv3::StatusCode;
use serde_json::{Map, Value, json};

use crate::rules::{
    self, Certainty, Outcome, PropertyOutcome, Retry, RetryClass, StatusOutcome, ValueOutcome,
};
use crate::spec::{Operation, Spec};

/// The document's name beside the files of the contract.
pub const FILE: &str = "passwords.arazzo.json";
/// How often a request may be sent again, and after how many seconds.
const RETRY_LIMIT: u32 = 2;
const RETRY_AFTER: u32 = 1;
/// The document for these files.
///
/// # Errors
/// An extension that breaks a house rule; an operation without an example of its request.
pub fn document(specs: &[Spec], version: &str) -> Result<Value> {
    let mut sources = Vec::new();
    let mut workflows = Vec::new();
    for spec in specs.iter().filter(|spec| spec.is_of_vendor()) {
        let operations = spec.operations().into_iter().filter(sets_password);
        let own: Result<Vec<_>> = operations.map(|one| workflow(spec, &one)).collect();
        let own = own.with_context(|| spec.file.clone())?;
        if !own.is_empty() {
            let url = format!("{}.yaml", spec.name);
            sources.push(json!({ "name": spec.name, "url": url, "type": "openapi" }));
        }
        workflows.extend(own);
    }
    Ok(json!({
        "arazzo": "1.0.1",
        "info": {
            "title": "Setting passwords",
            "version": version,
            "description": "Unofficial. A workflow for each operation that sets a password: it \
                succeeds only if the answer proves success. Arazzo cannot say all of the rule: \
                after a lost answer the outcome is unknown, and a success without a body is taken \
                for unknown where a body has to have an id.",
        },
        "sourceDescriptions": sources,
        "workflows": workflows,
    }))
}

/// Whether an operation is for those who are logged in, and sends something.
fn sets_password(operation: &Operation) -> bool {
    let operation = operation.operation;
    operation.request_body.is_some() && operation.security.is_none()
}

fn workflow(spec: &Spec, operation: &Operation) -> Result<Value> {
    let name = &operation.name;
    let missing = |what: &str| format!("{name} has no {what}");
    let mut inputs = Map::new();
    let token = json!({ "type": "string", "format": "password", "description": "The IAM token." });
    inputs.insert("token".to_owned(), token);
    let header = json!({ "in": "header", "name": "X-Auth-Token", "value": "$inputs.token" });
    let mut parameters = vec![header];
    for parameter in &operation.parameters {
        let data = parameter.parameter_data_ref();
        let value = format!("$inputs.{}", data.name);
        parameters.push(json!({ "in": "path", "name": data.name, "value": value }));
        let input = json!({ "type": "string", "description": data.description });
        inputs.insert(data.name.clone(), input);
    }

    // The texts of the first example are inputs. What else it has stays as it is.
    let payload = first_example(spec, operation).with_context(|| missing("example"))?;
    let mut payload = payload.clone();
    for (property, value) in &mut payload {
        if value.is_string() {
            *value = format!("$inputs.{property}").into();
            let schema = rules::request_properties(spec, operation);
            let schema = schema.and_then(|all| rules::property_keys(spec, all, property));
            inputs.insert(property.clone(), input(schema));
        }
    }

    let retry = operation.operation.extensions.get(rules::RETRY);
    let retry = retry.with_context(|| missing(rules::RETRY))?;
    let retry = Retry::parse(retry).map_err(anyhow::Error::msg)?;
    let outcomes = outcomes(spec, operation)?;
    let steps = json!([{
        "stepId": "send",
        "description": operation.operation.summary,
        "operationId": format!("$sourceDescriptions.{}.{name}", spec.name),
        "parameters": parameters,
        "requestBody": { "contentType": "application/json", "payload": payload },
        "successCriteria": success(spec, operation, &outcomes),
        "onSuccess": [{ "name": "done", "type": "end" }],
        "onFailure": failures(operation, class(&retry, &payload), &outcomes),
    }]);
    let required: Vec<_> = inputs.keys().cloned().collect();
    Ok(json!({
        "workflowId": format!("{}-{name}", spec.name),
        "summary": operation.operation.summary,
        "description": operation.operation.description,
        "inputs": { "type": "object", "required": required, "properties": inputs },
        "steps": steps,
    }))
}

/// The first example of the request body.
fn first_example<'a>(spec: &'a Spec, operation: &Operation<'a>) -> Option<&'a Map<String, Value>> {
    let body = spec.request_body(operation.operation.request_body.as_ref()?)?;
    let media = body.content.values().next()?;
    let example = media.examples.values().next()?.as_item()?;
    example.value.as_ref()?.as_object()
}

fn input(schema: Option<&Map<String, Value>>) -> Value {
    let keys = ["type", "format", "description"].into_iter();
    let keys = keys.filter_map(|key| Some((key.to_owned(), schema?.get(key)?.clone())));
    Value::Object(keys.collect())
}

/// The class of a request with this body.
fn class(retry: &Retry, payload: &Map<String, Value>) -> RetryClass {
    let unless = retry.unless.as_ref();
    let unless = unless.filter(|unless| payload.get(&unless.property) == Some(&unless.value));
    unless.map_or(retry.class, |unless| unless.class)
}

/// The statuses of success, and what each proves.
fn outcomes(spec: &Spec, operation: &Operation) -> Result<Vec<(u16, Outcome)>> {
    let responses = &operation.operation.responses.responses;
    let outcomes = responses.iter().filter_map(|(status, response)| {
        let StatusCode::Code(status @ 200..=299) = status else {
            return None;
        };
        let outcome = spec.response(response)?.extensions.get(rules::OUTCOME)?;
        let outcome = Outcome::parse(outcome).map_err(anyhow::Error::msg);
        Some(outcome.map(|outcome| (*status, outcome)))
    });
    outcomes.collect()
}

/// All of these hold after a success.
fn success(spec: &Spec, operation: &Operation, outcomes: &[(u16, Outcome)]) -> Vec<Value> {
    let statuses: Vec<_> = outcomes
        .iter()
        .map(|(status, _)| status_is(*status))
        .collect();
    let mut criteria = vec![json!({ "condition": statuses.join(" || ") })];
    let mut of_body = Vec::new();
    let mut properties = None;
    for (status, outcome) in outcomes {
        properties = rules::response_properties(spec, operation, &StatusCode::Code(*status));
        match outcome {
            Outcome::Property(PropertyOutcome { property, values }) => {
                let good = values.iter();
                let good = good.filter(|(_, one)| one.certainty != Certainty::Refused);
                let kind = properties.and_then(|all| rules::property_type(spec, all, property));
                let good: Vec<_> = good
                    .map(|(value, _)| value_is(property, kind, value))
                    .collect();
                criteria.push(json!({ "condition": good.join(" || ") }));
            }
            Outcome::Status(StatusOutcome { proof, .. }) => {
                let present = |name: &String| format!("(@.{name} != null && @.{name} != '')");
                let proofs: Vec<_> = proof.iter().flatten().map(present).collect();
                of_body.extend((!proofs.is_empty()).then(|| proofs.join(" || ")));
            }
        }
    }
    // An error beside a success, which only an answer with a body can have.
    if properties.is_some() {
        let errors = spec
            .document
            .pointer("/components/schemas/ErrorBody/properties");
        let errors = errors
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys);
        let errors = errors.filter(|name| name.starts_with("err") || *name == "externalMessage");
        let absent = errors.map(|name| format!("(!@.{name} || @.{name} == null)"));
        of_body.push(absent.collect::<Vec<_>>().join(" && "));
    }
    of_body.dedup();
    criteria.extend(of_body.into_iter().map(|condition| {
        let condition = format!("$[?{condition}]");
        json!({ "context": "$response.body", "type": "jsonpath", "condition": condition })
    }));
    criteria
}

/// The first of these that holds after a failure says what it was.
fn failures(operation: &Operation, class: RetryClass, outcomes: &[(u16, Outcome)]) -> Vec<Value> {
    let mut failures = Vec::new();
    let mut again = |name: &str, status: u16| {
        failures.push(json!({
            "name": name,
            "type": "retry",
            "retryAfter": RETRY_AFTER,
            "retryLimit": RETRY_LIMIT,
            "criteria": [{ "condition": status_is(status) }],
        }));
    };
    again("throttled", 429);
    if class >= RetryClass::Unavailable {
        again("unavailable", 503);
    }
    for (status, outcome) in outcomes {
        let Outcome::Property(PropertyOutcome { property, values }) = outcome else {
            continue;
        };
        let refusals = values.iter();
        let refusals = refusals.filter(|(_, one)| one.certainty == Certainty::Refused);
        for (value, ValueOutcome { kind, .. }) in refusals {
            let kind = kind.as_deref().unwrap_or("other");
            failures.push(json!({
                "name": format!("refused-{kind}"),
                "type": "end",
                "criteria": [
                    { "condition": status_is(*status) },
                    { "condition": value_is(property, None, value) },
                ],
            }));
        }
    }
    let statuses = operation.operation.responses.responses.keys();
    let refusals = statuses.filter_map(|status| match status {
        StatusCode::Code(code @ 400..=499) => Some(status_is(*code)),
        _ => None,
    });
    let refusals: Vec<_> = refusals.collect();
    failures.push(json!({
        "name": "refused",
        "type": "end",
        "criteria": [{ "condition": refusals.join(" || ") }],
    }));
    failures.push(json!({ "name": "unknown", "type": "end" }));
    failures
}

fn status_is(status: u16) -> String {
    format!("$statusCode == {status}")
}

fn value_is(property: &str, kind: Option<&str>, value: &str) -> String {
    match kind {
        Some("boolean") => format!("$response.body#/{property} == {value}"),
        _ => format!("$response.body#/{property} == '{value}'"),
    }
}
