//! The project's own commands: `cargo xtask codegen`, `lint`, `release`, `dist`,
//! `interop` and `licences`.

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands for whoever maintains repass.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Generate the Rust client and the password policies from openapi/*.yaml
    Codegen {
        /// Write nothing; report every file that is not what would be generated, and exit with 1
        #[arg(long)]
        check: bool,
    },
    /// Check openapi/*.yaml against the house rules
    Lint,
    /// Make openapi/*.yaml the released contract, if each version says what changed since the last
    Release {
        /// Write nothing; say what changed, report every version that does not say what broke, and
        /// exit with 1
        #[arg(long)]
        check: bool,
    },
    /// Write the contract as a bundle with a site of pages, target/dist
    Dist,
    /// Run others' tools on openapi/*.yaml, and the examples of openapi/examples as their READMEs say
    Interop,
    /// Write the licences of everything in the binary, crates/repass-cli/THIRD-PARTY.md
    ///
    /// A licence that is not allowed is an error.
    Licences {
        /// Write nothing; report a file that is not what would be written, and exit with 1
        #[arg(long)]
        check: bool,
    },
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one place that prints"
)]
fn main() -> ExitCode {
    // Cargo says where it runs from; what was built elsewhere may serve several trees.
    let crate_root = std::env::var("CARGO_MANIFEST_DIR");
    let crate_root = crate_root.unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&crate_root).join("..");
    let done = match Arguments::parse().verb {
        Verb::Codegen { check: true } => xtask::codegen::check(&root).map(|()| Vec::new()),
        Verb::Codegen { check: false } => xtask::codegen::write(&root),
        Verb::Lint => xtask::lint::lint(&root).map(|()| Vec::new()),
        Verb::Release { check: true } => xtask::release::check(&root),
        Verb::Release { check: false } => xtask::release::write(&root),
        Verb::Dist => xtask::dist::folder(&root).and_then(|to| xtask::dist::write(&root, &to)),
        Verb::Licences { check: true } => xtask::licences::check(&root).map(|()| Vec::new()),
        Verb::Licences { check: false } => xtask::licences::write(&root),
        Verb::Interop => {
            xtask::interop::run(&root, |line| eprintln!("{line}")).map(|table| vec![table])
        }
    };
    match done {
        Ok(changes) => {
            for change in changes {
                println!("{change}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
