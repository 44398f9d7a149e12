//! DMS for Kafka.

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::dms::types::ResetPasswordRequest;
use repass_client::{Context, DmsPassword, Service};

use crate::answer::{Answer, Refusal};
use crate::fleet::Kind;
use crate::gateway::{Call, Gateway};
use crate::instances::Change;
use crate::service::{Dialect, Done};
use crate::state::Shared;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const PASSWORD_RULE: Refusal = Refusal::new(
    BAD,
    "DMS.00400012",
    "The password does not meet the complexity requirements.",
);
const BUSY: Refusal = Refusal::new(
    BAD,
    "DMS.00400017",
    "This DMS instance job task is still running.",
);
const WRONG_STATE: Refusal = Refusal::new(
    BAD,
    "DMS.00400026",
    "This operation is not allowed due to the instance status.",
);
const SSL_DISABLED: Refusal = Refusal::new(BAD, "DMS.00400971", "The instance ssl is off.");

pub(crate) static DIALECT: Dialect = Dialect {
    service: Service::Dms,
    refuse: Refusal::error_code,
    other_project: Some(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "DMS.10240104",
        "The project ID and token do not match.",
    )),
    invalid_id: Some(Refusal::new(
        BAD,
        "DMS.00400030",
        "Invalid DMS instance id. The id must be a uuid.",
    )),
    no_instance: Refusal::new(
        StatusCode::NOT_FOUND,
        "DMS.00404022",
        "This instance does not exist.",
    ),
    not_running: WRONG_STATE,
    busy: |_| BUSY,
    internal: Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "DMS.10250002",
        "Internal service error.",
    ),
    empty_body: Refusal::new(BAD, "DMS.00400004", "The request body is empty."),
    not_json: Refusal::new(
        BAD,
        "DMS.00400005",
        "The message body is not in JSON format or contains invalid characters.",
    ),
    parameter: |_| Refusal::new(BAD, "DMS.00400062", "Invalid request parameter."),
};

pub(crate) async fn reset_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    let answer = DIALECT.answer(&shared, &call, |instance, request: ResetPasswordRequest| {
        let Kind::Dms(dms) = &instance.kind else {
            return Err(DIALECT.no_instance.clone());
        };
        if !dms.ssl {
            return Err(SSL_DISABLED);
        }
        let new = request.new_password.expose();
        if DmsPassword::POLICY.check(new, &Context::default()).is_err() {
            return Err(PASSWORD_RULE);
        }
        Ok(Done::Changed {
            answer: Answer::empty(StatusCode::NO_CONTENT),
            change: Change {
                account: None,
                password: Some(new.into()),
                is_reset: true,
            },
        })
    });
    answer.await
}
