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
    DdmAdminPassword, DmsPassword, Endpoints, Error, InstanceId, NotSent, Operation, Outcome,
    ProjectId, Resending, ResetPassword, UnknownCause, Username,
};

pub(crate) const TOKEN: &str = "MIIa-token_of/the+project=";

pub(crate) fn client(url: &str, token: &str) -> Client {
    let credentials = Credentials::token(token).unwrap();
    let client = Client::new(Endpoints::all(url).unwrap(), project(), credentials).unwrap();
    // The default waits would only take time.
    client.with_resending(Resending {
        first_wait: Duration::ZERO,
        ..Resending::default()
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

pub(crate) const ONE_ATTEMPT: Resending = Resending {
    attempts: 1,
    first_wait: Duration::ZERO,
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

/// What a call came to, in a few words: `200 Done`, `400 Refused: Other`, `Unknown: Timeout`.
pub(crate) fn summary(result: &Result<Outcome, Error>) -> String {
    match result {
        Ok(outcome) => format!("{} {:?}", outcome.status, outcome.completion),
        Err(Error::NotSent { reason, .. }) => match reason {
            NotSent::Policy(_) => "NotSent: Policy".to_owned(),
            NotSent::Connect(_) => "NotSent: Connect".to_owned(),
            NotSent::NoEndpoint(error) => format!("NotSent: {error}"),
            NotSent::Login(error) => format!("NotSent: {error}"),
            other => format!("NotSent: {other:?}"),
        },
        Err(Error::Refused(refusal)) => format!("{} Refused: {:?}", refusal.status, refusal.kind),
        Err(Error::Unknown(unknown)) => {
            let status = unknown.status.map(|status| format!("{status} "));
            let cause = match &unknown.cause {
                UnknownCause::Cut(_) => "Cut".to_owned(),
                other => format!("{other:?}"),
            };
            format!("{}Unknown: {cause}", status.unwrap_or_default())
        }
        Err(other) => format!("{other:?}"),
    }
}
