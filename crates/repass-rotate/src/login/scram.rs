//! SCRAM-SHA-256 and SCRAM-SHA-512 of RFC 5802 and 7677, the client's side, without channel binding.

use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use repass_client::Secret;
use zeroize::Zeroizing;

use super::LoginResult;
use super::connection::Unknown;

/// Fewest iterations that protect a password. Brokers store no fewer.
const ITERATIONS_MIN: u32 = 4096;
/// Most iterations, about a second of processor time. Brokers store at most 16,384.
const ITERATIONS_MAX: u32 = 1_000_000;
const NONCE_LENGTH: usize = 24;

const INVALID: &str = "the broker sent an invalid SCRAM message";

/// A hash function in the forms that SCRAM uses.
pub(super) struct Hash {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

pub(super) static SHA_256: Hash = Hash {
    digest: &digest::SHA256,
    hmac: hmac::HMAC_SHA256,
    pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
};

pub(super) static SHA_512: Hash = Hash {
    digest: &digest::SHA512,
    hmac: hmac::HMAC_SHA512,
    pbkdf2: pbkdf2::PBKDF2_HMAC_SHA512,
};

impl Hash {
    fn hmac(&self, key: &[u8], message: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(self.hmac, key), message)
    }
}

/// The first message of a login.
pub(super) struct First {
    nonce: String,
    /// The message without its header.
    bare: String,
}

impl First {
    pub(super) fn new(user: &str) -> Result<Self, Unknown> {
        let mut bytes = [0; NONCE_LENGTH];
        rand::fill(&mut bytes).map_err(|_| "the system has no random numbers")?;
        let nonce = STANDARD.encode(bytes);
        let user = user.replace('=', "=3D").replace(',', "=2C");
        Ok(Self {
            bare: format!("n={user},r={nonce}"),
            nonce,
        })
    }

    pub(super) fn message(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// Parses the answer to the message. A refusal is a result already.
    pub(super) fn challenge(
        &self,
        answer: &[u8],
    ) -> Result<Challenge, Result<LoginResult, Unknown>> {
        if let Some(error) = answer.strip_prefix(b"e=") {
            return Err(judge(error));
        }
        let challenge = self.parse(answer).ok_or_else(|| Err(INVALID.into()))?;
        if (ITERATIONS_MIN..=ITERATIONS_MAX).contains(&challenge.iterations.get()) {
            Ok(challenge)
        } else {
            Err(Err(Unknown(format!(
                "the broker asks for {} SCRAM iterations; at least {ITERATIONS_MIN} and at most \
                 {ITERATIONS_MAX} are accepted",
                challenge.iterations
            ))))
        }
    }

    fn parse(&self, answer: &[u8]) -> Option<Challenge> {
        let answer = std::str::from_utf8(answer).ok()?;
        let mut fields = answer.split(',');
        let nonce = fields.next()?.strip_prefix("r=")?;
        let salt = fields.next()?.strip_prefix("s=")?;
        let iterations = fields.next()?.strip_prefix("i=")?;
        // The broker appends its own nonce, so that neither side chooses the whole.
        if nonce.strip_prefix(&self.nonce)?.is_empty() {
            return None;
        }
        let last = format!("c=biws,r={nonce}");
        Some(Challenge {
            salt: STANDARD.decode(salt).ok()?,
            iterations: iterations.parse().ok()?,
            conversation: format!("{},{answer},{last}", self.bare),
            last,
        })
    }
}

/// The broker's question.
pub(super) struct Challenge {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    /// What both sides sign.
    conversation: String,
    /// The last message without its proof.
    last: String,
}

impl Challenge {
    /// Computes the last message. It takes milliseconds of processor time.
    pub(super) fn answer(&self, hash: &Hash, password: &Secret) -> Last {
        let length = hash.digest.output_len();
        let mut salted = Zeroizing::new(vec![0; length]);
        let password = password.expose().as_bytes();
        pbkdf2::derive(
            hash.pbkdf2,
            self.iterations,
            &self.salt,
            password,
            &mut salted,
        );
        let conversation = self.conversation.as_bytes();

        let client_key = hash.hmac(&salted, b"Client Key");
        let stored_key = digest::digest(hash.digest, client_key.as_ref());
        let signature = hash.hmac(stored_key.as_ref(), conversation);
        let pairs = client_key.as_ref().iter().zip(signature.as_ref());
        let proof: Vec<u8> = pairs.map(|(key, mask)| key ^ mask).collect();

        let server_key = hash.hmac(&salted, b"Server Key");
        Last {
            message: format!("{},p={}", self.last, STANDARD.encode(proof)),
            server_signature: hash.hmac(server_key.as_ref(), conversation),
        }
    }
}

/// The last message of a login, and the broker's answer to a right password.
pub(super) struct Last {
    pub(super) message: String,
    server_signature: hmac::Tag,
}

impl Last {
    pub(super) fn judge(&self, answer: &[u8]) -> Result<LoginResult, Unknown> {
        if let Some(error) = answer.strip_prefix(b"e=") {
            return judge(error);
        }
        let signature = answer
            .strip_prefix(b"v=")
            .and_then(|rest| rest.split(|byte| *byte == b',').next())
            .and_then(|signature| STANDARD.decode(signature).ok())
            .ok_or(INVALID)?;
        verify_slices_are_equal(self.server_signature.as_ref(), &signature)
            .map_err(|_| "the broker did not prove that it knows the password")?;
        Ok(LoginResult::Accepted)
    }
}

/// Judges an error that a broker sends as a SCRAM message, with the code of a success.
fn judge(error: &[u8]) -> Result<LoginResult, Unknown> {
    match error {
        b"invalid-proof" | b"unknown-user" => Ok(LoginResult::Rejected),
        _ => Err("the broker refused SCRAM for a reason other than the password".into()),
    }
}
