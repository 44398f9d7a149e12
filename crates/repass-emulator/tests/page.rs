//! The page: what it is served with, and whom it refuses. A browser tries it out in `browser`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper is part of the tests"
)]

mod http;

use http::start;
use repass_emulator::{Account, Emulator, Fault, FaultKind, Fleet, Kind, Options};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap};
use serde_json::Value;

/// What a browser gets for a path, with this host in place of the address's.
async fn get(
    emulator: &Emulator,
    path: &str,
    host: Option<&str>,
) -> (StatusCode, HeaderMap, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{}{path}", emulator.url()));
    let mut request = request.header(ACCEPT, "text/html,*/*;q=0.8");
    if let Some(host) = host {
        request = request.header(HOST, host);
    }
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    (status, headers, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn each_file_says_what_it_is_and_loads_nothing_from_elsewhere() {
    let emulator = start().await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/_emulator/page/style.css", "text/css"),
        ("/_emulator/page/page.js", "text/javascript"),
        ("/_emulator/page/icon.svg", "image/svg+xml"),
        ("/_emulator/page/swagger-ui.css", "text/css"),
        ("/_emulator/page/swagger-ui-bundle.js", "text/javascript"),
        ("/_emulator/page/token", "application/json"),
        ("/_emulator/page/contract/dcs.yaml", "application/yaml"),
        ("/_emulator/instances", "application/json"),
    ] {
        let (status, headers, body) = get(&emulator, path, None).await;
        assert_eq!(
            (status.as_u16(), &headers[CONTENT_TYPE]),
            (200, &kind.parse().unwrap())
        );
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self';"),
            "{path}: {policy}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        if path != "/_emulator/page/contract/dcs.yaml" {
            // The examples of the contract are passwords too, and what is typed is changed there.
            assert!(!body.contains(Fleet::DCS_PASSWORD), "{path}");
        }
    }
    let (status, ..) = get(&emulator, "/_emulator/page/contract/other.yaml", None).await;
    assert_eq!(status, 404);
    // Who looks at the page asks the services nothing.
    assert!(emulator.received().is_empty());
}

/// A web page whose name was rebound to this machine could use the fleet's token otherwise.
#[tokio::test]
async fn only_this_machine_is_a_host() {
    let options = Options {
        allowed_hosts: vec!["emulator".to_owned()],
        ..Options::default()
    };
    let emulator = Emulator::start_with(Fleet::built_in(), options);
    let emulator = emulator.await.unwrap();
    let own = emulator.url().replace("http://", "");
    for path in [
        "/",
        "/_emulator/page/token",
        "/_emulator/instances",
        "/_emulator/none",
        "/v3/projects",
        "/v2/0123456789abcdef0123456789abcdef/instances/none/password",
        "/none",
    ] {
        for host in [
            "example.com",
            "localhost.example.com:80",
            "127.0.0.1.example.com",
            "emulator.example.com",
            "",
            "[",
            "a b",
        ] {
            let (status, headers, body) = get(&emulator, path, Some(host)).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (status.as_u16(), &body["error_code"]),
                (421, &Value::from("EMULATOR.421"))
            );
            assert!(headers.contains_key("x-request-id"));
        }
        let here = get(&emulator, path, None).await.0;
        for host in [
            &own,
            "localhost",
            "LocalHost:8080",
            "Emulator:8080",
            "127.0.0.2",
            "[::1]:8080",
            "[::1]",
        ] {
            assert_eq!(
                get(&emulator, path, Some(host)).await.0,
                here,
                "{path} of {host}"
            );
        }
    }
}

/// The page asks for this each second.
#[tokio::test]
async fn what_the_page_shows_is_short_however_much_there_is() {
    let mut fleet = Fleet::built_in();
    for instance in &mut fleet.instances {
        if let Kind::Ddm(ddm) = &mut instance.kind {
            let account = |number| Account {
                username: format!("account{number}"),
                password: "Account-Example-2023".into(),
            };
            ddm.accounts = (0..1000).map(account).collect();
        }
    }
    for number in 0..1000 {
        let mut instance = fleet.instances[1].clone();
        instance.id = format!("00000000-0000-4000-8000-{number:012}");
        fleet.instances.push(instance);
        let mut fault = Fault::new(FaultKind::Error);
        (fault.message, fault.service) = (Some("m".repeat(4000)), Some("iam".to_owned()));
        fleet.faults.push(fault);
    }
    let emulator = Emulator::start(fleet).await.unwrap();
    for _ in 0..60 {
        get(&emulator, &format!("/v2/{}", "p".repeat(2000)), None).await;
    }
    let (status, _, body) = get(&emulator, "/_emulator/page/state", None).await;
    assert_eq!(status, 200);
    assert!(body.len() < 100_000, "{}", body.len());
    let state: Value = serde_json::from_str(&body).unwrap();
    for (part, shown, all) in [
        ("instance", 100, 1004),
        ("fault", 50, 1000),
        ("request", 50, 60),
    ] {
        let count = &state[format!("{part}_count")];
        let list = state[format!("{part}s")].as_array().unwrap();
        assert_eq!((list.len(), count), (shown, &Value::from(all)), "{part}");
    }
    let (_, _, body) = get(&emulator, "/_emulator/page/state?prefix=e6b9", None).await;
    let state: Value = serde_json::from_str(&body).unwrap();
    let [ddm] = &state["instances"].as_array().unwrap()[..] else {
        panic!("{state}");
    };
    assert_eq!(ddm["id"], Fleet::DDM_ID);
    let accounts = ddm["accounts"].as_array().unwrap();
    assert_eq!(
        (accounts.len(), &accounts[10]),
        (11, &Value::from("990 more"))
    );
}

#[tokio::test]
async fn the_contract_is_about_this_emulator_and_its_fleet() {
    let fleet = Fleet::from_yaml(
        "
projects:
  - {id: '10000000000000000000000000000001', name: one, token: token-1}
  - {id: project-2, name: two, token: token-2}
instances:
  - {service: dcs, id: 00000000-0000-4000-8000-000000000001, project: two, password: Redis-Own-2023}
  - {service: dcs, id: 00000000-0000-4000-8000-000000000002, project: one, password: Redis-Own-2023}
  - {service: ddm, id: '*ddm', project: one, accounts: [{username: own, password: Account-Own-2023}]}
",
    );
    let emulator = Emulator::start(fleet.unwrap()).await.unwrap();
    let (_, _, token) = get(&emulator, "/_emulator/page/token", None).await;
    assert_eq!(token, r#"{"token":"token-1"}"#);

    let mut contract = String::new();
    for file in ["ddm", "dcs", "dms", "iam", "emulator"] {
        let path = format!("/_emulator/page/contract/{file}.yaml");
        let (_, _, yaml) = get(&emulator, &path, None).await;
        let parsed: openapiv3::OpenAPI = serde_saphyr::from_str(&yaml).unwrap();
        let servers: Vec<_> = parsed
            .servers
            .iter()
            .map(|server| &server.url[..])
            .collect();
        assert_eq!(servers, ["/"], "{file}");
        assert!(!parsed.paths.paths.is_empty(), "{file}");
        contract += &yaml;
    }
    assert!(contract.contains("example: \"10000000000000000000000000000001\"\n"));
    assert!(contract.contains("example: \"00000000-0000-4000-8000-000000000002\"\n"));
    assert!(contract.contains("example: \"own\"\n"));
    assert!(!contract.contains(Fleet::PROJECT_ID) && !contract.contains(Fleet::DCS_ID));
    // One that YAML would not take as a text, and one of which the project has none.
    assert!(contract.contains(Fleet::DDM_ID) && contract.contains(Fleet::DMS_ID));
    assert!(!contract.contains("-Own-2023"));
}

#[tokio::test]
async fn another_method_is_not_published() {
    let emulator = start().await;
    let (status, body) = http::send(&emulator, "post", "/", "{}").await;
    assert_eq!(
        (status, &body["error_code"]),
        (404, &Value::from("APIGW.0101"))
    );
}
