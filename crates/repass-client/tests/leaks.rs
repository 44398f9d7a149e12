//! No secret is shown, whatever a service makes of what it was sent.

mod calls;
mod server;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use repass_client::{
    Context, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword,
    DmsPassword, Endpoints, Error, ResetPassword, Secret, dcs, ddm, dms,
};
use serde_json::{Value, json};

use calls::{client, every_call, root};
use server::{Closed, Request, Server, answer, answer_with};

/// Old password, new password and token, with characters that other encodings write otherwise, or
/// that could be taken for something else.
const SECRETS: [[&str; 3]; 4] = [
    [
        "Redis-Example-2023",
        "Redis-Example-2024",
        "MIIa-token-2024",
    ],
    [
        r#"Old"0\\quote-2023"#,
        r#"Aa1"\\quote-2024"#,
        r#""tok\en"/+%2B==""#,
    ],
    ["6543210987654321", "1234567890123456", "9988776655443322"],
    [
        "Pässword ?>~ 2023",
        "<b>&amp;%20 ü?>~ 2024",
        "~~~???>>>token",
    ],
];

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How a service or gateway may write what it was sent.
fn spellings(secret: &str) -> [String; 9] {
    let json = json!(secret).to_string();
    let percent = utf8_percent_encode(secret, UNRESERVED).to_string();
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    [
        // As JSON writers spell it that fear for HTML.
        json[1..json.len() - 1]
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026"),
        html.replace('"', "&quot;"),
        percent
            .to_lowercase()
            .replace(&secret.to_lowercase(), secret),
        percent.replace("%20", "+"),
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        utf8_percent_encode(secret, UNRESERVED).to_string(),
        // Without what fills up the last group.
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE.encode(secret).trim_end_matches('=').to_owned(),
    ]
}

fn every_spelling(secrets: &[&str]) -> Vec<String> {
    secrets
        .iter()
        .flat_map(|secret| spellings(secret))
        .collect()
}

#[track_caller]
fn assert_shows_none(shown: &str, secrets: &[&str]) {
    for spelling in every_spelling(secrets) {
        assert!(!shown.contains(&spelling), "{spelling} in {shown}");
    }
}

fn debug(value: impl Debug) -> String {
    format!("{value:?}\n{value:#?}\n")
}

/// All that an error says of itself and of its causes.
fn everything_said(error: &dyn StdError) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        said += &format!("{error}\n{error:#}\n{}", debug(error));
        next = error.source();
    }
    said
}

#[test]
fn debug_shows_no_secret() {
    for secrets in SECRETS {
        let [old, new, token] = secrets;
        let credentials = Credentials::token(token).unwrap();
        let transport = client("https://127.0.0.1", token).transport();
        let url = "https://127.0.0.1";
        let old_password = DcsOldPassword::new(old);
        let account = DdmAccountPassword::unchecked(new);
        let admin = DdmAdminPassword::unchecked(new);
        let redis = DcsPassword::unchecked(new);
        let kafka = DmsPassword::unchecked(new);

        for shown in [
            debug(Secret::from(new)),
            debug(&old_password),
            debug(&account),
            debug(&admin),
            debug(&redis),
            debug(&kafka),
            debug(ResetPassword::To(redis.clone())),
            debug(Context {
                username: Some("ddmtest"),
                old_password: Some(old),
            }),
            debug(&credentials),
            debug(&transport),
            debug(client(url, token)),
            debug(ddm::Client::new(url, transport.clone())),
            debug(dcs::Client::new(url, transport.clone())),
            debug(dms::Client::new(url, transport)),
            debug(ddm::types::ResetUserPasswordRequest { password: account }),
            debug(ddm::types::ResetAdministratorRequest {
                name: root(),
                password: admin,
            }),
            debug(dcs::types::UpdatePasswordRequest {
                old_password,
                new_password: redis.clone(),
            }),
            debug(dcs::types::ResetPasswordRequest {
                new_password: Some(redis),
                no_password_access: false,
            }),
            debug(dms::types::ResetPasswordRequest {
                new_password: kafka,
            }),
        ] {
            assert_shows_none(&shown, &secrets);
        }
    }
}

/// Everything that was sent, and every secret in it in every spelling.
fn echo(request: &Request) -> String {
    let Request {
        line,
        headers,
        body,
    } = request;
    let headers = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"));
    let headers = headers.collect::<String>();
    format!("{}\n{line}\n{headers}\n{body}", echo_of_secrets(request))
}

fn echo_of_secrets(request: &Request) -> String {
    let body: HashMap<String, Value> = serde_json::from_str(&request.body).unwrap_or_default();
    let in_body = body.values().filter_map(Value::as_str);
    let sent: Vec<_> = in_body.chain(request.header("x-auth-token")).collect();
    every_spelling(&sent).join(" ")
}

fn no_header(_: &Request) -> String {
    String::new()
}

/// Only what a header can hold: one that holds more is not read at all.
fn id_header(request: &Request) -> String {
    let mut id = echo_of_secrets(request);
    id.retain(|character| character.is_ascii());
    format!("x-request-id: {id}\r\n")
}

#[tokio::test]
async fn an_echo_shows_no_secret() {
    let server = Server::start().await;
    for secrets in SECRETS {
        let [old, new, token] = secrets;
        let client = client(&server.url(), token);
        for status in [200, 202, 204, 302, 400, 403, 404, 429, 500, 503] {
            // The id of a request is taken from the body where the header is missing.
            for (header, body) in [
                (
                    no_header as fn(&Request) -> String,
                    every_field as fn(&str) -> _,
                ),
                (id_header, every_field_of_a_success),
                (id_header, html),
            ] {
                server.answer_by(move |request| {
                    answer_with(status, &header(request), body(&echo(request)))
                });
                for result in every_call(&client, old, new).await {
                    let shown = match &result {
                        Ok(outcome) => debug(outcome),
                        Err(error) => everything_said(error),
                    };
                    assert_shows_none(&shown, &secrets);
                }
            }
        }
    }
}

#[tokio::test]
async fn an_echo_shows_no_secret_in_the_errors_of_the_generated_clients() {
    let server = Server::start().await;
    let [old, new, token] = SECRETS[3];
    let transport = client(&server.url(), token).transport();
    let url = server.url();
    let (dcs, dms) = (
        dcs::Client::new(&url, transport.clone()),
        dms::Client::new(&url, transport),
    );
    let change = dcs::types::UpdatePasswordRequest {
        old_password: DcsOldPassword::new(old),
        new_password: DcsPassword::unchecked(new),
    };
    let reset = dms::types::ResetPasswordRequest {
        new_password: DmsPassword::unchecked(new),
    };
    for status in [200, 202, 302, 400, 404, 500] {
        for body in [every_field, every_field_of_a_success, html] {
            server.answer_by(move |request| {
                let headers = id_header(request);
                answer_with(status, &headers, body(&echo(request)))
            });
            let (project, instance) = (calls::project(), calls::instance());
            let changed = dcs.update_password(&project, &instance, &change).await;
            assert_shows_none(&format!("{changed:?}"), &SECRETS[3]);
            if let Err(error) = changed {
                assert_shows_none(&everything_said(&error), &SECRETS[3]);
            }
            if let Err(error) = dms.reset_password(&project, &instance, &reset).await {
                assert_shows_none(&everything_said(&error), &SECRETS[3]);
            }
        }
    }
}

fn every_field(echo: &str) -> String {
    json!({
        "error_code": echo, "error_msg": echo, "error_ext_msg": echo,
        "errCode": echo, "externalMessage": echo, "request_id": echo,
        "success": false, "instance_id": echo, "user_name": echo, "job_id": echo,
        "result": echo, "message": echo, "code": echo, "ext_message": echo,
        "lock_time": echo, "lock_time_left": echo, "retry_times_left": echo,
    })
    .to_string()
}

fn every_field_of_a_success(echo: &str) -> String {
    json!({
        "success": true, "instance_id": echo, "user_name": echo, "job_id": echo,
        "result": "success", "message": echo, "code": "1", "ext_message": echo,
        "lock_time": echo, "lock_time_left": echo, "retry_times_left": echo,
    })
    .to_string()
}

fn html(echo: &str) -> String {
    format!("<html>{echo}</html>")
}

#[tokio::test]
async fn a_number_is_a_secret_too() {
    let server = Server::start().await;
    let secrets @ [new, token] = ["1234567890123456", "9988776655443322"];
    let client = client(&server.url(), token);
    for number in secrets {
        server.answer(answer(400, format!(r#"{{"error_code":{number}}}"#)));
        for result in every_call(&client, "old", new).await {
            assert_shows_none(&everything_said(&result.unwrap_err()), &secrets);
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_no_http_shows_no_secret() {
    let server = Server::start().await;
    for secrets in SECRETS {
        let [old, new, token] = secrets;
        let client = client(&server.url(), token);
        let answers: [fn(&Request) -> String; 5] = [
            echo,
            |request| format!("HTTP/1.1 {}\r\n\r\n", echo_of_secrets(request)),
            |request| format!("HTTP/1.1 200 \r\n{}\r\n\r\n", echo_of_secrets(request)),
            |request| {
                format!(
                    "HTTP/1.1 200 \r\ncontent-length: 9999\r\n\r\n{}",
                    echo(request)
                )
            },
            |request| {
                let header = id_header(request);
                format!("HTTP/1.1 200 \r\n{header}content-length: 9\r\n\r\n")
            },
        ];
        for answer in answers {
            server.answer_by(move |request| answer(request).into());
            for result in every_call(&client, old, new).await {
                assert_shows_none(&everything_said(&result.unwrap_err()), &secrets);
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_sent_is_not_shown() {
    let closed = Closed::new();
    for secrets in SECRETS {
        let [old, new, token] = secrets;
        let client = client(&closed.url(), token);
        for result in every_call(&client, old, new).await {
            assert_shows_none(&everything_said(&result.unwrap_err()), &secrets);
        }
        // Here the rules stop the change.
        for result in every_call(&client, new, new).await {
            assert_shows_none(&everything_said(&result.unwrap_err()), &secrets);
        }
        for refused in [
            everything_said(&DmsPassword::new(format!("-ü{new}")).unwrap_err()),
            everything_said(&Credentials::token(format!("{token} ")).unwrap_err()),
            everything_said(&Endpoints::all(&format!("https://u:{new}@h")).unwrap_err()),
        ] {
            assert_shows_none(&refused, &secrets);
        }
    }
}

/// The beginning of a longer secret may be a secret of its own.
#[tokio::test]
async fn a_secret_within_another_hides_no_less_of_it() {
    let server = Server::start().await;
    let (old, new) = ("Redis-2023", "Redis-2023-and-more");
    server.answer(answer(
        400,
        format!(r#"{{"error_msg":"{new} after {old}"}}"#),
    ));
    let [_, _, change, ..] = every_call(&client(&server.url(), "token"), old, new).await;
    let Err(Error::Refused(refusal)) = change else {
        panic!("{change:?}");
    };
    let message = refusal.message.as_deref();
    assert_eq!(message, Some("[REDACTED] after [REDACTED]"));
}
