//! The hosts of each service: the `servers` of each file of `openapi/`, as data for the client.

use anyhow::Result;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::rust;
use crate::spec::Spec;

/// `crates/repass-client/src/generated/hosts.rs`.
///
/// # Errors
/// Never, unless the tokens here are no Rust.
pub fn generate(specs: &[Spec]) -> Result<String> {
    let services = specs.iter().filter(|spec| spec.is_of_vendor());
    let hosts = services.flat_map(hosts);
    let code = quote! {
        use crate::Service;
        use crate::cloud::Host;

        pub(crate) const HOSTS: &[Host] = &[#(#hosts),*];
    };
    rust::print("openapi/*.yaml", code)
}

fn hosts(spec: &Spec) -> impl Iterator<Item = TokenStream> {
    spec.api.servers.iter().map(|server| {
        let service = format_ident!("{}", rust::pascal_case(&spec.name));
        // Words in brackets tell the servers of one cloud apart.
        let description = server.description.as_deref().unwrap_or_default();
        let cloud = description.split(" (").next().unwrap_or_default();
        let url = &server.url;
        let variables = server.variables.iter().flatten();
        let regions = variables.flat_map(|(_, variable)| &variable.enumeration);
        quote! {
            Host { service: Service::#service, cloud: #cloud, url: #url, regions: &[#(#regions),*] }
        }
    })
}
