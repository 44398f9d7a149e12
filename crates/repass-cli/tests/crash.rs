//! Rotation killed at random moments, with the real binary: whenever it dies, the live password of
//! each instance is in the store.
//!
//! `REPASS_KILLS` says how often it is killed at least; 10 unless it is set.

#![cfg(all(unix, feature = "rotate"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use repass_emulator::{Emulator, Fleet};
use repass_rotate::record::{Password, Record, State};
use repass_rotate::store::{Access, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Four of each operation.
const CREDENTIALS: usize = 20;
/// The password that everything begins with.
const FIRST: &str = "First-Password-2023";

/// How long the rotation of all may take. A change whose answers are lost several times in a row waits
/// for minutes.
const ROUND: Duration = Duration::from_secs(1200);

/// An account that is rotated.
#[derive(Debug, Clone)]
struct Account {
    name: String,
    instance: String,
    username: Option<&'static str>,
}

/// How often a change was sent, by its path and its new password.
type Changes = BTreeMap<(String, String), usize>;

struct Site {
    emulator: Arc<Emulator>,
    /// The changes that DCS received and did not refuse as too many requests.
    changes: Arc<Mutex<Changes>>,
    folder: tempfile::TempDir,
    accounts: Vec<Account>,
}

impl Site {
    async fn new() -> Self {
        let accounts: Vec<_> = (0..CREDENTIALS)
            .map(|index| Account {
                name: format!("credential-{index:02}"),
                instance: format!("00000000-0000-4000-8000-{index:012}"),
                username: match index % 5 {
                    0 => Some("orders"),
                    1 => Some("root_admin"),
                    _ => None,
                },
            })
            .collect();
        let mut instances = String::new();
        let mut credentials = String::new();
        for (index, account) in accounts.iter().enumerate() {
            let id = &account.instance;
            let (instance, target) = match index % 5 {
                0 => (
                    format!(
                        "service: ddm, id: {id}, accounts: [{{ username: orders, password: {FIRST} }}]"
                    ),
                    format!("ddm: {{ instance_id: {id}, username: orders }}"),
                ),
                1 => (
                    format!(
                        "service: ddm, id: {id}, administrator: {{ username: root_admin, password: {FIRST} }}"
                    ),
                    format!("ddm_admin: {{ instance_id: {id}, username: root_admin }}"),
                ),
                2 => (
                    format!("service: dcs, id: {id}, password: {FIRST}"),
                    format!("dcs: {{ instance_id: {id} }}"),
                ),
                3 => (
                    format!("service: dcs, id: {id}, password: {FIRST}"),
                    format!("dcs: {{ instance_id: {id}, method: change }}"),
                ),
                _ => (
                    format!("service: dms, id: {id}, password: {FIRST}"),
                    format!("dms: {{ instance_id: {id} }}"),
                ),
            };
            writeln!(instances, "  - {{ {instance} }}").unwrap();
            writeln!(credentials, "  - name: {}\n    {target}", account.name).unwrap();
            writeln!(credentials, "    login: LOGIN-{index}").unwrap();
        }
        let fleet = format!(
            "projects: [{{ id: 0123456789abcdef0123456789abcdef, name: eu-de, token: token }}]
faults:
  - {{ fault: cut, when: before, percent: 8 }}
  - {{ fault: cut, when: after, percent: 12 }}
  - {{ fault: error, status: 503, percent: 8 }}
  - {{ fault: throttle, per_second: 60 }}
  - {{ fault: latency, milliseconds: 30, percent: 50 }}
instances:
{instances}"
        );
        let fleet = Fleet::from_yaml(&fleet).unwrap_or_else(|error| panic!("{error}"));
        let emulator = Arc::new(Emulator::start(fleet).await.unwrap());
        let changes = Arc::new(Mutex::new(Changes::new()));
        let recorder = recorder(emulator.url(), Arc::clone(&changes)).await;
        for (index, account) in accounts.iter().enumerate() {
            let port = door(Arc::clone(&emulator), account.clone()).await;
            let url = format!("redis://127.0.0.1:{port}");
            credentials = credentials.replace(&format!("LOGIN-{index}\n"), &format!("{url}\n"));
        }
        let folder = tempfile::tempdir().unwrap();
        let url = emulator.url();
        let file = format!(
            "store: sqlite:repass.db
project: 0123456789abcdef0123456789abcdef
endpoints: {{ ddm: {url}, dcs: {recorder}, dms: {url} }}
settle: 100ms
deadline: 400ms
parallel: 6
credentials:
{credentials}"
        );
        std::fs::write(folder.path().join("fleet.yaml"), file).unwrap();
        Self {
            emulator,
            changes,
            folder,
            accounts,
        }
    }

    fn repass(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_repass"));
        command
            .args(words)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("OS_TOKEN", "token")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end, and returns what it wrote on standard error.
    async fn run(&self, words: &[&str], input: Option<&Path>) -> (Option<i32>, String) {
        let mut command = self.repass(words);
        if let Some(input) = input {
            command.stdin(std::fs::File::open(input).unwrap());
        }
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    async fn begin(&self) {
        let (code, told) = self.run(&["rotate", "fleet.yaml", "--init"], None).await;
        assert_eq!(code, Some(0), "{told}");
        let first = self.folder.path().join("first");
        std::fs::write(&first, FIRST).unwrap();
        for account in &self.accounts {
            let words = ["import", "fleet.yaml", &account.name, "--password-stdin"];
            let (code, told) = self.run(&words, Some(&first)).await;
            assert_eq!(code, Some(0), "{told}");
        }
    }

    async fn store(&self) -> Arc<dyn Store> {
        let path = self.folder.path();
        let text = std::fs::read_to_string(path.join("fleet.yaml")).unwrap();
        let key = path.join("fleet.key");
        let fleet = repass_rotate::fleet::Fleet::from_yaml(&text, path, &key).unwrap();
        fleet.open_store(Access::Read).await.unwrap()
    }

    fn is_live(&self, account: &Account, password: &str) -> bool {
        self.emulator
            .password_is(&account.instance, account.username, password)
    }

    /// Returns the records, after a check that the live password of each instance is in its record.
    async fn records(&self) -> Vec<Record> {
        let store = self.store().await;
        let mut records = Vec::new();
        for account in &self.accounts {
            let (record, _) = store.load(&account.name).await.unwrap().unwrap();
            let is_live = |one: &Password| self.is_live(account, one.secret.expose());
            let is_known = record.passwords.all().any(is_live);
            assert!(
                is_known,
                "the live password is lost: {account:?} {record:#?}"
            );
            records.push(record);
        }
        records
    }

    /// Checks that no change was sent twice with one password.
    fn no_change_was_repeated(&self) {
        let changes = self.changes.lock().unwrap();
        for ((path, _), count) in &*changes {
            assert_eq!(*count, 1, "a change was sent twice: {path}");
        }
    }
}

/// Listens as a proxy in front of DCS that counts the changes. Returns its URL.
async fn recorder(url: String, changes: Arc<Mutex<Changes>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let address = url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&address).await.unwrap();
            let changes = Arc::clone(&changes);
            tokio::spawn(async move { record(client, server, &changes).await });
        }
    });
    own
}

/// Passes on what comes, and counts each change once its answer begins or the connection ends.
async fn record(mut client: TcpStream, mut server: TcpStream, changes: &Mutex<Changes>) {
    let mut request = Vec::new();
    let (mut of_client, mut of_server) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut of_client) => {
                let Ok(read @ 1..) = read else { break };
                request.extend_from_slice(&of_client[..read]);
                if server.write_all(&of_client[..read]).await.is_err() {
                    break;
                }
            }
            read = server.read(&mut of_server) => {
                let Ok(read @ 1..) = read else { break };
                let answer = String::from_utf8_lossy(&of_server[..read]).into_owned();
                if answer.split(' ').nth(1) != Some("429") {
                    count(&request, changes);
                }
                request.clear();
                if client.write_all(&of_server[..read]).await.is_err() {
                    break;
                }
            }
        }
    }
    count(&request, changes);
}

fn count(request: &[u8], changes: &Mutex<Changes>) {
    let request = String::from_utf8_lossy(request).into_owned();
    let Some((head, body)) = request.split_once("\r\n\r\n") else {
        return;
    };
    let body: Result<serde_json::Value, _> = serde_json::from_str(body);
    if let (true, Ok(body)) = (head.starts_with("PUT "), body) {
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let password = body["new_password"].as_str().unwrap().to_owned();
        *changes.lock().unwrap().entry((path, password)).or_default() += 1;
    }
}

/// Listens as a server that speaks as much Redis as a login needs, and accepts the live password of
/// an account. Returns its port.
async fn door(emulator: Arc<Emulator>, account: Account) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (emulator, account) = (Arc::clone(&emulator), account.clone());
            tokio::spawn(async move { answer(stream, &emulator, &account).await });
        }
    });
    port
}

async fn answer(mut stream: TcpStream, emulator: &Emulator, account: &Account) -> Option<()> {
    let mut request = Vec::new();
    loop {
        let mut bytes = [0; 512];
        let read = stream.read(&mut bytes).await.ok()?;
        if read == 0 {
            return None;
        }
        request.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let lines: Vec<_> = text.split("\r\n").collect();
        let count: usize = lines.first()?.trim_start_matches('*').parse().ok()?;
        if lines.len() < 2 * count + 2 {
            continue;
        }
        let password = lines[2 * count];
        let is_live = emulator.password_is(&account.instance, account.username, password);
        let line: &[u8] = if is_live {
            b"+OK\r\n"
        } else {
            b"-WRONGPASS no\r\n"
        };
        stream.write_all(line).await.ok()?;
        return Some(());
    }
}

/// Lets a process run for a while and kills it. Returns whether it was still running.
async fn kill(mut child: Child, after: Duration) -> bool {
    let end = Instant::now() + after;
    while Instant::now() < end {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let was_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_at_random_moments_loses_no_password() {
    let wanted: usize = match std::env::var("REPASS_KILLS") {
        Ok(kills) => kills.parse().unwrap(),
        Err(_) => 10,
    };
    let site = Site::new().await;
    site.begin().await;
    let (mut kills, mut rounds) = (0, 0);
    let begun = Instant::now();
    let mut records = site.records().await;
    while kills < wanted {
        // A round is a rotation of the whole fleet.
        rounds += 1;
        let before: Vec<_> = records.iter().map(|record| record.status.version).collect();
        let is_new = |record: &Record, index: usize| record.status.version != before[index];
        let is_over = |records: &[Record]| {
            let mut all = records.iter().enumerate();
            all.all(|(index, one)| one.status.state == State::Idle && is_new(one, index))
        };
        let mut turns = 0;
        let round = Instant::now();
        while !is_over(&records) {
            turns += 1;
            assert!(round.elapsed() < ROUND, "it does not end: {records:#?}");
            // What has not begun is asked for; the rest resumes.
            let waiting = records
                .iter()
                .enumerate()
                .filter(|(index, one)| one.status.state == State::Idle && !is_new(one, *index));
            let waiting: Vec<_> = waiting.map(|(index, _)| index).collect();
            let mut words = vec!["rotate", "fleet.yaml"];
            if !waiting.is_empty() && fastrand::bool() {
                words.extend(["--force", "--only"]);
                words.extend(
                    waiting
                        .iter()
                        .map(|index| site.accounts[*index].name.as_str()),
                );
            }
            let mut command = site.repass(&words);
            command.stderr(Stdio::null());
            // A slow machine gets further each time; once it was killed often enough, to the end.
            let after = match kills < wanted {
                true => fastrand::u64(5..400 + 10 * turns),
                false => 60_000,
            };
            let after = Duration::from_millis(after);
            let was_running = kill(command.spawn().unwrap(), after).await;
            records = site.records().await;
            site.no_change_was_repeated();
            kills += usize::from(was_running);
            if !was_running {
                // What is left waits for its next attempt, and longer each time.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    for (record, account) in records.iter().zip(&site.accounts) {
        let current = record.passwords.current.as_ref().unwrap();
        assert!(
            site.is_live(account, current.secret.expose()),
            "{record:#?}"
        );
        assert_ne!(current.secret.expose(), FIRST, "{record:#?}");
    }
    let seconds = begun.elapsed().as_secs();
    println!("{kills} kills in {rounds} rotations of {CREDENTIALS} credentials, {seconds} s");
}
