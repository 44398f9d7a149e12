//! Reading what was given: whole, as text, and zeroed when it is no longer needed.

use std::fs::File;
use std::io::Read;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// What is to be read, and how large it may be.
pub(crate) struct Input<'a> {
    pub(crate) name: &'a str,
    pub(crate) largest_kib: u16,
    /// What to do when it cannot be read.
    pub(crate) next: &'static str,
}

impl Input<'_> {
    /// Reads a file, with no larger a buffer than it needs.
    pub(crate) fn read_file(&self, file: File) -> Result<Zeroizing<String>, Failure> {
        let metadata = file.metadata().map_err(|error| self.unreadable(&error))?;
        // A pipe tells no length.
        let length = metadata.is_file().then_some(metadata.len());
        let length = length.and_then(|length| usize::try_from(length).ok());
        self.read_into(length.unwrap_or(usize::MAX), file)
    }

    pub(crate) fn read(&self, from: impl Read) -> Result<Zeroizing<String>, Failure> {
        self.read_into(usize::MAX, from)
    }

    fn read_into(&self, length: usize, from: impl Read) -> Result<Zeroizing<String>, Failure> {
        let largest = usize::from(self.largest_kib) << 10;
        // The full size at once: a buffer that grows would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(largest.min(length) + 1));
        (from.take(largest as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| self.unreadable(&error))?;
        if bytes.len() > largest {
            return Err(self.failure(&format!("is larger than {} KiB", self.largest_kib)));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| self.failure("is not UTF-8"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn unreadable(&self, error: &std::io::Error) -> Failure {
        self.failure(&format!("cannot be read: {error}"))
    }

    fn failure(&self, problem: &str) -> Failure {
        Failure::usage(format!("{} {problem}", self.name), self.next)
    }
}
