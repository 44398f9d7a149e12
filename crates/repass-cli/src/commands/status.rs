//! `repass status`: the state of each credential of a fleet.

use repass_rotate::fleet::Credential;
use repass_rotate::record::{Millis, NEVER, State, Status};

use crate::arguments::{FleetFile, Output};
use crate::failure::Failure;
use crate::output::{CredentialStatus, FleetStatus};
use crate::rotation::report::{exit_code_of, span, timestamp, when};
use crate::rotation::{Access, Site, States, states};
use crate::terminal;

pub(crate) async fn run(arguments: &FleetFile, output: Output) -> Result<(), Failure> {
    let site = Site::read(&arguments.file)?;
    let states = if site.has_no_store() {
        States::default()
    } else {
        let store = site.store(Access::States).await?;
        states(&*store).await?
    };
    let all: Vec<_> = (site.fleet.credentials.iter())
        .map(|one| (one, states.records.get(&one.name)))
        .collect();
    match output {
        Output::Table => show(&all, states.now)?,
        Output::Json => terminal::show_json(&FleetStatus {
            credentials: all
                .iter()
                .map(|(one, status)| describe(one, *status))
                .collect(),
        })?,
    }
    let codes = all
        .iter()
        .filter_map(|(_, status)| status.map(exit_code_of));
    match codes.max().unwrap_or(0) {
        0 => Ok(()),
        exit_code => Err(Failure::Told { exit_code }),
    }
}

fn show(all: &[(&Credential, Option<&Status>)], now: Millis) -> Result<(), Failure> {
    let head = ["NAME", "STATE", "AGE", "NEXT", "LAST RESULT"].map(str::to_owned);
    let mut rows = vec![head];
    for (credential, status) in all {
        rows.push(row(credential, *status, now));
    }
    let width = |column: usize| {
        let lengths = rows
            .iter()
            .filter_map(|row| row.get(column).map(String::len));
        lengths.max().unwrap_or(0)
    };
    let widths = [0, 1, 2, 3].map(width);
    let lines = rows.iter().map(|[name, state, age, next, result]| {
        let [name_width, state_width, age_width, next_width] = widths;
        let line = format!(
            "{name:name_width$}  {state:state_width$}  {age:age_width$}  {next:next_width$}  {result}"
        );
        terminal::visible(line.trim_end())
    });
    terminal::show(&lines.collect::<Vec<_>>().join("\n"))
}

fn row(credential: &Credential, status: Option<&Status>, now: Millis) -> [String; 5] {
    let name = credential.name.clone();
    let Some(status) = status else {
        let result = "no record yet; `repass rotate` creates it".to_owned();
        return [
            name,
            "new".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
            result,
        ];
    };
    let age = status.changed_at.map(|at| span(now.saturating_sub(at)));
    let next = match status.state {
        State::Idle | State::Promoted => when(status.rotate_at, now),
        State::Stuck => "-".to_owned(),
        _ if status.due_at == NEVER => "-".to_owned(),
        _ => when(status.due_at, now),
    };
    let state = status.state.to_string();
    [
        name,
        state,
        age.unwrap_or_else(|| "-".to_owned()),
        next,
        result(status),
    ]
}

fn result(status: &Status) -> String {
    if let Some(problem) = &status.problem {
        return format!("{problem}; {}", problem.kind.advice());
    }
    match (status.state, status.version) {
        (State::Sending, _) => {
            "a request may be under way; `repass rotate` finds out how it ended".to_owned()
        }
        (_, 0) => "the current password is not known".to_owned(),
        (_, version) => {
            let verified = if status.verified {
                "verified"
            } else {
                "not verified"
            };
            format!("password {version} is current, {verified}")
        }
    }
}

fn describe(credential: &Credential, status: Option<&Status>) -> CredentialStatus {
    let target = &credential.target;
    let time = |time: Millis| (time < NEVER).then(|| timestamp(time));
    CredentialStatus {
        name: credential.name.clone(),
        operation: target.operation.api(),
        instance_id: target.instance.clone(),
        account: target.account.clone(),
        state: status.map(|status| status.state),
        problem: status.and_then(|status| status.problem.clone()),
        next: status
            .and_then(|status| status.problem.as_ref())
            .map(|one| one.kind.advice()),
        version: status.map_or(0, |status| status.version),
        published_version: status.map_or(0, |status| status.published_version),
        verified: status.is_some_and(|status| status.verified),
        changed_at: status.and_then(|status| status.changed_at).and_then(time),
        rotate_at: status.and_then(|status| time(status.rotate_at)),
        due_at: status.and_then(|status| time(status.due_at)),
    }
}
