//! The command line.
#![allow(clippy::print_stdout, reason = "a command line prints")]

mod demo;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    demo::run().await
}
