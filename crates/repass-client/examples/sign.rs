//! Signs requests that it reads as JSON, one a line, and prints the `Authorization` header of each.
//! Tests compare them with those of other signers.
#![allow(clippy::print_stdout, reason = "it prints what it makes")]

use std::io::BufRead;

use repass_client::Secret;
use repass_client::sign::{Signed, authorization};
use serde::Deserialize;

#[derive(Deserialize)]
struct Request {
    access_key: String,
    secret_key: Secret,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let headers = request.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let signed = Signed {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &headers,
            body: &request.body,
        };
        let authorization = authorization(&request.access_key, &request.secret_key, &signed);
        println!("{authorization}");
    }
    Ok(())
}
