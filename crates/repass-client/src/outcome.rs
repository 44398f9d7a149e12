//! Decides what an answer proves, by the contract's rules.

use repass_policy::Secret;
use serde_json::Value;

use crate::ErrorKind;
use crate::answer::{Answer, Body};
use crate::contract::{OperationRules, OutcomeRule, Proven, ProvenCertainty};

/// What an answer proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    Accepted,
    Refused(ErrorKind),
    Unknown(ErrorKind),
}

/// What an answer proves, and the values that go with it.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) verdict: Verdict,
    /// The value that decided, for people.
    pub(crate) code: Option<String>,
    pub(crate) job_id: Option<String>,
    pub(crate) tries_left: Option<u32>,
    pub(crate) minutes_left: Option<u32>,
}

impl Decision {
    fn unknown(kind: ErrorKind) -> Self {
        Self::of(Verdict::Unknown(kind))
    }

    fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            code: None,
            job_id: None,
            tries_left: None,
            minutes_left: None,
        }
    }
}

/// Decides what an answer to this operation proves. Without rules it proves nothing.
pub(crate) fn decide(rules: Option<&OperationRules>, answer: &Answer) -> Decision {
    let status = answer.status;
    match status {
        200..=299 => {
            let mut successes = rules.into_iter().flat_map(|rules| rules.successes);
            let success = successes.find(|success| success.status == status);
            match success {
                Some(success) => success_proves(&success.outcome, answer),
                None => Decision::unknown(ErrorKind::UnexpectedStatus),
            }
        }
        400..=499 => {
            let code = answer.code();
            match rules {
                Some(rules) if rules.refusals.contains(&status) || code.is_some() => {
                    let kind = rules.kind_of_refusal(status, code.as_deref());
                    Decision::of(Verdict::Refused(kind))
                }
                _ => Decision::unknown(ErrorKind::UnexpectedStatus),
            }
        }
        500..=599 => Decision::unknown(ErrorKind::ServerError),
        _ => Decision::unknown(ErrorKind::UnexpectedStatus),
    }
}

fn success_proves(rule: &OutcomeRule, answer: &Answer) -> Decision {
    if matches!(answer.body, Body::Unreadable) {
        return Decision::unknown(ErrorKind::Unreadable);
    }
    let (proven, code) = match rule {
        OutcomeRule::Status(proven) => (Some(proven), None),
        OutcomeRule::Property {
            property,
            boolean,
            values,
        } => {
            let value = answer.member(property);
            let value = value.and_then(|value| match (value, boolean) {
                (Value::String(text), false) => Some(Secret::from(text.as_str())),
                (Value::Bool(flag), true) => Some(flag.to_string().into()),
                _ => None,
            });
            let listed = |(listed, _): &&(&str, Proven)| {
                value
                    .as_ref()
                    .is_some_and(|value| value.expose() == *listed)
            };
            let proven = values.iter().find(listed).map(|(_, proven)| proven);
            let code = if *boolean {
                None
            } else {
                answer.shown_text(property)
            };
            (proven, code)
        }
    };
    let mut decision = Decision::unknown(ErrorKind::NotConfirmed);
    decision.code = code;
    let Some(proven) = proven else {
        return decision;
    };
    let is_there = |name: &&str| answer.shown_text(name).is_some();
    let confirmed = match answer.body {
        // No member is asked of a body that is not there.
        Body::Empty => true,
        _ => proven.proof.is_empty() || proven.proof.iter().any(is_there),
    } && !answer.speaks_of_error();
    decision.verdict = match proven.certainty {
        ProvenCertainty::Refused => Verdict::Refused(proven.kind),
        ProvenCertainty::Done if confirmed => Verdict::Done,
        ProvenCertainty::Accepted if confirmed => Verdict::Accepted,
        ProvenCertainty::Done | ProvenCertainty::Accepted => return decision,
    };
    decision.job_id = proven.job_id.and_then(|name| answer.shown_text(name));
    decision.tries_left = proven.tries_left.and_then(|name| number(answer, name));
    decision.minutes_left = proven.minutes_left.and_then(|name| number(answer, name));
    decision
}

/// Reads a string of one to three digits. A longer one is not a count, and could be a password.
fn number(answer: &Answer, name: &str) -> Option<u32> {
    let text = answer.member(name)?.as_str()?;
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
