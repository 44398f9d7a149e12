//! The client modules: one progenitor client for each file of `openapi/`.

use anyhow::{Context, Result, ensure};
use openapiv3::{SchemaKind, Type};
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::{ToTokens, quote};
use schemars::schema::{InstanceType, SchemaObject};
use syn::visit_mut::VisitMut;

use crate::policy;
use crate::rust;
use crate::spec::{Role, Spec};

/// Schemas that the client crate has a type of its own for, wherever a file has them.
const CLIENT_TYPES: [&str; 5] = [
    "ProjectId",
    "InstanceId",
    "Username",
    "AdminName",
    "ErrorBody",
];

/// A schema and the Rust type that stands in its place.
pub type Replacement = (String, String);

/// The replacements of one file. A replacement acts by the bare name of a schema, so each file is
/// generated with its own and with none of another file's.
pub fn replacements(spec: &Spec) -> Vec<Replacement> {
    spec.schemas()
        .filter_map(|(name, schema)| {
            if policy::is_secret(schema) {
                Some((name.to_owned(), format!("::repass_policy::{name}")))
            } else if CLIENT_TYPES.contains(&name) {
                Some((name.to_owned(), format!("crate::{name}")))
            } else {
                None
            }
        })
        .collect()
}

/// `crates/repass-client/src/generated/{name}.rs`.
///
/// # Errors
/// What the generator refuses, and a replacement that it passed over.
pub fn generate(spec: &Spec) -> Result<String> {
    let replacements = replacements(spec);
    let code = generate_with(spec, &replacements)?;
    honoured(spec, &replacements, &code)?;
    Ok(code)
}

/// The module's text when just these replacements are asked for.
///
/// # Errors
/// What the generator refuses.
pub fn generate_with(spec: &Spec, replacements: &[Replacement]) -> Result<String> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::Transport))
        .with_conversion(
            time(),
            "::std::string::String",
            std::iter::empty::<TypeImpl>(),
        );
    for (schema, rust) in replacements {
        settings.with_replacement(schema, rust, std::iter::empty::<TypeImpl>());
    }
    let mut generator = Generator::new(&settings);
    let tokens = (generator.generate_tokens(&spec.api)).with_context(|| spec.file.clone())?;
    let mut file = syn::parse2(tokens).context("the generated tokens are not a Rust file")?;
    InContractOrder(spec).visit_file_mut(&mut file);
    rust::print(&spec.file, file.into_token_stream())
}

/// The schema of a time. The client takes it as text: it must not refuse one that is written in
/// another way.
fn time() -> SchemaObject {
    SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some("date-time".to_owned()),
        ..SchemaObject::default()
    }
}

/// Puts the fields of each struct, and with them the members of each body, in the order of the
/// contract, which is that of the vendor's examples; the generator sorts them by name.
struct InContractOrder<'a>(&'a Spec);

impl VisitMut for InContractOrder<'_> {
    fn visit_item_struct_mut(&mut self, item: &mut syn::ItemStruct) {
        let mut schemas = self.0.schemas();
        let schema = schemas.find(|(name, _)| item.ident == name);
        if let Some((_, schema)) = schema
            && let SchemaKind::Type(Type::Object(object)) = &schema.schema_kind
            && let syn::Fields::Named(fields) = &mut item.fields
        {
            let place = |field: &syn::Field| {
                let properties = &mut object.properties.keys();
                let name = |property: &String| rust::snake_case(property);
                properties.position(|property| {
                    field
                        .ident
                        .as_ref()
                        .is_some_and(|ident| ident == &name(property))
                })
            };
            let mut ordered: Vec<_> = std::mem::take(&mut fields.named).into_iter().collect();
            ordered.sort_by_key(place);
            fields.named = ordered.into_iter().collect();
        }
    }
}

/// Checks that each replaced schema is the replacing type wherever the file uses it, and that no
/// type was generated for it.
///
/// # Errors
/// Every use that is of another type.
pub fn honoured(spec: &Spec, replacements: &[Replacement], code: &str) -> Result<()> {
    let file = syn::parse_file(code)?;
    let mut found = Found::default();
    syn::visit::visit_file(&mut found, &file);

    let mut missed = Vec::new();
    for (schema, rust) in replacements {
        if found.types.contains(schema) {
            missed.push(format!("{schema}: a type was generated beside {rust}"));
        }
    }
    for used in spec.uses() {
        let replacement = replacements
            .iter()
            .find(|(schema, _)| Some(schema.as_str()) == used.component);
        let Some((_, rust)) = replacement else {
            continue;
        };
        let operation = used.place.split(", ").next().unwrap_or_default();
        let place = match (used.role, used.owner, used.field) {
            (Role::Parameter, _, Some(field)) => {
                format!(
                    "{}({})",
                    rust::snake_case(operation),
                    rust::snake_case(field)
                )
            }
            (_, Some(owner), Some(field)) => format!("{owner}.{}", rust::snake_case(field)),
            // A whole body: the operation's own signature has it.
            _ => format!("{}()", rust::snake_case(operation)),
        };
        let rust = rust.replace("::", " :: ");
        let as_asked = |(at, of): &(String, String)| *at == place && of.contains(rust.trim());
        if !found.uses.iter().any(as_asked) {
            missed.push(format!(
                "{}: {place} is not {}",
                used.place,
                rust.replace(' ', "")
            ));
        }
    }
    missed.dedup();
    ensure!(
        missed.is_empty(),
        "{}: the generator passed over a replacement\n  {}",
        spec.file,
        missed.join("\n  ")
    );
    Ok(())
}

/// The types that a module defines, and the type of each field, argument and result.
#[derive(Default)]
struct Found {
    types: Vec<String>,
    uses: Vec<(String, String)>,
}

impl<'ast> syn::visit::Visit<'ast> for Found {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.types.push(item.ident.to_string());
        for field in &item.fields {
            if let Some(name) = &field.ident {
                let at = format!("{}.{name}", item.ident);
                self.uses.push((at, field.ty.to_token_stream().to_string()));
            }
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.types.push(item.ident.to_string());
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        let signature = &function.sig;
        let output = signature.output.to_token_stream().to_string();
        self.uses.push((format!("{}()", signature.ident), output));
        for argument in &signature.inputs {
            if let syn::FnArg::Typed(argument) = argument {
                let name = argument.pat.to_token_stream();
                let at = format!("{}({name})", signature.ident);
                self.uses
                    .push((at, argument.ty.to_token_stream().to_string()));
            }
        }
    }
}
