//! The calls that the tests make, and what came of them in a few words.

#![allow(
    dead_code,
    reason = "compiled into each test binary, which uses a part"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests fails as a test does"
)]

use std::time::Duration;

use repass_client::{
    AdminName, Client, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DdmAdminPassword, DmsPassword, Endpoints, Error, ErrorKind, InstanceId, Operation, Outcome,
    ProjectId, ResetPassword, RetryConfig, Username,
};

pub(crate) const TOKEN: &str = "MIIa-token_of/the+project=";

pub(crate) fn client(url: &str, token: &str) -> Client {
    let credentials = Credentials::token(token).unwrap();
    let client = Client::new(Endpoints::all(url).unwrap(), project(), credentials).unwrap();
    // The default waits would only take time.
    client.with_retries(RetryConfig {
        initial_backoff: Duration::ZERO,
        ..RetryConfig::default()
    })
}

/// A client that logs in, at this URL too.
pub(crate) fn by_user(url: &str) -> Client {
    let credentials = Credentials::user("domain", "alice", "Alice-Example-2024").unwrap();
    Client::new(Endpoints::all(url).unwrap(), project(), credentials).unwrap()
}

/// A reset of the Kafka instance, and what came of it.
pub(crate) async fn reset_kafka(client: &Client) -> String {
    let (operation, new) = (Operation::DmsResetPassword, "Kafka-Example-2024");
    summary(&call(client, operation, "", new).await)
}

pub(crate) const ONE_ATTEMPT: RetryConfig = RetryConfig {
    attempts: 1,
    initial_backoff: Duration::ZERO,
    deadline: Duration::from_secs(60),
};

pub(crate) fn project() -> ProjectId {
    ProjectId::new("0123456789abcdef0123456789abcdef").unwrap()
}

pub(crate) fn instance() -> InstanceId {
    InstanceId::new("6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57").unwrap()
}

pub(crate) fn username(name: &str) -> Username {
    Username::new(name).unwrap()
}

pub(crate) fn root() -> AdminName {
    AdminName::new("root").unwrap()
}

pub(crate) const OPERATIONS: [Operation; 5] = [
    Operation::DdmResetPassword,
    Operation::DdmSetAdmin,
    Operation::DcsChangePassword,
    Operation::DcsResetPassword,
    Operation::DmsResetPassword,
];

/// One call, with these passwords whatever the rules say.
pub(crate) async fn call(
    client: &Client,
    operation: Operation,
    old: &str,
    new: &str,
) -> Result<Outcome, Error> {
    let instance = instance();
    let redis = DcsPassword::unchecked(new);
    match operation {
        Operation::DdmResetPassword => {
            let (user, new) = (username("ddmtest"), DdmAccountPassword::unchecked(new));
            client.ddm_reset_password(&instance, &user, &new).await
        }
        Operation::DdmSetAdmin => {
            let new = DdmAdminPassword::unchecked(new);
            client.ddm_set_admin(&instance, &root(), &new).await
        }
        Operation::DcsChangePassword => {
            let old = DcsOldPassword::new(old);
            client.dcs_change_password(&instance, &old, &redis).await
        }
        Operation::DcsResetPassword => {
            let reset = ResetPassword::To(redis);
            client.dcs_reset_password(&instance, &reset).await
        }
        Operation::DmsResetPassword => {
            let new = DmsPassword::unchecked(new);
            client.dms_reset_password(&instance, &new).await
        }
        other => panic!("no call is made for {other}"),
    }
}

/// All five calls, in the order of [`OPERATIONS`].
pub(crate) async fn every_call(
    client: &Client,
    old: &str,
    new: &str,
) -> [Result<Outcome, Error>; 5] {
    let [account, admin, change, reset, kafka] = OPERATIONS;
    [
        call(client, account, old, new).await,
        call(client, admin, old, new).await,
        call(client, change, old, new).await,
        call(client, reset, old, new).await,
        call(client, kafka, old, new).await,
    ]
}

/// The result of a call in a few words: `200 Done`, `400 Refused: Other`, `Unknown: Timeout`.
pub(crate) fn summary(result: &Result<Outcome, Error>) -> String {
    let error = match result {
        Ok(outcome) => return format!("{} {:?}", outcome.status, outcome.completion),
        Err(error) => error,
    };
    let status = error.status().map(|status| format!("{status} "));
    let detail = match error.kind() {
        ErrorKind::WrongOldPassword => error.tries_left().map(|tries| format!(" ({tries} tries)")),
        ErrorKind::Locked => error
            .minutes_left()
            .map(|minutes| format!(" ({minutes} min)")),
        ErrorKind::Throttled => error.retry_after().map(|wait| format!(" ({wait:?})")),
        ErrorKind::Login | ErrorKind::NoEndpoint => {
            let text = error.to_string();
            text.split_once("not sent: ")
                .map(|(_, reason)| format!(": {reason}"))
        }
        _ => None,
    };
    format!(
        "{}{:?}: {:?}{}",
        status.unwrap_or_default(),
        error.certainty(),
        error.kind(),
        detail.unwrap_or_default()
    )
}

/// The text of an error, with a placeholder for the port.
pub(crate) fn text(error: &Error) -> String {
    let text = error.to_string();
    match text.split_once("127.0.0.1:") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            format!("{before}[address]{after}")
        }
        None => text,
    }
}
