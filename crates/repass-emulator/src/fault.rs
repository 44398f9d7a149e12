//! Failures on request: what goes wrong, for which requests, and how often.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderName, HeaderValue, header};
use repass_client::Service;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::instances::Fate;

/// The operations that a fault can be about: the service, and the id that the contract gives it.
pub(crate) const OPERATIONS: [Operation; 7] = [
    operation("ddm", "resetUserPassword"),
    operation("ddm", "resetAdministrator"),
    operation("dcs", "updatePassword"),
    operation("dcs", "resetPassword"),
    operation("dms", "resetPassword"),
    LOGIN,
    operation("iam", "keystoneListProjects"),
];

/// The one that takes no token: it gives one.
pub(crate) const LOGIN: Operation = operation("iam", "keystoneCreateUserTokenByPassword");

/// How many faults there may be at a time; each request goes through all of them.
pub(crate) const MOST: usize = 1000;

/// The number of headers in a copy for people to look at.
const SHOWN_HEADERS: usize = 5;

/// The longest latency; nobody waits longer for an answer.
const LONGEST: u64 = 600_000;

/// The longest texts of a fault, in bytes. Faults are kept and listed, so 1000 of them have to be
/// small.
const LONGEST_CODE: usize = 128;
const LONGEST_MESSAGE: usize = 4096;
const LONGEST_BODY: usize = 16 << 10;
const LONGEST_HEADERS: usize = 8 << 10;

/// The headers that an answer cannot be given: the HTTP library writes them.
const CONNECTION_HEADERS: [HeaderName; 3] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

/// The longest delay of a change, in seconds: a year.
const LONGEST_DELAY: u64 = 31_536_000;

/// The largest integer of 64 bits with a sign, which the contract of the control has.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// An operation of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) service: &'static str,
    pub(crate) id: &'static str,
}

pub(crate) const fn operation(service: &'static str, id: &'static str) -> Operation {
    Operation { service, id }
}

/// What may stand in [`Fault::operation`], which may be null.
fn operations() -> Vec<Option<&'static str>> {
    let mut ids: Vec<_> = OPERATIONS.iter().map(|one| Some(one.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.push(None);
    ids
}

/// Something that goes wrong, for the requests that it is about: all of them, or those of a
/// service, an operation, an instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// What goes wrong.
    pub fault: FaultKind,
    /// Whether an `error`, an `answer`, a `cut` or an `html` page comes before the request is carried out, and
    /// so in its place, or after, once it has changed something; and where a `latency` waits.
    #[serde(default)]
    pub when: When,
    /// `latency`: how long a request waits before it is carried out, or its answer after, in
    /// milliseconds, 600,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 600_000))]
    pub milliseconds: Option<u64>,
    /// `throttle`: how many requests get through in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = LARGEST))]
    pub per_second: Option<u64>,
    /// `error` and `html`: the status, from 400 to 599; by default the one that the contract has for
    /// the code, and 502. `answer`: any status from 200 to 599.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 200, max = 599))]
    pub status: Option<u64>,
    /// `error`: the code; that of the service's internal errors unless told otherwise. `APIGW.…`
    /// and `APIG.…` come from the gateway; IAM has no others. 128 bytes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `error`: the message, 4096 bytes at most; by default the one that the contract has for the
    /// code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `answer`: the headers. Those about the length of the body and the connection cannot be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// `answer`: the body, 16,384 bytes at most; JSON unless the headers have another content type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `late` and `rollback`: after how many seconds of the emulator's clock the change is applied
    /// or undone, 31,536,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 31_536_000))]
    pub seconds: Option<u64>,
    /// Only requests to this service: `ddm`, `dcs`, `dms` or `iam`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["ddm", "dcs", "dms", "iam", null]))]
    pub service: Option<String>,
    /// Only requests for this operation, by the id that the contract gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = operations()))]
    pub operation: Option<String>,
    /// Only requests about this instance of the fleet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// How many requests it hits, then it is over; every one unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = LARGEST))]
    pub count: Option<u64>,
    /// Which share of the requests it hits, in percent; the seed decides which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub percent: Option<u64>,
    /// What chance begins with for a share; it follows from the fleet's seed and the number of the
    /// fault unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = LARGEST))]
    pub seed: Option<u64>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The request waits before it is carried out, or its answer after.
    Latency,
    /// Only so many requests get through in a second; the others get a 429.
    Throttle,
    /// An error of the service.
    #[default]
    Error,
    /// The connection is cut instead of an answer.
    Cut,
    /// The request is carried out, and the connection is cut amid the body of the answer, or before
    /// it if there is no body.
    Truncate,
    /// A page of HTML from a gateway.
    Html,
    /// A 401: the token has ended. Only requests with one.
    ExpiredToken,
    /// An answer of any status, with any headers and body.
    Answer,
    /// The change is applied after some seconds. Its answer is lost, unless another fault gives one.
    Late,
    /// The change is applied, and undone after some seconds, unless the same password was set again
    /// by then. It is answered as always, unless another fault prevents that.
    Rollback,
}

/// Whether something happens before a request is carried out, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before, and so in its place.
    #[default]
    Before,
    /// After: the password has changed, and the answer does not say so, or not in time.
    After,
}

impl Fault {
    /// A fault of this kind, for every request.
    pub fn new(fault: FaultKind) -> Self {
        Self {
            fault,
            ..Self::default()
        }
    }

    /// What is wrong with it: the field, the problem, and what to do. `service_of` tells the service
    /// of the instance with an id, if there is one.
    pub(crate) fn problems(
        &self,
        service_of: impl Fn(&str) -> Option<Service>,
    ) -> Vec<(&'static str, String, String)> {
        let mut problems = Vec::new();
        let mut add = |field, problem: &str, next: &str| {
            problems.push((field, problem.to_owned(), next.to_owned()));
        };
        let kind = self.fault;
        let has_status = matches!(kind, FaultKind::Error | FaultKind::Html | FaultKind::Answer);
        let is_answer = kind == FaultKind::Answer;
        let has_seconds = matches!(kind, FaultKind::Late | FaultKind::Rollback);
        let has_time = has_status || matches!(kind, FaultKind::Cut | FaultKind::Latency);
        for (field, is_given, belongs) in [
            (
                "milliseconds",
                self.milliseconds.is_some(),
                kind == FaultKind::Latency,
            ),
            (
                "per_second",
                self.per_second.is_some(),
                kind == FaultKind::Throttle,
            ),
            ("status", self.status.is_some(), has_status),
            ("headers", self.headers.is_some(), is_answer),
            ("body", self.body.is_some(), is_answer),
            ("seconds", self.seconds.is_some(), has_seconds),
            ("code", self.code.is_some(), kind == FaultKind::Error),
            ("message", self.message.is_some(), kind == FaultKind::Error),
            ("when", self.when == When::After, has_time),
            ("seed", self.seed.is_some(), self.percent.is_some()),
        ] {
            if is_given && !belongs {
                let problem = match field {
                    "seed" => "decides nothing without percent",
                    _ => "does not belong to this kind of fault",
                };
                add(field, problem, "leave it out");
            }
        }
        match (kind, self.milliseconds, self.per_second) {
            (FaultKind::Latency, None, _) => add("milliseconds", "is missing", "say how long"),
            (FaultKind::Throttle, _, None) => add("per_second", "is missing", "say how many"),
            _ => {}
        }
        if is_answer && self.status.is_none() {
            add("status", "is missing", "give one from 200 to 599");
        }
        if has_seconds && self.seconds.is_none() {
            add("seconds", "is missing", "give the delay");
        }
        let least_status = if is_answer { 200 } else { 400 };
        for (field, given, (least, most)) in [
            ("milliseconds", self.milliseconds, (0, LONGEST)),
            (
                "status",
                self.status.filter(|_| has_status),
                (least_status, 599),
            ),
            ("seconds", self.seconds, (0, LONGEST_DELAY)),
            ("per_second", self.per_second, (0, LARGEST)),
            ("count", self.count, (1, LARGEST)),
            ("seed", self.seed, (0, LARGEST)),
            ("percent", self.percent, (1, 100)),
        ] {
            match given {
                Some(given) if given < least => {
                    add(field, "is too small", &format!("give {least} or more"));
                }
                Some(given) if given > most => {
                    add(field, "is too large", &format!("give {most} at most"));
                }
                _ => {}
            }
        }
        for (field, given, most) in [
            ("code", &self.code, LONGEST_CODE),
            ("message", &self.message, LONGEST_MESSAGE),
            ("body", &self.body, LONGEST_BODY),
        ] {
            if given.as_ref().is_some_and(|given| given.len() > most) {
                add(field, "is too long", &format!("give {most} bytes at most"));
            }
        }
        if matches!(self.status, Some(204 | 205 | 304)) && self.body.is_some() {
            add("body", "does not belong to this status", "leave it out");
        }
        let headers = || self.headers.iter().flatten();
        let is_header = |(name, value): (&String, &String)| {
            HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok()
        };
        if !headers().all(is_header) {
            add(
                "headers",
                "is not a list of headers",
                "give names and values of headers",
            );
        }
        let is_of_connection = |(name, _): (&String, &String)| {
            let mut names = CONNECTION_HEADERS.into_iter();
            names.any(|one| one.as_str().eq_ignore_ascii_case(name))
        };
        if headers().any(is_of_connection) {
            let problem = "has a header that the connection decides";
            let names = CONNECTION_HEADERS.map(|name| name.to_string()).join(", ");
            add("headers", problem, &format!("leave out {names}"));
        }
        let length: usize = headers()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if length > LONGEST_HEADERS {
            add(
                "headers",
                "is too long",
                &format!("give {LONGEST_HEADERS} bytes at most"),
            );
        }
        let of_service = |operation: &&Operation| {
            let service = self.service.as_deref();
            service.is_none_or(|service| service == operation.service)
        };
        let known: Vec<_> = OPERATIONS.iter().filter(of_service).collect();
        if known.is_empty() {
            add("service", "is none", "give ddm, dcs, dms or iam");
            return problems;
        }
        let named = |operation: &&&Operation| {
            let id = self.operation.as_deref();
            id.is_none_or(|id| id == operation.id)
        };
        let about: Vec<_> = known.iter().filter(named).collect();
        if about.is_empty() {
            let known: Vec<_> = known.iter().map(|operation| operation.id).collect();
            let next = format!("give one of these: {}", known.join(", "));
            add("operation", "is none of the service", &next);
            return problems;
        }
        let about = |service: &str| about.iter().any(|operation| operation.service == service);
        if let Some(id) = &self.instance_id {
            match service_of(id) {
                None => add("instance_id", "is of no instance", "give the id of one"),
                Some(service) if !about(&service.to_string().to_lowercase()) => {
                    let next = "give the id of one of this service, or leave it out";
                    add("instance_id", "is of an instance of another service", next);
                }
                Some(_) => {}
            }
        }
        let is_of_iam = about("iam") && !["ddm", "dcs", "dms"].into_iter().any(about);
        if is_of_iam && self.code.is_some() && !self.is_of_gateway() {
            let next = "leave it out, or give one of the gateway, such as APIGW.0308";
            add("code", "is nothing that IAM has", next);
        }
        if has_seconds && is_of_iam {
            let field = if self.operation.is_some() {
                "operation"
            } else {
                "service"
            };
            add(field, "changes no password", "give another one, or none");
        }
        if self.fault == FaultKind::ExpiredToken && self.operation.as_deref() == Some(LOGIN.id) {
            add("operation", "takes no token", "give another one, or none");
        }
        problems
    }

    /// A copy for people to look at.
    pub(crate) fn with_short_texts(&self, most: usize) -> Self {
        let mut short = self.clone();
        let Self {
            code,
            message,
            body,
            headers,
            ..
        } = &mut short;
        for text in [code, message, body].into_iter().flatten() {
            shorten(text, most);
        }
        if let Some(headers) = headers {
            let few = headers.iter().take(SHOWN_HEADERS);
            *headers = few
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            for text in headers.values_mut() {
                shorten(text, most);
            }
        }
        short
    }

    /// When it comes: what truncates an answer needs one.
    fn when(&self) -> When {
        match self.fault {
            FaultKind::Truncate | FaultKind::Late | FaultKind::Rollback => When::After,
            _ => self.when,
        }
    }

    /// Whether its code is one that the gateway before the services gives.
    pub(crate) fn is_of_gateway(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        code.starts_with("APIGW.") || code.starts_with("APIG.")
    }

    fn is_about(&self, request: &About<'_>) -> bool {
        let same = |wanted: &Option<String>, given: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == given
        };
        same(&self.service, Some(request.operation.service))
            && same(&self.operation, Some(request.operation.id))
            && same(&self.instance_id, request.instance_id)
            && (request.has_token || self.fault != FaultKind::ExpiredToken)
    }
}

/// Cuts a text to this many bytes, and shows that it did.
pub(crate) fn shorten(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
}

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) operation: Operation,
    pub(crate) instance_id: Option<&'a str>,
    /// Whether it is opened with a token, rather than with a signature, a password or not at all.
    pub(crate) has_token: bool,
}

/// The faults that there are, and what they have done.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    last_id: u64,
    active: Vec<Active>,
}

/// A fault, and what it has done.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) id: u64,
    pub(crate) fault: Fault,
    /// How many requests it has hit.
    pub(crate) hits: u64,
    /// Its own, so that no other fault and no request about something else decides what it hits.
    chance: fastrand::Rng,
    /// `throttle`: when the current second began, and how many requests got through in it.
    second: Option<(SystemTime, u64)>,
    /// Whoever waits learns by its end that the fault was removed.
    removed: watch::Sender<()>,
}

impl Faults {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let mut all = Self {
            seed,
            last_id: 0,
            active: Vec::new(),
        };
        for fault in faults {
            let next = all.next(fault);
            all.active.push(next);
        }
        all
    }

    /// Adds one after those that there are, and gives its id; none if there are too many. Those that
    /// are over make room.
    pub(crate) fn add(&mut self, fault: Fault) -> Option<u64> {
        if self.active.len() >= MOST {
            let is_waited_for = |active: &Active| active.removed.receiver_count() > 0;
            self.active
                .retain(|active| !active.is_over() || is_waited_for(active));
        }
        let added = (self.active.len() < MOST).then(|| self.next(fault))?;
        let id = added.id;
        self.active.push(added);
        Some(id)
    }

    fn next(&mut self, fault: Fault) -> Active {
        self.last_id += 1;
        let seed = fault.seed.unwrap_or(self.seed.wrapping_add(self.last_id));
        Active {
            id: self.last_id,
            fault,
            hits: 0,
            chance: fastrand::Rng::with_seed(seed),
            second: None,
            removed: watch::Sender::new(()),
        }
    }

    /// Removes the one with this id, or all, whose ids then begin anew.
    pub(crate) fn remove(&mut self, id: Option<u64>) {
        match id {
            Some(id) => self.active.retain(|active| active.id != id),
            None => *self = Self::new(self.seed, Vec::new()),
        }
    }

    pub(crate) fn active(&self) -> &[Active] {
        &self.active
    }

    /// Every latency that is about a request: how long it is, and what ends when it is removed.
    pub(crate) fn waits(
        &mut self,
        request: &About<'_>,
        when: When,
        now: SystemTime,
    ) -> Vec<(Duration, watch::Receiver<()>)> {
        let mut waits = Vec::new();
        for active in &mut self.active {
            if active.fault.fault == FaultKind::Latency && active.hits(request, when, now) {
                let milliseconds = active.fault.milliseconds.unwrap_or(0);
                let duration = Duration::from_millis(milliseconds);
                waits.push((duration, active.removed.subscribe()));
            }
        }
        waits
    }

    /// The first fault that is about a request and gives it another answer.
    pub(crate) fn strike(
        &mut self,
        request: &About<'_>,
        when: When,
        now: SystemTime,
    ) -> Option<Fault> {
        let gives_none = [FaultKind::Latency, FaultKind::Late, FaultKind::Rollback];
        let mut others =
            (self.active.iter_mut()).filter(|active| !gives_none.contains(&active.fault.fault));
        let struck = others.find_map(|active| active.hits(request, when, now).then_some(active))?;
        Some(struck.fault.clone())
    }

    /// What becomes of the change that a request asks for, by the first fault that postpones it and
    /// the first one that undoes it.
    pub(crate) fn fate(&mut self, request: &About<'_>, now: SystemTime) -> Fate {
        let mut delay = |kind| {
            let mut all = self.active.iter_mut();
            let hit = all.find_map(|active| {
                let hits = active.fault.fault == kind && active.hits(request, When::After, now);
                hits.then_some(active)
            });
            hit.map(|active| Duration::from_secs(active.fault.seconds.unwrap_or(0)))
        };
        Fate {
            late: delay(FaultKind::Late),
            rollback: delay(FaultKind::Rollback),
        }
    }
}

impl Active {
    /// Whether it has hit as many requests as it may.
    pub(crate) fn is_over(&self) -> bool {
        self.fault.count.is_some_and(|count| self.hits >= count)
    }

    /// Whether it hits a request, and notes that it does.
    fn hits(&mut self, request: &About<'_>, when: When, now: SystemTime) -> bool {
        let is_due = self.fault.when() == when && self.fault.is_about(request) && !self.is_over();
        let hits = is_due && self.is_drawn(now);
        self.hits = self.hits.saturating_add(u64::from(hits));
        hits
    }

    /// Whether its share and its limit let it hit the next request that it is about.
    fn is_drawn(&mut self, now: SystemTime) -> bool {
        if let Some(percent) = self.fault.percent
            && self.chance.u64(..100) >= percent
        {
            return false;
        }
        let Some(limit) = self.fault.per_second else {
            return true;
        };
        let over = |begun: SystemTime| {
            let age = now.duration_since(begun).unwrap_or_default();
            age >= Duration::from_secs(1)
        };
        let (begun, through) = match self.second {
            Some((begun, through)) if !over(begun) => (begun, through),
            _ => (now, 0),
        };
        let is_over = through >= limit;
        self.second = Some((begun, through + u64::from(!is_over)));
        is_over
    }
}
