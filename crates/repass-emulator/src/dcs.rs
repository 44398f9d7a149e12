//! DCS for Redis.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::dcs::types::UpdatePasswordRequest;
use repass_client::{Context, DcsPassword, Secret, Service};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Refusal};
use crate::fleet::{Dcs, DcsResetDuringLock, Instance, Kind};
use crate::gateway::{Call, Gateway};
use crate::instances::Change;
use crate::object::present;
use crate::service::{Dialect, Done};
use crate::state::Shared;

const TOO_SIMPLE: Refusal = Refusal::documented("DCS.4019");
const INVALID_ACCESS: Refusal = Refusal::documented("DCS.4843");
const PASSWORD_MISSING: Refusal = Refusal::documented("DCS.4845");
const PASSWORD_NOT_EXPECTED: Refusal = Refusal::documented("DCS.4849");
const PASSWORD_FREE: Refusal = Refusal::documented("DCS.4850");
const CHANGING: Refusal = Refusal::documented("DCS.4115");
const RESETTING: Refusal = Refusal::documented("DCS.4121");

pub(crate) static DIALECT: Dialect = Dialect {
    service: Service::Dcs,
    refuse: Refusal::error_code,
    other_project: Some(Refusal::documented("DCS.1004")),
    invalid_id: Some(Refusal::documented("DCS.4061")),
    no_instance: Refusal::documented("DCS.3022"),
    not_running: Refusal::documented("DCS.4049"),
    busy: |busy| match busy.is_reset {
        true => RESETTING,
        false => CHANGING,
    },
    internal: Refusal::documented("DCS.5000"),
    empty_body: Refusal::documented("DCS.4004"),
    not_json: Refusal::documented("DCS.4005"),
    parameter: |body| match body.get("no_password_access") {
        Some(access) if !access.is_boolean() => INVALID_ACCESS,
        _ => PASSWORD_MISSING,
    },
};

/// The answer to a change; unlike the generated type it writes the nulls that the pages promise.
#[derive(Serialize)]
struct UpdatePasswordResponse {
    lock_time: Option<String>,
    result: &'static str,
    lock_time_left: Option<String>,
    retry_times_left: String,
    message: &'static str,
}

/// What to reset; unlike the generated type it does not take null for a password that is absent.
#[derive(Deserialize)]
struct ResetPasswordRequest {
    #[serde(default, deserialize_with = "present")]
    new_password: Option<DcsPassword>,
    #[serde(default)]
    no_password_access: bool,
}

/// The answer to a reset: always the same, for the fields about tries and locks are deprecated.
#[derive(Serialize)]
struct ResetPasswordResponse {
    lock_time: &'static str,
    lock_time_left: &'static str,
    retry_times_left: &'static str,
    code: &'static str,
    message: &'static str,
    ext_message: Option<String>,
}

const fn reset(code: &'static str, message: &'static str) -> ResetPasswordResponse {
    ResetPasswordResponse {
        lock_time: "0",
        lock_time_left: "0",
        retry_times_left: "5",
        code,
        message,
        ext_message: None,
    }
}

pub(crate) async fn update_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let now = shared.now();
    let answer = DIALECT.answer(
        &shared,
        &call,
        |instance, request: UpdatePasswordRequest| {
            let Some(dcs) = redis(instance) else {
                return Err(DIALECT.no_instance.clone());
            };
            let (old, new) = (request.old_password.expose(), request.new_password.expose());
            if dcs.password.is_none() {
                return Err(PASSWORD_FREE);
            }
            let context = Context {
                old_password: Some(old),
                ..Context::default()
            };
            if DcsPassword::POLICY.check(new, &context).is_err() {
                return Err(TOO_SIMPLE);
            }
            let answer = |response| Answer::json(StatusCode::OK, &response);
            if let Some(minutes) = dcs.minutes_left(now) {
                return Ok(Done::Unchanged(answer(UpdatePasswordResponse {
                    lock_time: Some(dcs.lock_minutes.to_string()),
                    result: "locked",
                    lock_time_left: Some(minutes.to_string()),
                    retry_times_left: "0".to_owned(),
                    message: "The account is locked.",
                })));
            }
            let is_right = |current: &Secret| current.expose() == old;
            if dcs.password.as_ref().is_some_and(is_right) {
                let answer = answer(UpdatePasswordResponse {
                    lock_time: Some("0".to_owned()),
                    result: "success",
                    lock_time_left: Some("0".to_owned()),
                    retry_times_left: dcs.tries.to_string(),
                    message: "Modify DCSInstance password success.",
                });
                let change = Change {
                    account: None,
                    password: Some(new.into()),
                    is_reset: false,
                };
                return Ok(Done::Changed { answer, change });
            }
            dcs.wrong = dcs.wrong.saturating_add(1);
            let left = dcs.tries_left();
            let lock = (left == 0).then(|| dcs.lock_minutes.to_string());
            if lock.is_some() {
                let minutes = Duration::from_secs(60 * u64::from(dcs.lock_minutes));
                dcs.locked_until = now.checked_add(minutes);
            }
            Ok(Done::Unchanged(answer(UpdatePasswordResponse {
                lock_time: lock.clone(),
                result: "passwordFailed",
                lock_time_left: lock,
                retry_times_left: left.to_string(),
                message: "Password verification failed.",
            })))
        },
    );
    answer.await
}

pub(crate) async fn reset_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let now = shared.now();
    let answer = DIALECT.answer(&shared, &call, |instance, request: ResetPasswordRequest| {
        let Some(dcs) = redis(instance) else {
            return Err(DIALECT.no_instance.clone());
        };
        let new = match (request.new_password, request.no_password_access) {
            (None, true) => None,
            (Some(_), true) => return Err(PASSWORD_NOT_EXPECTED),
            (None, false) => return Err(PASSWORD_MISSING),
            (Some(new), false) => {
                let verdict = DcsPassword::POLICY.check(new.expose(), &Context::default());
                verdict.map_err(|_| TOO_SIMPLE)?;
                Some(new.expose().into())
            }
        };
        let answer = |response| Answer::json(StatusCode::OK, &response);
        let during_lock = shared.fleet().settings.dcs_reset_during_lock;
        if during_lock == DcsResetDuringLock::Refused && dcs.minutes_left(now).is_some() {
            return Ok(Done::Unchanged(answer(reset("3", "instance is locked"))));
        }
        // A reset verifies no password, so it neither minds a lock nor ends one.
        Ok(Done::Changed {
            answer: answer(reset("1", "success")),
            change: Change {
                account: None,
                password: new,
                is_reset: true,
            },
        })
    });
    answer.await
}

fn redis(instance: &mut Instance) -> Option<&mut Dcs> {
    match &mut instance.kind {
        Kind::Dcs(dcs) => Some(dcs),
        _ => None,
    }
}
