//! DDM on the wire: what is sent, what counts as success, and the examples of the vendor's pages.

mod calls;
mod examples;
mod server;

use insta::assert_snapshot;
use repass_client::{DdmAccountPassword, DdmAdminPassword, ErrorBody, ddm};

use calls::{instance, project, root, summary, text, username};
use examples::{compact, rewritten, without_nulls};
use server::{Server, answer};

const ACCOUNT_REQUEST: &str = r#"{ "password" : "xxxxxx" }"#;
const ACCOUNT_RESPONSE: &str = r#"{ "success": true, "instance_id": "e6b99563-xxxx-xxxx-xxxx-1820d4fd2a67", "user_name" : "ddmtest" }"#;
const ADMIN_REQUEST: &str = r#"
{
  "name" : "root",
  "password" : "****"
}"#;
const ADMIN_RESPONSE: &str = r#"
{
  "instance_id" : "175f5aff-****-****-****-d0858982bbec",
  "job_id" : "b9e057a0-f0fb-4987-9d21-f3a7550b32e7"
}"#;
const BAD_REQUEST: &str = r#"
{
  "externalMessage" : "Parameter error.",
  "errCode" : "DBS.280001"
}"#;
const SERVER_ERROR: &str = r#"
{
  "externalMessage" : "Server failure.",
  "errCode" : "DBS.200412"
}"#;

#[tokio::test]
async fn an_account_reset_is_sent_as_documented() {
    let server = Server::start().await;
    server.answer(answer(200, ACCOUNT_RESPONSE));
    let (user, password) = (username("ddmtest"), DdmAccountPassword::unchecked("xxxxxx"));

    let client = server.client();
    client
        .ddm_reset_password(&instance(), &user, &password)
        .await
        .unwrap();
    let body = ddm::types::ResetUserPasswordRequest { password };
    ddm::Client::new(&server.url(), server.transport())
        .reset_user_password(&project(), &instance(), &user, &body)
        .await
        .unwrap();

    let request = server.received_from_both();
    assert_eq!(request.body, compact(ACCOUNT_REQUEST));
    assert_snapshot!(request, @r#"
    POST /v2/0123456789abcdef0123456789abcdef/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/users/ddmtest/password HTTP/1.1
    accept: application/json
    content-length: 21
    content-type: application/json
    host: [address]
    user-agent: repass/[version]
    x-auth-token: [token]

    {"password":"xxxxxx"}
    "#);
}

#[tokio::test]
async fn an_administrator_is_sent_as_documented() {
    let server = Server::start().await;
    server.answer(answer(200, ADMIN_RESPONSE));
    let password = DdmAdminPassword::unchecked("****");

    let client = server.client();
    client
        .ddm_set_admin(&instance(), &root(), &password)
        .await
        .unwrap();
    let name = root();
    let body = ddm::types::ResetAdministratorRequest { name, password };
    ddm::Client::new(&server.url(), server.transport())
        .reset_administrator(&project(), &instance(), &body)
        .await
        .unwrap();

    let request = server.received_from_both();
    assert_eq!(request.body, compact(ADMIN_REQUEST));
    assert_snapshot!(request, @r#"
    PUT /v3/0123456789abcdef0123456789abcdef/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/admin-user HTTP/1.1
    accept: application/json
    content-length: 33
    content-type: application/json
    host: [address]
    user-agent: repass/[version]
    x-auth-token: [token]

    {"name":"root","password":"****"}
    "#);
}

#[tokio::test]
async fn a_user_name_stays_one_segment_of_the_path() {
    let server = Server::start().await;
    server.answer(answer(200, ACCOUNT_RESPONSE));
    let client = server.client();
    let generated = ddm::Client::new(&server.url(), server.transport());
    let password = DdmAccountPassword::unchecked("xxxxxx");
    let body = ddm::types::ResetUserPasswordRequest {
        password: password.clone(),
    };

    for (name, segment) in [
        ("a b", "a%20b"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("a?b=c", "a%3Fb=c"),
        ("a#b", "a%23b"),
        ("für", "f%C3%BCr"),
        ("...", "..."),
        ("a;b", "a;b"),
    ] {
        let user = username(name);
        client
            .ddm_reset_password(&instance(), &user, &password)
            .await
            .unwrap();
        generated
            .reset_user_password(&project(), &instance(), &user, &body)
            .await
            .unwrap();

        let path = format!(
            "/v2/{}/instances/{}/users/{segment}/password",
            project(),
            instance()
        );
        let request = server.received_from_both();
        assert_eq!(request.line, format!("POST {path} HTTP/1.1"), "{name}");
    }
}

#[tokio::test]
async fn an_account_reset_succeeds_by_its_success_field() {
    let server = Server::start().await;
    let client = server.client();
    let (user, password) = (username("ddmtest"), DdmAccountPassword::unchecked("xxxxxx"));

    for (status, body, expected) in [
        (200, ACCOUNT_RESPONSE, "200 Done"),
        (200, r#"{"success":true}"#, "200 Done"),
        (200, r#"{"success":true,"new_field":[]}"#, "200 Done"),
        (200, r#"{"success":false}"#, "200 Refused: Other"),
        (200, r#"{"success":null}"#, "200 Unknown: NotConfirmed"),
        (200, r#"{"name":"ddmtest"}"#, "200 Unknown: NotConfirmed"),
        (200, "{}", "200 Unknown: NotConfirmed"),
        (200, "", "200 Unknown: NotConfirmed"),
        (200, r#"{"success":"true"}"#, "200 Unknown: NotConfirmed"),
        (200, r#"{"success":1}"#, "200 Unknown: NotConfirmed"),
        (200, r#"[true,"id","ddmtest"]"#, "200 Unknown: Unreadable"),
        (200, "true", "200 Unknown: Unreadable"),
        (200, "<html>", "200 Unknown: Unreadable"),
        (201, ACCOUNT_RESPONSE, "201 Unknown: UnexpectedStatus"),
        (202, ACCOUNT_RESPONSE, "202 Unknown: UnexpectedStatus"),
        (204, "", "204 Unknown: UnexpectedStatus"),
    ] {
        server.answer(answer(status, body));
        let result = client
            .ddm_reset_password(&instance(), &user, &password)
            .await;
        assert_eq!(summary(&result), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn an_administrator_succeeds_by_the_status() {
    let server = Server::start().await;
    let client = server.client();
    let password = DdmAdminPassword::unchecked("****");

    let job = r#"{"job_id":"b9e057a0-f0fb-4987-9d21-f3a7550b32e7"}"#;
    for (status, body, expected, has_job) in [
        (200, ADMIN_RESPONSE, "200 Done", true),
        (200, "{}", "200 Unknown: NotConfirmed", false),
        (200, "", "200 Done", false),
        (202, job, "202 Accepted", true),
        (202, "{}", "202 Unknown: NotConfirmed", false),
        (202, "", "202 Accepted", false),
        (200, BAD_REQUEST, "200 Unknown: NotConfirmed", false),
        (202, BAD_REQUEST, "202 Unknown: NotConfirmed", false),
        (
            200,
            r#"{"error_code":"DBS.280001"}"#,
            "200 Unknown: NotConfirmed",
            false,
        ),
        (
            200,
            r#"{"success":false}"#,
            "200 Unknown: NotConfirmed",
            false,
        ),
        (
            200,
            r#"{"success":"no"}"#,
            "200 Unknown: NotConfirmed",
            false,
        ),
        (200, "<html>", "200 Unknown: Unreadable", false),
        (200, r#"["id","job"]"#, "200 Unknown: Unreadable", false),
        (200, r#"{"job_id":1}"#, "200 Unknown: NotConfirmed", false),
        (202, "<html>", "202 Unknown: Unreadable", false),
        (201, job, "201 Unknown: UnexpectedStatus", false),
        (204, "", "204 Unknown: UnexpectedStatus", false),
    ] {
        server.answer(answer(status, body));
        let result = client.ddm_set_admin(&instance(), &root(), &password).await;
        assert_eq!(summary(&result), expected, "{status} {body}");
        let job_id = result.ok().and_then(|outcome| outcome.job_id);
        let expected = has_job.then_some("b9e057a0-f0fb-4987-9d21-f3a7550b32e7");
        assert_eq!(job_id.as_deref(), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_success_that_is_none_tells_the_code_and_the_words() {
    let server = Server::start().await;
    let client = server.client();
    let password = DdmAdminPassword::unchecked("****");
    server.answer(answer(200, BAD_REQUEST));
    let error = client.ddm_set_admin(&instance(), &root(), &password).await;
    assert_snapshot!(text(&error.unwrap_err()), @"DDM 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 account root at [address]: unknown whether the administrator password update took effect: the answer does not confirm success: Parameter error. (status 200, code DBS.280001)");
}

#[test]
fn the_examples_of_the_pages_are_read_and_written_without_loss() {
    for (rewritten, example) in [
        (
            rewritten::<ddm::types::ResetUserPasswordRequest> as fn(&str) -> _,
            ACCOUNT_REQUEST,
        ),
        (
            rewritten::<ddm::types::ResetUserPasswordResponse>,
            ACCOUNT_RESPONSE,
        ),
        (
            rewritten::<ddm::types::ResetAdministratorRequest>,
            ADMIN_REQUEST,
        ),
        (
            rewritten::<ddm::types::ResetAdministratorResponse>,
            ADMIN_RESPONSE,
        ),
        (rewritten::<ErrorBody>, BAD_REQUEST),
        (rewritten::<ErrorBody>, SERVER_ERROR),
    ] {
        assert_eq!(rewritten(example), without_nulls(example));
    }
}
