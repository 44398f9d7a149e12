//! Signatures: the published example of the vendor and those of its own SDK.
#![allow(
    clippy::unwrap_used,
    reason = "reading the vectors is part of the tests"
)]

mod calls;
mod server;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use repass_client::sign::{Signed, authorization, verify};
use repass_client::{Client, Credentials, Endpoints, Operation, Secret};
use serde::Deserialize;

use calls::{call, project, summary};
use server::{Server, answer, answer_with};

#[derive(Clone, Deserialize)]
struct Vector {
    name: String,
    method: String,
    url: String,
    headers_signed: BTreeMap<String, String>,
    body: String,
    ak: String,
    sk: String,
    authorization: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("sign-vectors.json")).unwrap()
}

fn sign(vector: &Vector) -> String {
    let url = reqwest::Url::parse(&vector.url).unwrap();
    let headers = vector.headers_signed.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let signed = Signed {
        method: &vector.method,
        path: url.path(),
        query: url.query().unwrap_or_default(),
        headers: &headers,
        body: vector.body.as_bytes(),
    };
    authorization(&vector.ak, &Secret::from(&*vector.sk), &signed)
}

#[test]
fn the_published_signatures_are_made() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 7);
    for vector in vectors {
        assert_eq!(sign(&vector), vector.authorization, "{}", vector.name);
    }
}

#[test]
fn every_part_is_covered() {
    for vector in vectors() {
        let changes: [fn(&mut Vector); 6] = [
            |vector| vector.method = "DELETE".to_owned(),
            |vector| vector.url = vector.url.replace("/v", "/w"),
            |vector| vector.url += "?more=1",
            |vector| vector.body += " ",
            |vector| vector.sk += "x",
            |vector| {
                vector
                    .headers_signed
                    .insert("X-Sdk-Date".to_owned(), "20240102T030406Z".to_owned());
            },
        ];
        for change in changes {
            let mut changed = vector.clone();
            change(&mut changed);
            let is_body = changed.body != vector.body;
            let is_unsigned = vector.authorization.contains("x-sdk-content-sha256");
            let is_same = sign(&changed) == vector.authorization;
            assert_eq!(is_same, is_body && is_unsigned, "{}", vector.name);
        }
    }
}

#[test]
fn it_does_not_matter_how_a_path_or_query_is_spelt() {
    let signed = |path: &str, query: &str| {
        let signed = Signed {
            method: "GET",
            path,
            query,
            headers: &[("Host", " example "), ("X-Sdk-Date", "20240102T030405Z")],
            body: b"",
        };
        authorization("ak", &Secret::from("sk"), &signed)
    };
    assert_eq!(
        signed("/a!b/c", "x=1&y=%C3%BC"),
        signed("/a%21b/c/", "y=\u{fc}&x=1")
    );
    assert_ne!(signed("/a", "x=1"), signed("/a", "x=2"));
}

#[test]
fn a_signature_is_verified_in_either_order_of_the_query() {
    let key = Secret::from("sk");
    let hash = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    let verified = |query: &str, declared: &str, body: &str, by: &Signed<'_>| {
        let headers = [
            ("host", "example"),
            ("x-sdk-date", "20240102T030405Z"),
            ("x-sdk-content-sha256", declared),
        ];
        let signed = Signed {
            method: "GET",
            path: "/a",
            query,
            headers: &headers,
            body: body.as_bytes(),
        };
        let made = authorization("ak", &key, by);
        let (_, signature) = made.rsplit_once('=').unwrap();
        verify(signature, &key, &signed)
    };
    let headers = |declared| {
        [
            ("host", "example"),
            ("x-sdk-date", "20240102T030405Z"),
            ("x-sdk-content-sha256", declared),
        ]
    };
    for (query, declared, body, expected) in [
        ("a=1&b=2", hash, "x", true),
        ("b=2&a=1", hash, "x", true),
        ("b=2&a=2", hash, "x", false),
        ("a=1&b=2", "", "x", false),
        ("a=1&b=2", "UNSIGNED-PAYLOAD", "x", false),
        // The hash is that of another body.
        ("a=1&b=2", hash, "y", false),
    ] {
        let by = Signed {
            method: "GET",
            path: "/a",
            query: "a=1&b=2",
            headers: &headers(hash),
            body: b"x",
        };
        assert_eq!(
            verified(query, declared, body, &by),
            expected,
            "{query} {declared} {body}"
        );
    }
    // Not covered, as the sender says.
    let by = Signed {
        method: "GET",
        path: "/a",
        query: "",
        headers: &headers("UNSIGNED-PAYLOAD"),
        body: b"x",
    };
    assert!(verified("", "UNSIGNED-PAYLOAD", "another body", &by));
}

#[tokio::test]
async fn a_request_has_its_project_its_token_and_a_date_of_its_own_signed() {
    let server = Server::start().await;
    let key = Credentials::temporary_access_key("AK", "SK", "security-token");
    let endpoints = Endpoints::all(&server.url()).unwrap();
    let client = Client::new(endpoints, project(), key.unwrap()).unwrap();
    let again = AtomicBool::new(false);
    server.answer_by(move |_| match again.swap(true, Ordering::Relaxed) {
        // A date has whole seconds.
        false => answer_with(429, "retry-after: 1\r\n", ""),
        true => answer(204, ""),
    });
    let result = call(&client, Operation::DmsResetPassword, "", "New-2024").await;
    assert_eq!(summary(&result), "204 Done");

    let received = server.received();
    let mut dates = Vec::new();
    for request in &received {
        assert_eq!(request.header("x-project-id"), [project().as_str()]);
        assert_eq!(request.header("x-security-token"), ["security-token"]);
        assert!(request.header("x-auth-token").is_empty());
        let names = [
            "content-type",
            "host",
            "x-project-id",
            "x-sdk-date",
            "x-security-token",
        ];
        let headers = names.map(|name| (name, request.header(name).concat()));
        let headers = headers.each_ref().map(|(name, value)| (*name, &**value));
        let mut line = request.line.split(' ');
        let signed = Signed {
            method: line.next().unwrap(),
            path: line.next().unwrap(),
            query: "",
            headers: &headers,
            body: request.body.as_bytes(),
        };
        let expected = authorization("AK", &Secret::from("SK"), &signed);
        assert_eq!(request.header("authorization"), [&expected]);
        assert!(expected.contains(&format!("SignedHeaders={},", names.join(";"))));
        dates.push(request.header("x-sdk-date").concat());
    }
    let [first, second] = &dates[..] else {
        panic!("{dates:?}");
    };
    assert!(first < second, "{dates:?}");
}
