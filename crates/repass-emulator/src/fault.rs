//! Failures on request: what goes wrong, for which requests, and how often.

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The operations that a fault can be about: the service, and the id that the contract gives it.
pub(crate) const OPERATIONS: [Operation; 7] = [
    operation("ddm", "resetUserPassword"),
    operation("ddm", "resetAdministrator"),
    operation("dcs", "updatePassword"),
    operation("dcs", "resetPassword"),
    operation("dms", "resetPassword"),
    operation("iam", "keystoneCreateUserTokenByPassword"),
    operation("iam", "keystoneListProjects"),
];

/// The longest latency; nobody waits longer for an answer.
const LONGEST: u64 = 600_000;

/// An operation of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) service: &'static str,
    pub(crate) id: &'static str,
}

pub(crate) const fn operation(service: &'static str, id: &'static str) -> Operation {
    Operation { service, id }
}

/// Something that goes wrong, for the requests that it is about: all of them, or those of a
/// service, an operation, an instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// What goes wrong.
    pub fault: FaultKind,
    /// Whether an `error`, a `cut` or an `html` page comes before the request is carried out, and
    /// so in its place, or after.
    #[serde(default)]
    pub when: When,
    /// `latency`: how long a request waits before it is looked at, in milliseconds, 600,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 600_000))]
    pub milliseconds: Option<u64>,
    /// `throttle`: how many requests get through in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// `error` and `html`: the status, from 400 to 599; 500 and 502 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 400, max = 599))]
    pub status: Option<u16>,
    /// `error`: the code; that of the service's internal errors unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `error`: the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Only requests to this service: `ddm`, `dcs`, `dms` or `iam`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only requests for this operation, by the id that the contract gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only requests about this instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// How many requests it hits, then it is over; every one unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Which share of the requests it hits, in percent; the fleet's seed decides which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub percent: Option<u8>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The request waits before it is looked at.
    Latency,
    /// Only so many requests get through in a second; the others get a 429.
    Throttle,
    /// An error of the service.
    #[default]
    Error,
    /// The connection is cut instead of an answer.
    Cut,
    /// The request is carried out, and the connection is cut amid the body of the answer.
    Truncate,
    /// A page of HTML from a gateway.
    Html,
    /// A 401: the token has ended.
    ExpiredToken,
}

/// Whether something happens before a request is carried out, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Before, and so in its place.
    #[default]
    Before,
    /// After: the password has changed, and the answer does not say so.
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

    /// What is wrong with it: the field, the problem, and what to do.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String, String)> {
        let mut problems = Vec::new();
        let mut add = |field, problem: &str, next: &str| {
            problems.push((field, problem.to_owned(), next.to_owned()));
        };
        let kind = self.fault;
        let has_status = matches!(kind, FaultKind::Error | FaultKind::Html);
        let has_time = has_status || kind == FaultKind::Cut;
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
            ("code", self.code.is_some(), kind == FaultKind::Error),
            ("message", self.message.is_some(), kind == FaultKind::Error),
            ("when", self.when == When::After, has_time),
        ] {
            if is_given && !belongs {
                add(
                    field,
                    "does not belong to this kind of fault",
                    "leave it out",
                );
            }
        }
        match (kind, self.milliseconds, self.per_second) {
            (FaultKind::Latency, None, _) => add("milliseconds", "is missing", "say how long"),
            (FaultKind::Latency, Some(given), _) if given > LONGEST => {
                add("milliseconds", "is too long", "give 600000 at most");
            }
            (FaultKind::Throttle, _, None) => add("per_second", "is missing", "say how many"),
            _ => {}
        }
        if self
            .status
            .is_some_and(|status| !(400..600).contains(&status))
        {
            add("status", "is no error", "give one from 400 to 599");
        }
        if self.percent.is_some_and(|percent| percent > 100) {
            add("percent", "is more than all", "give 100 at most");
        }
        let of_service = |operation: &&Operation| {
            let service = self.service.as_deref();
            service.is_none_or(|service| service == operation.service)
        };
        let known: Vec<_> = OPERATIONS.iter().filter(of_service).collect();
        if known.is_empty() {
            add("service", "is none", "give ddm, dcs, dms or iam");
        } else if let Some(given) = &self.operation
            && !known.iter().any(|operation| operation.id == given)
        {
            let known: Vec<_> = known.iter().map(|operation| operation.id).collect();
            let next = format!("give one of these: {}", known.join(", "));
            add("operation", "is none of the service", &next);
        }
        problems
    }

    fn is_about(&self, operation: Operation, instance_id: Option<&str>) -> bool {
        let same = |wanted: &Option<String>, given: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == given
        };
        same(&self.service, Some(operation.service))
            && same(&self.operation, Some(operation.id))
            && same(&self.instance_id, instance_id)
    }
}

/// The faults that there are, and what they have done.
#[derive(Debug)]
pub(crate) struct Faults {
    chance: fastrand::Rng,
    last_id: u64,
    active: Vec<Active>,
}

/// A fault, and what it has done.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) id: u64,
    pub(crate) fault: Fault,
    /// How many requests it has hit.
    pub(crate) hits: u32,
    /// `throttle`: when the current second began, and how many requests got through in it.
    second: Option<(SystemTime, u32)>,
}

/// What goes wrong with one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) latency: Duration,
    /// With its id.
    pub(crate) fault: Option<(u64, Fault)>,
}

impl Faults {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let mut all = Self {
            chance: fastrand::Rng::with_seed(seed),
            last_id: 0,
            active: Vec::new(),
        };
        for fault in faults {
            all.add(fault);
        }
        all
    }

    /// Adds one after those that there are, and gives its id.
    pub(crate) fn add(&mut self, fault: Fault) -> u64 {
        self.last_id += 1;
        self.active.push(Active {
            id: self.last_id,
            fault,
            hits: 0,
            second: None,
        });
        self.last_id
    }

    /// Takes a hit back that did nothing.
    pub(crate) fn give_back(&mut self, id: u64) {
        let active = self.active.iter_mut().find(|active| active.id == id);
        if let Some(active) = active {
            active.hits = active.hits.saturating_sub(1);
        }
    }

    /// Removes those with this id, or all. Says whether there were any.
    pub(crate) fn remove(&mut self, id: Option<u64>) -> bool {
        let before = self.active.len();
        self.active
            .retain(|active| id.is_some_and(|id| active.id != id));
        self.active.len() != before
    }

    pub(crate) fn active(&self) -> &[Active] {
        &self.active
    }

    /// What goes wrong with a request: every latency that is about it, and the first other fault.
    pub(crate) fn due(
        &mut self,
        operation: Operation,
        instance_id: Option<&str>,
        now: SystemTime,
    ) -> Due {
        let mut due = Due::default();
        for active in &mut self.active {
            let is_latency = active.fault.fault == FaultKind::Latency;
            if !active.fault.is_about(operation, instance_id)
                || (due.fault.is_some() && !is_latency)
                || !active.hits(&mut self.chance, now)
            {
                continue;
            }
            active.hits = active.hits.saturating_add(1);
            if is_latency {
                due.latency += Duration::from_millis(active.fault.milliseconds.unwrap_or(0));
            } else {
                due.fault = Some((active.id, active.fault.clone()));
            }
        }
        due
    }
}

impl Active {
    /// Whether it hits a request that it is about.
    fn hits(&mut self, chance: &mut fastrand::Rng, now: SystemTime) -> bool {
        if self.fault.count.is_some_and(|count| self.hits >= count) {
            return false;
        }
        if let Some(percent) = self.fault.percent
            && chance.u8(..100) >= percent
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
        self.second = Some((begun, through + u32::from(!is_over)));
        is_over
    }
}
