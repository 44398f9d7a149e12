//! The speed and the memory of rotation: `cargo bench -p repass-rotate --bench rotate`.
//!
//! The emulator runs in a process of its own. `REPASS_BENCH_CREDENTIALS` is the number of
//! credentials, 10,000 by default.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and fails as tests do"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use repass_client::{Client, Credentials, Endpoints, ProjectId};
use repass_emulator::Emulator;
use repass_rotate::fleet::Fleet;
use repass_rotate::machine::Urgency;
use repass_rotate::seal::Sealer;
use repass_rotate::store::{Access, Store, save};
use repass_rotate::worker::{Options, Progress, Worker};
use tokio::sync::{mpsc, watch};

fn instance(index: usize) -> String {
    format!("00000000-0000-4000-8000-{index:012}")
}

/// Serves that many instances until standard input ends, and prints the URL.
async fn emulate(count: usize) {
    let mut yaml = "projects: [{ id: p, name: eu-de, token: token }]\ninstances:\n".to_owned();
    for index in 0..count {
        let id = instance(index);
        yaml += &format!("  - {{ service: dcs, id: {id}, password: First-Password-2023 }}\n");
    }
    let fleet = repass_emulator::Fleet::from_yaml(&yaml).unwrap();
    let emulator = Emulator::start(fleet).await.unwrap();
    println!("{}", emulator.url());
    std::io::stdout().flush().unwrap();
    let read = || std::io::stdin().read_line(&mut String::new());
    tokio::task::spawn_blocking(read).await.unwrap().unwrap();
}

/// The memory of this process in MiB: now, and at most so far.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        number.unwrap_or(0) / 1024
    };
    (of("VmRSS"), of("VmHWM"))
}

async fn rotate(count: usize, parallel: usize) {
    let mut emulator = Command::new(std::env::current_exe().unwrap())
        .args(["emulate", &count.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(emulator.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();

    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut file = format!("store: sqlite:repass.db\nparallel: {parallel}\ncredentials:\n");
    for index in 0..count {
        let id = instance(index);
        file += &format!("  - {{ name: c{index:06}, dcs: {{ instance_id: {id} }} }}\n");
    }
    let key = folder.path().join("repass.key");
    Sealer::create(&key).unwrap();
    let read = Instant::now();
    let fleet = Arc::new(Fleet::from_yaml(&file, folder.path(), &key).unwrap());
    let read = read.elapsed();
    let store = fleet.open_store(Access::Write).await.unwrap();
    let worker = |urgency| {
        let client = Client::new(
            Endpoints::all(url.trim()).unwrap(),
            ProjectId::new("p").unwrap(),
            Credentials::token("token").unwrap(),
        );
        let options = Options {
            urgency,
            ..Options::new(&fleet)
        };
        Worker::new(
            Arc::clone(&fleet),
            Arc::clone(&store),
            client.unwrap(),
            options,
        )
    };
    let run = async |urgency| {
        let (progress, mut events) = mpsc::unbounded_channel();
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if let Progress::Stopped { service, reason } = event {
                    println!("stopped: {service:?} {reason}");
                }
            }
        });
        let begun = Instant::now();
        let summary = worker(urgency).run(&progress, stopped).await.unwrap();
        (begun.elapsed(), summary)
    };
    let (enrolled, _) = run(Urgency::Due).await;
    let (idle, summary) = run(Urgency::Retry).await;
    assert_eq!(summary.up_to_date, count);
    let (rotated, summary) = run(Urgency::Force).await;
    assert_eq!(summary.rotated, count, "{summary:?}");
    let (now, most) = memory();

    // The same saves without anything around them: two of each record.
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..parallel {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for index in (task..count).step_by(parallel) {
                twice(&*store, &format!("c{index:06}")).await;
            }
        });
    }
    tasks.join_all().await;
    let alone = begun.elapsed();
    drop(emulator.stdin.take());
    emulator.wait().unwrap();

    let rate = |time: std::time::Duration| count as f64 / time.as_secs_f64();
    println!(
        "{count} credentials, {parallel} at once: read {read:.0?}, enrolled {enrolled:.0?}, \
         nothing due {idle:.0?}, rotated {rotated:.1?} ({:.0}/s), the same saves alone {alone:.1?} \
         ({:.0}/s), memory {now} MiB, at most {most} MiB",
        rate(rotated),
        rate(alone),
    );
}

async fn twice(store: &dyn Store, name: &str) {
    let (mut record, mut version) = store.load(name).await.unwrap().unwrap();
    for _ in 0..2 {
        record.status.tries += 1;
        version = save(store, name, Some(version), &record).await.unwrap();
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [verb, count] = &arguments[..]
        && verb == "emulate"
    {
        runtime.block_on(emulate(count.parse().unwrap()));
        return;
    }
    // `cargo test --benches` only builds it.
    if arguments.iter().any(|argument| argument == "--test") || !Path::new("/proc").is_dir() {
        return;
    }
    let count = std::env::var("REPASS_BENCH_CREDENTIALS");
    let count = count.map_or(10_000, |count| count.parse().unwrap());
    for parallel in [4, 32] {
        runtime.block_on(rotate(count, parallel));
    }
}
