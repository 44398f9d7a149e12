//! The commands of rotation, as people and scripts see them.

#![cfg(all(unix, feature = "rotate"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod repass;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use jsonschema::Validator;
use repass::{Run, without_ports};
use repass_emulator::{Emulator, Fleet};
use serde_json::Value;

const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const FIRST: &str = "First-Password-2023";

/// An emulator, and a folder with a fleet file.
struct Site {
    emulator: Emulator,
    folder: tempfile::TempDir,
}

impl Site {
    /// Two Redis instances: the first is reset, the password of the second is changed.
    async fn new(faults: &str) -> Self {
        let site = Self::of(faults, &["store: sqlite:repass.db"]).await;
        site.done("rotate fleet.yaml --init").await;
        site
    }

    async fn of(faults: &str, settings: &[&str]) -> Self {
        let instances = format!(
            "projects: [{{ id: {PROJECT}, name: eu-de, token: token }}]
users: [{{ domain: domain, name: alice, password: Alice-Example-2024 }}]
faults: {faults}
instances:
  - {{ service: dcs, id: 11111111-0000-4000-8000-000000000001, password: {FIRST} }}
  - {{ service: dcs, id: 22222222-0000-4000-8000-000000000002, password: {FIRST} }}
"
        );
        let fleet = Fleet::from_yaml(&instances).unwrap_or_else(|error| panic!("{error}"));
        let emulator = Emulator::start(fleet).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (url, settings) = (emulator.url(), settings.join("\n"));
        let file = format!(
            "{settings}
project: {PROJECT}
endpoints: {{ dcs: {url}, iam: {url} }}
settle: 100ms
deadline: 1s
credentials:
  - name: carts
    dcs: {{ instance_id: 11111111-0000-4000-8000-000000000001 }}
  - name: orders
    dcs: {{ instance_id: 22222222-0000-4000-8000-000000000002, method: change }}
"
        );
        std::fs::write(folder.path().join("fleet.yaml"), file).unwrap();
        Self { emulator, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a line to the fleet file, before another one.
    fn add(&self, line: &str, before: &str) {
        self.set(before, &format!("{line}\n{before}"));
    }

    /// Replaces a text of the fleet file.
    fn set(&self, text: &str, by: &str) {
        let path = self.path("fleet.yaml");
        let file = std::fs::read_to_string(&path).unwrap().replace(text, by);
        std::fs::write(path, file).unwrap();
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_repass"));
        command
            .args(words.split_whitespace())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("OS_TOKEN", "token")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, words: &str) -> Run {
        run(self.command(words)).await
    }

    /// Runs a command that has to succeed, and returns its standard output.
    async fn done(&self, words: &str) -> String {
        let run = self.run(words).await;
        assert_eq!(run.code, Some(0), "{words}: {}", run.stderr);
        run.stdout
    }

    async fn import(&self, name: &str, password: &str) -> Run {
        let input = self.path("input");
        std::fs::write(&input, password).unwrap();
        let mut command = self.command(&format!("import fleet.yaml {name} --password-stdin"));
        command.stdin(std::fs::File::open(input).unwrap());
        run(command).await
    }

    /// A command and what it printed.
    async fn told(&self, words: &str) -> String {
        let run = self.run(words).await;
        format!("$ repass {words}\n{}\n", shown(&run, self.folder.path()))
    }

    async fn wait_until_sending(&self) {
        while !self
            .run("status fleet.yaml")
            .await
            .stdout
            .contains("sending")
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn is_live(&self, instance: &str, password: &str) -> bool {
        self.emulator.password_is(instance, None, password)
    }
}

async fn run(mut command: Command) -> Run {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    Run {
        code: output.status.code(),
        stdout: without_ports(str::from_utf8(&output.stdout).unwrap()),
        stderr: without_ports(str::from_utf8(&output.stderr).unwrap()),
    }
}

/// What was printed, without what differs between runs: passwords, times, ids of workers.
fn shown(run: &Run, folder: &Path) -> String {
    let transcript = run.transcript().replace(folder.to_str().unwrap(), "FOLDER");
    let word = |word: &str| {
        let bare = word.trim_matches(|edge: char| "(),;:".contains(edge));
        let is_time = bare.len() == 20 && bare.starts_with("20") && bare.ends_with('Z');
        let is_worker = bare.split('-').count() > 2
            && bare.len() > 12
            && bare.rsplit('-').next().unwrap().len() == 8
            && bare
                .rsplit('-')
                .next()
                .unwrap()
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit());
        let is_password = bare.len() == 32 && bare.bytes().any(|byte| byte.is_ascii_uppercase());
        match () {
            () if is_time => word.replace(bare, "TIME"),
            () if is_worker => word.replace(bare, "WORKER"),
            () if is_password => word.replace(bare, "PASSWORD"),
            () => word.to_owned(),
        }
    };
    let lines = transcript.lines().map(|line| {
        let words: Vec<_> = line.split(' ').map(word).collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A span of seconds in a table: it differs between machines.
fn without_seconds(told: &str) -> String {
    let word = |word: &str| {
        let digits = word.strip_suffix('s').unwrap_or_default();
        match !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            true => "Ns".to_owned(),
            false => word.to_owned(),
        }
    };
    let lines = told.lines().map(|line| {
        let words: Vec<_> = line.split(' ').map(word).collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_rotated_from_an_empty_folder() {
    let site = Site::of("[]", &["store: sqlite:repass.db"]).await;
    let mut told = String::new();
    for words in [
        "status fleet.yaml",
        "rotate fleet.yaml",
        "rotate fleet.yaml --init",
        "rotate fleet.yaml --init",
        "rotate fleet.yaml --dry-run",
        "rotate fleet.yaml",
        "rotate fleet.yaml --dry-run",
        "status fleet.yaml",
    ] {
        told += &site.told(words).await;
    }
    // A change needs the current password.
    told += &site.told("rotate fleet.yaml --force").await;
    told += &site.told("status fleet.yaml").await;
    let imported = site.import("orders", FIRST).await;
    told += &format!(
        "$ repass import fleet.yaml orders --password-stdin\n{}\n",
        imported.transcript()
    );
    for words in [
        "rotate fleet.yaml --force --only orders",
        "status fleet.yaml",
        "get fleet.yaml orders",
        "get fleet.yaml carts --previous",
        "history fleet.yaml orders",
        "rotate fleet.yaml --check",
    ] {
        told += &site.told(words).await;
    }
    insta::assert_snapshot!(without_seconds(&told));

    for (name, instance) in [
        ("carts", "11111111-0000-4000-8000-000000000001"),
        ("orders", "22222222-0000-4000-8000-000000000002"),
    ] {
        let password = site.done(&format!("get fleet.yaml {name}")).await;
        assert!(site.is_live(instance, password.trim_end()), "{name}");
    }
    let previous = site.done("get fleet.yaml orders --previous").await;
    assert_eq!(previous.trim_end(), FIRST);
    for file in ["fleet.key", "repass.db", "repass.db.lock"] {
        let mode = std::fs::metadata(site.path(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_is_resumed_with_the_same_password() {
    let site = Site::new("[{ fault: latency, milliseconds: 600000, count: 1 }]").await;
    let mut child = site
        .command("rotate fleet.yaml --force --only carts")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    site.wait_until_sending().await;
    let pending = site.done("get fleet.yaml carts --pending").await;
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = String::new();
    for words in [
        "status fleet.yaml",
        "get fleet.yaml carts",
        "rotate fleet.yaml --dry-run",
    ] {
        told += &site.told(words).await;
    }
    told += &site.told("rotate fleet.yaml").await;
    told += &site.told("status fleet.yaml").await;
    insta::assert_snapshot!(without_seconds(&told));
    let current = site.done("get fleet.yaml carts").await;
    assert_eq!(current, pending);
    assert!(site.is_live("11111111-0000-4000-8000-000000000001", current.trim_end()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_one_line_and_says_what_to_do() {
    let refused = "[{ fault: error, status: 403, code: DCS.2003, count: 1 }]";
    let site = Site::new(refused).await;
    let mut told = site.told("rotate fleet.yaml --force --only carts").await;
    told += &site.told("status fleet.yaml").await;

    // The outcome of a change is unknown, and there is no login address.
    let site = Site::new("[{ fault: cut, when: after, count: 1 }]").await;
    site.import("orders", FIRST).await;
    told += &site.told("rotate fleet.yaml --force --only orders").await;
    told += &site.told("status fleet.yaml").await;
    told += &site.told("get fleet.yaml orders").await;
    told += &site.told("rotate fleet.yaml --dry-run").await;

    // One login address cannot be reached; the other credential is rotated.
    let site = Site::new("[]").await;
    site.add("    login: redis://127.0.0.1:1", "  - name: orders");
    site.import("orders", FIRST).await;
    told += &site.told("rotate fleet.yaml --force --parallel 1").await;
    told += &site.told("rotate fleet.yaml --check").await;

    // The new password cannot be published.
    let site = Site::new("[]").await;
    site.add("publish: [/bin/false]", "project");
    told += &site.told("rotate fleet.yaml --force --only carts").await;
    told += &site.told("status fleet.yaml").await;
    insta::assert_snapshot!(without_seconds(&told));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_valid_sends_nothing() {
    let site = Site::new("[]").await;
    let mut told = String::new();
    for words in [
        "rotate",
        "rotate nowhere.yaml",
        "rotate fleet.yaml --only Secret-In-The-Wrong-Place",
        "get fleet.yaml Secret-In-The-Wrong-Place",
        "get fleet.yaml carts",
        "get fleet.yaml carts --previous --pending",
        "rotate fleet.yaml --parallel 0",
        "rotate fleet.yaml --check --force",
    ] {
        told += &site.told(words).await;
    }
    std::fs::write(
        site.path("bad.yaml"),
        "store: nowhere\nparallel: 0\ncredentials:\n  - name: a b\n    dcs: { instance_id: x/y }\n  \
         - name: b\n    login: ftp://host\n    dms: { instance_id: i }\n",
    )
    .unwrap();
    told += &site.told("rotate bad.yaml").await;
    std::fs::write(site.path("bad.yaml"), "stores: sqlite:x\ncredentials: []\n").unwrap();
    told += &site.told("status bad.yaml").await;

    let mut file = std::fs::read_to_string(site.path("fleet.yaml")).unwrap();
    file = file.replace("endpoints:", "#").replace("project:", "#");
    std::fs::write(site.path("none.yaml"), &file).unwrap();
    std::fs::copy(site.path("fleet.key"), site.path("none.key")).unwrap();
    told += &site.told("rotate none.yaml").await;
    std::fs::write(site.path("region.yaml"), format!("region: nowhere\n{file}")).unwrap();
    std::fs::copy(site.path("fleet.key"), site.path("region.key")).unwrap();
    told += &site.told("rotate region.yaml").await;
    std::fs::write(site.path("cloud.yaml"), format!("cloud: nowhere\n{file}")).unwrap();
    std::fs::copy(site.path("fleet.key"), site.path("cloud.key")).unwrap();
    told += &site.told("rotate cloud.yaml").await;

    // A user whose password IAM does not accept: found out before anything is sent.
    let mut command = site.command("rotate fleet.yaml --force");
    command.env_remove("OS_TOKEN").envs([
        ("OS_USERNAME", "alice"),
        ("OS_PASSWORD", "Wrong-Password-2024"),
        ("OS_USER_DOMAIN_NAME", "domain"),
        ("OS_AUTH_URL", &site.emulator.url()),
    ]);
    let login = run(command).await;
    told += &format!(
        "$ repass rotate fleet.yaml --force # wrong user\n{}\n",
        shown(&login, site.folder.path())
    );

    // Another key, one that others can read, and none.
    site.done("rotate fleet.yaml").await;
    let key = site.path("fleet.key");
    std::fs::rename(&key, site.path("kept.key")).unwrap();
    told += &site.told("get fleet.yaml carts").await;
    assert_eq!(
        site.run("status fleet.yaml").await.code,
        Some(0),
        "states need no key"
    );
    site.done("rotate fleet.yaml --init").await;
    told += &key_ids_hidden(&site.told("get fleet.yaml carts").await);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    told += &site.told("rotate fleet.yaml").await;
    std::fs::rename(site.path("kept.key"), &key).unwrap();
    insta::assert_snapshot!(told);
    assert!(
        site.emulator
            .received()
            .iter()
            .all(|request| !request.path.contains("instances"))
    );
}

fn key_ids_hidden(told: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(|edge: char| "(),".contains(edge));
        let is_id = bare.len() == 8 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_id {
            true => word.replace(bare, "KEYID"),
            false => word.to_owned(),
        }
    };
    let lines = told
        .split('\n')
        .map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_at_a_time_and_ctrl_c_ends_it() {
    let slow = "[{ fault: latency, milliseconds: 2500 }]";
    let site = Site::new(slow).await;
    site.set("deadline: 1s", "deadline: 5s");
    site.add("publish: [/bin/true]", "project");
    let start = |words: &str| {
        let mut command = site.command(words);
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let interrupt = |child: &std::process::Child| {
        let pid = rustix_pid(child.id());
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    };
    let child = start("rotate fleet.yaml --force");
    site.wait_until_sending().await;
    let second = site.run("rotate fleet.yaml").await;
    assert_eq!(second.code, Some(1));
    let refused = second.stderr.replace(&child.id().to_string(), "ID");
    insta::assert_snapshot!(refused, @r"
    error: another process (process ID) uses the store ./repass.db; wait until it ends
    next: nothing was sent; run it again later
    ");
    // Reading goes on.
    assert!(site.done("get fleet.yaml carts --pending").await.len() > 20);

    // What was sent is finished, and nothing more is sent.
    interrupt(&child);
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    let mut told: Vec<_> = str::from_utf8(&output.stderr).unwrap().lines().collect();
    // Records are created in any order.
    told[..2].sort_unstable();
    let told = told.join("\n");
    insta::assert_snapshot!(told, @r"
    carts: enrolled
    orders: enrolled
    carts: a rotation was requested
    carts: stored a new password (password 1)
    carts: sending (password 1)
    stopping: nothing more is sent, and what was sent is finished; press Ctrl-C again to stop at once
    carts: the service set the password (password 1, request id 00000000000000000000000000000001)
    carts: now the current password (password 1)
    carts: published (password 1)
    rotated 1, up to date 0, refused 0, doubtful 0, stuck 0, skipped 1
    ");
    assert_eq!(
        (output.status.code(), site.emulator.received().len()),
        (Some(1), 1)
    );
    assert!(site.is_live(
        "11111111-0000-4000-8000-000000000001",
        site.done("get fleet.yaml carts").await.trim_end()
    ));

    // The second signal stops at once.
    let child = start("rotate fleet.yaml --force --only carts");
    site.wait_until_sending().await;
    interrupt(&child);
    tokio::time::sleep(Duration::from_millis(150)).await;
    interrupt(&child);
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(4));
    let told = String::from_utf8(output.stderr).unwrap();
    insta::assert_snapshot!(told.lines().skip(3).collect::<Vec<_>>().join("\n"), @r"
    stopping: nothing more is sent, and what was sent is finished; press Ctrl-C again to stop at once
    error: stopped at once; a request may have been under way
    next: run `repass rotate` again: it finds out how the request ended
    ");
    assert_eq!(site.run("status fleet.yaml").await.code, Some(4));
    site.done("rotate fleet.yaml").await;
    assert!(site.is_live(
        "11111111-0000-4000-8000-000000000001",
        site.done("get fleet.yaml carts").await.trim_end()
    ));
}

fn rustix_pid(id: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_watches_goes_on_until_it_is_told_to_end() {
    let site = Site::new("[]").await;
    let child = site
        .command("rotate fleet.yaml --watch --metrics metrics.prom")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let metrics = site.path("metrics.prom");
    while !metrics.exists() || site.run("status fleet.yaml").await.stdout.contains("new") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let pid = rustix_pid(child.id());
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = std::fs::read_to_string(&metrics).unwrap();
    let numbers = text.lines().map(|line| match line.rsplit_once(' ') {
        Some((name, number)) if number.len() == 10 => format!("{name} TIME"),
        _ => line.to_owned(),
    });
    insta::assert_snapshot!(numbers.collect::<Vec<_>>().join("\n"));
    let mode = std::fs::metadata(&metrics).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let left: Vec<_> = std::fs::read_dir(site.folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".repass"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn validator(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_what_the_schemas_say() {
    let site = Site::new("[{ fault: cut, when: after, operation: updatePassword }]").await;
    site.add("    login: redis://127.0.0.1:1", "  - name: orders");
    let mut rotate = Vec::new();
    for (name, words) in [
        ("rotate", "rotate fleet.yaml --init"),
        ("rotate", "rotate fleet.yaml --dry-run"),
        ("rotate", "rotate fleet.yaml"),
        ("import", "import fleet.yaml orders --password-file input"),
        ("rotate", "rotate fleet.yaml --force"),
        ("rotate", "rotate fleet.yaml --check"),
        ("status", "status fleet.yaml"),
        ("history", "history fleet.yaml orders"),
        ("get", "get fleet.yaml orders"),
        ("get", "get fleet.yaml carts"),
        ("status", "status nowhere.yaml"),
    ] {
        std::fs::write(site.path("input"), FIRST).unwrap();
        let schema = validator(&site.done(&format!("schema {name}")).await);
        let run = site.run(&format!("{words} --output json")).await;
        assert!(!run.stdout.is_empty(), "{words}: {}", run.stderr);
        for line in run.stdout.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(schema.is_valid(&line), "{words}: {line}");
            if name == "rotate" {
                rotate.push(line);
            }
        }
    }
    let summary = rotate
        .iter()
        .rfind(|line| line["event"] == "summary")
        .unwrap();
    assert_eq!(
        (&summary["stuck"], &summary["unreachable"]),
        (&1.into(), &1.into())
    );
    for event in [
        "key",
        "plan",
        "entry",
        "turn",
        "unreachable",
        "check",
        "summary",
    ] {
        assert!(rotate.iter().any(|line| line["event"] == event), "{event}");
    }
    let schema = validator(&site.done("schema rotate").await);
    for wrong in [
        "{}",
        r#"{"event":"another"}"#,
        r#"{"event":"check","name":1}"#,
    ] {
        assert!(
            !schema.is_valid(&serde_json::from_str(wrong).unwrap()),
            "{wrong}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_get_shows_a_password() {
    let site = Site::new("[{ fault: cut, when: after, count: 1 }]").await;
    site.import("orders", FIRST).await;
    let mut shown = String::new();
    for words in [
        "rotate fleet.yaml --force --verbose",
        "rotate fleet.yaml --force --verbose --output json",
        "rotate fleet.yaml --verbose --metrics metrics.prom",
        "rotate fleet.yaml --check --verbose",
        "status fleet.yaml --verbose --output json",
        "history fleet.yaml carts --verbose",
        "history fleet.yaml orders --verbose --output json",
    ] {
        let run = site.run(words).await;
        shown += &format!("{}{}", run.stdout, run.stderr);
    }
    shown += &std::fs::read_to_string(site.path("metrics.prom")).unwrap();
    let mut secrets = vec![FIRST.to_owned()];
    for name in ["carts", "orders"] {
        for which in ["", " --previous", " --pending"] {
            let run = site.run(&format!("get fleet.yaml {name}{which}")).await;
            secrets.extend(run.stdout.lines().map(str::to_owned));
        }
    }
    assert!(secrets.len() > 3, "{secrets:?}");
    let store = std::fs::read(site.path("repass.db")).unwrap();
    for secret in secrets {
        assert!(!shown.contains(&secret), "{shown}");
        let mut windows = store.windows(secret.len());
        assert!(
            !windows.any(|window| window == secret.as_bytes()),
            "the store holds it unsealed"
        );
    }
}
