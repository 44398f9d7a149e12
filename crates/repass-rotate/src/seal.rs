//! The sealing of passwords in stores that do not encrypt.
//!
//! A sealed text is bound to the name of its credential and to the version of its record: one that
//! is moved to another row, or brought back from an older version, does not open.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::record::Passwords;

/// The first word of a key file.
const PREFIX: &str = "repass-key-1";
/// The length of a key in bytes.
const KEY_LENGTH: usize = 32;
/// The first byte of a sealed text.
const FORMAT: u8 = 1;
/// The length of a key's id, which tells a wrong key from a damaged text.
const ID_LENGTH: usize = 4;

/// A key that seals passwords.
pub struct Sealer {
    key: RandomizedNonceKey,
    id: [u8; ID_LENGTH],
}

/// The reason why a key cannot be used, or a sealed text not be opened. It holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// There is no key file.
    #[error("there is no key file {}; create it with `repass rotate --init`", .0.display())]
    NoKeyFile(PathBuf),
    /// The key file already exists. It is never replaced: what it sealed would be lost.
    #[error("the key file {} already exists; it was left as it is", .0.display())]
    Exists(PathBuf),
    /// Others than the owner may read or write the key file.
    #[error("others can read the key file {}; run `chmod 600` on it", .0.display())]
    Permissions(PathBuf),
    /// The key file cannot be read or written.
    #[error("the key file {} cannot be used: {error}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// The reason.
        #[source]
        error: io::Error,
    },
    /// The file is not a key file.
    #[error("{} is not a key file", .0.display())]
    NotAKey(PathBuf),
    /// The passwords were sealed with another key.
    #[error("the passwords were sealed with another key (key id {sealed}, this one is {this})")]
    OtherKey {
        /// The id of the key that sealed them.
        sealed: String,
        /// The id of this key.
        this: String,
    },
    /// The sealed text was damaged, or belongs to another credential or version.
    #[error("the sealed passwords are damaged, or belong to another credential or version")]
    Damaged,
    /// The operating system does not provide randomness.
    #[error("the operating system does not provide randomness")]
    Randomness,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", hex(&self.id))
    }
}

impl Sealer {
    /// Creates a key file that only its owner can read.
    ///
    /// # Errors
    /// Returns an error if the file exists or cannot be written.
    pub fn create(path: &Path) -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        rand::fill(&mut *key).map_err(|_| SealError::Randomness)?;
        let io = |error| match error {
            error if io::Error::kind(&error) == io::ErrorKind::AlreadyExists => {
                SealError::Exists(path.to_owned())
            }
            error => SealError::Io {
                path: path.to_owned(),
                error,
            },
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        let encoded = Zeroizing::new(BASE64.encode(*key));
        let line = Zeroizing::new(format!("{PREFIX} {}\n", *encoded));
        file.write_all(line.as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        // A key that is lost in a power failure would leave passwords that no one can read.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::File::open(folder.unwrap_or(Path::new("."))).map_err(io)?;
        folder.sync_all().map_err(io)?;
        Self::from_key(&*key).ok_or_else(|| SealError::NotAKey(path.to_owned()))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// Returns an error if there is no such file, if others can read it, or if it holds no key.
    pub fn read(path: &Path) -> Result<Self, SealError> {
        let io = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => SealError::NoKeyFile(path.to_owned()),
            _ => SealError::Io {
                path: path.to_owned(),
                error,
            },
        };
        if is_open_to_others(&fs::metadata(path).map_err(io)?) {
            return Err(SealError::Permissions(path.to_owned()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        let key = text.trim_end().strip_prefix(PREFIX).map(str::trim);
        let key = key.and_then(|key| BASE64.decode(key).ok());
        let key = Zeroizing::new(key.unwrap_or_default());
        Self::from_key(&key).ok_or_else(|| SealError::NotAKey(path.to_owned()))
    }

    fn from_key(key: &[u8]) -> Option<Self> {
        let hash = digest::digest(&digest::SHA256, key);
        let (id, _) = hash.as_ref().split_first_chunk()?;
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, key).ok()?;
        Some(Self { key, id: *id })
    }

    /// Seals the passwords of a credential's record of this version.
    ///
    /// # Errors
    /// The operating system does not provide randomness.
    pub fn seal(
        &self,
        name: &str,
        version: u64,
        passwords: &Passwords,
    ) -> Result<Vec<u8>, SealError> {
        // The tag of 16 bytes is appended, and a buffer that grows leaves copies behind.
        let text = serde_json::to_vec(passwords).map_err(|_| SealError::Damaged)?;
        let text = Zeroizing::new(text);
        let mut sealed = Vec::with_capacity(text.len() + 64);
        sealed.extend_from_slice(&text);
        let aad = Aad::from(associated(name, version));
        let nonce = self.key.seal_in_place_append_tag(aad, &mut sealed);
        let nonce = nonce.map_err(|_| SealError::Randomness)?;
        let head = [&[FORMAT], self.id.as_slice(), nonce.as_ref().as_slice()];
        Ok([head.concat(), sealed].concat())
    }

    /// Opens what [`seal`](Self::seal) returned for the same name and version.
    ///
    /// # Errors
    /// The text was sealed with another key, for another name or version, or is damaged.
    pub fn open(&self, name: &str, version: u64, sealed: &[u8]) -> Result<Passwords, SealError> {
        let parts = || {
            let rest = sealed.strip_prefix(&[FORMAT])?;
            let (id, rest) = rest.split_first_chunk::<ID_LENGTH>()?;
            let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
            Some((id, nonce, text))
        };
        let (id, nonce, text) = parts().ok_or(SealError::Damaged)?;
        if *id != self.id {
            return Err(SealError::OtherKey {
                sealed: hex(id),
                this: hex(&self.id),
            });
        }
        let mut text = Zeroizing::new(text.to_vec());
        let aad = Aad::from(associated(name, version));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.key.open_in_place(nonce, aad, &mut text);
        let text = text.map_err(|_| SealError::Damaged)?;
        serde_json::from_slice(text).map_err(|_| SealError::Damaged)
    }
}

fn associated(name: &str, version: u64) -> Vec<u8> {
    // A name has no line break.
    format!("repass passwords\n{name}\n{version}").into_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns whether others than the owner may do something with a file.
pub(crate) fn is_open_to_others(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}
