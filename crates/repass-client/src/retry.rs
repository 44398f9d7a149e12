//! How often and how long a call is tried.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How long connecting may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often and how long a call is tried.
///
/// Which answers allow another attempt is a matter of the operation's
/// [`RetryClass`](crate::RetryClass), not of this configuration:
///
/// - A **change** of a DCS password is sent again only if no connection was made, or after a 429. A
///   second try after a lost answer would find the old password wrong and could lock the account. It
///   never uses a connection that was kept open, because such a connection may be closing.
/// - A **reset** is also sent again, with the same password, after a 503 or if its answer was lost.
///   If someone else sets a newer password in between, the repeated reset overrides it. The window
///   is at most [`deadline`](Self::deadline).
/// - A reset to **password-free** is sent again only if no connection was made, or after a 429: a
///   repetition could open an instance that someone has just given a password.
/// - A **login** is also sent again after a 503, but not if its answer was lost: wrong passwords lock
///   a user.
/// - An expired token is replaced by logging in again. The request that follows counts as an attempt.
///
/// Nothing is sent again after any other answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryConfig {
    /// The maximum number of attempts per call. 1 disables retries.
    pub attempts: usize,
    /// The wait before the second attempt. Each further wait is about twice as long, with random
    /// variation. A `Retry-After` of the service replaces the wait.
    pub initial_backoff: Duration,
    /// The maximum duration of a call, from its login to its last answer, waits included. Connecting
    /// may take up to ten seconds of it, or half of it if that is less. An attempt that would have
    /// less time left than that is not made.
    pub deadline: Duration,
}

impl Default for RetryConfig {
    /// Three attempts within one minute, with an initial backoff of half a second.
    fn default() -> Self {
        Self {
            attempts: 3,
            initial_backoff: Duration::from_millis(500),
            deadline: Duration::from_secs(60),
        }
    }
}

impl RetryConfig {
    /// The time limit for connecting. It is less than the deadline, so that a request that was never
    /// sent does not end as one without an answer.
    pub(crate) fn connect_timeout(&self) -> Duration {
        CONNECT_TIMEOUT.min(self.deadline / 2)
    }

    /// The wait before each further attempt.
    pub(crate) fn backoff(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.initial_backoff)
            .with_max_delay(self.deadline)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter()
            .build()
    }
}

/// Reads `Retry-After` in either of its forms: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large for the type is as long a wait as any.
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
    fn backoff_grows_varies_and_ends() {
        let config = RetryConfig {
            attempts: 4,
            ..RetryConfig::default()
        };
        let waits: Vec<_> = config.backoff().collect();
        assert_eq!(waits.len(), 3);
        for (wait, least) in waits.iter().zip([500, 1000, 2000]) {
            let least = Duration::from_millis(least);
            assert!((least..=least * 2).contains(wait), "{waits:?}");
        }
        for attempts in [0, 1] {
            let config = RetryConfig { attempts, ..config };
            assert_eq!(config.backoff().count(), 0);
        }
        assert_ne!(
            waits,
            config.backoff().collect::<Vec<_>>(),
            "the waits vary at random"
        );
    }
}
