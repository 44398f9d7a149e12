//! DCS on the wire: what is sent, what counts as success, and the examples of the vendor's pages.

mod calls;
mod examples;
mod server;

use insta::assert_snapshot;
use repass_client::{Certainty, DcsOldPassword, DcsPassword, ErrorBody, ResetPassword, dcs};

use calls::{instance, project, summary};
use examples::{compact, rewritten, without_nulls};
use server::{Server, answer};

const CHANGE_REQUEST: &str = r#"
{
"old_password" : "XXXXXX",
"new_password" : "XXXXXX"
}"#;
const CHANGE_RESPONSE: &str = r#"
{
"lock_time" : "0",
"result" : "success",
"lock_time_left" : "0",
"retry_times_left" : "5",
"message" : "Modify DCSInstance password success."
}"#;
const RESET_REQUEST: &str = r#"
{
"new_password" : "xxxxxx",
"no_password_access" : false
}"#;
const RESET_RESPONSE: &str = r#"
{
"lock_time" : "0",
"lock_time_left" : "0",
"retry_times_left" : "5",
"code" : "1",
"message" : "success",
"ext_message" : null
}"#;
const BAD_REQUEST: &str = r#"
{
"error_code" : "DCS.4839",
"error_msg" : "is not support reset instance password."
}"#;

#[tokio::test]
async fn a_change_is_sent_as_documented() {
    let server = Server::start().await;
    server.answer(answer(200, CHANGE_RESPONSE));
    let old_password = DcsOldPassword::new("Redis-Example-2023");
    let new_password = DcsPassword::new("Redis-Example-2024").unwrap();

    let client = server.client();
    client
        .dcs_change_password(&instance(), &old_password, &new_password)
        .await
        .unwrap();
    let body = dcs::types::UpdatePasswordRequest {
        old_password,
        new_password,
    };
    dcs::Client::new(&server.url(), server.transport())
        .update_password(&project(), &instance(), &body)
        .await
        .unwrap();

    let request = server.received_from_both();
    let expected = compact(CHANGE_REQUEST)
        .replacen("XXXXXX", "Redis-Example-2023", 1)
        .replacen("XXXXXX", "Redis-Example-2024", 1);
    assert_eq!(request.body, expected);
    assert_snapshot!(request, @r#"
    PUT /v2/0123456789abcdef0123456789abcdef/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/password HTTP/1.1
    accept: application/json
    content-length: 73
    content-type: application/json
    host: [address]
    user-agent: repass/[version]
    x-auth-token: [token]

    {"old_password":"Redis-Example-2023","new_password":"Redis-Example-2024"}
    "#);
}

#[tokio::test]
async fn a_reset_is_sent_as_documented() {
    let server = Server::start().await;
    server.answer(answer(200, RESET_RESPONSE));
    let password = DcsPassword::unchecked("xxxxxx");

    let client = server.client();
    client
        .dcs_reset_password(&instance(), &ResetPassword::To(password.clone()))
        .await
        .unwrap();
    let body = dcs::types::ResetPasswordRequest {
        new_password: Some(password),
        no_password_access: false,
    };
    dcs::Client::new(&server.url(), server.transport())
        .reset_password(&project(), &instance(), &body)
        .await
        .unwrap();

    let request = server.received_from_both();
    assert_eq!(request.body, compact(RESET_REQUEST));
    assert_snapshot!(request, @r#"
    POST /v2/0123456789abcdef0123456789abcdef/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/password/reset HTTP/1.1
    accept: application/json
    content-length: 52
    content-type: application/json
    host: [address]
    user-agent: repass/[version]
    x-auth-token: [token]

    {"new_password":"xxxxxx","no_password_access":false}
    "#);
}

#[tokio::test]
async fn a_password_free_reset_says_so_and_sends_no_password() {
    let server = Server::start().await;
    server.answer(answer(200, RESET_RESPONSE));

    let client = server.client();
    client
        .dcs_reset_password(&instance(), &ResetPassword::PasswordFree)
        .await
        .unwrap();
    let body = dcs::types::ResetPasswordRequest {
        new_password: None,
        no_password_access: true,
    };
    dcs::Client::new(&server.url(), server.transport())
        .reset_password(&project(), &instance(), &body)
        .await
        .unwrap();

    let request = server.received_from_both();
    assert_eq!(request.body, r#"{"no_password_access":true}"#);
}

#[tokio::test]
async fn a_change_succeeds_by_its_result() {
    let server = Server::start().await;
    let client = server.client();
    let old = DcsOldPassword::new("Redis-Example-2023");
    let new = DcsPassword::new("Redis-Example-2024").unwrap();

    for (status, body, expected) in [
        (200, CHANGE_RESPONSE, "200 Done"),
        (200, r#"{"result":"success"}"#, "200 Done"),
        (
            200,
            r#"{"lock_time":null,"result":"success","lock_time_left":null,"retry_times_left":null,"message":null}"#,
            "200 Done",
        ),
        (
            200,
            r#"{"lock_time":null,"result":"passwordFailed","lock_time_left":null,"retry_times_left":"4"}"#,
            "200 Refused: WrongOldPassword (4 tries)",
        ),
        (
            200,
            r#"{"result":"passwordFailed","retry_times_left":"some"}"#,
            "200 Refused: WrongOldPassword",
        ),
        (
            200,
            r#"{"lock_time":"5","result":"locked","lock_time_left":"3","retry_times_left":"0"}"#,
            "200 Refused: Locked (3 min)",
        ),
        (200, r#"{"result":"locked"}"#, "200 Refused: Locked"),
        (200, r#"{"result":"failed"}"#, "200 Refused: Other"),
        (200, r#"{"result":"Success"}"#, "200 Unknown: NotConfirmed"),
        (200, r#"{"result":"pending"}"#, "200 Unknown: NotConfirmed"),
        (200, r#"{"result":null}"#, "200 Unknown: NotConfirmed"),
        (
            200,
            r#"{"message":"Modify DCSInstance password success."}"#,
            "200 Unknown: NotConfirmed",
        ),
        (200, "{}", "200 Unknown: NotConfirmed"),
        (200, "", "200 Unknown: NotConfirmed"),
        (200, r#"{"result":true}"#, "200 Unknown: NotConfirmed"),
        (
            200,
            r#"["0","success","0","5","message"]"#,
            "200 Unknown: Unreadable",
        ),
        (200, "<html>", "200 Unknown: Unreadable"),
        (202, CHANGE_RESPONSE, "202 Unknown: UnexpectedStatus"),
        (204, "", "204 Unknown: UnexpectedStatus"),
    ] {
        server.answer(answer(status, body));
        let result = client.dcs_change_password(&instance(), &old, &new).await;
        assert_eq!(summary(&result), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_reset_succeeds_by_its_code() {
    let server = Server::start().await;
    let client = server.client();
    let reset = ResetPassword::To(DcsPassword::unchecked("xxxxxx"));

    for (status, body, expected) in [
        (200, RESET_RESPONSE, "200 Done"),
        (200, r#"{"code":"1"}"#, "200 Done"),
        (
            200,
            r#"{"code":"3","message":"instance is locked"}"#,
            "200 Refused: Locked",
        ),
        (200, r#"{"code":"2"}"#, "200 Unknown: NotConfirmed"),
        (200, r#"{"code":"01"}"#, "200 Unknown: NotConfirmed"),
        (200, r#"{"code":null}"#, "200 Unknown: NotConfirmed"),
        (
            200,
            r#"{"message":"success","ext_message":null}"#,
            "200 Unknown: NotConfirmed",
        ),
        // The whole answer of older editions of the page.
        (
            200,
            r#"{"lock_time":"0","lock_time_left":"0","retry_times_left":"5"}"#,
            "200 Unknown: NotConfirmed",
        ),
        (200, "{}", "200 Unknown: NotConfirmed"),
        (200, "", "200 Unknown: NotConfirmed"),
        (200, r#"{"code":1}"#, "200 Unknown: NotConfirmed"),
        (
            200,
            r#"["5","0","0","1","success",null]"#,
            "200 Unknown: Unreadable",
        ),
        (200, "<html>", "200 Unknown: Unreadable"),
        (202, RESET_RESPONSE, "202 Unknown: UnexpectedStatus"),
        (204, "", "204 Unknown: UnexpectedStatus"),
    ] {
        server.answer(answer(status, body));
        let result = client.dcs_reset_password(&instance(), &reset).await;
        assert_eq!(summary(&result), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_failed_reset_tells_the_code_and_the_longer_words() {
    let server = Server::start().await;
    let client = server.client();
    let reset = ResetPassword::To(DcsPassword::unchecked("xxxxxx"));

    for (body, expected) in [
        (
            r#"{"code":"2","message":"failed","ext_message":"instance is resizing"}"#,
            "instance is resizing",
        ),
        (
            r#"{"code":"2","message":"failed","ext_message":null}"#,
            "failed",
        ),
    ] {
        server.answer(answer(200, body));
        let result = client.dcs_reset_password(&instance(), &reset).await;
        let error = result.unwrap_err();
        assert_eq!(error.certainty(), Certainty::Unknown);
        assert_eq!((error.code(), error.message()), (Some("2"), Some(expected)));
    }
}

#[test]
fn the_examples_of_the_pages_are_read_and_written_without_loss() {
    for (rewritten, example) in [
        (
            rewritten::<dcs::types::UpdatePasswordRequest> as fn(&str) -> _,
            CHANGE_REQUEST,
        ),
        (
            rewritten::<dcs::types::UpdatePasswordResponse>,
            CHANGE_RESPONSE,
        ),
        (rewritten::<dcs::types::ResetPasswordRequest>, RESET_REQUEST),
        (
            rewritten::<dcs::types::ResetPasswordResponse>,
            RESET_RESPONSE,
        ),
        (rewritten::<ErrorBody>, BAD_REQUEST),
    ] {
        assert_eq!(rewritten(example), without_nulls(example));
    }
}
