//! DDM.

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::ddm::types::{
    ResetAdministratorRequest, ResetAdministratorResponse, ResetUserPasswordRequest,
    ResetUserPasswordResponse,
};
use repass_client::{AdminName, Context, DdmAccountPassword, DdmAdminPassword, Service};

use crate::answer::{Answer, Refusal};
use crate::fleet::{Ddm, DdmAdminSuccess, Instance, Kind};
use crate::gateway::{Call, Gateway};
use crate::instances::Change;
use crate::service::{Dialect, Done};
use crate::state::Shared;

const PARAMETER: Refusal = Refusal::documented("DBS.280001");
const ACCOUNT_NAME: Refusal = Refusal::documented("DBS.300305");
const PASSWORD: Refusal = Refusal::documented("DBS.300306");
const BUSY: Refusal = Refusal::documented("DBS.200019");
const NO_ACCOUNT: Refusal = Refusal::documented("DBS.300327");

pub(crate) static DIALECT: Dialect = Dialect {
    service: Service::Ddm,
    refuse: Refusal::err_code,
    other_project: None,
    // The ids of many instances end in `in09` and are no UUIDs.
    invalid_id: None,
    no_instance: Refusal::documented("DBS.200002"),
    not_running: Refusal::documented("DBS.300323"),
    busy: |_| BUSY,
    internal: Refusal::documented("DBS.200412"),
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
    let answer = DIALECT.answer(
        &shared,
        &call,
        |instance, request: ResetUserPasswordRequest| {
            let Some((id, ddm)) = ddm(instance) else {
                return Err(DIALECT.no_instance.clone());
            };
            let username = call.username.as_deref().unwrap_or_default();
            let mut accounts = ddm.accounts.iter();
            if !accounts.any(|account| account.username == username) {
                return Err(NO_ACCOUNT);
            }
            let context = Context {
                username: Some(username),
                ..Context::default()
            };
            let new = request.password.expose();
            if DdmAccountPassword::POLICY.check(new, &context).is_err() {
                return Err(PASSWORD);
            }
            let body = ResetUserPasswordResponse {
                success: Some(true),
                instance_id: Some(id.to_owned()),
                user_name: Some(username.to_owned()),
            };
            Ok(Done::Changed {
                answer: Answer::json(StatusCode::OK, &body),
                change: reset(username, new),
            })
        },
    );
    answer.await
}

pub(crate) async fn reset_administrator(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let job_id = shared.new_job_id();
    let success = shared.fleet().settings.ddm_admin_success;
    let answer = DIALECT.answer(
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
            // There is one administrator, whom the first call creates; and a name has one password.
            let is_another = (ddm.administrator.as_ref()).is_some_and(|one| one.username != name);
            if is_account || is_another {
                return Err(ACCOUNT_NAME);
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
            let change = reset(name, new);
            Ok(Done::Changed { answer, change })
        },
    );
    answer.await
}

fn reset(account: &str, password: &str) -> Change {
    Change {
        account: Some(account.to_owned()),
        password: Some(password.into()),
        is_reset: true,
    }
}

/// The id of an instance of DDM, and its own part.
fn ddm(instance: &Instance) -> Option<(&str, &Ddm)> {
    match &instance.kind {
        Kind::Ddm(ddm) => Some((&instance.id, ddm)),
        _ => None,
    }
}
