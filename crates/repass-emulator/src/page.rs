//! The page at `/`: the fleet for people to look at, and the contract to try out on it.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use repass_client::Secret;
use serde::{Deserialize, Serialize};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

use crate::answer::Answer;
use crate::control::{self, Refusal};
use crate::fault::{Fault, shorten};
use crate::fleet::{Fleet, Kind};
use crate::state::{Received, Shared};

/// What goes with every answer of the page and the control. Nothing is loaded from another place,
/// no other page may hold this one, and the next emulator on this port has its own state and page.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        // The console's stylesheet has its arrows as `data:`.
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The contract by its files, which name the vendor's hosts.
const CONTRACT: [(&str, &str); 5] = [
    ("ddm.yaml", include_str!("../../../openapi/ddm.yaml")),
    ("dcs.yaml", include_str!("../../../openapi/dcs.yaml")),
    ("dms.yaml", include_str!("../../../openapi/dms.yaml")),
    ("iam.yaml", include_str!("../../../openapi/iam.yaml")),
    (
        "emulator.yaml",
        include_str!("../../../openapi/emulator.yaml"),
    ),
];

/// Adds what a browser has to know of an answer of the page or the control.
pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

pub(crate) async fn index() -> impl IntoResponse {
    of("text/html; charset=utf-8", include_str!("page/index.html"))
}

/// What the page loads, and it alone.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/style.css",
            get(|| async { of("text/css", include_str!("page/style.css")) }),
        )
        .route(
            "/page.js",
            get(|| async { of("text/javascript", include_str!("page/page.js")) }),
        )
        .route(
            "/icon.svg",
            get(|| async { of("image/svg+xml", include_str!("page/icon.svg")) }),
        )
        .route(
            "/swagger-ui.css",
            get(|| async { of_console("text/css", "/dist/swagger-ui.css") }),
        )
        .route(
            "/swagger-ui-bundle.js",
            get(|| async { of_console("text/javascript", "/dist/swagger-ui-bundle.js") }),
        )
        .route("/state", get(state))
        .route("/token", get(token))
        .route("/contract/{file}", get(contract))
}

fn of(kind: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], content)
}

/// A file of Swagger UI. Every browser takes gzip.
fn of_console(kind: &'static str, path: &str) -> Result<impl IntoResponse + use<>, Refusal> {
    let packed = gzip(SWAGGER_UI_VENDORED, path);
    let packed = packed
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "the console has no such file"))?;
    Ok(([(header::CONTENT_ENCODING, "gzip")], of(kind, packed)))
}

/// The file of a zip archive whose path ends so, as gzip. Both hold the same compressed data with the
/// same checksum, so nothing is unpacked.
fn gzip(archive: &[u8], path: &str) -> Option<Vec<u8>> {
    const END: &[u8] = b"PK\x05\x06";
    const DEFLATED: usize = 8;
    let bytes = |at: usize, length: usize| archive.get(at..at.checked_add(length)?);
    let number = |at: usize, length: usize| {
        let bytes = bytes(at, length)?.iter().rev();
        Some(bytes.fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    // The end tells where the list of the files begins, and an entry of it where its file does.
    let end = archive
        .windows(END.len())
        .rposition(|window| window == END)?;
    let count = number(end + 10, 2)?;
    let mut entry = number(end + 16, 4)?;
    for _ in 0..count {
        let name_length = number(entry + 28, 2)?;
        let name = bytes(entry + 46, name_length)?;
        if name.ends_with(path.as_bytes()) && number(entry + 10, 2)? == DEFLATED {
            let file = number(entry + 42, 4)?;
            let data = file + 30 + number(file + 26, 2)? + number(file + 28, 2)?;
            let head: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
            let data = bytes(data, number(entry + 20, 4)?)?;
            let (checksum, length) = (bytes(entry + 16, 4)?, bytes(entry + 24, 4)?);
            return Some([head, data, checksum, length].concat());
        }
        entry += 46 + name_length + number(entry + 30, 2)? + number(entry + 32, 2)?;
    }
    None
}

/// The number of instances, faults and requests that the page shows, and of an instance's accounts.
const SHOWN: Shown = Shown {
    instances: 100,
    faults: 50,
    requests: 50,
    accounts: 10,
};
/// The longest text that the page shows, in bytes.
const LONGEST_TEXT: usize = 200;

struct Shown {
    instances: usize,
    faults: usize,
    requests: usize,
    accounts: usize,
}

/// All that the page shows of the emulator. It asks for this each second, so it is short, however
/// much there is.
#[derive(Serialize)]
struct Overview {
    instance_count: usize,
    instances: Vec<control::Instance>,
    fault_count: usize,
    faults: Vec<ActiveFault>,
    request_count: usize,
    requests: Vec<Received>,
}

#[derive(Serialize)]
struct ActiveFault {
    fault_id: u64,
    hits: u64,
    fault: Fault,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    prefix: String,
}

/// The instances whose ids begin with a prefix, the faults, and the last requests, the newest first.
async fn state(
    State(shared): State<Shared>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Answer, Refusal> {
    let bad = |_| Refusal::new(StatusCode::BAD_REQUEST, "the query cannot be read");
    let Query(Filter { prefix }) = filter.map_err(bad)?;
    let now = shared.now();
    let from = shared.instances_from(|id| *id < *prefix);
    let matching = from.take_while(|instance| instance.id.starts_with(&prefix));
    let instances = matching.take(SHOWN.instances).map(|mut instance| {
        let mut shown = control::Instance::at(&mut instance, now);
        if let Some(accounts) = &mut shown.accounts {
            let more = accounts.len().saturating_sub(SHOWN.accounts);
            accounts.truncate(SHOWN.accounts);
            accounts.extend((more > 0).then(|| format!("{more} more")));
        }
        shown
    });
    let instances = instances.collect();
    let (fault_count, faults) = {
        let faults = shared.faults();
        let active = faults.active();
        let shown = active.iter().take(SHOWN.faults).map(|active| ActiveFault {
            fault_id: active.id,
            hits: active.hits,
            fault: active.fault.with_short_texts(LONGEST_TEXT),
        });
        (active.len(), shown.collect())
    };
    let (request_count, mut requests) = shared.last_received(SHOWN.requests);
    for request in &mut requests {
        shorten(&mut request.path, LONGEST_TEXT);
    }
    requests.reverse();
    let overview = Overview {
        instance_count: shared.instance_count(),
        instances,
        fault_count,
        faults,
        request_count,
        requests,
    };
    Ok(Answer::json(StatusCode::OK, &overview))
}

#[derive(Serialize)]
struct Token {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Secret>,
}

/// What opens the first project, for the console.
async fn token(State(shared): State<Shared>) -> Answer {
    let project = shared.fleet().projects.first();
    let token = project.and_then(|project| project.token.clone());
    Answer::json(StatusCode::OK, &Token { token })
}

/// A file of the contract with this emulator as its server, and with the first project and instances
/// of this fleet as its examples.
async fn contract(
    State(shared): State<Shared>,
    Path(file): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let mut files = CONTRACT.into_iter();
    let (_, yaml) = files
        .find(|(name, _)| *name == file)
        .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "the contract has no such file"))?;
    let mut yaml = of_this_server(yaml);
    for (example, own) in own_examples(&shared) {
        // An id of digits alone would be a number.
        let (bare, quoted) = (format!(": {example}\n"), format!(": \"{own}\"\n"));
        yaml = yaml.replace(&bare, &quoted).replace(example, &own);
    }
    Ok(of("application/yaml", yaml))
}

/// The file with `servers` that are wherever it was loaded from.
fn of_this_server(yaml: &str) -> String {
    let mut is_servers = false;
    let mut own = String::new();
    for line in yaml.lines() {
        let begins_section = line.starts_with(|first: char| first.is_ascii_alphabetic());
        if begins_section {
            is_servers = line == "servers:";
            if is_servers {
                own += "servers:\n  - url: /\n    description: This emulator\n\n";
            }
        }
        if !is_servers {
            own += line;
            own.push('\n');
        }
    }
    own
}

/// What stands in the contract's examples, and what this fleet has there.
fn own_examples(shared: &Shared) -> Vec<(&'static str, String)> {
    let Some(project) = shared.fleet().projects.first() else {
        return Vec::new();
    };
    let first = |wanted: fn(&Kind) -> bool| {
        let mut all = shared.instances_from(|_| false);
        let first = all.find(|one| one.project_id == project.id && wanted(&one.kind));
        first.map(|one| one.clone())
    };
    let ddm = first(|kind| matches!(kind, Kind::Ddm(_)));
    let dcs = first(|kind| matches!(kind, Kind::Dcs(_)));
    let dms = first(|kind| matches!(kind, Kind::Dms(dms) if dms.ssl));
    let account = ddm.as_ref().and_then(|one| match &one.kind {
        Kind::Ddm(ddm) => ddm.accounts.first().map(|account| account.username.clone()),
        _ => None,
    });
    let examples = [
        (Fleet::PROJECT_ID, Some(project.id.clone())),
        (Fleet::DDM_ID, ddm.map(|one| one.id)),
        (Fleet::DDM_USERNAME, account),
        (Fleet::DCS_ID, dcs.map(|one| one.id)),
        (Fleet::DMS_ID, dms.map(|one| one.id)),
    ];
    // One that means something between the quotes of YAML is left to whoever tries it out.
    let is_plain = |own: &String| {
        let mut bytes = own.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let own = |(example, own): (_, Option<String>)| Some((example, own.filter(is_plain)?));
    examples.into_iter().filter_map(own).collect()
}
