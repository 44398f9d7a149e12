//! The control: what tests and people ask and tell the emulator, below a path that no service uses.

use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use repass_client::ErrorBody;
use repass_client::emulator::types::{ClockAdvance, PasswordCheck};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::body;
use crate::fault::{Fault, MOST};
use crate::fleet::{self, Kind};
use crate::gateway::{self, Gateway};
use crate::page;
use crate::state::{Received, Shared};

/// The beginning of every path here.
pub(crate) const PREFIX: &str = "/_emulator";

/// The longest message of a refusal, in bytes.
const LONGEST_MESSAGE: usize = 16 << 10;

/// How many instances are listed unless told otherwise, and at most.
const LIMIT: (usize, usize) = (100, 1000);

/// A refusal in words for the person who writes the test.
#[derive(Debug)]
pub(crate) struct Refusal(StatusCode, String);

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self(status, message.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let Self(status, mut message) = self;
        // A name from the request may be repeated in it.
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        let mut body = ErrorBody::default();
        body.error_code = Some(format!("EMULATOR.{}", status.as_u16()));
        body.error_msg = Some(message);
        Answer::json(status, &body).into_response()
    }
}

/// Refuses a body that could not be read.
pub(crate) fn not_read(Gateway(refusal): Gateway) -> Refusal {
    match refusal.status {
        503 => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, refusal.message),
        _ => Refusal::new(
            StatusCode::BAD_REQUEST,
            "the body is too large or incomplete",
        ),
    }
}

/// A JSON body that says so: a web page cannot send one to another place unasked.
struct Json<T>(T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Refusal> {
        if gateway::is_json(request.headers()) != Some(true) {
            let message = "the body is no JSON by its Content-Type; send application/json";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let bad = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, message);
        let body = body::whole(request.into_body()).await;
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(bad("the body is no JSON object"));
        }
        // A secret's own error repeats nothing of it.
        let value = serde_json::from_slice(&body).map_err(|error| {
            let message = "the body is not what openapi/emulator.yaml describes";
            Refusal::new(StatusCode::BAD_REQUEST, format!("{message}: {error}"))
        });
        Ok(Self(value?))
    }
}

pub(crate) fn routes() -> Router<Shared> {
    let not_found = || async { Refusal::new(StatusCode::NOT_FOUND, "there is no such path") };
    let no_method =
        || async { Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "the path has other methods") };
    Router::new()
        .route("/instances", get(list_instances))
        .route("/instances/{instance_id}", get(show_instance))
        .route(
            "/instances/{instance_id}/password-check",
            post(check_password),
        )
        .route("/requests", get(list_requests))
        .route(
            "/faults",
            get(list_faults).post(add_fault).delete(remove_faults),
        )
        .route("/clock", get(show_clock).post(advance_clock))
        .nest("/page", page::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(no_method)
}

#[derive(Serialize)]
struct InstanceList {
    count: usize,
    instances: Vec<Instance>,
}

/// The state of an instance, and none of its passwords.
#[derive(Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub(crate) struct Instance {
    id: String,
    service: &'static str,
    project_id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_free: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tries_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_minutes_left: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssl: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accounts: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator: Option<String>,
}

impl Instance {
    pub(crate) fn at(instance: &mut fleet::Instance, now: SystemTime) -> Self {
        let mut shown = Self {
            id: instance.id.clone(),
            project_id: instance.project_id.clone(),
            state: match (instance.state, instance.busy_at(now)) {
                (fleet::State::Stopped, _) => "stopped",
                (fleet::State::Running, Some(_)) => "busy",
                (fleet::State::Running, None) => "running",
            },
            changed_at: instance.changed_at.map(written),
            ..Self::default()
        };
        match &mut instance.kind {
            Kind::Ddm(ddm) => {
                let names = ddm.accounts.iter().map(|account| account.username.clone());
                shown.service = "ddm";
                shown.accounts = Some(names.collect());
                let administrator = ddm.administrator.as_ref();
                shown.administrator = administrator.map(|account| account.username.clone());
            }
            Kind::Dcs(dcs) => {
                let minutes_left = dcs.minutes_left(now);
                shown.service = "dcs";
                shown.password_free = Some(dcs.password.is_none());
                shown.tries_left = Some(dcs.tries_left());
                shown.lock_minutes_left = minutes_left.map(|left| left as u64);
            }
            Kind::Dms(dms) => {
                shown.service = "dms";
                shown.ssl = Some(dms.ssl);
            }
        }
        shown
    }
}

/// As texts, so that a wrong one is refused in our own words.
#[derive(Deserialize)]
struct Which {
    limit: Option<String>,
    marker: Option<String>,
}

async fn list_instances(
    State(shared): State<Shared>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Answer, Refusal> {
    let bad = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, message);
    let Query(Which { limit, marker }) = which.map_err(|_| bad("the query cannot be read"))?;
    let (usual, most) = LIMIT;
    let limit = match limit.map(|limit| limit.parse()) {
        None => usual,
        Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
        Some(_) => return Err(bad("limit is no number from 1 to 1000")),
    };
    let now = shared.now();
    let is_before = |id: &str| marker.as_ref().is_some_and(|marker| id <= marker.as_str());
    let listed = shared.instances_from(is_before).take(limit);
    let body = InstanceList {
        count: shared.instance_count(),
        instances: listed.map(|mut one| Instance::at(&mut one, now)).collect(),
    };
    Ok(Answer::json(StatusCode::OK, &body))
}

fn no_instance() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "there is no such instance")
}

async fn show_instance(
    State(shared): State<Shared>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Answer, Refusal> {
    let Path(id) = id.map_err(|_| no_instance())?;
    let now = shared.now();
    let mut instance = shared.instance(&id).ok_or_else(no_instance)?;
    let shown = Instance::at(&mut instance, now);
    Ok(Answer::json(StatusCode::OK, &shown))
}

#[derive(Serialize)]
struct Verdict {
    is_current: bool,
}

async fn check_password(
    State(shared): State<Shared>,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
    Json(check): Json<PasswordCheck>,
) -> Result<Answer, Refusal> {
    let Path(id) = id.map_err(|_| no_instance())?;
    let instance = shared.instance(&id).ok_or_else(no_instance)?;
    let account = check.account.as_deref();
    let misplaced = match (&instance.kind, account) {
        (Kind::Ddm(_), None) => Some("account is missing; give one, or the administrator"),
        (Kind::Dcs(_) | Kind::Dms(_), Some(_)) => {
            Some("account does not belong to an instance of this service; leave it out")
        }
        _ => None,
    };
    if let Some(message) = misplaced {
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    let current = instance.password(account);
    if account.is_some() && current.is_none() {
        let message = "there is no such account";
        return Err(Refusal::new(StatusCode::NOT_FOUND, message));
    }
    let is_current = current.is_some_and(|one| one.expose() == check.password.expose());
    Ok(Answer::json(StatusCode::OK, &Verdict { is_current }))
}

#[derive(Serialize)]
struct RequestList {
    requests: Vec<Received>,
}

async fn list_requests(State(shared): State<Shared>) -> Answer {
    let requests = shared.received();
    Answer::json(StatusCode::OK, &RequestList { requests })
}

#[derive(Serialize)]
struct FaultList<'a> {
    faults: Vec<ActiveFault<'a>>,
}

#[derive(Serialize)]
struct ActiveFault<'a> {
    fault_id: u64,
    hits: u64,
    fault: &'a Fault,
}

async fn list_faults(State(shared): State<Shared>) -> Answer {
    let faults = shared.faults();
    let faults = faults.active().iter().map(|active| ActiveFault {
        fault_id: active.id,
        hits: active.hits,
        fault: &active.fault,
    });
    let faults = faults.collect();
    Answer::json(StatusCode::OK, &FaultList { faults })
}

#[derive(Serialize)]
struct FaultAdded {
    fault_id: u64,
}

async fn add_fault(
    State(shared): State<Shared>,
    Json(fault): Json<Fault>,
) -> Result<Answer, Refusal> {
    let service_of = |id: &str| Some(shared.instance(id)?.service());
    let problems: Vec<_> = (fault.problems(service_of).into_iter())
        .map(|(field, problem, next)| format!("{field} {problem}; {next}"))
        .collect();
    if !problems.is_empty() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, problems.join(". ")));
    }
    let fault_id = shared.faults().add(fault).ok_or_else(|| {
        let message = format!("there are {MOST} faults; remove some before you add another");
        Refusal::new(StatusCode::CONFLICT, message)
    })?;
    Ok(Answer::json(StatusCode::CREATED, &FaultAdded { fault_id }))
}

#[derive(Deserialize)]
struct WhichFault {
    fault_id: Option<String>,
}

async fn remove_faults(
    State(shared): State<Shared>,
    which: Result<Query<WhichFault>, axum::extract::rejection::QueryRejection>,
) -> Result<Answer, Refusal> {
    let bad = || Refusal::new(StatusCode::BAD_REQUEST, "fault_id is no number");
    let Query(WhichFault { fault_id }) = which.map_err(|_| bad())?;
    // As the contract has it: from 1 to the largest integer of 64 bits with a sign.
    let fault_id = fault_id.map(|id| id.parse::<i64>().ok().filter(|id| *id > 0));
    let fault_id = fault_id.map(|id| id.ok_or_else(bad)).transpose()?;
    shared.faults().remove(fault_id.map(i64::unsigned_abs));
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

#[derive(Serialize)]
struct Clock {
    now: String,
}

async fn show_clock(State(shared): State<Shared>) -> Answer {
    let now = written(shared.now());
    Answer::json(StatusCode::OK, &Clock { now })
}

async fn advance_clock(
    State(shared): State<Shared>,
    Json(advance): Json<ClockAdvance>,
) -> Result<Answer, Refusal> {
    let Ok(seconds) = u64::try_from(advance.seconds) else {
        let message = "seconds is less than 0; the clock never goes back";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    };
    shared.clock().advance(Duration::from_secs(seconds));
    shared.catch_up().await;
    Ok(show_clock(State(shared)).await)
}

fn written(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
