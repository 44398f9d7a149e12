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

const PASSWORD_RULE: Refusal = Refusal::documented("DMS.00400012");
const PARAMETER: Refusal = Refusal::documented("DMS.00400062");
const BUSY: Refusal = Refusal::documented("DMS.00400017");
const WRONG_STATE: Refusal = Refusal::documented("DMS.00400026");
const SSL_DISABLED: Refusal = Refusal::documented("DMS.00400971");

pub(crate) static DIALECT: Dialect = Dialect {
    service: Service::Dms,
    refuse: Refusal::error_code,
    other_project: Some(Refusal::documented("DMS.10240104")),
    invalid_id: Some(Refusal::documented("DMS.00400030")),
    no_instance: Refusal::documented("DMS.00404022"),
    not_running: WRONG_STATE,
    busy: |_| BUSY,
    internal: Refusal::documented("DMS.10250002"),
    empty_body: Refusal::documented("DMS.00400004"),
    not_json: Refusal::documented("DMS.00400005"),
    parameter: |_| PARAMETER,
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
