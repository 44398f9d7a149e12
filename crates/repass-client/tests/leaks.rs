//! No secret is shown, whatever a service makes of what it was sent.

mod calls;
mod secrets;
mod server;

use std::panic::AssertUnwindSafe;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use repass_client::{
    Context, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword,
    DmsPassword, Endpoints, IamPassword, ResetPassword, Secret, dcs, ddm, dms, iam,
};
use serde_json::json;

use calls::{client, every_call, root, summary};
use secrets::{
    SECRETS, assert_shows_none, by_user, debug, echo, echo_of_secrets, every_field,
    everything_said, iam_and_echo, id_header, no_header, visible, with,
};
use server::{Closed, Request, Server, answer, answer_with};

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
            debug(IamPassword::new(old)),
            debug(Credentials::temporary_access_key("AK", visible(new), visible(token)).unwrap()),
            debug(Credentials::user("domain", "alice", old).unwrap()),
            debug(by_user("https://127.0.0.1", old)),
            debug(by_user("https://127.0.0.1", old).transport()),
            debug(iam::types::User {
                id: None,
                name: Some("alice".to_owned()),
                password: IamPassword::new(old),
                domain: Some(iam::types::Domain {
                    id: None,
                    name: Some("domain".to_owned()),
                }),
            }),
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

#[tokio::test]
async fn an_answer_of_iam_shows_no_token() {
    let server = Server::start().await;
    let [old, _, token] = SECRETS[0];
    server.answer_by(move |request| iam_and_echo(request, 200, token));
    let transport = by_user(&server.url(), old).transport();
    let iam = iam::Client::new(&server.url(), transport);
    let request = iam::types::CreateTokenRequest {
        auth: iam::types::Auth {
            identity: iam::types::Identity {
                methods: vec!["password".to_owned()],
                token: None,
                password: Some(iam::types::PasswordIdentity {
                    user: iam::types::User {
                        id: None,
                        name: Some("alice".to_owned()),
                        password: IamPassword::new(old),
                        domain: Some(iam::types::Domain {
                            id: None,
                            name: Some("domain".to_owned()),
                        }),
                    },
                }),
            },
            scope: iam::types::Scope {
                project: iam::types::ProjectReference {
                    id: None,
                    name: Some("eu-de".to_owned()),
                    domain: None,
                },
            },
        },
    };
    let answer = iam.keystone_create_user_token_by_password(None, &request);
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["x-subject-token"], token);
    assert_shows_none(&debug(&answer), &[old, token]);
    assert_shows_none(&debug(&request), &[old]);
    // Whoever logs in has no token yet, so nobody logged in for it.
    assert_eq!(server.received().len(), 1);
}

/// Only the password is one, whatever stands beside it in the body of a login.
#[tokio::test]
async fn a_name_within_a_token_or_an_answer_leaves_it_whole() {
    let server = Server::start().await;
    let token = "MIIa-token-of-alice-in-the-domain";
    let names = ["a", "MII", "id", "token", "password"].map(|name| (name, "Alice-2024"));
    // Nor does it if the password is such a word.
    let passwords = ["a", "1", "id", "token", "project"].map(|password| ("alice", password));
    for (name, password) in names.into_iter().chain(passwords) {
        let credentials = Credentials::user(name, name, password).unwrap();
        let client = with(&server.url(), credentials);
        server.answer_by(move |request| iam_and_echo(request, 204, token));
        let [.., kafka] = every_call(&client, "old", "new").await;
        assert_eq!(summary(&kafka), "204 Done", "{name}");
        for request in server.received() {
            let is_login = request.line.contains("/v3/auth/tokens");
            let sent = request.header("x-auth-token");
            assert_eq!(sent, [token][usize::from(is_login)..], "{}", request.line);
            assert!(is_login || request.line.contains("/1/"), "{}", request.line);
        }
    }
}

/// A password may be a word that decides, and whether it does is decided before it is hidden.
#[tokio::test]
async fn no_password_hides_what_proves_success_or_failure() {
    let server = Server::start().await;
    let client = client(&server.url(), "token");
    for password in [
        "success",
        "result",
        "code",
        "1",
        "3",
        "s",
        "true",
        "error_code",
    ] {
        for (body, expected) in [
            (
                r#"{"success":true,"result":"success","code":"1","job_id":"7"}"#,
                [
                    "200 Done",
                    "200 Done",
                    "200 Done",
                    "200 Done",
                    "200 Unknown: UnexpectedStatus",
                ],
            ),
            (
                r#"{"success":true,"result":"locked","code":"3","lock_time_left":"3","job_id":"7"}"#,
                [
                    "200 Done",
                    "200 Done",
                    "200 Refused: Locked (3 min)",
                    "200 Refused: Locked",
                    "200 Unknown: UnexpectedStatus",
                ],
            ),
            (
                r#"{"success":true,"result":"success","result":"failed","code":"1","error_code":"3"}"#,
                [
                    "200 Unknown: Unreadable",
                    "200 Unknown: Unreadable",
                    "200 Unknown: Unreadable",
                    "200 Unknown: Unreadable",
                    "200 Unknown: UnexpectedStatus",
                ],
            ),
        ] {
            server.answer(answer(200, body));
            let results = every_call(&client, password, "New-2024").await;
            assert_eq!(results.each_ref().map(summary), expected, "{password}");
            let results = every_call(&client, "Old-2024", password).await;
            assert_eq!(results.each_ref().map(summary), expected, "{password}");
        }
        server.answer(answer(400, r#"{"error_code":"APIGW.0302"}"#));
        let results = every_call(&client, password, "New-2024").await;
        assert_eq!(
            results.each_ref().map(summary),
            ["400 Refused: Forbidden"; 5]
        );
    }
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
        // A wait is shown in seconds.
        let header = format!("retry-after: {number}\r\n");
        server.answer(answer_with(429, &header, "{}"));
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

/// What a laxer parser would read is not shown either, and proves nothing.
#[tokio::test]
async fn an_answer_that_parsers_read_differently_shows_nothing_and_proves_nothing() {
    let server = Server::start().await;
    let [old, new, token] = SECRETS[0];
    let client = client(&server.url(), token);
    let transport = client.transport();
    let generated = dcs::Client::new(&server.url(), transport);
    let change = dcs::types::UpdatePasswordRequest {
        old_password: DcsOldPassword::new(old),
        new_password: DcsPassword::unchecked(new),
    };
    let deep = format!("{}1{}", "[".repeat(150), "]".repeat(150));
    let words = format!("{old} {new} {token}");
    for member in [
        format!(r#""x":{deep}"#),
        r#""x":1e999"#.to_owned(),
        r#""x":-1e999"#.to_owned(),
        format!(r#""error_msg":"{words}""#),
        format!(r#""x":{{"a":"{words}","a":"{words}"}}"#),
        r#""x":"\ud800""#.to_owned(),
        r#""x":01"#.to_owned(),
        r#""x":NaN"#.to_owned(),
    ] {
        for status in [200, 400, 404, 500] {
            let body = format!(
                r#"{{"error_code":"{new}","error_msg":"{words}","message":"{words}","success":true,"result":"success","code":"1","job_id":"7",{member}}}"#
            );
            server.answer(answer(status, body));
            for result in every_call(&client, old, new).await {
                let summary = summary(&result);
                let error = result.unwrap_err();
                assert_shows_none(&everything_said(&error), &SECRETS[0]);
                let expected = match status {
                    200 => "200 Unknown: ",
                    400 => "400 Refused: Other",
                    404 => "404 Refused: NotFound",
                    _ => "500 Unknown: ServerError",
                };
                assert!(summary.starts_with(expected), "{summary}");
            }
            let (project, instance) = (calls::project(), calls::instance());
            let changed = generated
                .update_password(&project, &instance, &change)
                .await;
            let error = changed.unwrap_err();
            assert_shows_none(&everything_said(&error), &SECRETS[0]);
        }
    }
    // IAM, whose answer must not show the user's password.
    for body in [
        format!(r#"{{"error":{{"message":"{words}"}},"x":{deep}}}"#),
        format!(r#"{{"error":{{"message":"{words}"}},"x":1e999}}"#),
        format!(r#"{{"error_msg":"{words}","error_msg":"{words}"}}"#),
    ] {
        server.answer(answer(401, body));
        for result in every_call(&by_user(&server.url(), old), new, "New-1").await {
            assert_shows_none(&everything_said(&result.unwrap_err()), &[old]);
        }
    }
}

/// An invalid escape ends the decoding of most readers, and not of all.
#[tokio::test]
async fn a_secret_beside_an_invalid_escape_is_not_shown() {
    let server = Server::start().await;
    let (old, new) = ("Redis-Example-2023", "Redis-Example-2024");
    let client = client(&server.url(), "token");
    for spelt in [
        r"\q Redis\u002dExample\u002d2024",
        r"Redis\u002dExample\u002d2024 \u12",
        r"Redis%2DExample%2D2024 100%",
        r"Redis&#45;Example&#45;2024 &#;",
        r"Redis&#45;Example&#45;2024 &unknown;",
        r"Redis&hyphen;Example&#x2d;2024",
        r"Redis\x2dExample\u{2d}2024",
        "Redis%252525252DExample-2024",
    ] {
        server.answer(answer(400, json!({ "error_msg": spelt }).to_string()));
        for result in every_call(&client, old, new).await {
            let error = result.unwrap_err();
            assert_eq!(error.message(), Some("[REDACTED]"), "{spelt}");
        }
    }
    for plain in ["The instance is busy & locked.", "a-b_c d/e=f+g 5d0c2b8e"] {
        server.answer(answer(400, json!({ "error_msg": plain }).to_string()));
        for result in every_call(&client, old, new).await {
            assert_eq!(result.unwrap_err().message(), Some(plain));
        }
    }
}

/// Each of these is shown by a redactor that looks for one encoding at a time.
#[tokio::test]
async fn a_secret_in_several_encodings_or_beside_other_text_is_not_shown() {
    let server = Server::start().await;
    let (old, new) = ("Redis-Example-2023", "Pässword-2024");
    let client = client(&server.url(), "token");
    let base64 = |text: &str| STANDARD.encode(text);
    let twice = base64(&base64(new));
    for spelt in [
        // What stands before a code in Base64 decodes to something that is not text.
        twice.clone(),
        format!("key/{twice}"),
        format!("a{twice}"),
        format!("{}{}", "ab", base64(&hex(&base64(new)))),
        hex(&hex(new)),
        hex(new).to_uppercase(),
        format!("f{}", hex(new)),
        // Lines, and padding that is escaped.
        format!("{}\r\n{}", &base64(new)[..8], &base64(new)[8..]),
        format!(r"{}\n{}", &base64(new)[..8], &base64(new)[8..]),
        format!("{}%3D%3d", base64(new).trim_end_matches('=')),
        format!("{}%0A{}", &base64(new)[..8], &base64(new)[8..]),
        // The bytes of UTF-8, as Python and C write them, and other charsets.
        r"P\xc3\xa4ssword-2024".to_owned(),
        r"P\xC3\xA4ssword\x2d2024".to_owned(),
        r"P\xe4ssword-2024".to_owned(),
        r"P\303\244ssword-2024".to_owned(),
        r"P\u00e4ssword\0552024".to_owned(),
        r"P\U000000e4ssword-2024".to_owned(),
        "P%E4ssword-2024".to_owned(),
        "P%u00e4ssword-2024".to_owned(),
        "P&auml;ssword-2024".to_owned(),
        "P&#0228;ssword&#X2D;2024".to_owned(),
        // Each of these within another.
        r"P\u0025c3%A4ssword-2024".to_owned(),
        "P&amp;#228;ssword-2024".to_owned(),
        r"P\\u00e4ssword-2024".to_owned(),
        r"P&#92;u00e4ssword%5cu002d2024".to_owned(),
        base64(r"P\xc3\xa4ssword%2D2024"),
    ] {
        server.answer(answer(400, json!({ "error_msg": spelt }).to_string()));
        for result in every_call(&client, old, new).await {
            let error = result.unwrap_err();
            assert_eq!(error.message(), Some("[REDACTED]"), "{spelt}");
        }
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The generated clients show the names of all headers, in lower case.
#[tokio::test]
async fn the_name_of_a_header_shows_no_secret() {
    let server = Server::start().await;
    for secrets in [SECRETS[0], SECRETS[2]] {
        let [old, new, token] = secrets;
        let transport = client(&server.url(), token).transport();
        let dms = dms::Client::new(&server.url(), transport);
        let reset = dms::types::ResetPasswordRequest {
            new_password: DmsPassword::unchecked(new),
        };
        let (lower, digits) = (new.to_lowercase(), hex(new));
        for status in [200, 204, 205, 400, 500] {
            let headers = format!("{new}: 1\r\nx-{token}: 2\r\nx-{digits}: 3\r\nx-kept: 4\r\n");
            server.answer(answer_with(status, &headers, "{}"));
            let (project, instance) = (calls::project(), calls::instance());
            let result = dms.reset_password(&project, &instance, &reset).await;
            let shown = match &result {
                Ok(answer) => debug(answer.headers()),
                Err(error) => everything_said(error),
            };
            assert_shows_none(&shown, &[old, new, token, &lower, &token.to_lowercase()]);
            assert!(!shown.contains(&digits), "{shown}");
            assert!(shown.contains("x-kept"), "{shown}");
        }
    }
}

/// A body may be made so that reading it takes as long as it can. What the time is not enough for is
/// not shown.
#[tokio::test]
async fn a_body_that_takes_too_long_to_search_is_not_shown() {
    let server = Server::start().await;
    let [_, new, token] = SECRETS[0];
    let transport = client(&server.url(), token).transport();
    let dms = dms::Client::new(&server.url(), transport);
    let reset = dms::types::ResetPasswordRequest {
        new_password: DmsPassword::unchecked(new),
    };
    let harmless = "The instance is not running.";
    for (text, searched) in [
        // Each decoding gives another text.
        ("a%25252541&amp;amp;#65;".repeat(300), false),
        ("a%41b%41c%41d%41".to_owned(), false),
        // Nothing to decode.
        ("an ordinary text".to_owned(), true),
        ("short".to_owned(), true),
    ] {
        let mut texts = Vec::new();
        while texts.len() * (text.len() + 3) < 400_000 {
            texts.push(text.as_str());
        }
        let body = json!({ "a": texts, "error_msg": harmless });
        server.answer(answer(400, body.to_string()));
        let (project, instance) = (calls::project(), calls::instance());
        let result = dms.reset_password(&project, &instance, &reset).await;
        let shown = everything_said(&result.unwrap_err());
        assert_eq!(shown.contains(harmless), searched, "{text}");
    }
}

/// A caller who panics with an error shows what the error shows.
#[tokio::test]
async fn a_panic_shows_no_secret() {
    let server = Server::start().await;
    for secrets in SECRETS {
        let [old, new, token] = secrets;
        let client = client(&server.url(), token);
        server.answer_by(|request| answer(400, every_field(&echo(request))));
        for result in every_call(&client, old, new).await {
            let unwrapped = AssertUnwindSafe(|| result.unwrap());
            let panic = std::panic::catch_unwind(unwrapped).unwrap_err();
            let message = panic.downcast::<String>().unwrap();
            assert!(message.contains("unwrap()"), "{message}");
            assert_shows_none(&message, &secrets);
        }
        let refused = || DmsPassword::new(format!("-ü{new}")).unwrap();
        let panic = std::panic::catch_unwind(refused).unwrap_err();
        assert_shows_none(&panic.downcast::<String>().unwrap(), &secrets);
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
    let error = change.unwrap_err();
    assert_eq!(error.message(), Some("[REDACTED] after [REDACTED]"));
}
