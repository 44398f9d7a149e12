//! The command as a process, and an emulator that is another one.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests; none of them uses all of it"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What a run printed, and its exit code.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// What was printed on standard error, without the ports of this machine.
    pub(crate) stderr: String,
}

impl Run {
    /// All of it, as a person at a terminal sees it.
    pub(crate) fn transcript(&self) -> String {
        format!(
            "exit code {}\n{}{}",
            self.code.unwrap(),
            self.stdout,
            self.stderr
        )
    }
}

/// The command with these words, a token for the built-in fleet, and nothing on standard input.
pub(crate) fn repass(words: &str) -> assert_cmd::Command {
    let mut command = bare(words);
    command.env("OS_TOKEN", "emulator-token");
    command
}

/// The command with these words, and nothing of this machine's own configuration.
pub(crate) fn bare(words: &str) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("repass").unwrap();
    command
        .args(words.split_whitespace())
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

pub(crate) fn run(command: &mut assert_cmd::Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: without_ports(str::from_utf8(&output.stderr).unwrap()),
    }
}

/// The text with a placeholder for each port that the system picked: these have five digits.
pub(crate) fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let port = if part.len() - rest.len() == 5 {
            "PORT"
        } else {
            &part[..part.len() - rest.len()]
        };
        shown += &format!("127.0.0.1:{port}{rest}");
    }
    shown
}

/// Has each process that is started from now on receive signals, even if this one was started to
/// ignore them, as `nohup` and shells in the background do. A signal that is handled here is the
/// default again in a child; one that is ignored here stays ignored.
#[cfg(unix)]
pub(crate) fn default_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = u64::from_str_radix(ignored.unwrap_or("0").trim(), 16).unwrap();
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if ignored >> (signal - 1) & 1 == 1 {
                signal_hook::flag::register(signal, std::sync::Arc::default()).unwrap();
            }
        }
    });
}

/// Sends a signal, such as `-INT`, to the process of this id.
#[cfg(unix)]
pub(crate) fn send(signal: &str, id: &str) {
    let mut kill = Command::new("kill");
    assert!(kill.args([signal, id]).status().unwrap().success());
}

/// The signals that ask a command to end.
pub(crate) const SIGNALS: [&str; 4] = ["-INT", "-TERM", "-QUIT", "-HUP"];

/// Makes a named pipe.
#[cfg(unix)]
pub(crate) fn pipe(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A folder with these files, such as `clouds.yaml`.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// `repass emulate --output json` in a process of its own, as a script starts it.
pub(crate) struct Emulator {
    process: Child,
    /// The line that it printed once it listened.
    pub(crate) started: Value,
}

impl Emulator {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(options: &[&str]) -> Self {
        let mut process = Command::new(assert_cmd::cargo::cargo_bin("repass"))
            .args(["emulate", "--listen", "127.0.0.1:0", "--output", "json"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let started = serde_json::from_str(&line).unwrap();
        Self { process, started }
    }

    /// The id of the first instance of a service.
    pub(crate) fn id(&self, service: &str) -> String {
        self.instance(service)["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn instance(&self, service: &str) -> &Value {
        let instances = self.started["instances"].as_array().unwrap();
        instances
            .iter()
            .find(|instance| instance["service"] == service)
            .unwrap()
    }

    /// The options that name this emulator and the first instance of a service.
    pub(crate) fn target(&self, service: &str) -> String {
        let text = |field: &str| self.started[field].as_str().unwrap();
        format!(
            "--endpoint {} --project-id {} --instance-id {}",
            text("url"),
            text("project_id"),
            self.id(service)
        )
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
