//! The emulator holds what the contract promises: each operation of `openapi/`, with each documented
//! example, gets the documented status and body.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "reading the contract is part of the tests"
)]

mod http;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use openapiv3::{OpenAPI, Parameter, ReferenceOr, StatusCode};
use repass_emulator::{
    Account, Busy, Dcs, DcsResetDuringLock, DdmAdminSuccess, Emulator, Fault, FaultKind, Fleet,
    Instance, Kind, State,
};
use serde_json::Value;

/// The files of the services, which have much in common.
const SERVICES: &str = "ddm, dcs, dms";

const LOGIN: &str = "iam keystoneCreateUserTokenByPassword";
const PROJECTS: &str = "iam keystoneListProjects";
const VERSIONS: &str = "iam keystoneListVersions, iam keystoneShowVersion";

/// Whose it is (see [`applies`]), its name, and what it does to the first example request.
type Scenario = (&'static str, &'static str, fn(&mut Call));

const SCENARIOS: &[Scenario] = &[
    (SERVICES, "no token", |call| call.token = None),
    (SERVICES, "wrong token", |call| call.token = Some("another")),
    (SERVICES, "other project", |call| {
        call.path = call.path.replace(Fleet::PROJECT_ID, "another-project");
    }),
    (SERVICES, "no such instance", |call| {
        call.instance("00000000-0000-4000-8000-000000000000");
    }),
    ("ddm, dms", "instance of DCS", |call| {
        call.instance(Fleet::DCS_ID);
    }),
    ("dcs", "instance of DMS", |call| {
        call.instance(Fleet::DMS_ID);
    }),
    (SERVICES, "id is no UUID", |call| call.instance("no-uuid")),
    (SERVICES, "id is no UTF-8", |call| call.instance("%ff")),
    (SERVICES, "instance is stopped", |call| {
        call.each(|instance| instance.state = State::Stopped);
    }),
    (SERVICES, "a change runs", |call| call.busy(false)),
    (SERVICES, "a reset runs", |call| call.busy(true)),
    (SERVICES, "no body", |call| call.body("")),
    (SERVICES, "not JSON", |call| call.body("{")),
    (SERVICES, "array", |call| call.body("[]")),
    (SERVICES, "no members", |call| call.body("{}")),
    (SERVICES, "numbers", |call| {
        call.body(r#"{"password":1,"old_password":1,"new_password":1}"#);
    }),
    ("ddm", "12 MB and more", |call| {
        call.body(&" ".repeat((12 << 20) + 1));
    }),
    ("ddm resetUserPassword", "no such account", |call| {
        call.path = call.path.replace(Fleet::DDM_USERNAME, "nobody");
    }),
    ("ddm resetUserPassword", "bad password", |call| {
        call.body(r#"{"password":"short"}"#);
    }),
    ("ddm resetAdministrator", "bad password", |call| {
        call.body(r#"{"name":"root","password":"short"}"#);
    }),
    ("ddm resetAdministrator", "bad name", |call| {
        call.body(r#"{"name":"1root","password":"Admin-Example-2024"}"#);
    }),
    ("ddm resetAdministrator", "in a job", |call| {
        call.fleet.settings.ddm_admin_success = DdmAdminSuccess::Accepted;
    }),
    ("ddm resetAdministrator", "second name", |call| {
        for instance in &mut call.fleet.instances {
            if let Kind::Ddm(ddm) = &mut instance.kind {
                ddm.administrator = Some(Account {
                    username: "first".to_owned(),
                    password: "Admin-Example-2023".into(),
                });
            }
        }
    }),
    ("dcs updatePassword", "wrong old", |call| {
        call.body(r#"{"old_password":"Wrong","new_password":"Redis-Example-2024"}"#);
    }),
    ("dcs updatePassword", "locked", |call| {
        let end = SystemTime::now() + Duration::from_secs(3 * 60);
        call.redis(|dcs| dcs.locked_until = Some(end));
    }),
    ("dcs updatePassword", "password-free", |call| {
        call.redis(|dcs| dcs.password = None);
    }),
    ("dcs updatePassword", "bad password", |call| {
        call.body(r#"{"old_password":"Redis-Example-2023","new_password":"short"}"#);
    }),
    ("dcs resetPassword", "bad password", |call| {
        call.body(r#"{"new_password":"short"}"#);
    }),
    ("dcs resetPassword", "locked, and minds it", |call| {
        call.fleet.settings.dcs_reset_during_lock = DcsResetDuringLock::Refused;
        let end = SystemTime::now() + Duration::from_secs(3 * 60);
        call.redis(|dcs| dcs.locked_until = Some(end));
    }),
    ("dcs resetPassword", "free, password", |call| {
        call.body(r#"{"new_password":"Redis-Example-2024","no_password_access":true}"#);
    }),
    ("dcs resetPassword", "free is a text", |call| {
        call.body(r#"{"no_password_access":"yes"}"#);
    }),
    ("dms", "bad password", |call| {
        call.body(r#"{"new_password":"short"}"#);
    }),
    ("dms", "no SSL", |call| {
        call.instance(Fleet::DMS_WITHOUT_SSL_ID);
    }),
    ("emulator showInstance", "no such instance", |call| {
        call.path = call.path.replace(Fleet::DCS_ID, "another");
    }),
    ("emulator checkPassword", "no such instance", |call| {
        call.path = call.path.replace(Fleet::DCS_ID, "another");
    }),
    ("emulator checkPassword", "another password", |call| {
        call.body(r#"{"password":"Redis-Example-2024"}"#);
    }),
    ("emulator checkPassword", "no account", |call| {
        call.path = call.path.replace(Fleet::DCS_ID, Fleet::DDM_ID);
    }),
    ("emulator addFault", "nothing per second", |call| {
        call.body(r#"{"fault":"throttle"}"#);
    }),
    (PROJECTS, "no token", |call| call.token = None),
    (PROJECTS, "wrong token", |call| call.token = Some("another")),
    (LOGIN, "no token", |call| call.token = None),
    (LOGIN, "no body", |call| call.body("")),
    (LOGIN, "not JSON", |call| call.body("{")),
    (LOGIN, "array", |call| call.body("[]")),
    (LOGIN, "no members", |call| call.body("{}")),
    (LOGIN, "array within", |call| {
        call.replace(
            r#"{"name":"OTC00000000001000000001"}"#,
            r#"["OTC00000000001000000001"]"#,
        );
    }),
    (LOGIN, "another method", |call| {
        call.replace(r#"["password"]"#, r#"["totp"]"#);
    }),
    (LOGIN, "scope of nothing", |call| {
        call.replace(r#""name":"eu-de""#, "");
    }),
    (LOGIN, "wrong password", |call| {
        call.replace(Fleet::USER_PASSWORD, "Alice-Example-2023");
    }),
    (LOGIN, "wrong token", |call| {
        call.body(
            r#"{"auth":{"identity":{"methods":["token"],"token":{"id":"another"}},"scope":{"project":{"name":"eu-de"}}}}"#,
        );
    }),
    (LOGIN, "wrong user", |call| call.replace(Fleet::USER, "bob")),
    (LOGIN, "wrong domain", |call| {
        call.replace(Fleet::DOMAIN, "another-domain");
    }),
    (LOGIN, "other project", |call| {
        call.replace(Fleet::PROJECT_NAME, "eu-nl");
    }),
];

/// The documented answers that no scenario gets and no fault can give: whose, the status and the
/// example, and why.
const NOT_ANSWERED: &[(&str, &str, &str)] = &[
    (
        "emulator listRequests",
        "200 one",
        "nothing was requested before",
    ),
    ("emulator listFaults", "200 one", "another test lists them"),
    (
        "emulator advanceClock",
        "400 fault",
        "its sibling's affair; they share their refusals in the contract",
    ),
    (
        "emulator",
        "4XX request",
        "a generic one for mocks; each refusal has words of its own",
    ),
    (
        "emulator",
        "4XX mediaType",
        "another test sends another type",
    ),
    (
        "emulator",
        "5XX internal",
        "the control has nothing that fails",
    ),
    (
        VERSIONS,
        "400 parameter",
        "there are no faults for the versions",
    ),
    (
        VERSIONS,
        "404 noProject",
        "there are no faults for the versions",
    ),
    (
        VERSIONS,
        "429 throttled",
        "there are no faults for the versions",
    ),
    (
        VERSIONS,
        "503 unavailable",
        "there are no faults for the versions",
    ),
    (
        VERSIONS,
        "4XX gateway",
        "there are no faults for the versions",
    ),
    (
        VERSIONS,
        "5XX unavailable",
        "there are no faults for the versions",
    ),
];

/// Whether an operation is one of these: files, or files with operations.
fn applies(whose: &str, operation: &Operation) -> bool {
    let name = format!("{} ", operation.name);
    let mut each = whose.split(", ");
    each.any(|one| name.starts_with(&format!("{one} ")))
}

struct Operation {
    /// Its file and its id: `dms resetPassword`.
    name: String,
    method: String,
    /// With the example of each parameter in its place.
    path: String,
    requests: Vec<(String, Value)>,
    answers: Vec<Documented>,
}

/// An answer that is documented for an operation.
struct Documented {
    status: StatusCode,
    /// The status and the example: `429 throttled`, or `204` where there is no body.
    name: String,
    body: Value,
}

/// A request, and the fleet that it is sent to.
struct Call {
    fleet: Fleet,
    path: String,
    token: Option<&'static str>,
    body: String,
}

impl Call {
    fn body(&mut self, body: &str) {
        body.clone_into(&mut self.body);
    }

    /// Puts one text of the body in place of another that is there.
    fn replace(&mut self, from: &str, to: &str) {
        assert!(self.body.contains(from), "{from} in {}", self.body);
        self.body = self.body.replace(from, to);
    }

    fn instance(&mut self, id: &str) {
        let (before, after) = self.path.split_once("/instances/").unwrap();
        let (_, after) = after.split_once('/').unwrap();
        self.path = format!("{before}/instances/{id}/{after}");
    }

    fn each(&mut self, change: impl Fn(&mut Instance)) {
        self.fleet.instances.iter_mut().for_each(change);
    }

    fn busy(&mut self, is_reset: bool) {
        let until = SystemTime::now() + Duration::from_secs(60);
        self.each(|instance| instance.busy = Some(Busy { is_reset, until }));
    }

    fn redis(&mut self, change: impl Fn(&mut Dcs)) {
        for instance in &mut self.fleet.instances {
            if let Kind::Dcs(dcs) = &mut instance.kind {
                change(dcs);
            }
        }
    }
}

/// The files of `openapi/`: their names without `.yaml`, and paths.
fn files() -> BTreeMap<String, std::path::PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi");
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let yaml = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    let files: BTreeMap<_, _> = yaml
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    assert!(!files.is_empty(), "there is no contract");
    files
}

fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (file, path) in files() {
        let api: OpenAPI = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let components = api.components.as_ref().unwrap();
        for (template, item) in &api.paths.paths {
            let item = item.as_item().unwrap();
            for (method, operation) in item.iter() {
                let mut path = template.clone();
                for parameter in item.parameters.iter().chain(&operation.parameters) {
                    let ReferenceOr::Reference { reference } = parameter else {
                        panic!("parameters are shared")
                    };
                    let parameter = &components.parameters[reference.rsplit('/').next().unwrap()];
                    add(parameter.as_item().unwrap(), &mut path);
                }
                let requests = match &operation.request_body {
                    Some(body) => {
                        let body = body.as_item().unwrap();
                        body.content.values().flat_map(examples).collect()
                    }
                    None => vec![("without body".to_owned(), Value::Null)],
                };
                let mut answers = Vec::new();
                for (status, response) in &operation.responses.responses {
                    let response = match response {
                        ReferenceOr::Item(response) => response,
                        ReferenceOr::Reference { reference } => {
                            let name = reference.rsplit('/').next().unwrap();
                            components.responses[name].as_item().unwrap()
                        }
                    };
                    let shown = status.to_string();
                    let documented = |name, body| Documented {
                        status: status.clone(),
                        name,
                        body,
                    };
                    if response.content.is_empty() {
                        answers.push(documented(shown.clone(), Value::Null));
                    }
                    for (example, body) in response.content.values().flat_map(examples) {
                        answers.push(documented(format!("{shown} {example}"), body));
                    }
                }
                operations.push(Operation {
                    name: format!("{file} {}", operation.operation_id.as_ref().unwrap()),
                    method: method.to_owned(),
                    path,
                    requests,
                    answers,
                });
            }
        }
    }
    operations
}

/// Adds the example of a parameter to a path.
fn add(parameter: &Parameter, path: &mut String) {
    let data = parameter.parameter_data_ref();
    let example = match data.example.as_ref().unwrap() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match parameter {
        Parameter::Path { .. } => *path = path.replace(&format!("{{{}}}", data.name), &example),
        Parameter::Query { .. } => {
            let separator = if path.contains('?') { '&' } else { '?' };
            *path += &format!("{separator}{}={example}", data.name);
        }
        other => panic!("no parameter stands there: {other:?}"),
    }
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

/// A body without what differs from call to call.
fn comparable(mut body: Value) -> Value {
    const DIFFERENT: [&str; 8] = [
        "href",
        "instance_id",
        "job_id",
        "request_id",
        "expires_at",
        "issued_at",
        "self",
        "now",
    ];
    match &mut body {
        Value::Object(members) => {
            // The example of the answer is one for a password, and others ask with a token.
            if members.contains_key("expires_at") {
                members.remove("methods");
                // The example has one, and the request says that it wants none.
                members.remove("catalog");
            }
            for (name, value) in members {
                if DIFFERENT.contains(&name.as_str()) {
                    let is_text = value.as_str().is_some_and(|text| !text.is_empty());
                    assert!(is_text, "{name} is a text");
                    *value = Value::from("…");
                }
                *value = comparable(value.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = comparable(item.take());
            }
        }
        _ => {}
    }
    body
}

/// The documented example that an answer to this operation equals.
fn documented<'a>(operation: &'a Operation, status: u16, body: &Value) -> Option<&'a Documented> {
    let of = |wanted: StatusCode| {
        let answers = operation.answers.iter();
        let answers: Vec<_> = answers.filter(|answer| answer.status == wanted).collect();
        (!answers.is_empty()).then_some(answers)
    };
    // A range is about the codes that have no answers of their own.
    let answers = of(StatusCode::Code(status)).or_else(|| of(StatusCode::Range(status / 100)))?;
    let body = comparable(body.clone());
    let mut answers = answers.into_iter();
    answers.find(|answer| comparable(answer.body.clone()) == body)
}

/// What a call comes to: its status, the fields that a client tells it by, and the example.
async fn answer<'a>(operation: &'a Operation, what: &str, call: Call) -> (String, &'a Documented) {
    // A new emulator each: a change makes its own example's old password the wrong one.
    let emulator = Emulator::start(call.fleet).await.unwrap();
    let method = &operation.method;
    let (status, body) =
        http::send_with(&emulator, method, &call.path, &call.body, call.token).await;
    let name = &operation.name;
    let Some(documented) = documented(operation, status, &body) else {
        panic!("{name}, {what}: {status} {body} is no documented example")
    };
    let mut told = String::new();
    for field in ["errCode", "error_code", "result", "code"] {
        if let Some(value) = body.get(field) {
            told += &format!(" {field} {}", value.as_str().unwrap());
        }
    }
    if let Some(title) = body.pointer("/error/title") {
        told += &format!(" error {}", title.as_str().unwrap());
    }
    if body.get("request_id").is_some() {
        told += " request_id";
    }
    let example = &documented.name;
    (
        format!("{name:23} | {what:16} | {status}{told} | {example}"),
        documented,
    )
}

/// The answers to every example request and in every scenario.
async fn answers(operations: &[Operation]) -> Vec<(&Operation, String, &Documented)> {
    let mut answers = Vec::new();
    for operation in operations {
        let call = |body: &Value| Call {
            fleet: Fleet::built_in(),
            path: operation.path.clone(),
            token: Some(Fleet::TOKEN),
            body: if body.is_null() {
                String::new()
            } else {
                // A token that the contract made up is not one of the fleet's.
                body.to_string().replace("MIIDexample", Fleet::TOKEN)
            },
        };
        let (_, first) = operation.requests.first().unwrap();
        for (example, body) in &operation.requests {
            let what = format!("example {example}");
            let (line, documented) = answer(operation, &what, call(body)).await;
            let success = matches!(documented.status, StatusCode::Code(200..=300));
            assert!(success, "no success: {line}");
            answers.push((operation, line, documented));
        }
        for (whose, what, change) in SCENARIOS {
            if applies(whose, operation) {
                let mut call = call(first);
                change(&mut call);
                let (line, documented) = answer(operation, what, call).await;
                answers.push((operation, line, documented));
            }
        }
    }
    answers
}

/// The fault that gives a documented failure: its status, code and message.
fn fault(documented: &Documented) -> Option<Fault> {
    let body = &documented.body;
    let in_body = body.pointer("/error/code").and_then(Value::as_u64);
    let status = match (&documented.status, in_body) {
        (StatusCode::Code(status), _) => u64::from(*status),
        // Of a class, one that has no answers of its own.
        (StatusCode::Range(_), Some(status)) => status,
        (StatusCode::Range(4), None) => 405,
        (StatusCode::Range(class), None) => u64::from(100 * class + 4),
    };
    let text = |field: &str| Some(body.pointer(field)?.as_str()?.to_owned());
    let code = text("/error_code").or_else(|| text("/errCode"));
    let message = text("/error_msg").or_else(|| text("/externalMessage"));
    let message = message.or_else(|| text("/error/message"));
    (status >= 400).then(|| {
        let mut fault = Fault::new(FaultKind::Error);
        (fault.status, fault.code, fault.message) = (Some(status), code, message);
        fault
    })
}

/// Each operation has a route, and each scenario its status, its code and its dialect: a service's
/// own, or the gateway's with a request id. Bodies equal the examples in the last column.
#[tokio::test]
async fn every_scenario_gets_its_documented_answer() {
    let operations = operations();
    let answers = answers(&operations).await;
    let lines: Vec<_> = answers.into_iter().map(|(_, line, _)| line).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn every_documented_answer_is_given_or_listed() {
    let operations = operations();
    let answers = answers(&operations).await;
    let reached: BTreeSet<_> = (answers.iter())
        .map(|(operation, _, documented)| (&operation.name, &documented.name))
        .collect();
    for operation in &operations {
        for documented in &operation.answers {
            let listed = |(whose, answer, _): &&(&str, &str, &str)| {
                *answer == documented.name && applies(whose, operation)
            };
            let listed = NOT_ANSWERED.iter().filter(listed).count();
            let mut given = reached.contains(&(&operation.name, &documented.name));
            if !given
                && !applies("emulator", operation)
                && !applies(VERSIONS, operation)
                && let Some(fault) = fault(documented)
            {
                let mut fleet = Fleet::built_in();
                fleet.faults.push(fault);
                let emulator = Emulator::start(fleet).await.unwrap();
                let (method, path) = (&operation.method, &operation.path);
                let (_, body) = http::send(&emulator, method, path, "{}").await;
                let expected = comparable(documented.body.clone());
                assert_eq!(comparable(body), expected, "{}", operation.name);
                given = true;
            }
            assert_eq!(
                (given, listed),
                (given, usize::from(!given)),
                "{} {}: given or listed, once",
                operation.name,
                documented.name
            );
        }
    }
    for (whose, answer, why) in NOT_ANSWERED {
        for one in whose.split(", ") {
            let mut found = operations
                .iter()
                .filter(|operation| applies(one, operation));
            let first = found.next();
            let has = |operation: &Operation| {
                let mut answers = operation.answers.iter();
                answers.any(|documented| documented.name == *answer)
            };
            assert!(
                first.is_some_and(has) && found.all(has),
                "{one} has no {answer} ({why})"
            );
        }
    }
    // A scenario of nobody would test nothing.
    for (whose, what, _) in SCENARIOS {
        for one in whose.split(", ") {
            assert!(
                operations.iter().any(|operation| applies(one, operation)),
                "{one}: {what}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_contract_is_not_published() {
    let emulator = http::start().await;
    for (method, path) in [
        ("get", "/v2/p/instances/i/password".to_owned()),
        ("get", "/_emulatorx/instances".to_owned()),
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
