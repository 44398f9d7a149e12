//! What holds for every password: the generated ones, and any text somebody may enter.

use std::collections::HashSet;
use std::error::Error;

use proptest::prelude::*;
use proptest::sample::select;
use repass_policy::{
    Class, Context, DEFAULT_LENGTH, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword,
    GenerateError, MAX_LENGTH, MIN_LENGTH, Policy, Violation, generate,
};

#[test]
fn a_generated_password_passes_everywhere() {
    for length in MIN_LENGTH..=MAX_LENGTH {
        let allowing: Vec<_> = Policy::ALL
            .iter()
            .filter(|policy| (policy.min_length..=policy.max_length).contains(&length))
            .collect();
        assert!(!allowing.is_empty(), "no policy allows {length}");
        for _ in 0..20 {
            let password = generate(length).unwrap();
            let password = password.expose();
            assert_eq!(password.chars().count(), length);
            assert!(password.starts_with(|first: char| first.is_ascii_alphabetic()));
            assert!(password.contains(|c: char| c.is_ascii_lowercase()));
            assert!(password.contains(|c: char| c.is_ascii_uppercase()));
            assert!(password.contains(|c: char| c.is_ascii_digit()));
            assert!(password.contains(['-', '~']));
            assert!(
                password
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '~')
            );
            for policy in &allowing {
                assert_eq!(policy.check(password, &Context::default()), Ok(()));
                assert!(!policy.deny_list().contains(&password));
            }
        }
    }
}

#[test]
fn each_type_generates_the_longest_password_that_passes_everywhere() {
    let everywhere = Policy::ALL.iter().map(|policy| policy.max_length).min();
    assert_eq!(everywhere, Some(DEFAULT_LENGTH));
    for password in [
        DcsPassword::generate().unwrap().expose(),
        DdmAccountPassword::generate().unwrap().expose(),
        DdmAdminPassword::generate().unwrap().expose(),
        DmsPassword::generate().unwrap().expose(),
    ] {
        assert_eq!(password.len(), DEFAULT_LENGTH);
        for policy in Policy::ALL {
            assert_eq!(policy.check(password, &Context::default()), Ok(()));
        }
    }
}

#[test]
fn other_lengths_are_refused() {
    for length in [0, 1, MIN_LENGTH - 1, MAX_LENGTH + 1, usize::MAX] {
        let error = generate(length).unwrap_err();
        assert!(matches!(error, GenerateError::Length(refused) if refused == length));
        assert!(error.source().is_none());
        assert_eq!(
            error.to_string(),
            format!("no password of length {length} can be made: 8 to 64 characters are allowed")
        );
    }
}

#[test]
fn no_two_generated_passwords_are_equal() {
    let passwords = (0..1000).map(|_| generate(DEFAULT_LENGTH).unwrap().expose().to_owned());
    assert_eq!(passwords.collect::<HashSet<_>>().len(), 1000);
}

#[test]
fn one_character_from_outside_is_found_where_it_stands() {
    for policy in Policy::ALL {
        let outside: Vec<char> = ('\0'..='\u{ff}')
            .chain("\u{131}\u{301}\u{430}\u{212a}\u{2028}\u{6f22}\u{ff21}\u{1f600}".chars())
            .filter(|c| !allowed(policy, *c))
            .collect();
        for length in [policy.min_length, policy.max_length] {
            let password: Vec<char> = generate(length).unwrap().expose().chars().collect();
            for position in 0..length {
                for stranger in &outside {
                    let mut password = password.clone();
                    password[position] = *stranger;
                    let password: String = password.into_iter().collect();
                    let violations = policy.check(&password, &Context::default()).unwrap_err();
                    let found = Violation::CharacterNotAllowed {
                        first_position: position + 1,
                        count: 1,
                        specials: policy.specials(),
                    };
                    assert!(violations.iter().any(|violation| *violation == found));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// So the violations are also in the order of the variants, each at most once, and none when
    /// nothing is broken.
    #[test]
    fn a_check_finds_what_a_naive_reading_of_the_rules_finds(
        candidate in candidates(),
        username in 0..4,
        old_password in 0..4,
    ) {
        let reversed: String = candidate.chars().rev().collect();
        let beside = |relation| match relation {
            0 => None,
            1 => Some(candidate.as_str()),
            2 => Some(reversed.as_str()),
            _ => Some("somebody else"),
        };
        let context = Context { username: beside(username), old_password: beside(old_password) };
        for policy in Policy::ALL {
            let violations = policy.check(&candidate, &context).err();
            let found: Vec<_> = violations.iter().flatten().cloned().collect();
            prop_assert_eq!(violations.is_none(), found.is_empty());
            prop_assert_eq!(found, broken_rules(policy, &candidate, &context));
        }
    }
}

/// Any text, printable text, text that is nearly a password, and words of the deny list.
fn candidates() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(any::<char>(), 0..70).prop_map(String::from_iter),
        "[ -~]{0,70}",
        "[A-Za-z0-9~!@#_-]{7,33}",
        "[a-z0-9]{7,9}",
        select(Policy::DDM_ACCOUNT.deny_list()).prop_map(str::to_owned),
    ]
}

/// The rules one by one, with no regard for speed.
fn broken_rules(policy: &Policy, candidate: &str, context: &Context<'_>) -> Vec<Violation> {
    let characters: Vec<char> = candidate.chars().collect();
    let length = characters.len();
    let mut broken = Vec::new();

    if length < policy.min_length {
        broken.push(Violation::TooShort {
            min: policy.min_length,
            actual: length,
        });
    }
    if length > policy.max_length {
        broken.push(Violation::TooLong {
            max: policy.max_length,
            actual: length,
        });
    }

    let mut missing = Vec::new();
    if !candidate.contains(|c: char| c.is_ascii_lowercase()) {
        missing.push(Class::Lower);
    }
    if !candidate.contains(|c: char| c.is_ascii_uppercase()) {
        missing.push(Class::Upper);
    }
    if !candidate.contains(|c: char| c.is_ascii_digit()) {
        missing.push(Class::Digit);
    }
    if !candidate.contains(|c| policy.specials().contains(c)) {
        missing.push(Class::Special);
    }
    if 4 - missing.len() < policy.min_classes {
        broken.push(Violation::TooFewClasses {
            required: policy.min_classes,
            missing,
            specials: policy.specials(),
        });
    }

    if let Some(first) = characters.iter().position(|c| !allowed(policy, *c)) {
        broken.push(Violation::CharacterNotAllowed {
            first_position: first + 1,
            count: characters.iter().filter(|c| !allowed(policy, **c)).count(),
            specials: policy.specials(),
        });
    }
    if characters
        .first()
        .is_some_and(|first| policy.forbidden_first.contains(*first))
    {
        broken.push(Violation::ForbiddenFirst {
            forbidden: policy.forbidden_first,
        });
    }
    if policy.not_username
        && let Some(username) = context.username
    {
        let backwards: String = username.chars().rev().collect();
        if candidate == username {
            broken.push(Violation::MatchesUsername { reversed: false });
        } else if candidate == backwards {
            broken.push(Violation::MatchesUsername { reversed: true });
        }
    }
    if policy.not_old && context.old_password == Some(candidate) {
        broken.push(Violation::SameAsOld);
    }
    if policy.deny_list().contains(&candidate) {
        broken.push(Violation::DenyListed);
    }
    broken
}

fn allowed(policy: &Policy, character: char) -> bool {
    character.is_ascii_alphanumeric() || policy.specials().contains(character)
}
