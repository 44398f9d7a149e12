//! A real MariaDB.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::certificates::Identity;
use super::{Process, free_port, installed};

pub(crate) struct MariaDb {
    pub(crate) port: u16,
    _process: Process,
    _folder: TempDir,
}

impl MariaDb {
    /// Starts MariaDB with statements that make its users, or returns `None` if it is not installed.
    pub(crate) fn start(statements: &str, identity: Option<&Identity>) -> Option<Self> {
        let server = installed("mariadbd")?;
        let install = installed("mariadb-install-db")?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let data = format!("--datadir={}", path.join("data").display());

        let prepare = Command::new(install)
            .args(["--no-defaults", &data, "--user=root", "--skip-test-db"])
            // The data is thrown away, so it need not survive anything.
            .args(["--innodb-flush-method=nosync", "--skip-log-bin"])
            // Two that are started at once would mix up their files.
            .env("TMPDIR", path)
            .output()
            .unwrap();
        assert!(prepare.status.success(), "{prepare:?}");

        let statements_file = path.join("users.sql");
        fs::write(&statements_file, statements).unwrap();
        let port = free_port();
        let mut command = Command::new(server);
        command
            .args([
                "--no-defaults",
                &data,
                "--user=root",
                "--bind-address=127.0.0.1",
            ])
            .args(["--innodb-flush-method=nosync", "--skip-name-resolve"])
            .env("TMPDIR", path)
            .arg(format!("--port={port}"))
            .arg(format!("--socket={}", path.join("socket").display()))
            .arg(format!("--init-file={}", statements_file.display()))
            .stdout(Stdio::null())
            .stderr(fs::File::create(path.join("log")).unwrap());
        if let Some(identity) = identity {
            let (certificate, key) = identity.write(path);
            command
                .arg(format!("--ssl-cert={}", certificate.display()))
                .arg(format!("--ssl-key={}", key.display()));
        }
        let process = Process::start(&mut command, port);
        Some(Self {
            port,
            _process: process,
            _folder: folder,
        })
    }
}
