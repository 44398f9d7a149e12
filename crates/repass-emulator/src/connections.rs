//! The listener's connections: how many there may be, and which one is closed to make room.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::server::{connection, router};
use crate::state::Shared;

/// The number of connections whose requests are carried out. Each may hold an unfinished head of
/// [`LARGEST_HEAD`](crate::server::LARGEST_HEAD), so this also bounds the memory of those.
const MOST_SERVED: usize = 1000;
/// The number of connections that are only told that there is no room.
const MOST_REFUSED: usize = 100;
/// The time between two attempts to accept a connection while none can be closed.
const RETRY: Duration = Duration::from_millis(50);

/// The state of one connection, which its task shares with the task that accepts others.
///
/// A connection may be closed to make room while it waits for its client, and never while a request
/// is carried out: the client could not know whether its password changed.
#[derive(Debug)]
pub(crate) struct Turn {
    /// [`BUSY`], [`CLOSED`], or the number of the last request when it began to wait.
    state: AtomicU64,
    /// Whether its requests are refused because there are too many connections.
    pub(crate) is_refused: bool,
}

const BUSY: u64 = u64::MAX;
const CLOSED: u64 = u64::MAX - 1;

impl Turn {
    /// The state of a new connection.
    pub(crate) fn new(last_request: u64, is_refused: bool) -> Self {
        Self {
            state: AtomicU64::new(last_request),
            is_refused,
        }
    }

    /// Notes that a request is carried out from now on. Returns false if the connection is being
    /// closed; then nothing must be carried out.
    pub(crate) fn begin(&self) -> bool {
        let begin = |state| (state != CLOSED).then_some(BUSY);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.state.fetch_update(set, fetch, begin).is_ok()
    }

    /// Notes that the connection waits for its client again, since this request.
    pub(crate) fn end(&self, request: u64) {
        self.state.store(request, Ordering::Release);
    }

    /// The number of the request since which the connection waits.
    fn waits_since(&self) -> Option<u64> {
        Some(self.state.load(Ordering::Acquire)).filter(|state| *state < CLOSED)
    }

    /// Keeps the connection from carrying out anything else, if it still waits.
    fn close(&self, since: u64) -> bool {
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.state
            .compare_exchange(since, CLOSED, set, fetch)
            .is_ok()
    }
}

/// Connections up to a limit.
struct Pool {
    most: usize,
    tasks: JoinSet<()>,
    turns: HashMap<Id, (AbortHandle, Arc<Turn>)>,
}

impl Pool {
    fn new(most: usize) -> Self {
        Self {
            most,
            tasks: JoinSet::new(),
            turns: HashMap::new(),
        }
    }

    fn spawn(&mut self, turn: Arc<Turn>, connection: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(connection);
        self.turns.insert(task.id(), (task, turn));
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.turns.remove(&id);
    }

    /// Returns whether another connection fits, after one was closed if need be.
    async fn make_room(&mut self) -> bool {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.forget(ended);
        }
        self.turns.len() < self.most || self.close_one().await
    }

    /// Closes the connection that has waited for its client the longest. Returns false if each one
    /// carries out a request.
    async fn close_one(&mut self) -> bool {
        loop {
            let waiting = (self.turns.values())
                .filter_map(|(task, turn)| Some((turn.waits_since()?, task, turn)));
            let Some((since, task, turn)) = waiting.min_by_key(|(since, ..)| *since) else {
                return false;
            };
            if turn.close(since) {
                task.abort();
                break;
            }
            // A request arrived meanwhile, so another connection is the one to close.
        }
        if let Some(ended) = self.tasks.join_next_with_id().await {
            self.forget(ended);
        }
        true
    }
}

/// Accepts connections and serves them. They end with this future.
pub(crate) async fn serve(listener: TcpListener, shared: Shared) {
    let router = router(shared.clone());
    let (mut served, mut refused) = (Pool::new(MOST_SERVED), Pool::new(MOST_REFUSED));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if is_of_one_connection(&error) => continue,
            // No file descriptor is left, for example.
            Err(_) => {
                if !served.close_one().await && !refused.close_one().await {
                    tokio::time::sleep(RETRY).await;
                }
                continue;
            }
        };
        // An answer leaves in one piece; waiting for a fuller packet would cost it 40 ms.
        let _ = stream.set_nodelay(true);
        let (is_refused, pool) = match served.make_room().await {
            true => (false, &mut served),
            false => (true, &mut refused),
        };
        if is_refused && !pool.make_room().await {
            continue;
        }
        let turn = Arc::new(Turn::new(shared.last_request_number(), is_refused));
        let connection = connection(stream, shared.clone(), router.clone(), turn.clone());
        pool.spawn(turn, connection);
    }
}

/// Returns whether the error is about a connection that ended before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}
