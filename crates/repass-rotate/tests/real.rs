//! Rotation with real data planes behind the emulator: what the API sets is what Redis, MariaDB and a
//! Kafka broker let in, and after lost answers, late and undone changes the store has it.

#![cfg(feature = "sqlite")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the steps are part of the tests"
)]

mod servers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;

use repass_client::{Client, Credentials, Endpoints, ProjectId};
use repass_emulator::{Emulator, OnPassword, Options as EmulatorOptions, PasswordSet};
use repass_rotate::fleet::Fleet;
use repass_rotate::machine::Urgency;
use repass_rotate::seal::Sealer;
use repass_rotate::store::Access;
use repass_rotate::worker::{Check, Options, Worker};
use tokio::sync::{mpsc, watch};

use servers::certificates::Authority;
use servers::kafka::{Kafka, Settings};
use servers::mariadb::MariaDb;
use servers::redis::Redis;

const FIRST: &str = "First-Password-2023";
const ADMIN: &str = "admin-of-the-tests";

const REDIS_RESET: &str = "00000000-0000-4000-8000-000000000001";
const REDIS_CHANGE: &str = "00000000-0000-4000-8000-000000000002";
const KAFKA: &str = "00000000-0000-4000-8000-000000000003";
const DDM: &str = "00000000-0000-4000-8000-000000000004";

/// Sets the password of a Redis, as its administrator.
fn set_redis(port: u16, password: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for arguments in [
        &["AUTH", "admin", ADMIN][..],
        &["CONFIG", "SET", "requirepass", password],
    ] {
        let mut command = format!("*{}\r\n", arguments.len());
        for argument in arguments {
            command += &format!("${}\r\n{argument}\r\n", argument.len());
        }
        stream.write_all(command.as_bytes()).unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+OK\r\n");
    }
}

/// Sets the password of a user of MariaDB, as its administrator.
fn set_mariadb(port: u16, user: &str, password: &str) {
    let mut client = Command::new(servers::installed("mariadb").unwrap())
        .args([
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--user=admin",
        ])
        .arg(format!("--port={port}"))
        .env("MYSQL_PWD", ADMIN)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let statement = format!("SET PASSWORD FOR '{user}'@'%' = PASSWORD('{password}');");
    client
        .stdin
        .take()
        .unwrap()
        .write_all(statement.as_bytes())
        .unwrap();
    assert!(client.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rotated_is_let_in() {
    let authority = Authority::new();
    let identity = authority.local();
    let settings = format!("requirepass {FIRST}\nuser admin on >{ADMIN} ~* &* +@all");
    let statements = format!(
        "CREATE USER 'admin'@'%' IDENTIFIED BY '{ADMIN}';
         GRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION;
         CREATE USER 'orders'@'%' IDENTIFIED BY '{FIRST}';
         CREATE USER 'root_admin'@'%' IDENTIFIED BY '{FIRST}';\n"
    );
    let (Some(reset), Some(change), Some(mariadb), Some(_)) = (
        Redis::start(&settings, &identity),
        Redis::start(&settings, &identity),
        MariaDb::start(&statements, None),
        servers::installed("mariadb"),
    ) else {
        return;
    };
    let kafka = Arc::new(Kafka::start(Settings::default()).await);
    kafka.set_password("app", FIRST);

    let ports = (reset.port, change.port, mariadb.port);
    let broker = Arc::clone(&kafka);
    let set = move |set: PasswordSet| {
        let broker = Arc::clone(&broker);
        async move {
            let password = set.password.unwrap().expose().to_owned();
            match set.instance_id.as_str() {
                REDIS_RESET => set_redis(ports.0, &password),
                REDIS_CHANGE => set_redis(ports.1, &password),
                KAFKA => broker.set_password("app", &password),
                _ => set_mariadb(ports.2, &set.account.unwrap(), &password),
            }
        }
    };
    let fleet = repass_emulator::Fleet::from_yaml(&format!(
        "projects: [{{ id: 0123456789abcdef0123456789abcdef, name: eu-de, token: token }}]
instances:
  - {{ service: dcs, id: {REDIS_RESET}, password: {FIRST} }}
  - {{ service: dcs, id: {REDIS_CHANGE}, password: {FIRST} }}
  - {{ service: dms, id: {KAFKA}, password: {FIRST} }}
  - service: ddm
    id: {DDM}
    accounts: [{{ username: orders, password: {FIRST} }}]
    administrator: {{ username: root_admin, password: {FIRST} }}
faults:
  - {{ fault: cut, when: after, count: 2 }}
  - {{ fault: late, seconds: 1, count: 2 }}
  - {{ fault: error, status: 503, percent: 20 }}
  - {{ fault: rollback, seconds: 1, instance_id: {REDIS_RESET}, count: 1 }}
"
    ));
    let options = EmulatorOptions {
        on_password: Some(OnPassword::new(set)),
        ..EmulatorOptions::default()
    };
    let emulator = Emulator::start_with(fleet.unwrap(), options).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let key = folder.path().join("repass.key");
    Sealer::create(&key).unwrap();
    let file = format!(
        "store: sqlite:repass.db
settle: 2s
deadline: 5s
login_ca: ca.pem
credentials:
  - name: redis-reset
    dcs: {{ instance_id: {REDIS_RESET} }}
    login: rediss://127.0.0.1:{}
  - name: redis-change
    dcs: {{ instance_id: {REDIS_CHANGE}, method: change }}
    login: redis://127.0.0.1:{}
  - name: kafka
    dms: {{ instance_id: {KAFKA}, username: app }}
    login: kafka://127.0.0.1:{}?tls=off
  - name: account
    ddm: {{ instance_id: {DDM}, username: orders }}
    login: mysql://127.0.0.1:{3}?tls=off
  - name: administrator
    ddm_admin: {{ instance_id: {DDM}, username: root_admin }}
    login: mysql://127.0.0.1:{3}?tls=off
",
        reset.tls_port, change.port, kafka.port, mariadb.port
    );
    let fleet = Arc::new(Fleet::from_yaml(&file, folder.path(), &key).unwrap());
    let store = fleet.open_store(Access::Write).await.unwrap();
    let client = Client::new(
        Endpoints::all(&emulator.url()).unwrap(),
        ProjectId::new("0123456789abcdef0123456789abcdef").unwrap(),
        Credentials::token("token").unwrap(),
    );
    let client = client.unwrap();
    let worker = |urgency| {
        let options = Options {
            urgency,
            ..Options::new(&fleet)
        };
        Worker::new(
            Arc::clone(&fleet),
            Arc::clone(&store),
            client.clone(),
            options,
        )
    };
    for credential in &fleet.credentials {
        let imported = worker(Urgency::Force)
            .import(credential, FIRST.into())
            .await;
        imported.unwrap();
    }
    let (progress, mut events) = mpsc::unbounded_channel();
    let (_stop, stopped) = watch::channel(false);
    let mut summary = worker(Urgency::Force)
        .run(&progress, stopped.clone())
        .await
        .unwrap();
    for _ in 0..10 {
        if summary.rotated + summary.up_to_date == 5 {
            break;
        }
        summary = worker(Urgency::Retry)
            .run(&progress, stopped.clone())
            .await
            .unwrap();
    }
    drop(progress);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        told.push(event);
    }
    assert_eq!(
        summary.rotated + summary.up_to_date,
        5,
        "{summary:?} {told:#?}"
    );
    // A rollback may come after everything was verified.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let mut checks = Vec::new();
    let check = |name: &str, check, reason| checks.push((name.to_owned(), check, reason));
    worker(Urgency::Due).check(check).await.unwrap();
    for (name, check, reason) in &checks {
        assert_eq!(*check, Check::Live, "{name} {reason:?} {told:#?}");
    }
    for credential in &fleet.credentials {
        let (record, _) = store.load(&credential.name).await.unwrap().unwrap();
        assert_ne!(record.passwords.current.unwrap().secret.expose(), FIRST);
    }
}
