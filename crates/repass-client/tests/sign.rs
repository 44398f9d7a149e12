//! Signatures: the published example of the vendor and those of its own SDK.
#![allow(
    clippy::unwrap_used,
    reason = "reading the vectors is part of the tests"
)]

use std::collections::BTreeMap;

use repass_client::Secret;
use repass_client::sign::{Signed, authorization};
use serde::Deserialize;

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
    assert_eq!(vectors.len(), 3);
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
            assert_ne!(sign(&changed), vector.authorization, "{}", vector.name);
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
