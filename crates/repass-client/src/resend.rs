//! When a call is sent again, and after how long.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// How often and how long a call is tried.
///
/// A **change** of a DCS password is sent again only when no connection could be made and after a
/// 429: a second try after a lost answer would find the old password wrong, burn attempts and lock
/// the account. A **reset** is sent again, with the same password, also after a 503 or when its
/// answer was lost. A **login** is sent again after a 429 or a 503, but not when its answer was
/// lost: some wrong passwords lock a user. Nothing is sent again after any other answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resending {
    /// How many times a call is sent at most; 1 sends nothing again.
    pub attempts: usize,
    /// The wait before the second attempt. Each further one is about twice as long, and all vary
    /// at random. A `Retry-After` of the service takes the place of a wait.
    pub first_wait: Duration,
    /// What a call may take in all, from its login to its last answer, waits included. Making a
    /// connection may take up to ten seconds of it, or half of it if that is less, and an attempt
    /// that would not have that much left is not made.
    pub deadline: Duration,
}

impl Default for Resending {
    /// Three attempts, half a second before the second, a minute in all.
    fn default() -> Self {
        Self {
            attempts: 3,
            first_wait: Duration::from_millis(500),
            deadline: Duration::from_secs(60),
        }
    }
}

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Resending {
    /// How long connecting may take; less than the deadline, so that what was never sent does not
    /// end as a call that had no answer.
    pub(crate) fn connect_timeout(&self) -> Duration {
        CONNECT_TIMEOUT.min(self.deadline / 2)
    }

    /// The wait before each further attempt.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.deadline)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter()
            .build()
    }
}

/// What a request is sent again after, beside a failed connect and a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Nothing: it verifies an old password, which may be another one afterwards.
    Never,
    /// A 503: it verifies a password, but whoever is not there counts no wrong ones.
    Unavailable,
    /// A 503 and a lost answer: it is the same whether it is carried out once or twice.
    Lost,
}

/// What an attempt means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The attempt decides the call.
    Stop,
    /// Another one may be made, at the earliest after what the service asked for.
    Again {
        /// The service's `Retry-After`.
        retry_after: Option<Duration>,
        /// Whether this attempt may have changed the password.
        in_doubt: bool,
    },
}

impl Next {
    pub(crate) fn after(
        attempt: &reqwest::Result<Response>,
        repeat: Repeat,
        now: SystemTime,
    ) -> Self {
        match attempt {
            Err(error) if error.is_builder() => Self::Stop,
            Err(error) if error.is_connect() => Self::again(None, false),
            Err(_) if repeat == Repeat::Lost => Self::again(None, true),
            Ok(response) => {
                let retry_after = retry_after(response.headers(), now);
                match response.status() {
                    StatusCode::TOO_MANY_REQUESTS => Self::again(retry_after, false),
                    StatusCode::SERVICE_UNAVAILABLE if repeat != Repeat::Never => {
                        Self::again(retry_after, true)
                    }
                    _ => Self::Stop,
                }
            }
            Err(_) => Self::Stop,
        }
    }

    fn again(retry_after: Option<Duration>, in_doubt: bool) -> Self {
        Self::Again {
            retry_after,
            in_doubt,
        }
    }
}

/// `Retry-After` in either of its forms: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than the number can hold is as long.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = httpdate::parse_http_date("Fri, 01 Nov 2024 08:00:00 GMT").unwrap();
        for (value, wait) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("18446744073709551616", Some(u64::MAX)),
            ("Fri, 01 Nov 2024 08:00:30 GMT", Some(30)),
            ("Fri, 01 Nov 2024 07:59:00 GMT", Some(0)),
            ("Friday, 01-Nov-24 08:00:30 GMT", Some(30)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            let value = HeaderValue::from_static(value);
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.clone())]);
            assert_eq!(
                retry_after(&headers, now),
                wait.map(Duration::from_secs),
                "{value:?}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn waits_grow_vary_and_end() {
        let resending = Resending {
            attempts: 4,
            ..Resending::default()
        };
        let waits: Vec<_> = resending.waits().collect();
        assert_eq!(waits.len(), 3);
        for (wait, least) in waits.iter().zip([500, 1000, 2000]) {
            let least = Duration::from_millis(least);
            assert!((least..=least * 2).contains(wait), "{waits:?}");
        }
        for attempts in [0, 1] {
            let resending = Resending {
                attempts,
                ..resending
            };
            assert_eq!(resending.waits().count(), 0);
        }
        assert_ne!(
            waits,
            resending.waits().collect::<Vec<_>>(),
            "they vary at random"
        );
    }
}
