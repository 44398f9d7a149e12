//! What is said when a call does not succeed, and that nothing is said that is not known.

mod calls;
mod server;

use std::process::Command;
use std::time::Duration;

use insta::assert_snapshot;
use repass_client::{
    AdminName, Certainty, Client, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DmsPassword, Endpoints, Error, InstanceId, LoginError, Project, ProjectId, ProjectName,
    RetryConfig, Transport, Username, dcs, ddm, dms,
};

use calls::{OPERATIONS, TOKEN, client, every_call, instance, project, summary, text, username};
use server::{Closed, KEEP_OPEN, Request, Server, Unvisited, answer, answer_with};

const OLD: &str = "Redis-Example-2023";
const NEW: &str = "Redis-Example-2024";

/// Code, message and id of the request, as an error tells them.
type Details = [Option<&'static str>; 3];

/// The answers of the services, in either dialect, and of the gateway before them.
const DIALECTS: [(&str, &str, Details); 6] = [
    (
        "",
        r#"{"error_code":"DCS.4115","error_msg":"Busy.","error_ext_msg":null}"#,
        [Some("DCS.4115"), Some("Busy."), None],
    ),
    (
        "x-request-id: from-header\r\n",
        r#"{"externalMessage":"Parameter error.","errCode":"DBS.280001"}"#,
        [
            Some("DBS.280001"),
            Some("Parameter error."),
            Some("from-header"),
        ],
    ),
    (
        "",
        r#"{"error_msg":"Throttled.","error_code":"APIGW.0308","request_id":"from-body"}"#,
        [Some("APIGW.0308"), Some("Throttled."), Some("from-body")],
    ),
    (
        "X-Request-Id: from-header\r\n",
        r#"{"error_msg":"Throttled.","error_code":"APIG.0308","request_id":"from-body"}"#,
        [Some("APIG.0308"), Some("Throttled."), Some("from-header")],
    ),
    // Old codes of DCS are numbers, and no type is sure.
    (
        "",
        r#"{"error_code":111400022,"error_msg":{"en":"Busy."},"request_id":[]}"#,
        [Some("111400022"), None, None],
    ),
    (
        "",
        r#"{"error_code":null,"error_msg":null,"errCode":"DDM.0001","unknown":1}"#,
        [Some("DDM.0001"), None, None],
    ),
];

/// Bodies that say nothing; the status is all there is.
const SPEECHLESS: [&[u8]; 7] = [
    b"",
    b"<html><h1>Bad Gateway</h1></html>",
    br#"["DCS.4115","Busy."]"#,
    br#""DCS.4115""#,
    br#"{"error_code":"DCS.4115""#,
    b"{\"error_code\":\"DCS.\xff\xfe\"}",
    b"null",
];

#[tokio::test]
async fn a_4xx_is_a_refusal_in_every_dialect() {
    let server = Server::start().await;
    let client = server.client();
    for status in [400, 401, 403, 404, 409, 413, 429, 499] {
        for (headers, body, details) in DIALECTS {
            server.answer(answer_with(status, headers, body));
            for (operation, result) in OPERATIONS
                .into_iter()
                .zip(every_call(&client, OLD, NEW).await)
            {
                let error = result.unwrap_err();
                assert_eq!(error.certainty(), Certainty::Refused);
                assert_eq!(error.target().operation, operation);
                let shown = [error.code(), error.message(), error.request_id()];
                assert_eq!(shown, details);
            }
        }
    }
}

#[tokio::test]
async fn a_5xx_leaves_the_outcome_open_in_every_dialect() {
    let server = Server::start().await;
    let client = server.client();
    for status in [500, 502, 503, 504, 599] {
        for (headers, body, details) in DIALECTS {
            server.answer(answer_with(status, headers, body));
            for (operation, result) in OPERATIONS
                .into_iter()
                .zip(every_call(&client, OLD, NEW).await)
            {
                assert_eq!(summary(&result), format!("{status} Unknown: ServerError"));
                let error = result.unwrap_err();
                assert_eq!(error.certainty(), Certainty::Unknown);
                assert_eq!(error.target().operation, operation);
                let shown = [error.code(), error.message(), error.request_id()];
                assert_eq!(shown, details);
            }
        }
    }
}

#[tokio::test]
async fn a_status_counts_whatever_the_body_is() {
    let server = Server::start().await;
    let client = server.client();
    for (status, expected) in [
        (400, "400 Refused: Other"),
        (502, "502 Unknown: ServerError"),
    ] {
        let whole = SPEECHLESS.map(|body| answer(status, body));
        let cut = format!("HTTP/1.1 {status} \r\ncontent-length: 99\r\n\r\n{{\"error_code\"");
        for bytes in whole.into_iter().chain([cut.into_bytes()]) {
            server.answer(bytes.clone());
            for result in every_call(&client, OLD, NEW).await {
                assert_eq!(
                    summary(&result),
                    expected,
                    "{}",
                    String::from_utf8_lossy(&bytes)
                );
            }
        }
    }
}

#[tokio::test]
async fn a_200_without_the_documented_body_leaves_the_outcome_open() {
    let server = Server::start().await;
    let client = server.client();
    let (old, new) = (DcsOldPassword::new(OLD), DcsPassword::unchecked(NEW));

    // A service that would have said success, had it been read to the end.
    let padded = |length| {
        format!(
            r#"{{"message":"{}","result":"success"}}"#,
            "x".repeat(length)
        )
    };
    let cut = "HTTP/1.1 200 \r\ncontent-length: 99\r\n\r\n{\"result\":\"success\"}";
    for (bytes, expected) in [
        (answer(200, ""), "200 Unknown: NotConfirmed"),
        (answer(200, "<html>"), "200 Unknown: Unreadable"),
        (answer(200, "null"), "200 Unknown: Unreadable"),
        (answer(200, r#"[["success"]]"#), "200 Unknown: Unreadable"),
        (
            answer(200, b"{\"result\":\"success\",\"message\":\"\xff\"}"),
            "200 Unknown: Unreadable",
        ),
        (
            answer(200, r#"{"result":"failed","result":"success"}"#),
            "200 Unknown: Unreadable",
        ),
        (cut.into(), "200 Unknown: ConnectionLost"),
        (answer(200, padded(500_000)), "200 Done"),
        (answer(200, padded(3_000_000)), "200 Unknown: Unreadable"),
    ] {
        server.answer(bytes);
        let result = client.dcs_change_password(&instance(), &old, &new).await;
        assert_eq!(summary(&result), expected);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_http_leaves_the_outcome_open() {
    let server = Server::start().await;
    let client = server.client();
    for bytes in ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 20", "\u{0}"] {
        server.answer(bytes);
        for result in every_call(&client, OLD, NEW).await {
            assert_eq!(summary(&result), "Unknown: ConnectionLost", "{bytes:?}");
        }
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Unvisited::new();
    let server = Server::start().await;
    let client = server.client();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/\r\n", elsewhere.url());
        server.answer(answer_with(status, &location, ""));
        for result in every_call(&client, OLD, NEW).await {
            let expected = format!("{status} Unknown: UnexpectedStatus");
            assert_eq!(summary(&result), expected);
        }
        assert_eq!(server.received().len(), 5);
    }
}

#[tokio::test]
async fn no_redirect_is_followed_by_a_generated_client() {
    let elsewhere = Unvisited::new();
    let server = Server::start().await;
    let location = format!("location: {}/\r\n", elsewhere.url());
    server.answer(answer_with(307, &location, ""));
    let (url, project, instance, user) = (server.url(), project(), instance(), username("ddmtest"));

    let ddm = ddm::Client::new(&url, server.transport());
    let body = ddm::types::ResetUserPasswordRequest {
        password: DdmAccountPassword::unchecked(NEW),
    };
    let answer = ddm.reset_user_password(&project, &instance, &user, &body);
    assert_eq!(answer.await.unwrap_err().status().unwrap(), 307);

    let dcs = dcs::Client::new(&url, server.transport());
    let body = dcs::types::ResetPasswordRequest {
        new_password: Some(DcsPassword::unchecked(NEW)),
        no_password_access: false,
    };
    let answer = dcs.reset_password(&project, &instance, &body);
    assert_eq!(answer.await.unwrap_err().status().unwrap(), 307);

    let dms = dms::Client::new(&url, server.transport());
    let body = dms::types::ResetPasswordRequest {
        new_password: DmsPassword::unchecked(NEW),
    };
    let answer = dms.reset_password(&project, &instance, &body);
    assert_eq!(answer.await.unwrap_err().status().unwrap(), 307);
}

#[tokio::test]
async fn a_generated_client_sends_no_password_by_plain_http() {
    // No time for anything: nothing is sent, whatever it is allowed to.
    let at_once = RetryConfig {
        deadline: Duration::ZERO,
        ..RetryConfig::default()
    };
    let reset = async |endpoints: Endpoints| {
        let credentials = Credentials::token(TOKEN).unwrap();
        let client = Client::new(endpoints, project(), credentials).unwrap();
        let transport = client.with_retries(at_once).transport();
        let dms = dms::Client::new("http://dms.example", transport);
        let body = dms::types::ResetPasswordRequest {
            new_password: DmsPassword::unchecked(NEW),
        };
        let answer = dms.reset_password(&project(), &instance(), &body).await;
        answer.unwrap_err().to_string()
    };
    assert_snapshot!(reset(Endpoints::new()).await, @"Error: the endpoint is http, which would show the password on its way");
    assert_snapshot!(reset(Endpoints::new().allow_http()).await, @"Error: timed out before the request was sent");
}

#[tokio::test]
async fn a_refused_connection_sends_nothing() {
    let closed = Closed::new();
    for result in every_call(&client(&closed.url(), TOKEN), OLD, NEW).await {
        assert_eq!(summary(&result), "NotSent: Connect");
        let certainty = result.unwrap_err().certainty();
        assert_eq!(certainty, Certainty::NotSent);
        assert!(certainty.nothing_changed());
    }
}

#[tokio::test]
async fn a_service_that_falls_silent_leaves_the_outcome_open() {
    let server = Server::start().await;
    server.answer_by(fall_silent);
    let password = DmsPassword::new(NEW).unwrap();
    let client = server.client_of_one_attempt();
    let result = client.dms_reset_password(&instance(), &password).await;
    assert_eq!(summary(&result), "Unknown: Timeout");
}

/// Begins an answer that never ends. The clock, tokio's own, then jumps to the end of the wait:
/// nothing takes time. It is the end of all other calls of a test.
fn fall_silent(_: &Request) -> Vec<u8> {
    tokio::time::pause();
    KEEP_OPEN.into()
}

#[tokio::test]
async fn a_password_that_breaks_a_rule_of_its_context_is_not_sent() {
    let unvisited = Unvisited::new();
    let client = client(&unvisited.url(), TOKEN);
    let password = DdmAccountPassword::new("Account-2024").unwrap();
    for name in ["Account-2024", "4202-tnuoccA"] {
        let result = client
            .ddm_reset_password(&instance(), &username(name), &password)
            .await;
        assert_eq!(summary(&result), "NotSent: Policy");
    }

    let (old, new) = (DcsOldPassword::new(NEW), DcsPassword::new(NEW).unwrap());
    let result = client.dcs_change_password(&instance(), &old, &new).await;
    assert_eq!(summary(&result), "NotSent: Policy");
}

#[tokio::test]
async fn a_service_without_an_endpoint_is_not_called() {
    let credentials = Credentials::token(TOKEN).unwrap();
    let client = Client::new(Endpoints::new(), project(), credentials).unwrap();
    let results = every_call(&client, OLD, NEW).await;
    assert_eq!(
        results.each_ref().map(summary),
        [
            "NotSent: NoEndpoint: the client has no endpoint for DDM",
            "NotSent: NoEndpoint: the client has no endpoint for DDM",
            "NotSent: NoEndpoint: the client has no endpoint for DCS",
            "NotSent: NoEndpoint: the client has no endpoint for DCS",
            "NotSent: NoEndpoint: the client has no endpoint for DMS",
        ]
    );
}

#[tokio::test]
async fn each_service_is_called_at_its_own_endpoint() {
    let (ddm, dcs, dms) = (
        Server::start().await,
        Server::start().await,
        Server::start().await,
    );
    let endpoints = Endpoints::new()
        .ddm(&ddm.url())
        .and_then(|endpoints| endpoints.dcs(&format!("{}/", dcs.url())))
        .and_then(|endpoints| endpoints.dms(&format!("{}/behind/a/gateway/", dms.url())));
    let credentials = Credentials::token(TOKEN).unwrap();
    let client = Client::new(endpoints.unwrap(), project(), credentials).unwrap();
    let client = client.with_retries(calls::ONE_ATTEMPT);
    let _ = every_call(&client, OLD, NEW).await;

    let start_of_paths = [ddm, dcs, dms].map(|server| {
        let received = server.received();
        let paths = received
            .iter()
            .map(|request| request.line.split(' ').nth(1));
        paths
            .map(|path| {
                path.and_then(|path| path.split("/0123").next())
                    .map(str::to_owned)
            })
            .collect::<Option<Vec<_>>>()
            .unwrap()
    });
    assert_eq!(
        start_of_paths,
        [
            vec!["/v2", "/v3"],
            vec!["/v2", "/v2"],
            vec!["/behind/a/gateway/v2"],
        ]
    );
}

/// Reads what the environment says when it runs as the child of the test below.
#[tokio::test]
async fn loopback_is_reached() {
    let server = Server::start().await;
    server.answer(answer(200, r#"{"success":true}"#));
    for host in ["127.0.0.1", "localhost"] {
        let url = server.url().replace("127.0.0.1", host);
        let results = every_call(&client(&url, TOKEN), OLD, NEW).await;
        assert_eq!(summary(&results[0]), "200 Done", "{host}");
    }
}

#[test]
fn no_proxy_is_asked_for_loopback() {
    let proxy = Closed::new();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "loopback_is_reached"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTP_PROXY", proxy.url())
        .env("http_proxy", proxy.url())
        .env("ALL_PROXY", proxy.url())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains("test result: ok. 1 passed"), "{output}");
}

/// A place where there are no certificates.
const NOWHERE: &str = "/nowhere";

/// Reads what the environment says when it runs as the child of the test below.
#[tokio::test]
async fn https_is_not_sent_where_there_are_no_certificates() {
    if std::env::var("SSL_CERT_FILE").as_deref() != Ok(NOWHERE) {
        return;
    }
    let closed = Closed::new();
    let url = closed.url().replace("http", "https");
    for result in every_call(&client(&url, TOKEN), OLD, NEW).await {
        let error = result.unwrap_err();
        assert_eq!(error.certainty(), Certainty::NotSent);
        let mut said = error.to_string();
        let mut next = std::error::Error::source(&error);
        while let Some(error) = next {
            said += &format!(": {error}");
            next = error.source();
        }
        assert!(said.contains("certificates"), "{said}");
    }
}

#[test]
fn only_https_needs_certificates() {
    let tests = [
        "loopback_is_reached",
        "https_is_not_sent_where_there_are_no_certificates",
    ];
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .args(tests)
        .env("SSL_CERT_FILE", NOWHERE)
        .env("SSL_CERT_DIR", NOWHERE)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains("test result: ok. 2 passed"), "{output}");
}

#[test]
fn ids_that_would_leave_their_segment_of_a_path_are_refused() {
    for value in [
        "",
        ".",
        "..",
        "/",
        "a/b",
        "../x",
        "a\\b",
        "..\\..\\x",
        "a\nb",
        "a\tb",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
    ] {
        assert!(ProjectId::new(value).is_err(), "{value:?}");
        assert!(InstanceId::new(value).is_err(), "{value:?}");
        assert!(Username::new(value).is_err(), "{value:?}");
    }
    for value in [
        "e6b995630000400080001820d4fd2a67in09",
        "...",
        ".a",
        "a..b",
        "a b",
        "%2e%2e",
        "%2F",
        "a?b#c",
        "für",
    ] {
        assert_eq!(ProjectId::new(value).unwrap().as_str(), value);
        assert_eq!(InstanceId::new(value).unwrap().as_str(), value);
        assert_eq!(value.parse::<Username>().unwrap().to_string(), value);
    }
}

#[test]
fn an_administrator_is_named_as_the_page_says() {
    for value in [
        "",
        "1root",
        "_root",
        "ro-ot",
        "ro ot",
        "rööt",
        &"r".repeat(33),
    ] {
        assert!(AdminName::new(value).is_err(), "{value:?}");
    }
    for value in ["r", "root", "Root_2024", &"r".repeat(32)] {
        assert_eq!(AdminName::new(value).unwrap().as_str(), value);
    }
}

#[test]
fn only_plain_http_urls_are_endpoints() {
    for url in [
        "",
        "dms.eu-de.otc.t-systems.com",
        "localhost:8080",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "data:text/plain,x",
        "http://",
        "https://user@127.0.0.1",
        "https://user:password@127.0.0.1",
        "https://:password@127.0.0.1",
        "https://127.0.0.1?region=eu-de",
        "https://127.0.0.1/#top",
        "https://127.0.0.1:99999",
        "https://not a host",
        // The password would be shown on its way.
        "http://dms.eu-de.otc.t-systems.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
    ] {
        assert!(Endpoints::all(url).is_err(), "{url}");
    }
    for url in [
        "https://dms.eu-de.otc.t-systems.com",
        "HTTPS://dms.eu-de.otc.t-systems.com/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/gateway",
        "http://localhost:8080",
        "http://127.3.2.1",
    ] {
        assert!(Endpoints::all(url).is_ok(), "{url}");
    }
    let asked_for = Endpoints::new().allow_http();
    assert!(asked_for.dms("http://10.0.0.1").is_ok());
}

#[test]
fn only_what_a_header_can_hold_is_a_token() {
    for token in [
        "",
        " ",
        "a b",
        "token\n",
        "a\r\nx-evil: 1",
        "a\tb",
        "tökén",
        "\u{7f}",
    ] {
        assert!(Credentials::token(token).is_err(), "{token:?}");
    }
    assert!(Credentials::token(TOKEN).is_ok());
}

/// The reason is shown whatever its shape is.
#[tokio::test]
async fn a_reason_is_found_in_every_shape() {
    let server = Server::start().await;
    let client = server.client_of_one_attempt();
    let mut reasons = Vec::new();
    for body in [
        r#"{"error_code":"DCS.1","error_msg":"Words."}"#,
        r#"{"errCode":"DBS.1","externalMessage":"Words."}"#,
        r#"{"errorCode":"E1","errorMsg":"Words."}"#,
        r#"{"code":"C1","message":"Words."}"#,
        r#"{"code":1,"message":"Words."}"#,
        r#"{"error_code":111400022,"error_msg":"Words."}"#,
        r#"{"error":{"error_code":"DCS.1","error_msg":"Words."}}"#,
        r#"{"error":{"code":401,"message":"Words.","title":"Unauthorized"}}"#,
        r#"{"error":{"code":"N1","message":"Words."}}"#,
        r#"{"error_msg":{"en":"Words."}}"#,
        r#"{}"#,
        "",
        "<html>Words.</html>",
        r#"{"error_msg":"Words.","error_msg":"Others."}"#,
    ] {
        server.answer(answer(400, body));
        let password = DmsPassword::new(NEW).unwrap();
        let error = client.dms_reset_password(&instance(), &password).await;
        let error = text(&error.unwrap_err());
        let (_, reason) = error.split_once("refused: ").unwrap();
        reasons.push(format!("{body}\n  {reason}"));
    }
    assert_snapshot!(reasons.join("\n"), @r#"
    {"error_code":"DCS.1","error_msg":"Words."}
      Words. (status 400, code DCS.1)
    {"errCode":"DBS.1","externalMessage":"Words."}
      Words. (status 400, code DBS.1)
    {"errorCode":"E1","errorMsg":"Words."}
      Words. (status 400, code E1)
    {"code":"C1","message":"Words."}
      Words. (status 400, code C1)
    {"code":1,"message":"Words."}
      Words. (status 400, code 1)
    {"error_code":111400022,"error_msg":"Words."}
      Words. (status 400, code 111400022)
    {"error":{"error_code":"DCS.1","error_msg":"Words."}}
      Words. (status 400, code DCS.1)
    {"error":{"code":401,"message":"Words.","title":"Unauthorized"}}
      Words. (status 400, code 401)
    {"error":{"code":"N1","message":"Words."}}
      Words. (status 400, code N1)
    {"error_msg":{"en":"Words."}}
      the service gave no reason (status 400)
    {}
      the service gave no reason (status 400)

      the service gave no reason (status 400)
    <html>Words.</html>
      the reason cannot be read (status 400)
    {"error_msg":"Words.","error_msg":"Others."}
      the reason cannot be read (status 400)
    "#);
}

/// A refused signature may be the fault of this machine's clock.
#[tokio::test]
async fn a_refused_signature_tells_how_far_the_clock_is_off() {
    let server = Server::start().await;
    let url = server.url();
    let of = |credentials: Credentials, project: Project| {
        let endpoints = Endpoints::all(&url).unwrap();
        let client = Client::new(endpoints, project, credentials).unwrap();
        client.with_retries(calls::ONE_ATTEMPT)
    };
    let key = || Credentials::access_key("AK", "SK").unwrap();
    let password = DmsPassword::new(NEW).unwrap();
    let by_name = || ProjectName::new("eu-de").unwrap().into();
    for (client, behind, offset) in [
        (of(key(), project().into()), 20 * 60_i64, Some(20)),
        (of(key(), project().into()), -20 * 60, Some(-20)),
        (of(key(), by_name()), 20 * 60, Some(20)),
        (of(key(), project().into()), 30, None),
        // A token has no time.
        (
            of(Credentials::token("t").unwrap(), project().into()),
            20 * 60,
            None,
        ),
    ] {
        let now = std::time::SystemTime::now();
        let date = match behind {
            0.. => now - Duration::from_secs(behind.unsigned_abs()),
            _ => now + Duration::from_secs(behind.unsigned_abs()),
        };
        let date = format!("date: {}\r\n", httpdate::fmt_http_date(date));
        server.answer(answer_with(401, &date, ""));
        let error = client.dms_reset_password(&instance(), &password).await;
        let error = error.unwrap_err();
        let minutes = error.clock_offset();
        let minutes = minutes.map(|offset| (offset.as_secs_f64() / 60.0).round() as i64);
        assert_eq!(minutes, offset, "{error}");
        assert_eq!(
            error.to_string().contains("clock"),
            offset.is_some(),
            "{error}"
        );
    }
}

/// One error of each kind, as a person reads it.
#[tokio::test]
async fn errors_are_sentences() {
    let closed = Closed::new();
    let server = Server::start().await;
    let by_server = server.client_of_one_attempt();
    let (instance, user) = (instance(), username("Account-2024"));
    let account = DdmAccountPassword::new("Account-2024").unwrap();
    let (old, new) = (DcsOldPassword::new(OLD), DcsPassword::new(NEW).unwrap());
    let kafka = DmsPassword::new(NEW).unwrap();

    let credentials = Credentials::token(TOKEN).unwrap();
    let nowhere = Client::new(Endpoints::new(), project(), credentials).unwrap();

    let mut results = vec![
        nowhere.dms_reset_password(&instance, &kafka).await,
        by_server
            .ddm_reset_password(&instance, &user, &account)
            .await,
        client(&closed.url(), TOKEN)
            .dms_reset_password(&instance, &kafka)
            .await,
        by_server.dms_reset_password(&instance, &kafka).await,
    ];
    for bytes in [
        answer(200, r#"{"result":"passwordFailed","retry_times_left":"4"}"#),
        answer(200, r#"{"result":"passwordFailed"}"#),
        answer(
            200,
            r#"{"result":"locked","lock_time_left":"3","message":"Locked."}"#,
        ),
        answer(200, r#"{"result":"locked"}"#),
        answer(200, r#"{"result":"failed"}"#),
        answer(
            200,
            r#"{"result":"failed","message":"The instance is busy."}"#,
        ),
        answer_with(
            400,
            "x-request-id: 5d0c2b8e\r\n",
            r#"{"error_code":"DCS.4115","error_msg":"The instance is busy."}"#,
        ),
        answer(403, ""),
        answer(
            500,
            r#"{"error_code":"DCS.5000","error_msg":"Internal service error."}"#,
        ),
        answer(503, ""),
        answer(200, "<html>"),
        answer(302, ""),
        answer(200, "{}"),
        answer(200, r#"{"result":"pending","message":"Wait."}"#),
        "HTTP/1.1 200 \r\nx-request-id: 5d0c2b8e\r\ncontent-length: 9\r\n\r\n".into(),
    ] {
        server.answer(bytes);
        results.push(by_server.dcs_change_password(&instance, &old, &new).await);
    }
    server.answer_by(fall_silent);
    results.push(by_server.dms_reset_password(&instance, &kafka).await);

    let sentences = results.into_iter().map(|result| text(&result.unwrap_err()));
    assert_snapshot!(sentences.collect::<Vec<_>>().join("\n"), @"
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57: password reset not sent: the client has no endpoint for DMS
    DDM 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 account Account-2024 at [address]: account password reset not sent: the password breaks the rules of ddm-account: it is the user name
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password reset not sent: could not connect
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password reset took effect: the connection was lost before a complete answer
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: the old password is wrong, 4 tries left (status 200, code passwordFailed)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: the old password is wrong (status 200, code passwordFailed)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: the account is locked for 3 more minutes (status 200, code locked)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: the account is locked (status 200, code locked)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: the service gave no reason (status 200, code failed)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: The instance is busy. (status 200, code failed)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: another operation on the instance is in progress: The instance is busy. (status 400, code DCS.4115, request id 5d0c2b8e)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password change refused: permission denied (status 403)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the service failed: Internal service error. (status 500, code DCS.5000)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the service failed (status 503)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the answer is not the documented JSON (status 200)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the answer has an undocumented status (status 302)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the answer does not confirm success (status 200)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the answer does not confirm success: Wait. (status 200, code pending)
    DCS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password change took effect: the connection was lost before a complete answer (status 200, request id 5d0c2b8e)
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: unknown whether the password reset took effect: no answer before the deadline
    ");
}

/// What is told of a value that is refused before any call. The value itself is not.
#[test]
fn refused_values_are_told_in_sentences() {
    let sentences = [
        ProjectId::new("").unwrap_err().to_string(),
        InstanceId::new("..").unwrap_err().to_string(),
        Username::new("a/b").unwrap_err().to_string(),
        AdminName::new("1root").unwrap_err().to_string(),
        Endpoints::all("dms").unwrap_err().to_string(),
        Endpoints::all("ftp://dms").unwrap_err().to_string(),
        Endpoints::all("http://dms").unwrap_err().to_string(),
        Endpoints::all("https://user:password@dms")
            .unwrap_err()
            .to_string(),
        Endpoints::all("https://dms?a=b").unwrap_err().to_string(),
        Credentials::token("a b").unwrap_err().to_string(),
        Credentials::user("", "alice", "a").unwrap_err().to_string(),
        Credentials::user("a", "alice", "").unwrap_err().to_string(),
        Credentials::user("a", "alice\r", "a")
            .unwrap_err()
            .to_string(),
        ProjectName::new(" ").unwrap_err().to_string(),
    ];
    assert_snapshot!(sentences.join("\n"), @"
    the project id is empty
    the instance id is a relative path
    the user name has a slash, backslash or control character at position 2
    the administrator's name needs 1 to 32 letters, digits and underscores, a letter first
    the endpoint is no https URL with a host, such as https://dms.eu-de.otc.t-systems.com
    the endpoint is no https URL with a host, such as https://dms.eu-de.otc.t-systems.com
    the endpoint is http, which would show the password on its way
    the endpoint has a user name or password in it
    the endpoint has a query or fragment
    the token is empty, or has a space, a line break or another character that is not visible ASCII
    the domain is empty
    the password of the user is empty
    the user name has a control character
    the project name is empty or has a control character
    ");
}

#[tokio::test]
async fn calls_and_errors_can_cross_threads() {
    fn can_cross(_: impl Send + 'static) {}
    fn is_shareable_error<T: std::error::Error + Send + Sync + 'static>() {}
    fn is_shareable<T: Clone + Send + Sync + 'static>() {}

    is_shareable_error::<Error>();
    is_shareable_error::<LoginError>();
    is_shareable::<Client>();
    is_shareable::<Transport>();
    is_shareable::<Credentials>();
    is_shareable::<Endpoints>();
    is_shareable::<dms::Client>();
    let client = Server::start().await.client();
    can_cross(async move { every_call(&client, OLD, NEW).await });
}
