//! The door to the generated clients. This file is written by hand; the modules below it are
//! generated, all of them and nothing else in their folder.

use progenitor_client::{ClientHooks, OperationInfo};

use crate::Transport;
use crate::resend::Repeat;

/// What has to be known of an operation in order to send it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    pub(crate) repeat: Repeat,
    /// It is for those who are logged in.
    pub(crate) needs_login: bool,
}

fn traits(module: &str, operation: &OperationInfo) -> Traits {
    let login = "keystone_create_user_token_by_password";
    Traits {
        repeat: match operation.operation_id {
            "update_password" => Repeat::Never,
            // Its faults count.
            _ if module == "emulator" => Repeat::Never,
            id if id == login => Repeat::Unavailable,
            _ => Repeat::Lost,
        },
        needs_login: module != "emulator" && operation.operation_id != login,
    }
}

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
                info: &OperationInfo,
            ) -> Result<(), progenitor_client::Error<E>> {
                let prepared = self.inner.prepare(request, traits(stringify!($name), info)).await;
                prepared.map_err(|reason| {
                    let text = reason.to_string();
                    self.inner.memory().not_sent = Some(reason);
                    progenitor_client::Error::Custom(text)
                })
            }

            async fn exec(
                &self,
                request: reqwest::Request,
                info: &OperationInfo,
            ) -> reqwest::Result<reqwest::Response> {
                self.inner.send(request, traits(stringify!($name), info)).await
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
    /// The control of repass's emulator, from `openapi/emulator.yaml`.
    emulator
}
generated! {
    /// Identity and Access Management, from `openapi/iam.yaml`.
    iam
}

#[rustfmt::skip]
pub(crate) mod hosts;
#[rustfmt::skip]
#[allow(dead_code, reason = "the client follows these rules from its next change on")]
pub(crate) mod rules;
