//! The check of the `Host` header.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::control::Refusal;
use crate::state::Shared;

/// Lets a request through if its host is this machine: `localhost`, an IP address, or one of the
/// allowed names.
///
/// A web page can let its own name lead to this address (DNS rebinding) and then send requests here
/// with any header. Their host is still the page's name. An address cannot be rebound.
pub(crate) fn check(headers: &HeaderMap, shared: &Shared) -> Result<(), Refusal> {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    // Most requests go to the address that the emulator gives.
    let is_own = || host == Some(shared.host().as_bytes());
    if is_own() || is_this_machine(host, shared.allowed_hosts()) {
        return Ok(());
    }
    let message = "the host is neither localhost nor an IP address; use the emulator's URL, or \
                   start it with --allow-host and the name of this machine";
    Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, message))
}

fn is_this_machine(host: Option<&[u8]>, allowed: &[String]) -> bool {
    let host = host.and_then(|host| Authority::try_from(host).ok());
    host.is_some_and(|host| {
        let name = host.host().trim_start_matches('[').trim_end_matches(']');
        let mut names = allowed.iter().map(String::as_str).chain(["localhost"]);
        names.any(|one| one.eq_ignore_ascii_case(name)) || name.parse::<IpAddr>().is_ok()
    })
}
