//! What the services of instances have in common: where they look before they act.

use repass_client::Service;
use serde::de::DeserializeOwned;

use crate::answer::{Answer, Refusal};
use crate::fleet::{Busy, Instance, Settings, State};
use crate::gateway::{Call, Gateway, Scope, UNAUTHENTICATED};
use crate::instances::Change;
use crate::object::Object;
use crate::state::Shared;

/// How a service tells what every service has to tell.
pub(crate) struct Dialect {
    pub(crate) service: Service,
    pub(crate) refuse: fn(Refusal, &Settings) -> Answer,
    /// Where the service itself tells that a token is for another project; else the gateway does.
    pub(crate) other_project: Option<Refusal>,
    /// Where the service wants a UUID for an instance id.
    pub(crate) invalid_id: Option<Refusal>,
    pub(crate) no_instance: Refusal,
    pub(crate) not_running: Refusal,
    /// While a change runs.
    pub(crate) busy: fn(Busy) -> Refusal,
    /// What a fault says that has no code of its own.
    pub(crate) internal: Refusal,
    pub(crate) empty_body: Refusal,
    pub(crate) not_json: Refusal,
    /// Which parameter to blame for JSON that is not what the contract has.
    pub(crate) parameter: fn(&serde_json::Value) -> Refusal,
}

/// What a service did.
pub(crate) enum Done {
    /// It changes a password.
    Changed { answer: Answer, change: Change },
    /// It did not.
    Unchanged(Answer),
}

impl Dialect {
    /// Looks up what the call names and reads its body, lets the service act on them, and tells the
    /// callback.
    pub(crate) async fn answer<Body: DeserializeOwned>(
        &self,
        shared: &Shared,
        call: &Call,
        act: impl FnOnce(&mut Instance, Body) -> Result<Done, Refusal>,
    ) -> Result<Answer, Gateway> {
        let answer = self.decide(shared, call, act)?;
        shared.tell(&call.instance_id).await;
        Ok(answer)
    }

    fn decide<Body: DeserializeOwned>(
        &self,
        shared: &Shared,
        call: &Call,
        act: impl FnOnce(&mut Instance, Body) -> Result<Done, Refusal>,
    ) -> Result<Answer, Gateway> {
        let settings = &shared.fleet().settings;
        // A signed request names its project itself, and may name one that there is not.
        let is_known = shared.has_project(&call.project_id);
        let in_scope = match &call.scope {
            Scope::Project(id) => *id == call.project_id,
            Scope::All => true,
        };
        if !is_known || !in_scope {
            let other_project = self.other_project.clone();
            let other_project = other_project.ok_or(Gateway(UNAUTHENTICATED))?;
            return Ok((self.refuse)(other_project, settings));
        }
        let answer = || {
            if let Some(invalid_id) = &self.invalid_id
                && !is_uuid(&call.instance_id)
            {
                return Err(invalid_id.clone());
            }
            let instance = shared.instance(&call.instance_id);
            let instance = instance.filter(|instance| {
                instance.project_id == call.project_id && instance.service() == self.service
            });
            let mut instance = instance.ok_or_else(|| self.no_instance.clone())?;
            if call.body.is_empty() {
                return Err(self.empty_body.clone());
            }
            // The general tables of the services have this status, and no table a code for it. No
            // Content-Type at all is let pass: the pages of the operations do not ask for one.
            if call.is_no_json {
                return Err(Refusal {
                    status: 415,
                    ..self.not_json.clone()
                });
            }
            let body = self.read(&call.body)?;
            if instance.state != State::Running {
                return Err(self.not_running.clone());
            }
            let now = shared.now();
            if let Some(busy) = instance.busy_at(now) {
                return Err((self.busy)(busy));
            }
            Ok(match act(&mut instance, body)? {
                Done::Unchanged(answer) => answer,
                Done::Changed { answer, change } => {
                    let fate = call.fate(shared, now);
                    instance.change(change, fate, now);
                    answer.succeeded(fate.late.is_some())
                }
            })
        };
        Ok(answer().unwrap_or_else(|refusal| (self.refuse)(refusal, settings)))
    }

    /// The body as the contract has it. A field that stands there twice is refused: no page says
    /// which of two passwords would be set.
    fn read<Body: DeserializeOwned>(&self, body: &[u8]) -> Result<Body, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Object(body)) => Ok(body),
            Err(_) => Err(match serde_json::from_slice(body) {
                Ok(value) => (self.parameter)(&value),
                Err(_) => self.not_json.clone(),
            }),
        }
    }
}

pub(crate) fn is_uuid(text: &str) -> bool {
    let is_at_home = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_at_home)
}
