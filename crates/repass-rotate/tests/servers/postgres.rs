//! A real PostgreSQL.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Process, free_port, installed};

/// A cluster with a user and a database, both named `repass`. It can be stopped and started again.
pub(crate) struct Postgres {
    pub(crate) port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl Postgres {
    /// Starts PostgreSQL, or returns `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let initdb = installed("initdb")?;
        installed("postgres")?;
        let folder = tempfile::tempdir().unwrap();
        give_away(folder.path());
        let mut command = Command::new(initdb);
        command
            .args(["--username=repass", "--auth=trust", "--no-sync", "--pgdata"])
            .arg(folder.path().join("data"))
            .stdout(Stdio::null());
        unprivileged(&mut command);
        assert!(command.status().unwrap().success());
        let mut postgres = Self {
            port: free_port(),
            folder,
            process: None,
        };
        postgres.run();
        Some(postgres)
    }

    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://repass@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        )
    }

    pub(crate) fn run(&mut self) {
        let mut command = Command::new(installed("postgres").unwrap());
        let port = self.port.to_string();
        command
            .args(["-h", "127.0.0.1", "-k", "", "-p", &port, "-D"])
            .arg(self.folder.path().join("data"))
            .stderr(Stdio::null());
        unprivileged(&mut command);
        self.process = Some(Process::start(&mut command, self.port));
    }

    /// Kills it, as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.process = None;
        // The processes that it started notice, and end.
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

/// PostgreSQL does not run as root.
fn unprivileged(command: &mut Command) {
    if is_root() {
        std::os::unix::process::CommandExt::uid(command, NOBODY);
    }
}

fn give_away(folder: &Path) {
    if is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), None).unwrap();
    }
}

const NOBODY: u32 = 65534;

fn is_root() -> bool {
    let me = std::fs::metadata("/proc/self").unwrap();
    std::os::unix::fs::MetadataExt::uid(&me) == 0
}
