//! DMS for Kafka.

use axum::extract::State;
use axum::http::StatusCode;
use repass_client::dms::types::ResetPasswordRequest;
use repass_client::{Context, DmsPassword, Service};

use crate::answer::{Answer, Refusal};
use crate::fleet::Kind;
use crate::gateway::{Call, Gateway};
use crate::service::{Dialect, Done};
use crate::state::Shared;

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const PASSWORD_RULE: Refusal = Refusal::new(BAD, "DMS.00400012", "Invalid password.");
const WRONG_STATE: Refusal = Refusal::new(
    BAD,
    "DMS.00400026",
    "This operation is not allowed in the current state of the instance.",
);
const SSL_DISABLED: Refusal =
    Refusal::new(BAD, "DMS.00400971", "SSL is not enabled for the instance.");

pub(crate) static DIALECT: Dialect = Dialect {
    service: Service::Dms,
    refuse: Refusal::error_code,
    other_project: Some(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "DMS.10240104",
        "The project id of the token and of the URL differ.",
    )),
    invalid_id: Some(Refusal::new(
        BAD,
        "DMS.00400030",
        "The instance id is not a UUID.",
    )),
    no_instance: Refusal::new(
        StatusCode::NOT_FOUND,
        "DMS.00404022",
        "The instance does not exist.",
    ),
    not_running: WRONG_STATE,
    // The pages have no code of its own for it.
    busy: |_| WRONG_STATE,
    internal: Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "DMS.10250002",
        "Internal service error.",
    ),
    empty_body: Refusal::new(BAD, "DMS.00400004", "The request body is empty."),
    not_json: Refusal::new(BAD, "DMS.00400005", "The request body is not valid JSON."),
    parameter: |_| Refusal::new(BAD, "DMS.00400062", "Invalid parameter."),
};

pub(crate) async fn reset_password(
    State(shared): State<Shared>,
    call: Call,
) -> Result<Answer, Gateway> {
    DIALECT.answer(&shared, &call, |instance, request: ResetPasswordRequest| {
        let Kind::Dms(dms) = &mut instance.kind else {
            return Err(DIALECT.no_instance.clone());
        };
        if !dms.ssl {
            return Err(SSL_DISABLED);
        }
        let new = request.new_password.expose();
        if DmsPassword::POLICY.check(new, &Context::default()).is_err() {
            return Err(PASSWORD_RULE);
        }
        dms.password = new.into();
        Ok(Done::Changed {
            answer: Answer::empty(StatusCode::NO_CONTENT),
            is_reset: true,
        })
    })
}
