//! `repass config`: what is in force, where it comes from, and what is missing.

use repass_client::Endpoints;

use crate::arguments::{Access, Output};
use crate::configuration::{Configuration, SERVICES};
use crate::failure::Failure;
use crate::output::{Config, Mistake, Setting};
use crate::settings::{self, Found, SETTINGS, Source, Which};
use crate::terminal;

pub(crate) fn run(access: &Access, output: Output) -> Result<(), Failure> {
    let config = describe(&Configuration::load(access)?);
    match output {
        Output::Json => terminal::show_json(&config)?,
        Output::Table => terminal::show(&lines(&config))?,
    }
    match config.ready {
        true => Ok(()),
        false => Err(Failure::Told { exit_code: 2 }),
    }
}

fn describe(configuration: &Configuration) -> Config {
    // One service is enough for a call; an endpoint that is set has to be valid.
    let is_set = |service| configuration.get(Which::Endpoint(service)).is_some();
    let mut services: Vec<_> = SERVICES.into_iter().filter(|one| is_set(*one)).collect();
    if services.is_empty() {
        services.extend(SERVICES.first());
    }
    let endpoints = services
        .into_iter()
        .map(|service| configuration.endpoints(service).err());
    let others = [
        configuration.project().err(),
        configuration.credentials().err(),
    ];
    let mut problems: Vec<Mistake> = Vec::new();
    for problem in endpoints.chain(others).flatten() {
        let (message, next) = problem.lines();
        // One endpoint of IAM is that of all services.
        if problems.iter().all(|known| known.message != message) {
            problems.push(Mistake { message, next });
        }
    }
    Config {
        ready: problems.is_empty(),
        credentials: configuration.kind().map(|kind| kind.name),
        settings: SETTINGS
            .iter()
            .map(|setting| setting.describe(configuration))
            .collect(),
        problems,
    }
}

impl settings::Setting {
    fn describe(&self, configuration: &Configuration) -> Setting {
        let found = configuration.get(self.which);
        let shown = found.filter(|found| !self.hides(found));
        Setting {
            name: self.name,
            value: shown.map(|found| found.value.expose().to_owned()),
            hidden: found.is_some() && shown.is_none(),
            from: found.map(|found| found.source.to_string()),
            not_used: configuration.not_used(self.which).map(Source::to_string),
        }
    }

    /// A URL that is no endpoint may have a password in it.
    fn hides(&self, found: &Found) -> bool {
        let is_url = matches!(self.which, Which::Endpoint(_));
        let endpoints = Endpoints::new().allow_http();
        self.secret || (is_url && endpoints.iam(found.value.expose()).is_err())
    }
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
    let credentials = config.credentials.unwrap_or("-");
    let ready = match config.ready {
        true => "yes",
        false => "no",
    };
    told += &format!("\nCredentials in force: {credentials}\nReady for calls: {ready}\n");
    for Mistake { message, next } in &config.problems {
        told += &terminal::wrapped("  - ", 4, message);
        told += &terminal::wrapped("    next: ", 10, next);
    }
    told.trim_end().to_owned()
}
