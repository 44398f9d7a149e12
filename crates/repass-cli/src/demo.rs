//! `repass demo`: the whole way once, on an emulator in this process.

use repass_client::{
    AdminName, Certainty, Client, Credentials, DcsOldPassword, DcsPassword, DdmAccountPassword,
    DdmAdminPassword, DmsPassword, Endpoints, Error, InstanceId, Operation, Outcome, ProjectId,
    ResetPassword, Username,
};
use repass_emulator::{Emulator, Fleet};

use crate::arguments::Output;
use crate::failure::Failure;
use crate::output::{Demo, NotSent, Step};
use crate::terminal;

pub(crate) async fn run(output: Output) -> Result<(), Failure> {
    let demo = drive().await.map_err(|error| {
        let line = format!("the demo did not go as it should: {error}");
        Failure::not_done(line, "please report it")
    })?;
    match output {
        Output::Json => terminal::show_json(&demo),
        Output::Table => terminal::show(&describe(&demo)),
    }
}

async fn drive() -> Result<Demo, Box<dyn std::error::Error>> {
    let emulator = Emulator::start(Fleet::built_in()).await?;
    let client = Client::new(
        Endpoints::all(&emulator.url())?,
        ProjectId::new(Fleet::PROJECT_ID)?,
        Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY)?,
    )?;
    let ddm = InstanceId::new(Fleet::DDM_ID)?;
    let dcs = InstanceId::new(Fleet::DCS_ID)?;
    let dms = InstanceId::new(Fleet::DMS_ID)?;

    let mut endpoints = Steps::new(&emulator);
    let username = Username::new(Fleet::DDM_USERNAME)?;
    let new = DdmAccountPassword::generate()?;
    let done = client.ddm_reset_password(&ddm, &username, &new).await;
    endpoints.done(Operation::DdmResetPassword, done)?;
    let root = AdminName::new("root")?;
    let new = DdmAdminPassword::generate()?;
    let done = client.ddm_set_admin(&ddm, &root, &new).await;
    endpoints.done(Operation::DdmSetAdmin, done)?;
    let old = DcsOldPassword::new(Fleet::DCS_PASSWORD);
    let new = DcsPassword::generate()?;
    let done = client.dcs_change_password(&dcs, &old, &new).await;
    endpoints.done(Operation::DcsChangePassword, done)?;
    let reset = ResetPassword::To(DcsPassword::generate()?);
    let done = client.dcs_reset_password(&dcs, &reset).await;
    endpoints.done(Operation::DcsResetPassword, done)?;
    let new = DmsPassword::generate()?;
    let done = client.dms_reset_password(&dms, &new).await;
    endpoints.done(Operation::DmsResetPassword, done)?;

    let before = emulator.received().len();
    let Err(violations) = DmsPassword::new("-kafka") else {
        return Err("a bad password was accepted".into());
    };
    let not_sent = NotSent {
        violations: violations.iter().cloned().collect(),
        requests: emulator.received().len() - before,
    };

    let mut lock = Steps::new(&emulator);
    let wrong = DcsOldPassword::new("Not-The-Password-1");
    let new = DcsPassword::generate()?;
    for _ in 0..6 {
        let refused = client.dcs_change_password(&dcs, &wrong, &new).await;
        lock.refused(Operation::DcsChangePassword, refused)?;
    }

    let mut reset = Steps::new(&emulator);
    let done = client
        .dcs_reset_password(&dcs, &ResetPassword::To(new))
        .await;
    reset.done(Operation::DcsResetPassword, done)?;
    #[cfg(feature = "rotate")]
    let rotation = rotation::drive().await?;
    Ok(Demo {
        #[cfg(feature = "rotate")]
        rotation,
        url: emulator.url(),
        endpoints: endpoints.steps,
        not_sent,
        lock: lock.steps,
        reset: reset.steps,
    })
}

/// What was sent and what came of it.
struct Steps<'a> {
    emulator: &'a Emulator,
    steps: Vec<Step>,
}

impl<'a> Steps<'a> {
    fn new(emulator: &'a Emulator) -> Self {
        let steps = Vec::new();
        Self { emulator, steps }
    }

    fn done(&mut self, operation: Operation, result: Result<Outcome, Error>) -> Result<(), Error> {
        result?;
        self.add(operation, "the password was set".to_owned());
        Ok(())
    }

    fn refused(
        &mut self,
        operation: Operation,
        result: Result<Outcome, Error>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        match result {
            Err(error) if error.certainty() == Certainty::Refused => {
                let text = error.to_string();
                let reason = text
                    .split_once("refused: ")
                    .map_or(&*text, |(_, reason)| reason);
                let reason = reason.split(" (status").next().unwrap_or(reason);
                self.add(operation, reason.to_owned());
                Ok(())
            }
            Err(error) => Err(error.into()),
            Ok(_) => Err("a wrong old password was accepted".into()),
        }
    }

    /// Adds what the emulator received last.
    fn add(&mut self, operation: Operation, result: String) {
        let request = self.emulator.received().pop();
        self.steps.extend(request.map(|request| Step {
            operation,
            method: request.method,
            path: request.path,
            status: request.status.unwrap_or_default(),
            result,
        }));
    }
}

fn describe(demo: &Demo) -> String {
    let url = &demo.url;
    let violations = demo.not_sent.violations.iter();
    let violations = violations.map(|violation| format!("  - it {violation}\n"));
    let told = format!(
        "The five endpoints, on an emulator at {url}:\n{}\nA password that the rules of dms refuse \
         is not sent at all:\n{}  requests that the emulator received: {}\n\nA wrong old password, \
         until the account is locked:\n{}\nA reset asks for no old password, so it works during \
         the lock:\n{}",
        lines(&demo.endpoints),
        violations.collect::<String>(),
        demo.not_sent.requests,
        lines(&demo.lock),
        lines(&demo.reset).trim_end()
    );
    #[cfg(feature = "rotate")]
    let told = format!("{told}\n\n{}", rotation::describe(&demo.rotation));
    told
}

/// A request stands on a line of its own, once, and below it what came of it each time.
fn lines(steps: &[Step]) -> String {
    let mut told = String::new();
    let mut last = "";
    for step in steps {
        if step.path != last {
            let operation = step.operation;
            told += &format!("  {operation}\n  {} {}\n", step.method, step.path);
            last = &step.path;
        }
        told += &format!("    {}: {}\n", step.status, step.result);
    }
    told
}

/// The rotation of a small fleet through lost answers.
#[cfg(feature = "rotate")]
mod rotation {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use repass_client::{Client, Credentials, Endpoints, ProjectId};
    use repass_emulator::{Emulator, Fault, Fleet};
    use repass_rotate::fleet;
    use repass_rotate::machine::Urgency;
    use repass_rotate::record::What;
    use repass_rotate::seal::Sealer;
    use repass_rotate::store::Access;
    use repass_rotate::worker::{Options, Progress, Worker};
    use tokio::sync::{mpsc, watch};

    use crate::output::{Rotated, Rotation};

    /// As often as one call is sent: none of its answers arrives.
    const LOST: u64 = 3;

    pub(super) async fn drive() -> Result<Rotation, Box<dyn std::error::Error>> {
        let mut instances = Fleet::built_in();
        instances.faults.push(lost_answers()?);
        let emulator = Emulator::start(instances).await?;
        let client = Client::new(
            Endpoints::all(&emulator.url())?,
            ProjectId::new(Fleet::PROJECT_ID)?,
            Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY)?,
        )?;
        let folder = tempfile::tempdir()?;
        let key = folder.path().join("fleet.key");
        Sealer::create(&key)?;
        let file = format!(
            "store: sqlite:repass.db
settle: 200ms
deadline: 1s
credentials:
  - name: orders-db
    ddm: {{ instance_id: {}, username: {} }}
  - name: orders-cache
    dcs: {{ instance_id: {} }}
  - name: events
    dms: {{ instance_id: {} }}
",
            Fleet::DDM_ID,
            Fleet::DDM_USERNAME,
            Fleet::DCS_ID,
            Fleet::DMS_ID
        );
        let fleet = Arc::new(fleet::Fleet::from_yaml(&file, folder.path(), &key)?);
        let store = fleet.open_store(Access::Write).await?;
        let options = Options {
            urgency: Urgency::Force,
            ..Options::new(&fleet)
        };
        let worker = Worker::new(fleet.clone(), store.clone(), client, options);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let (_stop, stopped) = watch::channel(false);
        let summary = worker.run(&sender, stopped).await?;
        drop(sender);
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(progress) = receiver.recv().await {
            if let Progress::Entry { name, entry } = progress
                && entry.what == What::Unknown
            {
                *unknown.entry(name).or_default() += 1;
            }
        }
        let mut credentials = Vec::new();
        for credential in &fleet.credentials {
            let record = store.load(&credential.name).await?;
            let current = record.and_then(|(record, _)| record.passwords.current);
            let account = credential.target.account.as_deref();
            let is_live = current.is_some_and(|current| {
                let password = current.secret.expose();
                emulator.password_is(&credential.target.instance, account, password)
            });
            credentials.push(Rotated {
                name: credential.name.clone(),
                operation: credential.target.operation.api(),
                unknown_outcomes: unknown.remove(&credential.name).unwrap_or_default(),
                stored_is_live: is_live,
            });
        }
        if summary.rotated != credentials.len() || credentials.iter().any(|one| !one.stored_is_live)
        {
            return Err(format!("not every password was rotated: {summary:?}").into());
        }
        Ok(Rotation { credentials })
    }

    fn lost_answers() -> Result<Fault, serde_json::Error> {
        serde_json::from_value(serde_json::json!({
            "fault": "cut", "when": "after", "operation": "resetPassword", "service": "dcs",
            "count": LOST,
        }))
    }

    /// The rotation in five lines.
    pub(super) fn describe(rotation: &Rotation) -> String {
        let mut lines =
            vec!["A fleet is rotated, and the answers of one service are lost:".to_owned()];
        for one in &rotation.credentials {
            let result = match one.unknown_outcomes {
                0 => "the new password was stored, then sent, and is set",
                _ => "stored, sent, outcome unknown; the same password was sent again, and is set",
            };
            lines.push(format!("  {}: {result}", one.name));
        }
        let live = rotation.credentials.iter().filter(|one| one.stored_is_live);
        lines.push(format!(
            "  passwords in the store that are live: {} of {}",
            live.count(),
            rotation.credentials.len()
        ));
        lines.join("\n")
    }
}
