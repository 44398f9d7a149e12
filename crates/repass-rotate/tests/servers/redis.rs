//! A real Redis.

use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::certificates::Identity;
use super::{Process, free_port, installed};

pub(crate) struct Redis {
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Redis {
    /// Starts Redis with lines of its configuration, or returns `None` if it is not installed.
    pub(crate) fn start(settings: &str, identity: &Identity) -> Option<Self> {
        let program = installed("redis-server")?;
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = identity.write(folder.path());
        let (port, tls_port) = (free_port(), free_port());
        let mut configuration = tempfile::tempfile().unwrap();
        write!(
            configuration,
            "bind 127.0.0.1\nport {port}\ntls-port {tls_port}\ntls-auth-clients no\n\
             tls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {certificate}\n\
             save \"\"\ndir {folder}\nlogfile redis.log\n{settings}\n",
            certificate = certificate.display(),
            key = key.display(),
            folder = folder.path().display(),
        )
        .unwrap();
        std::io::Seek::rewind(&mut configuration).unwrap();
        let mut command = Command::new(program);
        // The passwords in the configuration are in no argument and no file with a name.
        command.arg("-").stdin(configuration).stdout(Stdio::null());
        let process = Process::start(&mut command, tls_port);
        Some(Self {
            port,
            tls_port,
            _process: process,
            _folder: folder,
        })
    }
}
