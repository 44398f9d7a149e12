//! DDM.

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::ddm::types::{
    ResetAdministratorRequest, ResetAdministratorResponse, ResetUserPasswordRequest,
    ResetUserPasswordResponse,
};
use repass_client::{AdminName, Context, DdmAccountPassword, DdmAdminPassword, Service};

use crate::answer::{Answer, Refusal};
use crate::fleet::{Account, Ddm, DdmAdminSuccess, Instance, Kind};
use crate::gateway::{Call, Gateway};
use crate::service::{Dialect, Done};
use crate::state::Shared;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const PARAMETER: Refusal = Refusal::new(BAD, "DBS.280001", "Parameter error.");
const ACCOUNT_NAME: Refusal = Refusal::new(BAD, "DBS.300305", "Invalid DDM account name.");
const PASSWORD: Refusal = Refusal::new(BAD, "DBS.300306", "The account password is invalid.");
const NO_ACCOUNT: Refusal = Refusal::new(BAD, "DBS.300327", "The account does not exist.");

pub(crate) static DIALECT: Dialect = Dialect {
    service: Service::Ddm,
    refuse: Refusal::err_code,
    other_project: None,
    // The ids of many instances end in `in09` and are no UUIDs.
    invalid_id: None,
    no_instance: Refusal::new(
        StatusCode::NOT_FOUND,
        "DBS.200002",
        "The DB instance does not exist.",
    ),
    not_running: Refusal::new(
        BAD,
        "DBS.300323",
        "The associated RDS instance is unavailable or this operation cannot be performed when the RDS instance is in the current state.",
    ),
    busy: |_| {
        let message = "Another operation is running on the instance.";
        Refusal::new(StatusCode::CONFLICT, "DBS.200019", message)
    },
    internal: Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "DBS.200412",
        "Server failure.",
    ),
    empty_body: PARAMETER,
    not_json: PARAMETER,
    parameter: |body| match body.get("name").and_then(serde_json::Value::as_str) {
        Some(name) if AdminName::new(name).is_err() => ACCOUNT_NAME,
        _ => PARAMETER,
    },
};

pub(crate) async fn reset_user_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    DIALECT.answer(
        &shared,
        &call,
        |instance, request: ResetUserPasswordRequest| {
            let Some((id, ddm)) = ddm(instance) else {
                return Err(DIALECT.no_instance.clone());
            };
            let username = call.username.as_deref().unwrap_or_default();
            let account = ddm
                .accounts
                .iter_mut()
                .find(|account| account.username == username);
            let account = account.ok_or(NO_ACCOUNT)?;
            let context = Context {
                username: Some(username),
                ..Context::default()
            };
            let new = request.password.expose();
            if DdmAccountPassword::POLICY.check(new, &context).is_err() {
                return Err(PASSWORD);
            }
            account.password = new.into();
            let body = ResetUserPasswordResponse {
                success: Some(true),
                instance_id: Some(id.to_owned()),
                user_name: Some(username.to_owned()),
            };
            Ok(Done::Changed {
                answer: Answer::json(StatusCode::OK, &body),
                is_reset: true,
            })
        },
    )
}

pub(crate) async fn reset_administrator(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let job_id = shared.new_job_id();
    let success = shared.fleet().settings.ddm_admin_success;
    DIALECT.answer(
        &shared,
        &call,
        |instance, request: ResetAdministratorRequest| {
            let Some((id, ddm)) = ddm(instance) else {
                return Err(DIALECT.no_instance.clone());
            };
            let new = request.password.expose();
            if DdmAdminPassword::POLICY
                .check(new, &Context::default())
                .is_err()
            {
                return Err(PASSWORD);
            }
            let name = request.name.as_str();
            let is_account = ddm.accounts.iter().any(|account| account.username == name);
            match &mut ddm.administrator {
                // A name has one password, so it is an account's or the administrator's.
                _ if is_account => return Err(ACCOUNT_NAME),
                // The first call creates; later ones only set the password of the one there is.
                None => {
                    ddm.administrator = Some(Account {
                        username: name.to_owned(),
                        password: new.into(),
                    });
                }
                Some(administrator) if administrator.username == name => {
                    administrator.password = new.into();
                }
                Some(_) => return Err(ACCOUNT_NAME),
            }
            use DdmAdminSuccess as Success;
            let (status, has_body) = match success {
                Success::Ok => (StatusCode::OK, true),
                Success::OkEmpty => (StatusCode::OK, false),
                Success::Accepted => (StatusCode::ACCEPTED, true),
                Success::AcceptedEmpty => (StatusCode::ACCEPTED, false),
            };
            let body = ResetAdministratorResponse {
                instance_id: (success == Success::Ok).then(|| id.to_owned()),
                job_id: Some(job_id),
            };
            let answer = match has_body {
                true => Answer::json(status, &body),
                false => Answer::empty(status),
            };
            let is_reset = true;
            Ok(Done::Changed { answer, is_reset })
        },
    )
}

/// The id of an instance of DDM, and its own part.
fn ddm(instance: &mut Instance) -> Option<(&str, &mut Ddm)> {
    match &mut instance.kind {
        Kind::Ddm(ddm) => Some((&instance.id, ddm)),
        _ => None,
    }
}
