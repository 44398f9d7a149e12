//! What kind a refusal is, by the documented codes and statuses.
#![allow(clippy::unwrap_used, reason = "the steps are part of the tests")]

mod calls;
mod server;

use std::fmt::Write;

use insta::assert_snapshot;
use repass_client::{Operation, Service};

use calls::{call, summary, text};
use server::{Server, answer, answer_with};

/// Each code with the status that the error tables give it, and undocumented codes.
const REFUSALS: &[(u16, &[&str])] = &[
    (404, &["APIGW.0101", "APIG.0101"]),
    (
        401,
        &["APIGW.0301", "APIG.0301", "APIGW.0303", "APIGW.0307"],
    ),
    (403, &["APIGW.0302", "APIGW.0305"]),
    (429, &["APIGW.0308", "APIG.0308"]),
    (401, &["DCS.1001", "DCS.1002", "DCS.1003", "DCS.1004"]),
    (403, &["DCS.2003", "DCS.2007", "DCS.3002", "DCS.3003"]),
    (404, &["DCS.3022", "DCS.4001"]),
    (
        400,
        &[
            "DCS.4019", "DCS.4026", "DCS.4049", "DCS.4061", "DCS.4080", "DCS.4096", "DCS.4097",
            "DCS.4111", "DCS.4113", "DCS.4114", "DCS.4115", "DCS.4116", "DCS.4117", "DCS.4118",
            "DCS.4120", "DCS.4121", "DCS.4845", "DCS.4850", "DCS.4839", "DCS.9999",
        ],
    ),
    (
        400,
        &["DBS.300306", "DBS.300323", "DBS.300327", "DBS.280001"],
    ),
    (404, &["DBS.200002"]),
    (409, &["DBS.200019", "DBS.212033"]),
    (
        400,
        &[
            "DMS.00400012",
            "DMS.00400019",
            "DMS.00400026",
            "DMS.00400030",
            "DMS.00400061",
            "DMS.00400971",
        ],
    ),
    (
        401,
        &[
            "DMS.10240101",
            "DMS.10240102",
            "DMS.10240103",
            "DMS.10240104",
        ],
    ),
    (403, &["DMS.00403002", "DMS.00403003"]),
    (404, &["DMS.00404001", "DMS.00404022", "DMS.10240407"]),
    // An undocumented code is kept, and the status decides the kind.
    (400, &["NEW.0001"]),
    (401, &["NEW.0001"]),
    (403, &["NEW.0001"]),
    (404, &["NEW.0001"]),
    (405, &["NEW.0001"]),
    (408, &["NEW.0001"]),
    (409, &["NEW.0001"]),
    (413, &["NEW.0001"]),
    (429, &["NEW.0001"]),
];

#[tokio::test]
async fn each_code_has_its_kind_from_its_service() {
    let server = Server::start().await;
    let client = server.client_of_one_attempt();
    let mut told = String::new();
    for (status, codes) in REFUSALS {
        for code in *codes {
            let own = |operation: &Operation| match code.split('.').next().unwrap() {
                "DCS" => operation.service() == Service::Dcs,
                "DMS" => operation.service() == Service::Dms,
                "DBS" => operation.service() == Service::Ddm,
                // The gateway's, and undocumented ones.
                _ => true,
            };
            let mut results = Vec::new();
            for operation in calls::OPERATIONS.into_iter().filter(own) {
                for field in ["error_code", "errCode"] {
                    server.answer(answer(*status, format!(r#"{{"{field}":"{code}"}}"#)));
                    let result = call(&client, operation, "Old-1", "New-1").await;
                    results.push(summary(&result));
                    let refused = format!("{:?}", result.unwrap_err());
                    assert!(refused.contains(&format!("{code:?}")), "{refused}");
                }
            }
            results.dedup();
            assert_eq!(results.len(), 1, "{code}: {results:?}");
            writeln!(told, "{code:13}{}", results.concat()).unwrap();
        }
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn a_throttled_call_tells_how_long_to_wait() {
    let server = Server::start().await;
    let client = server.client_of_one_attempt();
    server.answer(answer_with(429, "retry-after: 7\r\n", ""));
    let error = call(&client, Operation::DmsResetPassword, "", "New-1").await;
    assert_snapshot!(text(&error.unwrap_err()), @"DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at [address]: password reset refused: too many requests, wait 7 s (status 429)");
}

#[tokio::test]
async fn without_a_code_only_a_listed_status_is_a_refusal() {
    let server = Server::start().await;
    let client = server.client_of_one_attempt();
    for (status, kind) in [
        (400, "Other"),
        (401, "Unauthenticated"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (429, "Throttled"),
    ] {
        server.answer(answer(status, ""));
        for operation in calls::OPERATIONS {
            let result = call(&client, operation, "Old-1", "New-1").await;
            assert_eq!(summary(&result), format!("{status} Refused: {kind}"));
        }
    }
    // Only the files of some services list these.
    for status in [405, 408, 409, 413, 415, 422, 451, 494, 499] {
        server.answer(answer(status, ""));
        for operation in calls::OPERATIONS {
            let result = call(&client, operation, "Old-1", "New-1").await;
            let expected = match (status, operation) {
                (409, Operation::DdmResetPassword | Operation::DdmSetAdmin) => "409 Refused: Busy",
                _ => &format!("{status} Unknown: UnexpectedStatus"),
            };
            assert_eq!(summary(&result), expected, "{operation}");
        }
    }
}
