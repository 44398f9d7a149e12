//! A secret is shown only when it is asked for, whatever is done with the value that holds it.

use std::fmt::Debug;

use repass_policy::{
    Class, Context, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword,
    GenerateError, Policy, Report, Secret, Violation, Violations,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Calls a generic check for each type that holds a secret.
macro_rules! for_each_secret {
    ($check:ident) => {
        $check::<Secret>();
        $check::<DcsOldPassword>();
        $check::<DcsPassword>();
        $check::<DdmAccountPassword>();
        $check::<DdmAdminPassword>();
        $check::<DmsPassword>();
    };
}

/// What the types with a policy do, without the type.
struct Checked {
    policy: &'static Policy,
    new: fn(&str) -> Result<String, Violations>,
    unchecked: fn(&str) -> String,
    check_context: fn(&str, &Context<'_>) -> Result<(), Violations>,
}

macro_rules! checked {
    ($($name:ident),*) => {
        &[$(Checked {
            policy: $name::POLICY,
            new: |text| $name::new(text).map(|password| password.expose().to_owned()),
            unchecked: |text| $name::unchecked(text).expose().to_owned(),
            check_context: |text, context| $name::unchecked(text).check_context(context),
        }),*]
    };
}

const CHECKED: &[Checked] = checked![
    DcsPassword,
    DdmAccountPassword,
    DdmAdminPassword,
    DmsPassword
];

const TEXTS: &[&str] = &[
    "xxxxxx",
    "",
    "12345678",
    "true",
    "null",
    r#"say "when""#,
    r"back\slash\",
    "tab\tnewline\nnul\0",
    "caf\u{e9} \u{6f22} \u{1f600}",
];

#[derive(Debug, Serialize, Deserialize)]
struct Holder<T> {
    password: T,
}

#[test]
fn debug_is_redacted() {
    fn check<T: DeserializeOwned + Debug>() {
        let secret = || -> T { serde_json::from_value(json!("Kettle-Drum~42")).unwrap() };
        assert_eq!(format!("{:?}", secret()), "[REDACTED]");
        assert_eq!(format!("{:#?}", secret()), "[REDACTED]");
        assert_eq!(format!("{:?}", Some(secret())), "Some([REDACTED])");
        assert_eq!(format!("{:?}", vec![secret()]), "[[REDACTED]]");
        let holder = Holder { password: secret() };
        assert_eq!(format!("{holder:?}"), "Holder { password: [REDACTED] }");
        assert_eq!(
            format!("{holder:#?}"),
            "Holder {\n    password: [REDACTED],\n}"
        );
    }
    for_each_secret!(check);
}

#[test]
fn the_wire_form_is_the_plain_string_unchecked() {
    fn check<T: DeserializeOwned + Serialize>() {
        for text in TEXTS {
            let wire = json!({ "password": text }).to_string();
            let holder: Holder<T> = serde_json::from_str(&wire).unwrap();
            assert_eq!(serde_json::to_string(&holder).unwrap(), wire);
        }
    }
    for_each_secret!(check);
}

#[test]
fn a_wrong_type_is_refused_without_its_value() {
    fn check<T: DeserializeOwned + Debug>() {
        for value in [
            json!(12345678),
            json!(-12345678),
            json!(1234.5678),
            json!(u64::MAX),
            json!(true),
            json!(null),
            json!(["12345678"]),
            json!({ "password": "12345678" }),
        ] {
            let error = serde_json::from_value::<T>(value.clone()).unwrap_err();
            assert_eq!(error.to_string(), "a secret must be a string");
            let text = json!({ "password": value }).to_string();
            let error = serde_json::from_str::<Holder<T>>(&text).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("a secret must be a string at line 1 column "));
        }
        for cut in [
            r#""12345678"#,
            r#""12345678\q""#,
            r#""12345678" "12345678""#,
        ] {
            let error = serde_json::from_str::<T>(cut).unwrap_err();
            assert!(!error.to_string().contains("1234"));
        }
    }
    for_each_secret!(check);
}

#[test]
fn new_refuses_with_every_violation_and_without_the_password() {
    for Checked { policy, new, .. } in CHECKED {
        for bad in ["-trout\u{e9}", "trout", "Brown-Trout~42".repeat(9).as_str()] {
            let violations = new(bad).unwrap_err();
            assert_eq!(
                policy.check(bad, &Context::default()),
                Err(violations.clone())
            );
            assert_eq!(violations.policy(), policy.name);
            assert!(!violations.to_string().contains(bad));
            assert!(!format!("{violations:?}").contains(bad));
        }
        assert_eq!(new("Brown-Trout~42").as_deref(), Ok("Brown-Trout~42"));
    }
}

#[test]
fn unchecked_takes_anything() {
    for text in TEXTS {
        for Checked { unchecked, .. } in CHECKED {
            assert_eq!(unchecked(text), *text);
        }
        assert_eq!(DcsOldPassword::new(*text).expose(), *text);
        assert_eq!(Secret::from(*text).expose(), *text);
    }
}

#[test]
fn check_context_reports_only_what_needs_a_context() {
    // It breaks the other rules too: they are not asked here.
    let bad = "-\u{e9}";
    let context = Context {
        username: Some(bad),
        old_password: Some(bad),
    };
    let backwards = Context {
        username: Some("\u{e9}-"),
        old_password: None,
    };
    for Checked {
        policy,
        check_context,
        ..
    } in CHECKED
    {
        let codes = |context| -> Vec<_> {
            let violations = check_context(bad, context).err();
            let codes = violations.iter().flatten().map(Violation::code);
            codes.collect()
        };
        let (both, reversed): (&[&str], &[&str]) = match policy.name {
            "ddm-account" => (&["matches_username"], &["matches_username"]),
            "dcs" => (&["same_as_old"], &[]),
            _ => (&[], &[]),
        };
        assert_eq!(codes(&context), both, "{}", policy.name);
        assert_eq!(codes(&backwards), reversed, "{}", policy.name);
        assert!(codes(&Context::default()).is_empty(), "{}", policy.name);
    }
}

#[test]
fn a_context_does_not_show_the_old_password() {
    let context = Context {
        username: Some("app_reader"),
        old_password: Some("Autumn-Leaf7"),
    };
    assert_eq!(
        format!("{context:?}"),
        r#"Context { username: Some("app_reader"), old_password: Some("[REDACTED]") }"#
    );
    assert!(!format!("{context:#?}").contains("Autumn"));
}

#[test]
fn every_public_type_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    for_each_secret!(check);
    check::<Class>();
    check::<Context<'_>>();
    check::<GenerateError>();
    check::<Policy>();
    check::<Report>();
    check::<Violation>();
    check::<Violations>();
}
