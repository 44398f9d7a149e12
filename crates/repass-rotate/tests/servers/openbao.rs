//! A real OpenBao, as its makers run it in tests: in memory, unsealed, with a known root token.

use std::process::{Command, Stdio};

use super::{Process, free_port, installed};

pub(crate) const TOKEN: &str = "root-token-of-the-tests";

pub(crate) struct OpenBao {
    pub(crate) port: u16,
    _process: Process,
}

impl OpenBao {
    /// Starts OpenBao, or returns `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let port = free_port();
        let mut command = Command::new(installed("bao")?);
        command
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-root-token-id={TOKEN}"))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Process::start(&mut command, port);
        // It listens before it has its secrets engine.
        std::thread::sleep(std::time::Duration::from_secs(1));
        Some(Self {
            port,
            _process: process,
        })
    }
}
