//! The call that sets a password, in the machine's words.

use repass_client::{
    AdminName, Certainty, Client, Completion, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DdmAdminPassword, DmsPassword, Error, ErrorKind, InstanceId, ResetPassword, Secret, Username,
};

use crate::machine::{Outcome, Reply};
use crate::record::{Operation, Record, Target};

/// Sends the pending password of a record.
pub(crate) async fn send(client: &Client, record: &Record) -> Reply {
    let not_sent = |detail: String| Reply {
        detail: Some(detail),
        ..Outcome::NotSent.into_reply()
    };
    let Some(pending) = &record.passwords.pending else {
        return not_sent("there is no new password".to_owned());
    };
    let current = record.passwords.current.as_ref();
    let current = current.map(|current| current.secret.clone());
    let target = &record.status.target;
    match sent(client, target, pending.secret.clone(), current).await {
        Ok(Ok(outcome)) => Reply {
            outcome: match outcome.completion {
                Completion::Done => Outcome::Done,
                // A completion that is not known here is none that is proven.
                _ => Outcome::Accepted,
            },
            request_id: outcome.request_id,
            detail: outcome.job_id.map(|id| format!("job {id}")),
            wait: None,
        },
        Ok(Err(error)) => reply(&error),
        Err(invalid) => not_sent(invalid),
    }
}

/// Makes the call. The outer error is that of an invalid id.
async fn sent(
    client: &Client,
    target: &Target,
    new: Secret,
    old: Option<Secret>,
) -> Result<Result<repass_client::Outcome, Error>, String> {
    let instance = InstanceId::new(&target.instance).map_err(|error| error.to_string())?;
    let account = target.account.clone().unwrap_or_default();
    Ok(match target.operation {
        Operation::DdmAccount => {
            let account = Username::new(account).map_err(|error| error.to_string())?;
            let new = DdmAccountPassword::unchecked(new);
            client.ddm_reset_password(&instance, &account, &new).await
        }
        Operation::DdmAdmin => {
            let name = AdminName::new(account).map_err(|error| error.to_string())?;
            let new = DdmAdminPassword::unchecked(new);
            client.ddm_set_admin(&instance, &name, &new).await
        }
        Operation::DcsChange => {
            let old = old.ok_or("the current password is not known")?;
            let (old, new) = (DcsOldPassword::new(old), DcsPassword::unchecked(new));
            client.dcs_change_password(&instance, &old, &new).await
        }
        Operation::DcsReset => {
            let new = ResetPassword::To(DcsPassword::unchecked(new));
            client.dcs_reset_password(&instance, &new).await
        }
        Operation::DmsReset => {
            let new = DmsPassword::unchecked(new);
            client.dms_reset_password(&instance, &new).await
        }
    })
}

fn reply(error: &Error) -> Reply {
    let outcome = match (error.certainty(), error.kind()) {
        (Certainty::NotSent, _) => Outcome::NotSent,
        (Certainty::Refused, ErrorKind::WrongOldPassword) => Outcome::WrongOldPassword,
        // A proxy may have repeated a change, and the first copy is what keeps the instance busy.
        (Certainty::Refused, _) if error.suggests_repeated_change() => Outcome::Unknown,
        (Certainty::Refused, ErrorKind::WeakPassword) => Outcome::WeakPassword,
        (
            Certainty::Refused,
            ErrorKind::Busy | ErrorKind::Throttled | ErrorKind::Locked | ErrorKind::NotRunning,
        ) => Outcome::Later,
        (Certainty::Refused, _) => Outcome::Refused,
        (Certainty::Unknown, _) => Outcome::Unknown,
    };
    let minutes = error
        .minutes_left()
        .map(|minutes| u64::from(minutes) * 60_000);
    let retry_after = error.retry_after();
    let retry_after = retry_after.and_then(|wait| u64::try_from(wait.as_millis()).ok());
    Reply {
        outcome,
        request_id: error.request_id().map(str::to_owned),
        detail: Some(words(error)),
        wait: minutes.max(retry_after),
    }
}

/// The kind, the code and the message, or what the client says if the service said nothing.
fn words(error: &Error) -> String {
    let kind = serde_json::to_value(error.kind()).unwrap_or_default();
    let kind = kind.as_str().unwrap_or("other").to_owned();
    let from_service = [error.code(), error.message()];
    let from_service: Vec<_> = from_service.into_iter().flatten().collect();
    if from_service.is_empty() {
        return format!("{kind}: {error}");
    }
    format!("{kind}: {}", from_service.join(": "))
}
