//! The bodies of requests, read within limits of time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::gateway::{BAD_REQUEST, Gateway, NO_ROOM, TOO_LARGE};

/// The time that a client may take to send a head, and then a body.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The gateway's limit on a body.
const LARGEST: usize = 12 << 20;
/// The memory for all bodies beyond their first [`UNCOUNTED`] bytes.
const ROOM: usize = 64 << 20;
/// The part of each body that needs no room: requests with a usual body are answered however many
/// large ones are under way.
const UNCOUNTED: usize = 16 << 10;

/// The memory that is left for bodies, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM)))
    }
}

/// A whole body, and the memory reserved for it. It has no `Debug`: it may hold a password.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Reads a body to its end.
pub(crate) async fn read(body: Body, room: &Room) -> Result<Whole, Gateway> {
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(Gateway(TOO_LARGE));
    }
    let body = tokio::time::timeout(READ_TIMEOUT, collect(body, room)).await;
    body.unwrap_or(Err(Gateway(BAD_REQUEST)))
}

async fn collect(mut body: Body, room: &Room) -> Result<Whole, Gateway> {
    // Most bodies come in one piece, which is not copied.
    let (mut only, mut pieces) = (Bytes::new(), Vec::new());
    let (mut length, mut reserved) = (0, None::<OwnedSemaphorePermit>);
    let mut is_refused = false;
    while let Some(frame) = body.frame().await {
        // It broke off, or is framed wrongly.
        let frame = frame.map_err(|_| Gateway(BAD_REQUEST))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > LARGEST {
            return Err(Gateway(TOO_LARGE));
        }
        if length > UNCOUNTED && !is_refused {
            match room.reserve(data.len()) {
                Some(more) => match &mut reserved {
                    Some(reserved) => reserved.merge(more),
                    None => reserved = Some(more),
                },
                None => {
                    is_refused = true;
                    (only, pieces, reserved) = (Bytes::new(), Vec::new(), None);
                }
            }
        }
        // The rest of a refused body is read and dropped, so that its client gets the answer.
        if is_refused {
            continue;
        }
        if only.is_empty() && pieces.is_empty() {
            only = data;
        } else {
            if pieces.is_empty() {
                pieces.extend_from_slice(&std::mem::take(&mut only));
            }
            pieces.extend_from_slice(&data);
        }
    }
    if is_refused {
        return Err(Gateway(NO_ROOM));
    }
    let bytes = match pieces.is_empty() {
        true => only,
        false => pieces.into(),
    };
    Ok(Whole {
        bytes,
        room: reserved,
    })
}

impl Room {
    fn reserve(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        self.0.clone().try_acquire_many_owned(bytes).ok()
    }
}

/// Returns the body of a request whose body was read before it was routed.
pub(crate) async fn whole(body: Body) -> Bytes {
    axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default()
}
