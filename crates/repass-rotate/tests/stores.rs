//! Every store against the same tests, with the real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "the steps are part of the tests"
)]
#![cfg(all(
    feature = "sqlite",
    feature = "postgres",
    feature = "vault",
    feature = "command"
))]

mod servers;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use repass_client::Secret;
use repass_rotate::machine::{Action, Context, Event, Rules, Urgency, step};
use repass_rotate::record::{Lease, Millis, NEVER, Operation, Record, State, Target};
use repass_rotate::seal::{SealError, Sealer};
use repass_rotate::store::{
    Access, CommandStore, PostgresStore, Query, SqliteStore, Store, StoreError, VaultOptions,
    VaultStore, Version, Which, save,
};

use servers::openbao::{OpenBao, TOKEN};
use servers::postgres::Postgres;

fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_millis().try_into().unwrap()
}

fn rules() -> Rules {
    Rules {
        login: true,
        publish: true,
        interval: 1000,
        deadline: 1000,
        settle: 1000,
        lease: 60_000,
        retry: 1000,
        longest_retry: 1000,
    }
}

/// A record in the middle of a rotation, with everything that a record can have.
fn record(secret: &str, due_at: Millis) -> Record {
    let target = Target {
        operation: Operation::DdmAccount,
        instance: "e6b99563-0000-4000-8000-1820d4fd2a67".to_owned(),
        account: Some("orders".to_owned()),
    };
    let rules = rules();
    let context = Context {
        rules: &rules,
        who: "test",
        now: now(),
    };
    let enrolled = Record::new(target, "test", now(), 0);
    let event = Event::Begin {
        fresh: Secret::from(secret),
        urgency: Urgency::Due,
        exclusive: false,
    };
    let begun = step(&enrolled, event, context);
    assert_eq!(begun.action, Action::Send);
    let mut record = begun.record;
    record.status.lease = None;
    record.status.due_at = due_at;
    record
}

fn sealer() -> Arc<Sealer> {
    let folder = tempfile::tempdir().unwrap();
    Arc::new(Sealer::create(&folder.path().join("key")).unwrap())
}

async fn names(store: &dyn Store, query: Query) -> Vec<String> {
    let page = store.list(&query).await.unwrap();
    let skew = page.now.abs_diff(now());
    assert!(skew < 5_000, "the store's clock is {skew} ms away");
    page.records.into_iter().map(|record| record.name).collect()
}

/// What a store promises.
async fn conforms(store: Arc<dyn Store>) {
    let all = Query::default;
    let due = || Query {
        which: Which::Due,
        ..Query::default()
    };

    // A record that was never saved is none.
    assert_eq!(store.load("none").await.unwrap(), None);
    assert_eq!(names(&*store, all()).await, Vec::<String>::new());

    // A record comes back as it was saved, with everything in it.
    let mut first = record("First-Password-1", 0);
    first.status.due_at = 0;
    let one = save(&*store, "first", None, &first).await.unwrap();
    assert_eq!(
        store.load("first").await.unwrap(),
        Some((first.clone(), one))
    );

    // Nobody creates it twice, nobody replaces another version, and a failure changes nothing.
    let other = record("Other-Password-1", 0);
    for expected in [None, Some(Version(one.0 + 1)), Some(Version(one.0 + 1000))] {
        let conflict = store.save("first", expected, &other).await.unwrap_err();
        assert!(matches!(conflict, StoreError::Conflict), "{conflict}");
    }
    assert_eq!(
        store.load("first").await.unwrap(),
        Some((first.clone(), one))
    );
    let conflict = store.save("absent", Some(one), &other).await.unwrap_err();
    assert!(matches!(conflict, StoreError::Conflict), "{conflict}");
    assert_eq!(store.load("absent").await.unwrap(), None);

    // A replaced version is not expected again.
    let two = save(&*store, "first", Some(one), &other).await.unwrap();
    assert_ne!(one, two);
    assert_eq!(
        store.load("first").await.unwrap(),
        Some((other.clone(), two))
    );
    let conflict = store.save("first", Some(one), &first).await.unwrap_err();
    assert!(matches!(conflict, StoreError::Conflict), "{conflict}");

    // Of many that race for a version, one gets it.
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..8 {
        let store = Arc::clone(&store);
        let mine = record(&format!("Racer-Password-{racer}"), 0);
        racers.spawn(async move {
            let result = store.save("first", Some(two), &mine).await;
            (result, mine)
        });
    }
    let mut winners = Vec::new();
    while let Some(raced) = racers.join_next().await {
        match raced.unwrap() {
            (Ok(version), mine) => winners.push((mine, version)),
            (Err(error), _) => assert!(matches!(error, StoreError::Conflict), "{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.load("first").await.unwrap(), winners.pop());

    // A list is in order, knows what is due and what is held, and has pages.
    let held = |until: Millis| {
        let mut held = record("Held-Password-1", 0);
        held.status.lease = Some(Lease {
            holder: "other".to_owned(),
            until,
        });
        held
    };
    let later = record("Later-Password-1", now() + 3_600_000);
    let mut idle = later.clone();
    idle.status.state = State::Idle;
    let mut stuck = record("Stuck-Password-1", NEVER);
    stuck.status.state = State::Stuck;
    for (name, record) in [
        ("later", &later),
        ("idle", &idle),
        ("stuck", &stuck),
        ("held", &held(now() + 3_600_000)),
        ("lapsed", &held(now() - 1)),
    ] {
        save(&*store, name, None, record).await.unwrap();
    }
    let everything = ["first", "held", "idle", "lapsed", "later", "stuck"];
    assert_eq!(names(&*store, all()).await, everything);
    // In a store for one process, whoever holds a record is gone.
    let free = |names: &[&'static str]| {
        let mut names = names.to_vec();
        names.retain(|name| store.is_exclusive() || *name != "held");
        names
    };
    assert_eq!(
        names(&*store, due()).await,
        free(&["first", "held", "lapsed"])
    );
    let unfinished = Query {
        which: Which::Unfinished,
        ..Query::default()
    };
    let expected = free(&["first", "held", "lapsed", "later"]);
    assert_eq!(names(&*store, unfinished).await, expected);
    let page = |after: &str| Query {
        after: Some(after.to_owned()),
        limit: 2,
        ..Query::default()
    };
    assert_eq!(names(&*store, page("")).await, ["first", "held"]);
    assert_eq!(names(&*store, page("held")).await, ["idle", "lapsed"]);
    assert_eq!(names(&*store, page("stuck")).await, Vec::<String>::new());

    // It shows a status, and never a password.
    let query = Query {
        statuses: true,
        ..Query::default()
    };
    let listed = store.list(&query).await.unwrap();
    let shown = format!("{listed:?}");
    assert!(!shown.contains("Password-1"), "{shown}");
    let stuck_status = listed.records.last().unwrap().status.as_deref();
    assert_eq!(stuck_status, Some(&stuck.status));

    // A save whose answer was lost is found out.
    let lossy = Lossy(Arc::clone(&store));
    let (before, version) = store.load("later").await.unwrap().unwrap();
    let mut after = before.clone();
    after.status.tries += 1;
    let saved = save(&lossy, "later", Some(version), &after).await.unwrap();
    assert_eq!(store.load("later").await.unwrap(), Some((after, saved)));
    let conflict = save(&lossy, "later", Some(version), &before)
        .await
        .unwrap_err();
    assert!(matches!(conflict, StoreError::Conflict), "{conflict}");
}

/// A store that saves and loses the answer.
#[derive(Debug)]
struct Lossy(Arc<dyn Store>);

impl Store for Lossy {
    fn load<'a>(
        &'a self,
        name: &'a str,
    ) -> repass_rotate::store::Answer<'a, Option<(Record, Version)>> {
        self.0.load(name)
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> repass_rotate::store::Answer<'a, Version> {
        Box::pin(async move {
            let _ = self.0.save(name, expected, record).await;
            Err(StoreError::NotConfirmed("the answer was lost".to_owned()))
        })
    }

    fn list<'a>(
        &'a self,
        query: &'a Query,
    ) -> repass_rotate::store::Answer<'a, repass_rotate::store::Page> {
        self.0.list(query)
    }
}

fn sqlite(path: &Path, sealer: &Arc<Sealer>) -> SqliteStore {
    SqliteStore::open(path, Access::Write, Some(Arc::clone(sealer))).unwrap()
}

#[tokio::test]
async fn sqlite_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms(Arc::new(sqlite(
        &folder.path().join("repass.db"),
        &sealer(),
    )))
    .await;
}

/// Opens a database that may still be starting.
async fn open(postgres: &Postgres, sealer: &Arc<Sealer>) -> Arc<dyn Store> {
    for _ in 0..100 {
        let store = PostgresStore::open(&postgres.url(), Some(Arc::clone(sealer))).await;
        match store {
            Ok(store) => return Arc::new(store),
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not start");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_conforms() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    conforms(open(&postgres, &sealer()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vault_conforms() {
    let Some(bao) = OpenBao::start() else {
        return;
    };
    let url = format!("http://127.0.0.1:{}/secret/data/repass", bao.port);
    let options = VaultOptions {
        token: Some(TOKEN.into()),
        ..VaultOptions::default()
    };
    conforms(Arc::new(VaultStore::open(&url, options).unwrap())).await;

    let wrong = VaultOptions {
        token: Some("wrong".into()),
        ..VaultOptions::default()
    };
    let refused = VaultStore::open(&url, wrong).unwrap();
    insta::assert_snapshot!(
        refused.load("first").await.unwrap_err().to_string(),
        @"the store is not available: Vault answered 403 Forbidden: permission denied"
    );
}

#[tokio::test]
async fn a_command_conforms() {
    if servers::installed("python3").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let helper = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/servers/command_store.py"
    );
    let program = folder.path().join(".helper");
    let script = format!(
        "#!/bin/sh\nCOMMAND_STORE={} exec python3 {helper}\n",
        folder.path().display()
    );
    std::fs::write(&program, script).unwrap();
    make_executable(&program);
    conforms(Arc::new(CommandStore::new(program))).await;
}

fn make_executable(path: &Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(path, mode).unwrap();
}

#[tokio::test]
async fn a_command_that_fails_confirms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("helper");
    for (script, expected) in [
        ("exit 3", "failed: exit status: 3"),
        (
            "echo '{\"version\": \"First-Password-1\"}'",
            "invalid answer (line 1 column 30)",
        ),
        ("echo '{}'", "neither a version nor a conflict"),
    ] {
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        make_executable(&program);
        let store = CommandStore::new(&program);
        let saved = store
            .save("first", None, &record("First-Password-1", 0))
            .await;
        let error = saved.unwrap_err();
        assert!(matches!(error, StoreError::NotConfirmed(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("Password"), "{error}");
    }
}

#[tokio::test]
async fn sqlite_admits_one_process_and_any_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.db");
    let sealer = sealer();
    let store = sqlite(&path, &sealer);
    let first = record("First-Password-1", 0);
    store.save("first", None, &first).await.unwrap();

    let second = SqliteStore::open(&path, Access::Write, None).unwrap_err();
    let process = std::process::id();
    assert_eq!(
        second.to_string(),
        format!(
            "another process (process {process}) uses the store {}; wait until it ends",
            path.display()
        )
    );

    // The states are read without the key, and while another one writes. The passwords are not.
    let reader = SqliteStore::open(&path, Access::Read, None).unwrap();
    let query = Query {
        statuses: true,
        ..Query::default()
    };
    let page = reader.list(&query).await.unwrap();
    assert_eq!(page.records[0].status.as_deref(), Some(&first.status));
    let error = reader.load("first").await.unwrap_err();
    assert!(matches!(error, StoreError::NoKey), "{error}");
    assert!(reader.save("first", None, &first).await.is_err());

    drop(store);
    drop(SqliteStore::open(&path, Access::Write, None).unwrap());

    // Only the owner reads the files, and no password is in them.
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{entry:?}");
        let content = std::fs::read(entry.path()).unwrap();
        let needle = b"First-Password-1";
        let found = content.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{entry:?}");
    }
}

#[tokio::test]
async fn sqlite_says_what_is_wrong_with_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.db");
    let error = |access| {
        let error = SqliteStore::open(&path, access, None).unwrap_err();
        let path = format!("{}", path.display());
        error.to_string().replace(&path, "repass.db")
    };
    insta::assert_snapshot!(error(Access::Read), @"the store cannot be used: repass.db cannot be opened: No such file or directory (os error 2)");
    std::fs::write(
        &path,
        "this is something else, and long enough to be looked at as a database",
    )
    .unwrap();
    insta::assert_snapshot!(error(Access::Write), @"the store cannot be used: repass.db: others can read or write it; run `chmod 600` on it");
    make_executable(&path);
    insta::assert_snapshot!(error(Access::Write), @"the store cannot be used: it is not a database, or damaged: file is not a database");
}

#[tokio::test]
async fn sealed_passwords_open_only_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.db");
    let sealer = sealer();
    let store = sqlite(&path, &sealer);
    let first = record("First-Password-1", 0);
    let version = store.save("first", None, &first).await.unwrap();
    store.save("first", Some(version), &first).await.unwrap();
    store
        .save("second", None, &record("Second-Password-1", 0))
        .await
        .unwrap();
    drop(store);

    let connection = rusqlite::Connection::open(&path).unwrap();
    for change in [
        "UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE name = 'second') WHERE name = 'first'",
        "UPDATE credential SET version = 1 WHERE name = 'first'",
        "UPDATE credential SET sealed = x'01' WHERE name = 'first'",
    ] {
        connection.execute(change, []).unwrap();
        let store = sqlite(&path, &sealer);
        let error = store.load("first").await.unwrap_err();
        assert!(
            matches!(error, StoreError::Seal(SealError::Damaged)),
            "{change}: {error}"
        );
    }

    let other = Sealer::create(&folder.path().join("key")).unwrap();
    let store = SqliteStore::open(&path, Access::Read, Some(Arc::new(other))).unwrap();
    let error = store.load("second").await.unwrap_err();
    assert!(
        matches!(error, StoreError::Seal(SealError::OtherKey { .. })),
        "{error}"
    );
}

#[test]
fn a_key_file_is_made_once_and_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.key");
    let error = |result: Result<Sealer, SealError>| {
        let error = result.unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    insta::assert_snapshot!(error(Sealer::read(&path)), @"there is no key file FOLDER/repass.key; create it with `repass rotate --init`");
    Sealer::create(&path).unwrap();
    let made = std::fs::read(&path).unwrap();
    insta::assert_snapshot!(error(Sealer::create(&path)), @"the key file FOLDER/repass.key already exists; it was left as it is");
    assert_eq!(std::fs::read(&path).unwrap(), made);
    Sealer::read(&path).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(&path, mode).unwrap();
    insta::assert_snapshot!(error(Sealer::read(&path)), @"others can read the key file FOLDER/repass.key; run `chmod 600` on it");
    std::fs::write(&path, "repass-key-1 AAAA\n").unwrap();
    make_executable(&path);
    insta::assert_snapshot!(error(Sealer::read(&path)), @"FOLDER/repass.key is not a key file");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_offers_each_record_to_one_worker() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let sealer = sealer();
    // They also create the tables at the same time.
    let (one, two) = tokio::join!(open(&postgres, &sealer), open(&postgres, &sealer));
    for index in 0..100 {
        let due = record("Some-Password-1", 0);
        save(&*one, &format!("{index:03}"), None, &due)
            .await
            .unwrap();
    }
    let mut claims = tokio::task::JoinSet::new();
    for store in [&one, &two, &one, &two] {
        let store = Arc::clone(store);
        claims.spawn(async move {
            let query = Query {
                which: Which::Due,
                limit: 7,
                claim: Duration::from_secs(60),
                ..Query::default()
            };
            let mut mine = Vec::new();
            loop {
                let page = names(&*store, query.clone()).await;
                if page.is_empty() {
                    return mine;
                }
                mine.extend(page);
            }
        });
    }
    let mut claimed = claims.join_all().await.concat();
    claimed.sort_unstable();
    let expected: Vec<_> = (0..100).map(|index| format!("{index:03}")).collect();
    assert_eq!(claimed, expected);

    // A power failure loses nothing that was saved, and the store connects again.
    let (before, version) = one.load("042").await.unwrap().unwrap();
    let saved = save(&*one, "042", Some(version), &before).await.unwrap();
    postgres.kill();
    let error = one.load("042").await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    postgres.run();
    let mut tries = 0;
    let loaded = loop {
        match one.load("042").await {
            Ok(loaded) => break loaded,
            Err(error) => assert!(tries < 100, "{error}"),
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(loaded, Some((before, saved)));
}
