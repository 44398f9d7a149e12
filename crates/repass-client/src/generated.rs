//! The door to the generated clients. This file is written by hand; the modules below it are
//! generated, all of them and nothing else in their folder.

use progenitor_client::{ClientHooks, OperationInfo};

use crate::Transport;

/// The operations that verify an old password, and so are not the same when they are repeated.
const CHANGES: [&str; 1] = ["update_password"];

/// One generated module, and the hooks that make it send through our transport.
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
                _: &OperationInfo,
            ) -> Result<(), progenitor_client::Error<E>> {
                self.inner.prepare(request);
                Ok(())
            }

            async fn exec(
                &self,
                request: reqwest::Request,
                info: &OperationInfo,
            ) -> reqwest::Result<reqwest::Response> {
                self.inner.send(request, CHANGES.contains(&info.operation_id)).await
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
