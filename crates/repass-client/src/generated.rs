//! The entry point of the generated modules. This file is written by hand. The modules below it are
//! generated, and their folder holds nothing else.

use progenitor_client::{ClientHooks, OperationInfo};

use crate::Transport;
use crate::transport::rules;

/// Declares one generated module, and the hooks that send its requests through [`Transport`].
macro_rules! generated {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[rustfmt::skip]
        #[allow(clippy::allow_attributes_without_reason, reason = "the generator gives none")]
        #[allow(missing_docs, reason = "bodies are described in the contract, not field by field")]
        #[allow(unreachable_patterns, reason = "400 is also within 4XX")]
        #[allow(clippy::unwrap_used, reason = "the generator's own constructor")]
        pub mod $name;

        impl ClientHooks<Transport> for $name::Client {
            async fn pre<E>(
                &self,
                request: &mut reqwest::Request,
                info: &OperationInfo,
            ) -> Result<(), progenitor_client::Error<E>> {
                let rules = rules(stringify!($name), info);
                self.inner.prepare(request, rules).await
            }

            async fn exec(
                &self,
                request: reqwest::Request,
                info: &OperationInfo,
            ) -> reqwest::Result<reqwest::Response> {
                let rules = rules(stringify!($name), info);
                self.inner.send(request, rules).await
            }
        }
    };
}

generated! {
    /// Distributed Database Middleware, from `openapi/ddm.yaml`.
    ddm
}
generated! {
    /// Distributed Cache Service (Redis), from `openapi/dcs.yaml`.
    dcs
}
generated! {
    /// Distributed Message Service for Kafka, from `openapi/dms.yaml`.
    dms
}
generated! {
    /// The control API of repass's emulator, from `openapi/emulator.yaml`.
    emulator
}
generated! {
    /// Identity and Access Management, from `openapi/iam.yaml`.
    iam
}

#[rustfmt::skip]
pub(crate) mod hosts;
#[rustfmt::skip]
pub(crate) mod rules;
