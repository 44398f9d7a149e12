//! DMS on the wire: what is sent, what counts as success, and the example of the vendor's page.

mod calls;
mod examples;
mod server;

use insta::assert_snapshot;
use repass_client::{DmsPassword, dms};

use calls::{instance, project, summary};
use examples::{compact, rewritten, without_nulls};
use server::{Server, answer};

const RESET_REQUEST: &str = r#"
{
"new_password" : "********"
}"#;

#[tokio::test]
async fn a_reset_is_sent_as_documented() {
    let server = Server::start().await;
    server.answer(answer(204, ""));
    let new_password = DmsPassword::unchecked("********");

    let client = server.client();
    client
        .dms_reset_password(&instance(), &new_password)
        .await
        .unwrap();
    let body = dms::types::ResetPasswordRequest { new_password };
    dms::Client::new(&server.url(), server.transport())
        .reset_password(&project(), &instance(), &body)
        .await
        .unwrap();

    let request = server.received_from_both();
    assert_eq!(request.body, compact(RESET_REQUEST));
    assert_snapshot!(request, @r#"
    POST /v2/0123456789abcdef0123456789abcdef/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/password HTTP/1.1
    accept: application/json
    content-length: 27
    content-type: application/json
    host: [address]
    user-agent: repass/[version]
    x-auth-token: [token]

    {"new_password":"********"}
    "#);
}

#[tokio::test]
async fn a_reset_succeeds_by_its_status() {
    let server = Server::start().await;
    let client = server.client();
    let password = DmsPassword::unchecked("********");

    for (status, body, expected) in [
        (204, "", "204 Done"),
        (200, "", "200 Unknown: UnexpectedStatus"),
        (200, "{}", "200 Unknown: UnexpectedStatus"),
        (201, "", "201 Unknown: UnexpectedStatus"),
        (202, "", "202 Unknown: UnexpectedStatus"),
        (205, "", "205 Unknown: UnexpectedStatus"),
    ] {
        server.answer(answer(status, body));
        let result = client.dms_reset_password(&instance(), &password).await;
        assert_eq!(summary(&result), expected, "{status} {body}");
    }
}

#[test]
fn the_example_of_the_page_is_read_and_written_without_loss() {
    let written = rewritten::<dms::types::ResetPasswordRequest>(RESET_REQUEST);
    assert_eq!(written, without_nulls(RESET_REQUEST));
}
