//! A password that passes costs no allocation.

use repass_policy::{Context, Policy};

#[test]
fn a_valid_password_is_checked_without_allocating() {
    let context = Context {
        username: Some("App_Reader1"),
        old_password: Some("Autumn-Leaf7"),
    };
    for policy in Policy::ALL {
        let longest = "Kettle-Drum~42".repeat(5)[..policy.max_length].to_owned();
        for password in ["Kettle~1", "Kettle-Drum~42", &longest] {
            let mut outcome = None;
            let allocations = allocation_counter::measure(|| {
                outcome = Some(policy.check(password, &context));
            });
            assert_eq!(outcome, Some(Ok(())), "{}", policy.name);
            assert_eq!(allocations.count_total, 0, "{}", policy.name);
        }
    }
}
