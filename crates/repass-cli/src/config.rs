//! `repass config`: what is in force, where it comes from, and what is missing.

use repass_client::{Endpoints, Service};

use crate::arguments::{Access, Output};
use crate::failure::Failure;
use crate::output::{Config, Mistake, Override, Setting};
use crate::settings::{Found, SERVICES, SHOWN, Settings, Source, Which, is_secret};
use crate::terminal;

pub(crate) fn run(access: &Access, output: Output) -> Result<(), Failure> {
    let config = describe(&Settings::load(access)?);
    match output {
        Output::Json => terminal::show_json(&config)?,
        Output::Table => terminal::show(&lines(&config))?,
    }
    if config.ready {
        Ok(())
    } else {
        Err(Failure::Told { exit_code: 2 })
    }
}

fn describe(settings: &Settings) -> Config {
    let mut found: Vec<_> = settings.problems().collect();
    // One service is enough for a call.
    let is_set = |service| settings.get(Which::Endpoint(service)).is_some();
    let mut services = Vec::new();
    for service in SERVICES.into_iter().filter(|service| is_set(*service)) {
        match settings.endpoints(service) {
            Ok(_) => services.push(service.to_string().to_lowercase()),
            Err(problem) => found.push(problem),
        }
    }
    if services.is_empty() && found.is_empty() {
        found.push(settings.no_endpoint(Service::Ddm, &SERVICES));
    }
    found.extend(settings.project().err());
    found.extend(settings.credentials().err());
    let mut problems: Vec<Mistake> = Vec::new();
    for problem in found {
        let (message, next) = problem.lines();
        // One endpoint of IAM is that of all services.
        if problems.iter().all(|known| known.message != message) {
            problems.push(Mistake { message, next });
        }
    }
    if !problems.is_empty() {
        services.clear();
    }
    Config {
        ready: problems.is_empty(),
        services,
        credentials: settings.kind(),
        settings: SHOWN
            .iter()
            .map(|(which, name)| shown(settings, *which, name))
            .collect(),
        overrides: settings
            .overrides()
            .iter()
            .map(|one| Override {
                group: one.group,
                from: one.from.clone(),
                instead_of: one.instead_of.clone(),
            })
            .collect(),
        problems,
    }
}

fn shown(settings: &Settings, which: Which, name: &'static str) -> Setting {
    let found = settings.get(which);
    let value = found.filter(|found| !hides(which, found));
    Setting {
        name,
        value: value.map(|found| found.value.expose().to_owned()),
        hidden: found.is_some() && value.is_none(),
        from: found.map(|found| found.source.to_string()),
        not_used: settings.not_used(which).map(Source::to_string),
    }
}

/// A URL that is no endpoint may have a password in it.
fn hides(which: Which, found: &Found) -> bool {
    let is_url = matches!(which, Which::Endpoint(_));
    let endpoints = Endpoints::new().allow_http();
    is_secret(which) || (is_url && endpoints.iam(found.value.expose()).is_err())
}

fn lines(config: &Config) -> String {
    let mut told = String::new();
    for setting in &config.settings {
        let value = match setting.hidden {
            true => "(hidden)",
            false => setting.value.as_deref().unwrap_or("-"),
        };
        told += &terminal::fact(setting.name, value);
        if let Some(from) = &setting.from {
            told += &terminal::fact("", &format!("from {from}"));
        }
        if let Some(other) = &setting.not_used {
            told += &terminal::fact("", &format!("not used: {other}"));
        }
    }
    if !config.overrides.is_empty() {
        told += "\n";
    }
    for one in &config.overrides {
        let others = one.instead_of.join("; ");
        let line = format!("{} sets the {}; not used: {others}", one.from, one.group);
        told += &terminal::wrapped("note: ", 6, &line);
    }
    let credentials = config.credentials.unwrap_or("-");
    let ready = match config.services.is_empty() {
        true => "none",
        false => &config.services.join(", "),
    };
    told += &format!("\nCredentials in force: {credentials}\nReady for calls: {ready}\n");
    for Mistake { message, next } in &config.problems {
        told += &terminal::wrapped("  - ", 4, message);
        told += &terminal::wrapped("    next: ", 10, next);
    }
    told.trim_end().to_owned()
}
