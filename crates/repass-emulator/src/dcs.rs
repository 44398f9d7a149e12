//! DCS for Redis.

use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::dcs::types::UpdatePasswordRequest;
use repass_client::{Context, DcsPassword};
use serde::{Deserialize, Deserializer, Serialize};

use crate::answer::{Answer, Refusal};
use crate::fleet::{Instance, Tries};
use crate::gateway::{Call, Gateway};
use crate::service::Dialect;
use crate::state::Shared;

/// How many wrong old passwords lock the account.
const TRIES: u32 = 5;
/// For how many minutes.
const LOCK_MINUTES: u64 = 5;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const TOO_SIMPLE: Refusal = Refusal::new(BAD, "DCS.4019", "The password is too simple.");
const INVALID_ACCESS: Refusal = Refusal::new(BAD, "DCS.4843", "no_password_access is invalid.");
const PASSWORD_MISSING: Refusal =
    Refusal::new(BAD, "DCS.4845", "The password is missing or invalid.");
const PASSWORD_NOT_EXPECTED: Refusal =
    Refusal::new(BAD, "DCS.4849", "new_password must not be present.");
const PASSWORD_FREE: Refusal = Refusal::new(BAD, "DCS.4850", "The instance is password-free.");

const DIALECT: Dialect = Dialect {
    refuse: Refusal::error_code,
    other_project: Some(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "DCS.1004",
        "The project id of the token and of the URL differ.",
    )),
    invalid_id: Some(Refusal::new(BAD, "DCS.4061", "The instance id is invalid.")),
    no_instance: Refusal::new(
        StatusCode::NOT_FOUND,
        "DCS.3022",
        "The instance does not exist.",
    ),
    empty_body: Refusal::new(BAD, "DCS.4004", "The request body is empty."),
    not_json: Refusal::new(BAD, "DCS.4005", "The request body is not valid JSON."),
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

fn present<'de, D: Deserializer<'de>>(password: D) -> Result<Option<DcsPassword>, D::Error> {
    DcsPassword::deserialize(password).map(Some)
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

const RESET: ResetPasswordResponse = ResetPasswordResponse {
    lock_time: "0",
    lock_time_left: "0",
    retry_times_left: "5",
    code: "1",
    message: "success",
    ext_message: None,
};

pub(crate) async fn update_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let now = shared.now();
    DIALECT.answer(
        &shared,
        &call,
        |instance, request: UpdatePasswordRequest| {
            let Instance::Dcs(dcs) = instance else {
                return Err(DIALECT.no_instance);
            };
            let current = dcs.password.as_ref().ok_or(PASSWORD_FREE)?;
            let (old, new) = (request.old_password.expose(), request.new_password.expose());
            let context = Context {
                old_password: Some(old),
                ..Context::default()
            };
            if DcsPassword::POLICY.check(new, &context).is_err() {
                return Err(TOO_SIMPLE);
            }
            let response = if let Some(minutes) = minutes_left(&mut dcs.tries, now) {
                UpdatePasswordResponse {
                    lock_time: Some(LOCK_MINUTES.to_string()),
                    result: "locked",
                    lock_time_left: Some(minutes.to_string()),
                    retry_times_left: "0".to_owned(),
                    message: "The account is locked.",
                }
            } else if current.expose() == old {
                dcs.password = Some(new.into());
                dcs.tries = Tries::default();
                UpdatePasswordResponse {
                    lock_time: Some("0".to_owned()),
                    result: "success",
                    lock_time_left: Some("0".to_owned()),
                    retry_times_left: TRIES.to_string(),
                    message: "Modify DCSInstance password success.",
                }
            } else {
                dcs.tries.wrong = dcs.tries.wrong.saturating_add(1);
                let left = TRIES.saturating_sub(dcs.tries.wrong);
                let lock = (left == 0).then(|| LOCK_MINUTES.to_string());
                if lock.is_some() {
                    dcs.tries.locked_until =
                        now.checked_add(Duration::from_secs(60 * LOCK_MINUTES));
                }
                UpdatePasswordResponse {
                    lock_time: lock.clone(),
                    result: "passwordFailed",
                    lock_time_left: lock,
                    retry_times_left: left.to_string(),
                    message: "Password verification failed.",
                }
            };
            Ok(Answer::json(StatusCode::OK, &response))
        },
    )
}

pub(crate) async fn reset_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    DIALECT.answer(&shared, &call, |instance, request: ResetPasswordRequest| {
        let Instance::Dcs(dcs) = instance else {
            return Err(DIALECT.no_instance);
        };
        // A reset verifies no password, so it neither minds a lock nor ends one.
        dcs.password = match (request.new_password, request.no_password_access) {
            (None, true) => None,
            (Some(_), true) => return Err(PASSWORD_NOT_EXPECTED),
            (None, false) => return Err(PASSWORD_MISSING),
            (Some(new), false) => {
                if DcsPassword::POLICY
                    .check(new.expose(), &Context::default())
                    .is_err()
                {
                    return Err(TOO_SIMPLE);
                }
                Some(new.expose().into())
            }
        };
        Ok(Answer::json(StatusCode::OK, &RESET))
    })
}

/// The minutes until a lock ends, begun ones counted as whole; a lock that has ended is forgotten.
fn minutes_left(tries: &mut Tries, now: SystemTime) -> Option<u128> {
    let left = tries.locked_until?.duration_since(now).unwrap_or_default();
    if left.is_zero() {
        *tries = Tries::default();
        return None;
    }
    Some(left.as_millis().div_ceil(60_000))
}
