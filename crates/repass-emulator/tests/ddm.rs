//! DDM: accounts, and an administrator that is created once and updated ever after.

mod http;

use http::{path, send, start};
use repass_emulator::Fleet;
use serde_json::json;

fn reset(username: &str) -> String {
    path("v2", Fleet::DDM_ID, &format!("users/{username}/password"))
}

#[tokio::test]
async fn an_account_gets_a_new_password() {
    let emulator = start().await;
    let body = r#"{"password":"Account-Example-2024"}"#;
    let (status, answer) = send(&emulator, "post", &reset("ddmtest"), body).await;
    let success =
        json!({"success": true, "instance_id": Fleet::DDM_ID, "user_name": Fleet::DDM_USERNAME});
    assert_eq!((status, answer), (200, success));
    assert!(emulator.password_is(Fleet::DDM_ID, Some("ddmtest"), "Account-Example-2024"));
}

#[tokio::test]
async fn refused_resets_change_nothing() {
    let emulator = start().await;
    for (username, body, code) in [
        (
            "nobody",
            r#"{"password":"Account-Example-2024"}"#,
            "DBS.300327",
        ),
        ("ddmtest", r#"{"password":"short"}"#, "DBS.300306"),
        ("ddmtest", r#"{"password":"Admin@123"}"#, "DBS.300306"),
        (
            "ddmtest",
            r#"{"password":"Account=Example=2024"}"#,
            "DBS.300306",
        ),
        ("ddmtest", r#"{"password":12345678}"#, "DBS.280001"),
        ("ddmtest", r#"{}"#, "DBS.280001"),
        ("ddmtest", "not JSON", "DBS.280001"),
    ] {
        let (status, answer) = send(&emulator, "post", &reset(username), body).await;
        assert_eq!(
            (status, answer["errCode"].as_str()),
            (400, Some(code)),
            "{username} {body}"
        );
    }
    assert!(emulator.password_is(Fleet::DDM_ID, Some("ddmtest"), "Account-Example-2023"));
}

#[tokio::test]
async fn the_administrator_is_created_and_then_only_updated() {
    let emulator = start().await;
    let admin = path("v3", Fleet::DDM_ID, "admin-user");
    let set = |name: &str, password: &str| json!({"name": name, "password": password}).to_string();

    let (status, created) =
        send(&emulator, "put", &admin, &set("root", "Admin-Example-2024")).await;
    assert_eq!(
        (status, &created["instance_id"]),
        (200, &json!(Fleet::DDM_ID))
    );
    assert!(emulator.password_is(Fleet::DDM_ID, Some("root"), "Admin-Example-2024"));

    let (status, updated) =
        send(&emulator, "put", &admin, &set("root", "Admin=Example=2025")).await;
    assert_eq!(status, 200);
    assert_ne!(created["job_id"], updated["job_id"]);
    assert!(emulator.password_is(Fleet::DDM_ID, Some("root"), "Admin=Example=2025"));

    for (body, code) in [
        (set("second", "Admin-Example-2026"), "DBS.300305"),
        (set("1root", "Admin-Example-2026"), "DBS.300305"),
        (set("", "Admin-Example-2026"), "DBS.300305"),
        (set("root", "only-three-classes-1"), "DBS.300306"),
        (r#"{"name":"root"}"#.to_owned(), "DBS.280001"),
    ] {
        let (status, answer) = send(&emulator, "put", &admin, &body).await;
        assert_eq!(
            (status, answer["errCode"].as_str()),
            (400, Some(code)),
            "{body}"
        );
    }
    assert!(emulator.password_is(Fleet::DDM_ID, Some("root"), "Admin=Example=2025"));
}

#[tokio::test]
async fn an_account_is_no_administrator() {
    let emulator = start().await;
    let admin = path("v3", Fleet::DDM_ID, "admin-user");
    let set = |name: &str| json!({"name": name, "password": "Admin-Example-2024"}).to_string();
    let (status, answer) = send(&emulator, "put", &admin, &set(Fleet::DDM_USERNAME)).await;
    assert_eq!(
        (status, answer["errCode"].as_str()),
        (400, Some("DBS.300305"))
    );
    assert!(emulator.password_is(
        Fleet::DDM_ID,
        Some(Fleet::DDM_USERNAME),
        "Account-Example-2023"
    ));
    // And the refused call created none.
    let (status, _) = send(&emulator, "put", &admin, &set("root")).await;
    assert_eq!(status, 200);
}
