//! Signals that ask a command to end.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC as Signal, ctrl_c};

use crate::failure::Failure;

/// The signals that ask the command to end, from the moment this is created: Ctrl-C, SIGTERM,
/// SIGQUIT and SIGHUP, except those that the command was started to ignore.
pub(crate) struct Interrupt {
    /// Whether one has been received. The signal handler itself sets it: whoever looks sees a signal
    /// at once, before the runtime has passed it on.
    received: Arc<AtomicBool>,
    /// They wake the task that waits.
    signals: Vec<Signal>,
}

impl Interrupt {
    /// Listens from now on. No signal ends the process by itself any more.
    ///
    /// # Errors
    /// The system does not allow it.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let received = Arc::new(AtomicBool::new(false));
        match signals(&received) {
            Ok(signals) => Ok(Self { received, signals }),
            Err(error) => Err(Failure::not_done(
                format!("signals cannot be received: {error}"),
                "nothing was sent; try again",
            )),
        }
    }

    /// Returns the output of the future, or `None` if a signal is received first. After a signal the
    /// future is not polled again, nor at all if the signal came before it.
    pub(crate) async fn unless<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|context| match self.poll_received(context) {
            true => Poll::Ready(None),
            false => future.as_mut().poll(context).map(Some),
        })
        .await
    }

    /// Waits for a signal.
    pub(crate) async fn received(&mut self) {
        self.unless(std::future::pending::<()>()).await;
    }

    fn poll_received(&mut self, context: &mut Context<'_>) -> bool {
        for signal in &mut self.signals {
            // Each is polled, so that each wakes the task.
            if signal.poll_recv(context).is_ready() {
                self.received.store(true, Ordering::SeqCst);
            }
        }
        self.received.load(Ordering::SeqCst)
    }
}

#[cfg(unix)]
fn signals(received: &Arc<AtomicBool>) -> io::Result<Vec<Signal>> {
    let ignored = ignored();
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::quit(),
        SignalKind::hangup(),
    ];
    // Bit 0 is signal 1.
    let listened = kinds
        .into_iter()
        .filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0);
    let mut signals = Vec::new();
    for kind in listened {
        signal_hook::flag::register(kind.as_raw_value(), received.clone())?;
        signals.push(signal(kind)?);
    }
    Ok(signals)
}

#[cfg(windows)]
fn signals(_received: &Arc<AtomicBool>) -> io::Result<Vec<Signal>> {
    Ok(vec![ctrl_c()?])
}

/// The signals that the command was started to ignore, as a mask: `nohup` ignores SIGHUP, a shell
/// without job control ignores Ctrl-C for what it starts in the background. Listening would undo
/// that. Only Linux shows the mask.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map(|mask| u64::from_str_radix(mask.trim(), 16));
    mask.and_then(Result::ok).unwrap_or_default()
}
