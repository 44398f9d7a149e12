//! DDM.

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::ddm::types::{
    ResetAdministratorRequest, ResetAdministratorResponse, ResetUserPasswordRequest,
    ResetUserPasswordResponse,
};
use repass_client::{AdminName, Context, DdmAccountPassword, DdmAdminPassword};

use crate::answer::{Answer, Refusal};
use crate::fleet::{Account, Instance};
use crate::gateway::{Call, Gateway};
use crate::service::Dialect;
use crate::state::Shared;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const PARAMETER: Refusal = Refusal::new(BAD, "DBS.280001", "Parameter error.");
const ACCOUNT_NAME: Refusal = Refusal::new(BAD, "DBS.300305", "Invalid account name.");
const PASSWORD: Refusal = Refusal::new(BAD, "DBS.300306", "Invalid password.");
const NO_ACCOUNT: Refusal = Refusal::new(BAD, "DBS.300327", "The account does not exist.");

const DIALECT: Dialect = Dialect {
    refuse: Refusal::err_code,
    other_project: None,
    // The ids of many instances end in `in09` and are no UUIDs.
    invalid_id: None,
    no_instance: Refusal::new(
        StatusCode::NOT_FOUND,
        "DBS.200002",
        "The DB instance does not exist.",
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
            let Instance::Ddm(ddm) = instance else {
                return Err(DIALECT.no_instance);
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
                instance_id: Some(ddm.id.clone()),
                user_name: Some(username.to_owned()),
            };
            Ok(Answer::json(StatusCode::OK, &body))
        },
    )
}

pub(crate) async fn reset_administrator(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let job_id = shared.new_job_id();
    DIALECT.answer(
        &shared,
        &call,
        |instance, request: ResetAdministratorRequest| {
            let Instance::Ddm(ddm) = instance else {
                return Err(DIALECT.no_instance);
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
            let body = ResetAdministratorResponse {
                instance_id: Some(ddm.id.clone()),
                job_id: Some(job_id),
            };
            Ok(Answer::json(StatusCode::OK, &body))
        },
    )
}
