//! Any bytes as the file of a fleet: it is one, and an emulator starts, or it is told why not.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use repass_emulator::{Emulator, Fleet};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let fleet = match Fleet::from_yaml(text) {
        Ok(fleet) => fleet,
        Err(error) => {
            assert!(!error.mistakes().is_empty() && !error.to_string().is_empty());
            return;
        }
    };
    RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(|| {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime")
        });
        // A file that was accepted has no id twice, which is all that can be wrong with a fleet.
        runtime.block_on(async { Emulator::start(fleet).await.expect("it starts") });
    });
});
