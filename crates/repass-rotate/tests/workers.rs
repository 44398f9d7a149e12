//! Workers that share a PostgreSQL: one is killed, one is paused for longer than its lease, and the
//! database itself is killed and started again.
//!
//! `REPASS_TEST_CREDENTIALS` is their number, 200 by default.

#![cfg(feature = "postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "the steps are part of the tests"
)]

mod servers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use repass_client::{Client, Credentials, Endpoints, ProjectId};
use repass_emulator::Emulator;
use repass_rotate::fleet::Fleet;
use repass_rotate::machine::Urgency;
use repass_rotate::record::{Record, State, What};
use repass_rotate::seal::Sealer;
use repass_rotate::store::{
    Answer, Page, PostgresStore, Query, Store, StoreError, Version, Which, save,
};
use repass_rotate::worker::{Options, Progress, Worker};
use tokio::sync::{mpsc, watch};

use servers::postgres::Postgres;

const FIRST: &str = "First-Password-2023";
/// The deadline of a call. A lease lasts three of them.
const DEADLINE: Duration = Duration::from_millis(500);

/// A store whose worker is paused once, after it has saved that it sends.
#[derive(Debug)]
struct Pausing {
    store: PostgresStore,
    saves_before: AtomicUsize,
}

impl Store for Pausing {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Record, Version)>> {
        self.store.load(name)
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> Answer<'a, Version> {
        Box::pin(async move {
            let saved = self.store.save(name, expected, record).await;
            if record.status.state == State::Sending {
                let before = self.saves_before.fetch_sub(1, Ordering::Relaxed);
                if before == 1 {
                    tokio::time::sleep(DEADLINE * 5).await;
                }
            }
            saved
        })
    }

    fn list<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        self.store.list(query)
    }
}

fn instance(index: usize) -> String {
    format!("00000000-0000-4000-8000-{index:012}")
}

async fn open(url: &str, sealer: &Arc<Sealer>) -> PostgresStore {
    for _ in 0..200 {
        match PostgresStore::open(url, Some(Arc::clone(sealer))).await {
            Ok(store) => return store,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("PostgreSQL does not start");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_share_a_store_rotate_each_credential_once() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let count = std::env::var("REPASS_TEST_CREDENTIALS");
    let count: usize = count.map_or(200, |count| count.parse().unwrap());
    let mut emulated =
        "projects: [{ id: 0123456789abcdef0123456789abcdef, name: eu-de, token: token }]
faults:
  - { fault: cut, when: before, percent: 3 }
  - { fault: cut, when: after, percent: 3 }
instances:\n"
            .to_owned();
    let mut file = format!(
        "store: {}\nsettle: 500ms\ndeadline: {}ms\ncredentials:\n",
        postgres.url(),
        DEADLINE.as_millis()
    );
    for index in 0..count {
        let id = instance(index);
        emulated += &format!("  - {{ service: dcs, id: {id}, password: {FIRST} }}\n");
        file += &format!("  - {{ name: c{index:05}, dcs: {{ instance_id: {id} }} }}\n");
    }
    let emulated = repass_emulator::Fleet::from_yaml(&emulated).unwrap();
    let emulator = Emulator::start(emulated).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("repass.key");
    let sealer = Arc::new(Sealer::create(&key).unwrap());
    let fleet = Arc::new(Fleet::from_yaml(&file, Path::new("."), &key).unwrap());
    let worker = |store: Arc<dyn Store>| {
        let client = Client::new(
            Endpoints::all(&emulator.url()).unwrap(),
            ProjectId::new("0123456789abcdef0123456789abcdef").unwrap(),
            Credentials::token("token").unwrap(),
        );
        let options = Options {
            urgency: Urgency::Retry,
            parallel: 8,
            ..Options::new(&fleet)
        };
        Worker::new(Arc::clone(&fleet), store, client.unwrap(), options)
    };

    // Everything is due.
    let store: Arc<dyn Store> = Arc::new(open(&postgres.url(), &sealer).await);
    let importer = worker(Arc::clone(&store));
    for credential in &fleet.credentials {
        importer.import(credential, FIRST.into()).await.unwrap();
        let (mut record, version) = store.load(&credential.name).await.unwrap().unwrap();
        record.status.rotate_at = 0;
        record.status.due_at = 0;
        save(&*store, &credential.name, Some(version), &record)
            .await
            .unwrap();
    }

    let begun = Instant::now();
    let is_over = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    for number in 0..4 {
        let own = open(&postgres.url(), &sealer).await;
        let own: Arc<dyn Store> = if number == 1 {
            Arc::new(Pausing {
                store: own,
                saves_before: AtomicUsize::new(3),
            })
        } else {
            Arc::new(own)
        };
        let (worker, is_over) = (worker(own), Arc::clone(&is_over));
        workers.push(tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let (progress, mut events) = mpsc::unbounded_channel::<Progress>();
                let (_stop, stopped) = watch::channel(false);
                // The store may be gone for a while.
                let _ = worker.run(&progress, stopped).await;
                events.close();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    workers[0].abort();
    tokio::time::sleep(Duration::from_millis(500)).await;
    postgres.kill();
    postgres.run();
    let store = open(&postgres.url(), &sealer).await;

    // Until all are rotated, the live password is always in the store.
    let mut left = count;
    while left > 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(300),
            "{left} are left"
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
        let query = Query {
            which: Which::All,
            statuses: true,
            ..Query::default()
        };
        let page = store.list(&query).await.unwrap();
        let rotated = page.records.iter().filter(|record| {
            let status = record.status.as_ref().unwrap();
            record.state == State::Idle && status.rotate_at > page.now
        });
        left = count - rotated.count();
    }
    is_over.store(true, Ordering::Relaxed);
    for worker in workers {
        let ended = worker.await;
        assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()));
    }
    println!("{count} rotated in {:?}", begun.elapsed());

    for (index, credential) in fleet.credentials.iter().enumerate() {
        let (record, _) = store.load(&credential.name).await.unwrap().unwrap();
        let current = record.passwords.current.as_ref().unwrap().secret.expose();
        assert!(
            emulator.password_is(&instance(index), None, current),
            "{record:#?}"
        );
        assert_ne!(current, FIRST);
        // One password was enough, and no two workers sent at the same time.
        assert_eq!(record.status.next_number, 3, "{record:#?}");
        let history: Vec<_> = record.status.history.iter().collect();
        for (index, sent) in history.iter().enumerate() {
            let before = history[..index]
                .iter()
                .rev()
                .find(|one| one.what == What::Sending);
            let is_other = |one: &&&repass_rotate::record::Entry| one.who != sent.who;
            if sent.what == What::Sending
                && let Some(before) = before.filter(is_other)
            {
                let apart = Duration::from_millis(sent.at - before.at);
                let is_answered = history[..index].last().is_some_and(|last| {
                    matches!(last.what, What::Done | What::Refused | What::NotSent)
                });
                assert!(apart >= DEADLINE || is_answered, "{history:#?}");
            }
        }
    }
}
