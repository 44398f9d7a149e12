//! Any bytes on a connection: it ends, and what comes back is nothing or begins as an answer.
//!
//! A panic in any task or thread is a finding: libfuzzer-sys sets a hook that ends the process.
#![no_main]

use std::cell::OnceCell;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use repass_emulator::{Emulator, Fleet};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

/// More than all that the emulator waits for: an input can ask for many faults of ten minutes each.
/// The clock jumps, so that it takes no time.
const BOUND: Duration = Duration::from_secs(30_000_000);

thread_local! {
    static KEPT: OnceCell<(Runtime, Fleet)> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    KEPT.with(|kept| {
        let (runtime, fleet) = kept.get_or_init(|| {
            let mut runtime = Builder::new_current_thread();
            let runtime = runtime.enable_all().start_paused(true).build();
            let runtime = runtime.expect("a runtime");
            (runtime, Fleet::built_in())
        });
        // An emulator of its own for each input, so that a finding is one without those before it.
        let answer = runtime.block_on(async {
            let emulator = Emulator::start(fleet.clone()).await.expect("a free port");
            let bounded = tokio::time::timeout(BOUND, answer(&emulator, bytes));
            bounded.await.expect("the connection ends")
        });
        // A request of HTTP/1.0 has an answer of HTTP/1.0.
        let begins = |version: &[u8]| answer.starts_with(version);
        assert!(answer.is_empty() || begins(b"HTTP/1.1 ") || begins(b"HTTP/1.0 "));
    });
});

async fn answer(emulator: &Emulator, bytes: &[u8]) -> Vec<u8> {
    let (client, server) = tokio::io::duplex(64 << 10);
    let (mut reader, mut writer) = tokio::io::split(client);
    let write = async {
        // The emulator may close before it has read everything.
        let _ = writer.write_all(bytes).await;
        // A client that closes its side ends what it asked for; others wait. The length decides, so
        // that both are tried.
        if bytes.len() % 2 == 0 {
            let _ = writer.shutdown().await;
        }
    };
    let read = async {
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
        answer
    };
    let ((), answer, ()) = tokio::join!(write, read, emulator.serve(server));
    answer
}
