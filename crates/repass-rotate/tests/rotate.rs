//! Rotation from end to end: the worker, a store, the emulator, and logins that meet what the
//! emulator has set.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "the steps are part of the tests"
)]
#![cfg(feature = "sqlite")]

mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use repass_client::{
    Client, Credentials, DcsOldPassword, DcsPassword, Endpoints, InstanceId, ProjectId,
};
use repass_emulator::Emulator;
use repass_rotate::fleet::Fleet;
use repass_rotate::machine::Urgency;
use repass_rotate::record::{ProblemKind, Record, State, What};
use repass_rotate::seal::Sealer;
use repass_rotate::store::{Access, SqliteStore, Store, Version, save};
use repass_rotate::worker::{Check, End, Options, Progress, Summary, Worker};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// The kinds of credentials, and what the fleet file says of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    DcsReset,
    DcsChange,
    DmsReset,
    DdmAccount,
    DdmAdmin,
}

const ALL: [Kind; 5] = [
    Kind::DcsReset,
    Kind::DcsChange,
    Kind::DmsReset,
    Kind::DdmAccount,
    Kind::DdmAdmin,
];

/// The password that everything begins with.
const FIRST: &str = "First-Password-2023";

/// A credential of a test.
#[derive(Debug, Clone)]
struct One {
    kind: Kind,
    name: String,
    instance: String,
    account: Option<&'static str>,
}

/// An emulator, a store and a fleet file.
struct Site {
    emulator: Arc<Emulator>,
    folder: TempDir,
    fleet: Arc<Fleet>,
    all: Vec<One>,
}

/// What a site is made of.
struct Plan {
    kinds: Vec<Kind>,
    /// The emulator's faults, as YAML.
    faults: &'static str,
    /// More lines of the emulator's fleet.
    settings: &'static str,
    /// More lines of the fleet file.
    file: String,
    settle: &'static str,
    /// Whether the credentials have login addresses.
    login: bool,
}

impl Plan {
    fn of(kinds: &[Kind]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            faults: "[]",
            settings: "{}",
            file: String::new(),
            settle: "300ms",
            login: true,
        }
    }
}

impl Site {
    async fn new(plan: Plan) -> Self {
        let all: Vec<_> = (plan.kinds.iter().enumerate())
            .map(|(index, kind)| One {
                kind: *kind,
                name: format!("{}-{index:03}", format!("{kind:?}").to_lowercase()),
                instance: format!("00000000-0000-4000-8000-{index:012}"),
                account: match kind {
                    Kind::DdmAccount => Some("orders"),
                    Kind::DdmAdmin => Some("root_admin"),
                    _ => None,
                },
            })
            .collect();
        let mut yaml = format!(
            "projects: [{{ id: 0123456789abcdef0123456789abcdef, name: eu-de, token: token }}]\n\
             faults: {}\nsettings: {}\ninstances:\n",
            plan.faults, plan.settings
        );
        for one in &all {
            let id = &one.instance;
            let instance = match one.kind {
                Kind::DcsReset | Kind::DcsChange => {
                    format!("service: dcs, id: {id}, password: {FIRST}")
                }
                Kind::DmsReset => format!("service: dms, id: {id}, password: {FIRST}"),
                Kind::DdmAccount => format!(
                    "service: ddm, id: {id}, accounts: [{{ username: orders, password: {FIRST} }}]"
                ),
                Kind::DdmAdmin => format!(
                    "service: ddm, id: {id}, administrator: {{ username: root_admin, password: {FIRST} }}"
                ),
            };
            writeln!(yaml, "  - {{ {instance} }}").unwrap();
        }
        let fleet =
            repass_emulator::Fleet::from_yaml(&yaml).unwrap_or_else(|error| panic!("{error}"));
        let emulator = Arc::new(Emulator::start(fleet).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let mut file = format!(
            "store: sqlite:repass.db\nsettle: {}\ndeadline: 2s\n{}\ncredentials:\n",
            plan.settle, plan.file
        );
        for one in &all {
            let id = &one.instance;
            let target = match one.kind {
                Kind::DcsReset => format!("dcs: {{ instance_id: {id} }}"),
                Kind::DcsChange => format!("dcs: {{ instance_id: {id}, method: change }}"),
                Kind::DmsReset => format!("dms: {{ instance_id: {id} }}"),
                Kind::DdmAccount => format!("ddm: {{ instance_id: {id}, username: orders }}"),
                Kind::DdmAdmin => {
                    format!("ddm_admin: {{ instance_id: {id}, username: root_admin }}")
                }
            };
            writeln!(file, "  - name: {}\n    {target}", one.name).unwrap();
            if plan.login {
                let port = door(Arc::clone(&emulator), one.clone()).await;
                writeln!(file, "    login: redis://127.0.0.1:{port}").unwrap();
            }
        }
        let key = folder.path().join("repass.key");
        Sealer::create(&key).unwrap();
        let fleet = Fleet::from_yaml(&file, folder.path(), &key);
        let fleet = Arc::new(fleet.unwrap_or_else(|error| panic!("{error}\n{file}")));
        Self {
            emulator,
            folder,
            fleet,
            all,
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        let key = self.fleet.key.as_ref().unwrap();
        let sealer = Arc::new(Sealer::read(key).unwrap());
        let path = self.folder.path().join("repass.db");
        Arc::new(SqliteStore::open(&path, Access::Write, Some(sealer)).unwrap())
    }

    fn client(&self) -> Client {
        Client::new(
            Endpoints::all(&self.emulator.url()).unwrap(),
            ProjectId::new("0123456789abcdef0123456789abcdef").unwrap(),
            Credentials::token("token").unwrap(),
        )
        .unwrap()
    }

    fn worker(&self, store: &Arc<dyn Store>, urgency: Urgency) -> Worker {
        let options = Options {
            urgency,
            ..Options::new(&self.fleet)
        };
        Worker::new(
            Arc::clone(&self.fleet),
            Arc::clone(store),
            self.client(),
            options,
        )
    }

    /// Supplies the password that everything begins with.
    async fn import(&self, store: &Arc<dyn Store>) {
        let worker = self.worker(store, Urgency::Retry);
        for credential in &self.fleet.credentials {
            worker.import(credential, FIRST.into()).await.unwrap();
        }
    }

    async fn record(&self, store: &Arc<dyn Store>, name: &str) -> Record {
        store.load(name).await.unwrap().unwrap().0
    }

    /// What always holds: the live password is in the store.
    async fn check(&self, store: &Arc<dyn Store>) {
        for one in &self.all {
            let Some((record, _)) = store.load(&one.name).await.unwrap() else {
                continue;
            };
            if record.passwords.all().next().is_none() {
                continue;
            }
            let mut known = record.passwords.all();
            let is_known = known.any(|password| self.is_live(one, password.secret.expose()));
            let is_first = record.passwords.current.is_none() && self.is_live(one, FIRST);
            assert!(is_known || is_first, "{one:?}: {record:#?}");
        }
    }

    fn is_live(&self, one: &One, password: &str) -> bool {
        self.emulator
            .password_is(&one.instance, one.account, password)
    }

    /// What holds when everything is rotated: the current password is live.
    async fn all_are_rotated(&self, store: &Arc<dyn Store>) {
        for one in &self.all {
            let record = self.record(store, &one.name).await;
            assert_eq!(record.status.state, State::Idle, "{record:#?}");
            let current = record.passwords.current.as_ref().unwrap();
            assert!(self.is_live(one, current.secret.expose()), "{record:#?}");
            assert_ne!(current.secret.expose(), FIRST);
        }
    }
}

/// A server that speaks as much Redis as a login needs, and lets in whom the emulator's instance
/// would. Returns its port.
async fn door(emulator: Arc<Emulator>, one: One) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (emulator, one) = (Arc::clone(&emulator), one.clone());
            tokio::spawn(async move { answer(stream, &emulator, &one).await });
        }
    });
    port
}

async fn answer(mut stream: TcpStream, emulator: &Emulator, one: &One) -> Option<()> {
    let mut request = Vec::new();
    loop {
        let mut bytes = [0; 512];
        let read = stream.read(&mut bytes).await.ok()?;
        request.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let lines: Vec<_> = text.split("\r\n").collect();
        let count: usize = lines.first()?.trim_start_matches('*').parse().ok()?;
        if read == 0 || lines.len() < 2 * count + 2 {
            if read == 0 {
                return None;
            }
            continue;
        }
        let password = lines[2 * count];
        let is_live = emulator.password_is(&one.instance, one.account, password);
        let line: &[u8] = if is_live {
            b"+OK\r\n"
        } else {
            b"-WRONGPASS no\r\n"
        };
        stream.write_all(line).await.ok()?;
        return Some(());
    }
}

/// Runs a worker to its end.
async fn run(worker: &Worker) -> (Summary, Vec<Progress>) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let (_stop, stopped) = watch::channel(false);
    let summary = worker.run(&sender, stopped).await.unwrap();
    drop(sender);
    let mut progress = Vec::new();
    while let Some(one) = receiver.recv().await {
        progress.push(one);
    }
    (summary, progress)
}

fn ends(progress: &[Progress]) -> BTreeMap<&str, &End> {
    let ends = progress.iter().filter_map(|one| match one {
        Progress::Turn { name, end } => Some((name.as_str(), end)),
        _ => None,
    });
    ends.collect()
}

/// How many requests of the services the emulator got.
fn requests(site: &Site) -> usize {
    site.emulator.received().len()
}

#[tokio::test]
async fn all_five_are_rotated() {
    let site = Site::new(Plan::of(&ALL)).await;
    let store = site.store();
    site.import(&store).await;
    let (summary, progress) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!(summary.rotated, 5, "{summary:?} {progress:#?}");
    site.all_are_rotated(&store).await;
    for one in &site.all {
        let record = site.record(&store, &one.name).await;
        assert!(record.status.verified);
        let previous = record.passwords.previous.as_ref().unwrap();
        assert_eq!(previous.secret.expose(), FIRST);
        // No word that is shown has a password.
        let current = record.passwords.current.as_ref().unwrap().secret.expose();
        let shown = format!(
            "{record:?} {} {}",
            serde_json::to_string(&record.status).unwrap(),
            serde_json::to_string(&progress).unwrap()
        );
        for password in [current, FIRST] {
            assert!(!shown.contains(password), "{shown}");
        }
    }
    let request_ids = progress
        .iter()
        .filter(|one| matches!(one, Progress::Entry { entry, .. } if entry.request_id.is_some()));
    assert_eq!(request_ids.count(), 5);
    site.worker(&store, Urgency::Due)
        .check(|name, check, _| assert_eq!(check, Check::Live, "{name}"))
        .await
        .unwrap();

    // Nothing is due any more.
    let before = requests(&site);
    let (summary, _) = run(&site.worker(&store, Urgency::Retry)).await;
    assert_eq!(
        (summary.up_to_date, requests(&site)),
        (5, before),
        "{summary:?}"
    );
}

#[tokio::test]
async fn nothing_rotates_on_enrolment() {
    let site = Site::new(Plan::of(&ALL)).await;
    let store = site.store();
    let (summary, progress) = run(&site.worker(&store, Urgency::Retry)).await;
    assert_eq!((summary.up_to_date, requests(&site)), (5, 0), "{summary:?}");
    let enrolled = progress
        .iter()
        .filter(|one| matches!(one, Progress::Entry { entry, .. } if entry.what == What::Enrolled));
    assert_eq!(enrolled.count(), 5);
    // Those that share a date would rotate at the same time.
    let mut dates = BTreeSet::new();
    for one in &site.all {
        dates.insert(site.record(&store, &one.name).await.status.rotate_at / 1000);
    }
    assert_eq!(dates.len(), 5);

    // A reset needs no current password, a change does.
    let (summary, progress) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!((summary.rotated, summary.refused), (4, 1), "{summary:?}");
    let ends = ends(&progress);
    let End::State { problem, .. } = ends["dcschange-001"] else {
        panic!("{ends:?}");
    };
    assert_eq!(problem.as_ref().unwrap().kind, ProblemKind::NoCurrent);
}

#[tokio::test]
async fn without_logins_a_proven_answer_is_enough() {
    let site = Site::new(Plan {
        login: false,
        settings: "{ ddm_admin_success: accepted }",
        ..Plan::of(&ALL)
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    let (summary, _) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!(summary.rotated, 5, "{summary:?}");
    site.all_are_rotated(&store).await;
    let record = site.record(&store, "dcsreset-000").await;
    assert!(!record.status.verified);
}

/// Runs until everything is rotated, and checks after each run.
async fn rotate_all(site: &Site, runs: usize) -> Vec<Summary> {
    let store = site.store();
    let mut summaries = Vec::new();
    for index in 0..runs {
        let urgency = if index == 0 {
            Urgency::Force
        } else {
            Urgency::Retry
        };
        let (summary, _) = run(&site.worker(&store, urgency)).await;
        site.check(&store).await;
        let is_over = site.all.len() == summary.rotated + summary.up_to_date;
        summaries.push(summary);
        if is_over {
            site.all_are_rotated(&store).await;
            return summaries;
        }
    }
    let mut states = Vec::new();
    for one in &site.all {
        let status = site.record(&store, &one.name).await.status;
        if status.state != State::Idle {
            states.push(status);
        }
    }
    panic!("not all are rotated: {summaries:#?} {states:#?}");
}

#[tokio::test]
async fn faults_delay_it_and_lose_nothing() {
    let kinds = ALL.repeat(3);
    let site = Site::new(Plan {
        faults: "[
            { fault: cut, when: before, percent: 20 },
            { fault: cut, when: after, percent: 20 },
            { fault: error, status: 503, percent: 10 },
            { fault: error, status: 500, when: after, percent: 10 },
            { fault: throttle, per_second: 40 },
            { fault: latency, milliseconds: 20, percent: 30 },
        ]",
        ..Plan::of(&kinds)
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    drop(store);
    rotate_all(&site, 30).await;
}

#[tokio::test]
async fn a_change_that_is_applied_late_is_found_out() {
    for kind in [Kind::DcsChange, Kind::DcsReset, Kind::DmsReset] {
        let site = Site::new(Plan {
            faults: "[{ fault: late, seconds: 1, count: 1 }]",
            settle: "2s",
            ..Plan::of(&[kind])
        })
        .await;
        let store = site.store();
        site.import(&store).await;
        drop(store);
        rotate_all(&site, 10).await;
    }
}

#[tokio::test]
async fn a_change_that_is_rolled_back_is_found_out() {
    let site = Site::new(Plan {
        faults: "[
            { fault: rollback, seconds: 1, count: 1 },
            { fault: cut, when: after, count: 1 },
        ]",
        settle: "2s",
        ..Plan::of(&[Kind::DcsChange])
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    drop(store);
    rotate_all(&site, 10).await;
}

#[tokio::test]
async fn a_password_that_someone_else_changed_is_not_overwritten() {
    let site = Site::new(Plan::of(&[Kind::DcsChange, Kind::DcsReset])).await;
    let store = site.store();
    site.import(&store).await;
    for one in &site.all {
        let instance = InstanceId::new(&one.instance).unwrap();
        let new = DcsPassword::new("Someone-Elses-2024").unwrap();
        let (client, old) = (site.client(), DcsOldPassword::new(FIRST));
        let changed = client.dcs_change_password(&instance, &old, &new).await;
        changed.unwrap();
        // It is due.
        let (mut record, version) = store.load(&one.name).await.unwrap().unwrap();
        record.status.rotate_at = 0;
        record.status.due_at = 0;
        save(&*store, &one.name, Some(version), &record)
            .await
            .unwrap();
    }
    let before = requests(&site);
    let (summary, progress) = run(&site.worker(&store, Urgency::Due)).await;
    assert_eq!(summary.stuck, 2, "{summary:?} {progress:#?}");
    assert_eq!(requests(&site), before, "nothing is sent");
    let record = site.record(&store, "dcschange-000").await;
    let problem = record.status.problem.unwrap();
    assert_eq!(problem.kind, ProblemKind::Drift);
    site.worker(&store, Urgency::Due)
        .check(|name, check, _| assert_eq!(check, Check::Drift, "{name}"))
        .await
        .unwrap();

    // The reset is forced; the change needs the password.
    let (summary, _) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!((summary.rotated, summary.stuck), (1, 1), "{summary:?}");
    let worker = site.worker(&store, Urgency::Force);
    let change = &site.fleet.credentials[0];
    worker
        .import(change, "Someone-Elses-2024".into())
        .await
        .unwrap();
    let (summary, _) = run(&worker).await;
    assert_eq!(summary.rotated, 2, "{summary:?}");
    site.all_are_rotated(&store).await;
}

#[tokio::test]
async fn a_weak_password_refusal_stops_the_fleet() {
    let kinds = [Kind::DcsReset; 6];
    let site = Site::new(Plan {
        faults: "[{ fault: error, service: dcs, status: 400, code: DCS.4019 }]",
        ..Plan::of(&kinds)
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    let (summary, progress) = run(&site.worker(&store, Urgency::Force)).await;
    // The canary alone was sent.
    assert_eq!(
        (requests(&site), summary.refused, summary.skipped),
        (1, 1, 5),
        "{summary:?}"
    );
    let stopped = progress
        .iter()
        .find(|one| matches!(one, Progress::Stopped { service: None, .. }));
    assert!(stopped.is_some(), "{progress:#?}");
}

#[tokio::test]
async fn equal_refusals_stop_a_service_and_no_other() {
    let mut kinds = vec![Kind::DcsReset; 9];
    kinds.extend([Kind::DmsReset; 3]);
    let site = Site::new(Plan {
        faults: "[{ fault: error, service: dcs, status: 403, code: DCS.2003 }]",
        ..Plan::of(&kinds)
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    let (summary, progress) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!(
        (summary.refused, summary.skipped, summary.rotated),
        (5, 4, 3),
        "{summary:?}"
    );
    let stopped = progress.iter().find_map(|one| match one {
        Progress::Stopped { service, reason } => Some((service.clone().unwrap(), reason.clone())),
        _ => None,
    });
    let (service, reason) = stopped.unwrap();
    assert_eq!(service, "DCS");
    insta::assert_snapshot!(reason, @"the service refused: forbidden: DCS.2003");
}

#[tokio::test]
async fn a_service_that_is_stopped_ends_the_run_of_a_large_fleet() {
    // More than are read from the store at once.
    let kinds = [Kind::DcsReset; 450];
    let site = Site::new(Plan {
        faults: "[{ fault: error, service: dcs, status: 403, code: DCS.2003 }]",
        login: false,
        ..Plan::of(&kinds)
    })
    .await;
    let store = site.store();
    let worker = site.worker(&store, Urgency::Force);
    let ended = tokio::time::timeout(Duration::from_secs(60), run(&worker)).await;
    let (summary, _) = ended.expect("the run ends");
    assert_eq!((summary.refused, summary.skipped), (5, 445), "{summary:?}");
}

#[tokio::test]
async fn a_stop_lets_what_was_sent_end() {
    let kinds = [Kind::DcsReset; 8];
    let site = Site::new(Plan {
        faults: "[{ fault: latency, milliseconds: 300 }]",
        ..Plan::of(&kinds)
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    let worker = site.worker(&store, Urgency::Force);
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(async move { worker.run(&sender, stopped).await.unwrap() });
    while let Some(progress) = receiver.recv().await {
        if matches!(&progress, Progress::Entry { entry, .. } if entry.what == What::Sending) {
            stop.send(true).unwrap();
            break;
        }
    }
    let summary = running.await.unwrap();
    assert_eq!((summary.rotated, requests(&site)), (1, 1), "{summary:?}");
    for one in &site.all {
        let record = site.record(&store, &one.name).await;
        assert_eq!(
            (record.status.state, record.status.lease),
            (State::Idle, None)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_anywhere_loses_nothing() {
    let kinds = ALL.repeat(4);
    let site = Site::new(Plan {
        faults: "[
            { fault: cut, when: before, percent: 10 },
            { fault: cut, when: after, percent: 10 },
            { fault: latency, milliseconds: 20, percent: 50 },
        ]",
        settle: "100ms",
        ..Plan::of(&kinds)
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    drop(store);
    let mut kills = 0;
    for round in 0..400 {
        let store = site.store();
        let urgency = if round % 20 == 0 && round < 200 {
            Urgency::Force
        } else {
            Urgency::Retry
        };
        let worker = site.worker(&store, urgency);
        let running = tokio::spawn(async move {
            let (sender, _receiver) = mpsc::unbounded_channel();
            let (_stop, stopped) = watch::channel(false);
            worker.run(&sender, stopped).await.unwrap()
        });
        tokio::time::sleep(Duration::from_millis(fastrand::u64(1..120))).await;
        let is_over = running.is_finished();
        if !is_over {
            running.abort();
            kills += 1;
        }
        // The spawned turns end with the run.
        let summary = running.await;
        site.check(&store).await;
        let is_over =
            summary.is_ok_and(|summary| summary.rotated + summary.up_to_date == site.all.len());
        if is_over && kills >= 60 && round >= 200 {
            break;
        }
        drop(store);
        // The thread of the store ends with its last handle.
        wait_for_unlock(&site).await;
    }
    println!("{kills} kills");
    rotate_all(&site, 30).await;
}

async fn wait_for_unlock(site: &Site) {
    let path = site.folder.path().join("repass.db");
    for _ in 0..100 {
        if SqliteStore::open(&path, Access::Write, None).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the store stays locked");
}

#[tokio::test]
async fn a_new_password_is_published_at_least_once() {
    let folder = tempfile::tempdir().unwrap();
    let (script, published) = (
        folder.path().join("publish"),
        folder.path().join("published"),
    );
    let good = format!("#!/bin/sh\ncat >> {}\n", published.display());
    std::fs::write(&script, "#!/bin/sh\nexit 7\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&script, mode).unwrap();
    let site = Site::new(Plan {
        file: format!("publish: [{}]", script.display()),
        ..Plan::of(&[Kind::DcsReset])
    })
    .await;
    let store = site.store();
    let (summary, progress) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!(
        (summary.rotated, summary.not_published),
        (1, 1),
        "{summary:?}"
    );
    let ends = ends(&progress);
    let End::State { problem, .. } = ends["dcsreset-000"] else {
        panic!("{ends:?}");
    };
    let problem = problem.as_ref().unwrap().to_string();
    let problem = problem.replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(problem, @"the new password could not be published (FOLDER/publish failed: exit status: 7)");

    std::fs::write(&script, good).unwrap();
    let (summary, _) = run(&site.worker(&store, Urgency::Retry)).await;
    assert_eq!(
        (summary.not_published, summary.up_to_date),
        (0, 1),
        "{summary:?}"
    );
    let text = std::fs::read_to_string(published).unwrap();
    let published: serde_json::Value = serde_json::from_str(&text).unwrap();
    let record = site.record(&store, "dcsreset-000").await;
    let current = record.passwords.current.unwrap();
    assert_eq!(published["password"], current.secret.expose());
    assert_eq!(published["version"], current.number);
    assert_eq!(record.status.published_version, current.number);
}

#[tokio::test]
async fn a_run_that_watches_rotates_what_becomes_due() {
    let site = Site::new(Plan {
        file: "rotate_after: 2s".to_owned(),
        ..Plan::of(&[Kind::DcsReset, Kind::DcsChange])
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    let options = Options {
        watch: true,
        poll: Duration::from_millis(100),
        ..Options::new(&site.fleet)
    };
    let worker = Worker::new(
        Arc::clone(&site.fleet),
        Arc::clone(&store),
        site.client(),
        options,
    );
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(async move { worker.run(&sender, stopped).await.unwrap() });
    let mut promoted = BTreeMap::new();
    while promoted.len() < 2 || promoted.values().any(|count| *count < 2) {
        let progress = receiver.recv().await.unwrap();
        if let Progress::Entry { name, entry } = progress
            && entry.what == What::Promoted
        {
            *promoted.entry(name).or_insert(0) += 1;
        }
    }
    stop.send(true).unwrap();
    running.await.unwrap();
    site.all_are_rotated(&store).await;
    // Each rotation was due, and was one.
    assert!(requests(&site) <= 6, "{}", requests(&site));
}

#[tokio::test]
async fn a_clock_that_moved_back_rotates_nothing() {
    let site = Site::new(Plan::of(&[Kind::DcsReset])).await;
    let store = site.store();
    site.import(&store).await;
    let (mut record, version) = store.load("dcsreset-000").await.unwrap().unwrap();
    record.status.touched_at += 3_600_000;
    save(&*store, "dcsreset-000", Some(version), &record)
        .await
        .unwrap();
    let (summary, _) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!((summary.clock_back, requests(&site)), (1, 0), "{summary:?}");
}

#[tokio::test]
async fn a_record_of_another_instance_is_left_alone() {
    let site = Site::new(Plan::of(&[Kind::DcsReset])).await;
    let store = site.store();
    site.import(&store).await;
    let (mut record, version) = store.load("dcsreset-000").await.unwrap().unwrap();
    record.status.target.instance = "another".to_owned();
    save(&*store, "dcsreset-000", Some(version), &record)
        .await
        .unwrap();
    let (summary, progress) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!((summary.failed, requests(&site)), (1, 0), "{summary:?}");
    assert_eq!(ends(&progress)["dcsreset-000"], &End::OtherTarget);
}

#[tokio::test]
async fn an_instance_that_was_deleted_ends_in_a_state_that_says_so() {
    let site = Site::new(Plan {
        faults: "[{ fault: error, status: 404, code: DCS.3022 }]",
        ..Plan::of(&[Kind::DcsReset])
    })
    .await;
    let store = site.store();
    site.import(&store).await;
    let (summary, _) = run(&site.worker(&store, Urgency::Force)).await;
    assert_eq!(summary.refused, 1, "{summary:?}");
    let record = site.record(&store, "dcsreset-000").await;
    let problem = record.status.problem.unwrap();
    insta::assert_snapshot!(format!("{problem}; {}", problem.kind.advice()), @"the service refused (not-found: DCS.3022: This DCS instance does not exist.); see the service's message, then run `repass rotate` again");
    assert_eq!(record.passwords.pending, None);
}

#[tokio::test]
async fn an_address_that_nobody_listens_on_sends_nothing() {
    let site = Site::new(Plan {
        login: false,
        ..Plan::of(&[Kind::DcsReset])
    })
    .await;
    let mut fleet = Fleet::clone(&site.fleet);
    let url = format!("redis://127.0.0.1:{}", servers::free_port());
    let login = repass_rotate::login::Login::parse(&url, None, Default::default());
    fleet.credentials[0].login = Some(login.unwrap());
    let store = site.store();
    site.import(&store).await;
    let options = Options {
        urgency: Urgency::Retry,
        patience: Duration::ZERO,
        ..Options::new(&fleet)
    };
    let (mut record, version) = store.load("dcsreset-000").await.unwrap().unwrap();
    record.status.rotate_at = 0;
    record.status.due_at = 0;
    save(&*store, "dcsreset-000", Some(version), &record)
        .await
        .unwrap();
    let worker = Worker::new(Arc::new(fleet), Arc::clone(&store), site.client(), options);
    assert_eq!(worker.unreachable().await.len(), 1);
    let (summary, _) = run(&worker).await;
    assert_eq!((summary.waiting, requests(&site)), (1, 0), "{summary:?}");
    let record = site.record(&store, "dcsreset-000").await;
    assert_eq!(
        record.status.problem.unwrap().kind,
        ProblemKind::Unreachable
    );
}

/// A store that loses answers, refuses and is gone, as told.
#[derive(Debug)]
struct Broken {
    store: Arc<dyn Store>,
    saves_left: Mutex<usize>,
}

impl Store for Broken {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> repass_rotate::store::Answer<'a, Option<(Record, Version)>> {
        self.store.load(name)
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> repass_rotate::store::Answer<'a, Version> {
        let mut left = self.saves_left.lock().unwrap();
        if *left == 0 {
            return Box::pin(async {
                let reason = "database or disk is full".to_owned();
                Err(repass_rotate::store::StoreError::Unavailable(reason))
            });
        }
        *left -= 1;
        self.store.save(name, expected, record)
    }

    fn list<'a>(
        &'a self,
        query: &'a repass_rotate::store::Query,
    ) -> repass_rotate::store::Answer<'a, repass_rotate::store::Page> {
        self.store.list(query)
    }

    fn is_exclusive(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_disk_that_is_full_at_any_save_loses_nothing() {
    for saves in 0..6 {
        let site = Site::new(Plan::of(&[Kind::DcsReset, Kind::DcsChange])).await;
        let store = site.store();
        site.import(&store).await;
        let broken: Arc<dyn Store> = Arc::new(Broken {
            store: Arc::clone(&store),
            saves_left: Mutex::new(saves),
        });
        let (summary, _) = run(&site.worker(&broken, Urgency::Force)).await;
        assert!(summary.failed >= 1, "{saves}: {summary:?}");
        site.check(&store).await;
        drop((store, broken));
        wait_for_unlock(&site).await;
        rotate_all(&site, 5).await;
    }
}
