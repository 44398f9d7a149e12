//! An IAM user's client: how often it logs in, and what a login that fails comes to.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the calls are part of the tests"
)]

mod http;

use std::error::Error as StdError;
use std::time::Duration;

use http::{start, start_at};
use repass_client::{
    Client, Credentials, DmsPassword, Endpoints, Error, InstanceId, LoginError, Outcome, Project,
    ProjectId, ProjectName,
};
use repass_emulator::{Clock, Emulator, Fleet, Options};

const HOUR: Duration = Duration::from_secs(60 * 60);
const NEW: &str = "Kafka-Example-2024";

fn client(emulator: &Emulator, password: &str) -> Client {
    let credentials = Credentials::user(Fleet::DOMAIN, Fleet::USER, password).unwrap();
    with(emulator, credentials, by_id())
}

fn with(emulator: &Emulator, credentials: Credentials, project: Project) -> Client {
    let endpoints = Endpoints::all(&emulator.url()).unwrap();
    Client::new(endpoints, project, credentials).unwrap()
}

fn by_id() -> Project {
    ProjectId::new(Fleet::PROJECT_ID).unwrap().into()
}

fn by_name(name: &str) -> Project {
    ProjectName::new(name).unwrap().into()
}

async fn reset(client: Client) -> Result<Outcome, Error> {
    let instance = InstanceId::new(Fleet::DMS_ID).unwrap();
    let password = DmsPassword::new(NEW).unwrap();
    client.dms_reset_password(&instance, &password).await
}

/// All of these calls begin before one of them gets an answer: there is one thread.
async fn fifty_resets(client: &Client) -> Vec<Result<Outcome, Error>> {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        calls.spawn(reset(client.clone()));
    }
    calls.join_all().await
}

/// The requests so far: logins, and statuses of all others.
fn requests(emulator: &Emulator) -> (usize, Vec<u16>) {
    let received = emulator.received();
    let (logins, others): (Vec<_>, Vec<_>) = received
        .into_iter()
        .partition(|request| (&*request.method, &*request.path) == ("POST", "/v3/auth/tokens"));
    let statuses = others.iter().filter_map(|request| request.status);
    (logins.len(), statuses.collect())
}

/// All that an error says of itself and of its causes.
fn everything_said(error: &dyn StdError) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        said += &format!("{error}\n{error:?}\n{error:#?}\n");
        next = error.source();
    }
    said
}

#[tokio::test]
async fn first_calls_share_one_login() {
    let emulator = start().await;
    let client = client(&emulator, Fleet::USER_PASSWORD);
    for result in fifty_resets(&client).await {
        result.unwrap();
    }
    assert_eq!(requests(&emulator), (1, vec![204; 50]));
    assert!(emulator.password_is(Fleet::DMS_ID, None, NEW));
}

#[tokio::test]
async fn a_call_that_meets_the_end_of_its_token_logs_in_again() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    let client = client(&emulator, Fleet::USER_PASSWORD);
    reset(client.clone()).await.unwrap();
    clock.advance(25 * HOUR);
    reset(client.clone()).await.unwrap();
    assert_eq!(requests(&emulator), (2, vec![204, 401, 204]));
}

#[tokio::test]
async fn calls_that_meet_the_end_of_their_token_share_one_login() {
    let clock = Clock::default();
    let emulator = start_at(&clock).await;
    let client = client(&emulator, Fleet::USER_PASSWORD);
    reset(client.clone()).await.unwrap();
    clock.advance(25 * HOUR);
    for result in fifty_resets(&client).await {
        result.unwrap();
    }
    let (logins, mut statuses) = requests(&emulator);
    statuses.sort_unstable();
    assert_eq!(logins, 2);
    assert_eq!(statuses, [vec![204; 51], vec![401; 50]].concat());
}

#[tokio::test]
async fn a_token_that_ends_soon_is_renewed_halfway() {
    let options = Options {
        token_lifetime: Duration::from_secs(4 * 60),
        ..Options::default()
    };
    let emulator = Emulator::start_with(Fleet::built_in(), options)
        .await
        .unwrap();
    let client = client(&emulator, Fleet::USER_PASSWORD);
    for (logins, calls) in [(1, 1), (1, 2), (2, 3)] {
        if logins == 2 {
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(2 * 60)).await;
            tokio::time::resume();
        }
        reset(client.clone()).await.unwrap();
        assert_eq!(requests(&emulator), (logins, vec![204; calls]));
    }
}

/// Some wrong passwords lock a user.
#[tokio::test]
async fn a_wrong_password_is_tried_once_by_all_who_wait() {
    let emulator = start().await;
    let client = client(&emulator, "Alice-Example-2023");
    for result in fifty_resets(&client).await {
        let error = result.unwrap_err();
        let said = everything_said(&error);
        assert!(!said.contains("-Example-20"), "{said}");
        let Some(LoginError::Refused {
            status, message, ..
        }) = error.login_error()
        else {
            panic!("{said}")
        };
        assert_eq!(
            (*status, &**message),
            (401, "The username or password is wrong.")
        );
    }
    assert_eq!(requests(&emulator), (1, vec![]));
    assert!(!emulator.password_is(Fleet::DMS_ID, None, NEW));
}

/// Nor by those who come later, for a minute.
#[tokio::test]
async fn a_refused_login_is_not_tried_again_at_once() {
    let emulator = start().await;
    let client = client(&emulator, "Alice-Example-2023");
    for _ in 0..3 {
        reset(client.clone()).await.unwrap_err();
    }
    assert_eq!(requests(&emulator), (1, vec![]));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    reset(client).await.unwrap_err();
    assert_eq!(requests(&emulator), (2, vec![]));
}

#[tokio::test]
async fn a_project_that_is_not_there_is_told_before_anything_is_sent() {
    let user = || Credentials::user(Fleet::DOMAIN, Fleet::USER, Fleet::USER_PASSWORD);
    for (credentials, project, login_error) in [
        (
            Credentials::token(Fleet::TOKEN),
            by_name("eu-nl"),
            "IAM knows 0 projects with the name eu-nl; set the project id instead",
        ),
        (
            Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY),
            by_name("eu-nl"),
            "IAM knows 0 projects with the name eu-nl; set the project id instead",
        ),
        (
            user(),
            by_name("eu-nl"),
            "IAM did not return a token: Could not find the project. (status 404, request id \
             00000000000000000000000000000001)",
        ),
        (
            user(),
            ProjectId::new("another").unwrap().into(),
            "IAM did not return a token: Could not find the project. (status 404, request id \
             00000000000000000000000000000001)",
        ),
    ] {
        let emulator = start().await;
        let client = with(&emulator, credentials.unwrap(), project);
        let error = reset(client).await.unwrap_err();
        let error = error.login_error().unwrap();
        assert_eq!(error.to_string(), login_error);
        let is_none = matches!(error, LoginError::Project { found: 0, .. });
        assert_eq!(is_none, login_error.contains(" 0 projects "));
        let paths: Vec<_> = (emulator.received().into_iter())
            .map(|request| request.path)
            .collect();
        assert!(paths == ["/v3/auth/tokens"] || paths == ["/v3/projects"]);
    }
}
