//! `Policy::check` beside passay-rs, each with the whole rule set of a policy.
//!
//! passay-rs gets its best case: its validators and its owned copies of the password and what is
//! known beside it are made before the clock starts.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark may stop, and prints"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use passay_rs::dictionary::word_lists::ArrayWordList;
use passay_rs::dictionary::word_lists::sort::SliceSort;
use passay_rs::dictionary::word_lists::word_list_dictionary::WordListDictionary;
use passay_rs::rule::allowed_character::{AllowedCharacter, MatchBehavior};
use passay_rs::rule::character::CharacterRule;
use passay_rs::rule::character_characteristics::CharacterCharacteristics;
use passay_rs::rule::character_data::{CharacterData, EnglishCharacterData};
use passay_rs::rule::dictionary::DictionaryRule;
use passay_rs::rule::history::{HistoricalReference, HistoryRule};
use passay_rs::rule::illegal_character::IllegalCharacterRule;
use passay_rs::rule::length::LengthRule;
use passay_rs::rule::password_validator::PasswordValidator;
use passay_rs::rule::reference::Reference;
use passay_rs::rule::rule_result::CountCategory;
use passay_rs::rule::username::UsernameRule;
use passay_rs::rule::{PasswordData, Rule};
use repass_policy::{Context, Policy};

#[path = "../tests/cases/mod.rs"]
mod cases;

/// Where passay-rs means to answer otherwise: policy, case, reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("ddm-account", "username-and-one-more", CONTAINS_USERNAME),
    ("ddm-account", "username-inside", CONTAINS_USERNAME),
];
const CONTAINS_USERNAME: &str =
    "passay-rs refuses a password that contains the user name; the policy, one that equals it";

const CONTEXT: Context<'static> = Context {
    username: Some("Report_Reader_7"),
    old_password: Some("Winter-2023-Redis"),
};

/// Valid in every policy.
const VALID_16: &str = "Ledger-42~Harbor";
const VALID_32: &str = "Ledger-42~Harbor-17-Copper~River";
/// Each policy with a password that breaks the rule which sets it apart.
const REFUSED: &[(&Policy, &str)] = &[
    (Policy::DCS, "Winter-2023-Redis"),
    (Policy::DDM_ACCOUNT, "7_redaeR_tropeR"),
    (Policy::DDM_ADMIN, "Admin@123"),
    (Policy::DMS, "-Ledger-42~Harbor"),
];

fn check(criterion: &mut Criterion) {
    assert_same_verdicts();
    for (policy, refused) in REFUSED {
        let passay = passay(policy);
        let mut group = criterion.benchmark_group(policy.name);
        for (label, password) in [
            ("valid 16", VALID_16),
            ("valid 32", VALID_32),
            ("refused", refused),
        ] {
            let data = passay_data(password, &CONTEXT);
            assert_eq!(policy.check(password, &CONTEXT).is_ok(), label != "refused");
            assert_eq!(passay.validate(&data).valid(), label != "refused");
            group.bench_function(format!("{label}/repass"), |bencher| {
                bencher.iter(|| policy.check(black_box(password), black_box(&CONTEXT)));
            });
            group.bench_function(format!("{label}/passay-rs"), |bencher| {
                bencher.iter(|| passay.validate(black_box(&data)));
            });
        }
        group.finish();
    }
}

/// Two checkers that disagree are not worth comparing.
fn assert_same_verdicts() {
    let cases = cases::all();
    let mut wrong = Vec::new();
    for policy in Policy::ALL {
        let passay = passay(policy);
        for case in cases
            .iter()
            .filter(|case| case.policy().name == policy.name)
        {
            let context = case.context();
            let valid = case.codes.is_empty();
            let data = passay_data(&case.password, &context);
            let left_out = LEFT_OUT
                .iter()
                .any(|(name, left_out, _)| (*name, *left_out) == (policy.name, case.name.as_str()));
            // A case that is left out without need is wrong too.
            if policy.check(&case.password, &context).is_ok() != valid
                || (passay.validate(&data).valid() == valid) == left_out
            {
                wrong.push(format!("{} {}", policy.name, case.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "disagree, or need not be left out: {wrong:#?}"
    );

    let compared = cases.len() - LEFT_OUT.len();
    println!(
        "the verdicts agree in {compared} cases; left out are {}:",
        LEFT_OUT.len()
    );
    for (policy, name, reason) in LEFT_OUT {
        println!("  {policy} {name}: {reason}");
    }
}

/// The rules of a policy as passay-rs states them.
fn passay(policy: &'static Policy) -> PasswordValidator {
    let classes: [Box<dyn CharacterData>; 4] = [
        Box::new(EnglishCharacterData::LowerCase),
        Box::new(EnglishCharacterData::UpperCase),
        Box::new(EnglishCharacterData::Digit),
        Box::new(Specials(policy.specials())),
    ];
    let allowed: String = classes.iter().map(|class| class.characters()).collect();
    let classes = classes
        .into_iter()
        .map(CharacterRule::from_character_data)
        .collect();
    let mut rules: Vec<Box<dyn Rule>> = vec![
        Box::new(LengthRule::new(policy.min_length, policy.max_length)),
        Box::new(
            CharacterCharacteristics::with_rules_and_characteristics(classes, policy.min_classes)
                .expect("at most four classes are needed"),
        ),
        Box::new(AllowedCharacter::from_chars(&allowed)),
    ];
    if !policy.forbidden_first.is_empty() {
        rules.push(Box::new(IllegalCharacterRule::new(
            policy.forbidden_first.chars().collect(),
            MatchBehavior::StartsWith,
            true,
        )));
    }
    if policy.not_username {
        rules.push(Box::new(
            UsernameRule::with_match_backwards_and_ignore_case(true, false),
        ));
    }
    if policy.not_old {
        rules.push(Box::new(HistoryRule::default()));
    }
    if !policy.deny_list().is_empty() {
        let words = policy
            .deny_list()
            .iter()
            .copied()
            .map(String::from)
            .collect();
        let words = ArrayWordList::with_sorter(words, true, Some(SliceSort));
        rules.push(Box::new(DictionaryRule::from_dictionary(
            WordListDictionary::new(words),
        )));
    }
    PasswordValidator::new(rules)
}

fn passay_data(password: &str, context: &Context<'_>) -> PasswordData {
    let history = context.old_password.map(|old| {
        Box::new(HistoricalReference::with_password(old.to_owned())) as Box<dyn Reference>
    });
    PasswordData::new(
        password.to_owned(),
        context.username.map(str::to_owned),
        history.into_iter().collect(),
    )
}

/// The special characters of a policy, in place of the fixed set of passay-rs.
struct Specials(&'static str);

impl CharacterData for Specials {
    fn characters(&self) -> &str {
        self.0
    }

    fn error_code(&self) -> &str {
        "INSUFFICIENT_SPECIAL"
    }

    fn count_category(&self) -> Option<CountCategory> {
        Some(CountCategory::Special)
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = check
}
criterion_main!(benches);
