//! DMS for Kafka: a reset that needs SSL.

mod http;

use http::{path, send, start};
use repass_emulator::Fleet;

#[tokio::test]
async fn refused_resets_change_nothing() {
    let emulator = start().await;
    for (id, body, code) in [
        (
            Fleet::DMS_WITHOUT_SSL_ID,
            r#"{"new_password":"Kafka-Example-2024"}"#,
            "DMS.00400971",
        ),
        (
            Fleet::DMS_ID,
            r#"{"new_password":"-Kafka-Example-2024"}"#,
            "DMS.00400012",
        ),
        (Fleet::DMS_ID, r#"{"new_password":"short"}"#, "DMS.00400012"),
        (Fleet::DMS_ID, r#"{}"#, "DMS.00400062"),
        (Fleet::DMS_ID, r#"["Kafka-Example-2024"]"#, "DMS.00400062"),
        (
            Fleet::DMS_ID,
            r#"{"new_password":12345678}"#,
            "DMS.00400062",
        ),
        (Fleet::DMS_ID, "", "DMS.00400004"),
        (Fleet::DMS_ID, "new_password=x", "DMS.00400005"),
    ] {
        let (status, answer) = send(&emulator, "post", &path("v2", id, "password"), body).await;
        assert_eq!(
            (status, answer["error_code"].as_str()),
            (400, Some(code)),
            "{body}"
        );
    }
    for id in [Fleet::DMS_ID, Fleet::DMS_WITHOUT_SSL_ID] {
        assert!(emulator.password_is(id, None, "Kafka-Example-2023"));
    }
}

#[tokio::test]
async fn a_redis_instance_is_none_of_its_own() {
    let emulator = start().await;
    let path = path("v2", Fleet::DCS_ID, "password");
    let (status, answer) = send(
        &emulator,
        "post",
        &path,
        r#"{"new_password":"Kafka-Example-2024"}"#,
    )
    .await;
    assert_eq!(
        (status, answer["error_code"].as_str()),
        (404, Some("DMS.00404022"))
    );
}
