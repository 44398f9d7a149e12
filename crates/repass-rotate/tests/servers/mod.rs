//! Servers that logins meet in tests. Redis and MariaDB are the real programs, started in a temporary
//! folder on a free port; `.ci/servers` installs them. The others are test code, and Python clients
//! check in `tests/logins.rs` that they are what they seem.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers fail as tests do, and no test program uses all of them"
)]

pub(crate) mod certificates;
pub(crate) mod fake;
pub(crate) mod kafka;
pub(crate) mod mariadb;
pub(crate) mod mysql;
pub(crate) mod openbao;
pub(crate) mod postgres;
pub(crate) mod redis;

use std::env;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// Returns the path of a program. Without it the test is skipped, or fails if
/// `REPASS_TEST_SERVERS=required`.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where only root looks for programs.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("{program} is not installed; run .ci/servers"));
    }
    found
}

/// Says why a test is skipped, or fails if `REPASS_TEST_SERVERS=required`.
pub(crate) fn skip(reason: &str) {
    let required = env::var_os("REPASS_TEST_SERVERS").is_some_and(|value| value == "required");
    assert!(!required, "{reason}");
    eprintln!("skipped: {reason}");
}

/// A server program. It is killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program and waits until it takes connections.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let mut process = Self(command.spawn().unwrap());
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = process.0.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended: {ended:?}");
            assert!(start.elapsed() < Duration::from_secs(60), "{command:?}");
            thread::sleep(Duration::from_millis(20));
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
