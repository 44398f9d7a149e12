//! Properties of random mixes of sources. The same mixes are tried with the binary in
//! `tests/sources.rs`.

use proptest::prelude::*;
use repass_client::{Operation, ProjectId, ProjectName, Service};

use super::{Environment, Settings, Which};
use crate::arguments::Access;

#[path = "../../tests/mixes/mod.rs"]
mod mixes;

const HERE: &str = "http://127.0.0.1:1";

/// The options as clap reads them, which takes longer than all the rest.
fn access(options: &str) -> Access {
    let words: Vec<_> = options.split_whitespace().collect();
    let option = |name: &str| {
        let mut pairs = words.chunks(2).filter(|pair| pair[0] == name);
        pairs.next().map(|pair| pair[1].to_owned())
    };
    Access {
        endpoint: option("--endpoint"),
        region: option("--region"),
        project_id: option("--project-id").map(|id| ProjectId::new(id).unwrap()),
        project_name: option("--project-name").map(|name| ProjectName::new(name).unwrap()),
        iam_endpoint: option("--iam-endpoint"),
        cloud: option("--cloud"),
        allow_http: false,
    }
}

/// The host of a URL.
fn host(url: &str) -> &str {
    let rest = url.split("://").nth(1).unwrap();
    rest.split(['/', ':']).next().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 5000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Either nothing is sent, or each host that a call would reach is of the operator that the
    /// source of the credentials names, and all of them are of one region.
    #[test]
    fn credentials_stay_with_their_operator(mix in mixes::mixes()) {
        let folder = tempfile::tempdir().unwrap();
        let mut variables = mix.variables(HERE);
        for (name, text) in mix.files(HERE) {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let variable = match name {
                "clouds.yaml" => "OS_CLIENT_CONFIG_FILE",
                _ => "OS_CLIENT_SECURE_FILE",
            };
            variables.push((variable.to_owned(), path.to_str().unwrap().to_owned()));
        }
        let options = mix.options(HERE);
        let environment = Environment::new(&variables);
        let Ok(settings) = Settings::resolve(&access(&options), &environment) else {
            return Ok(());
        };
        let Ok((endpoints, _, _)) = settings.parts(Operation::DcsResetPassword) else {
            return Ok(());
        };
        let secrets = [
            Which::Token,
            Which::AccessKey,
            Which::SecretKey,
            Which::Username,
            Which::Password,
        ];
        let hosts: Vec<_> = [Service::Dcs, Service::Iam]
            .into_iter()
            .filter_map(|service| endpoints.url(service).ok())
            .map(host)
            .collect();
        let regions: std::collections::BTreeSet<_> =
            hosts.iter().filter_map(|host| mixes::region(host)).collect();
        prop_assert!(regions.len() < 2, "{options} {variables:?}: {hosts:?}");
        for which in secrets {
            let Some(found) = settings.get(which) else {
                continue;
            };
            let user = settings.get(Which::Username).map_or("", |user| user.text());
            let credentials = match which {
                Which::Password => format!("{user} {}", found.text()),
                _ => found.text().to_owned(),
            };
            for host in &hosts {
                prop_assert!(
                    mix.may_get(host, &credentials),
                    "{host} got {credentials}: {options} {variables:?} {:?}",
                    mix.files(HERE)
                );
            }
        }
    }
}

/// The mixes are worth something only if many of them are complete.
#[test]
fn many_mixes_make_a_call() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut ready = 0;
    for _ in 0..2000 {
        let mix = mixes::mixes().new_tree(&mut runner).unwrap().current();
        if mix.files(HERE).is_empty() {
            let environment = Environment::new(&mix.variables(HERE));
            let settings = Settings::resolve(&access(&mix.options(HERE)), &environment);
            ready += usize::from(
                settings
                    .unwrap()
                    .client(Operation::DcsResetPassword)
                    .is_ok(),
            );
        }
    }
    assert!(ready > 100, "{ready}");
}
