//! The `x-password-policy` extension, and the Rust data that is generated from it.

use anyhow::{Context, Result, bail, ensure};
use openapiv3::{Schema, SchemaKind, StringFormat, StringType, Type, VariantOrUnknownOrEmpty};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde::{Deserialize, Serialize};

use crate::spec::Spec;
use crate::{rules, rust};

/// The name of the extension.
pub const EXTENSION: &str = "x-password-policy";

/// The rules of one password, as the contract states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The shortest password, in characters: the schema's `minLength`.
    pub min_length: usize,
    /// The longest password, in characters: the schema's `maxLength`.
    pub max_length: usize,
    /// The rules that JSON Schema has no words for.
    pub extension: Extension,
}

/// The extension as it stands in the YAML; an unknown key is an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extension {
    /// How many of lower case, upper case, digit and special are needed.
    pub min_classes: usize,
    /// The characters that are special; no other one beside letters and digits is allowed.
    pub specials: String,
    /// Characters that may not stand first.
    #[serde(default)]
    pub forbidden_first: String,
    /// Differs from the user name and from its reverse.
    #[serde(default)]
    pub not_username: bool,
    /// Differs from the old password.
    #[serde(default)]
    pub not_old: bool,
    /// Words that are refused as they stand.
    #[serde(default)]
    pub deny_list: Vec<String>,
}

/// A named schema whose values are secrets, and its rules where it has any.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The schema's name and the Rust type's: `DmsPassword`.
    pub name: String,
    /// The schema's description.
    pub description: String,
    /// The rules, where the contract states any.
    pub policy: Option<PasswordPolicy>,
}

impl Secret {
    /// What the policy is called everywhere: `ddm-account` for `DdmAccountPassword`.
    pub fn policy_name(&self) -> String {
        name(&self.name)
    }
}

/// What the policy of a schema is called: `ddm-account` for `DdmAccountPassword`.
pub fn name(schema: &str) -> String {
    let stem = schema.strip_suffix("Password").unwrap_or(schema);
    rust::snake_case(stem).replace('_', "-")
}

/// Whether the schema says `format: password`.
pub fn is_secret(schema: &Schema) -> bool {
    let format = VariantOrUnknownOrEmpty::Item(StringFormat::Password);
    string(schema).is_some_and(|string| string.format == format)
}

/// The schema as a string, if it is one.
pub fn string(schema: &Schema) -> Option<&StringType> {
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(string)) => Some(string),
        _ => None,
    }
}

/// The rules that a schema states, if it states any.
///
/// # Errors
/// An extension that has an unknown key, lacks one, or makes no sense.
pub fn parse(schema: &Schema) -> Result<Option<PasswordPolicy>> {
    let Some(value) = schema.schema_data.extensions.get(EXTENSION) else {
        return Ok(None);
    };
    let extension: Extension = rules::from_object(value.clone())?;
    ensure!(
        (1..=4).contains(&extension.min_classes),
        "minClasses is {}; there are 4 classes, write 1 to 4",
        extension.min_classes
    );
    for (position, special) in extension.specials.char_indices() {
        ensure!(
            special.is_ascii_punctuation() || special == ' ',
            "specials holds {special:?}; only ASCII punctuation and the space can be special"
        );
        ensure!(
            extension.specials.rfind(special) == Some(position),
            "specials holds {special:?} twice; write it once"
        );
    }
    for first in extension.forbidden_first.chars() {
        ensure!(
            first.is_ascii_alphanumeric() || extension.specials.contains(first),
            "forbiddenFirst holds {first:?}, which no password may hold; remove it or add it to \
             specials"
        );
    }
    for (position, word) in extension.deny_list.iter().enumerate() {
        ensure!(
            !extension
                .deny_list
                .iter()
                .take(position)
                .any(|earlier| earlier == word),
            "denyList holds {word:?} twice; write it once"
        );
    }
    let Some(string) = string(schema).filter(|_| is_secret(schema)) else {
        bail!("the schema is no string with `format: password`; make it one");
    };
    match (string.min_length, string.max_length) {
        (Some(min_length), Some(max_length)) if min_length <= max_length => {
            Ok(Some(PasswordPolicy {
                min_length,
                max_length,
                extension,
            }))
        }
        _ => bail!("the schema needs minLength and maxLength, the first not above the second"),
    }
}

/// The secrets of a file, in its order.
///
/// # Errors
/// The first extension that cannot be read, with the schema's name.
pub fn secrets(spec: &Spec) -> Result<Vec<Secret>> {
    let secrets = spec.schemas().filter(|(_, schema)| is_secret(schema));
    secrets
        .map(|(name, schema)| {
            let policy = parse(schema).with_context(|| format!("{}: {name}", spec.file))?;
            Ok(Secret {
                name: name.to_owned(),
                description: schema.schema_data.description.clone().unwrap_or_default(),
                policy,
            })
        })
        .collect()
}

/// `crates/repass-policy/src/generated.rs`.
///
/// # Errors
/// An extension that cannot be read; Rust that cannot be printed.
pub fn generate(specs: &[Spec]) -> Result<String> {
    let mut secrets = Vec::new();
    for spec in specs {
        secrets.extend(self::secrets(spec)?);
    }
    let policies = secrets.iter().filter(|secret| secret.policy.is_some());
    let policies: Vec<_> = policies.map(constant).collect();
    let constants = secrets.iter().filter_map(data);
    let types = secrets.iter().map(secret_type);
    rust::print(
        "openapi/*.yaml",
        quote! {
            use crate::policy::{Alphabet, DenyList, Policy};
            use crate::secret::{Secret, secret};

            impl Policy {
                #[doc = " Every policy of the contract, file by file."]
                pub const ALL: &[&Policy] = &[#(Self::#policies),*];
                #(#constants)*
            }

            #(#types)*
        },
    )
}

fn constant(secret: &Secret) -> proc_macro2::Ident {
    format_ident!("{}", secret.policy_name().replace('-', "_").to_uppercase())
}

fn data(secret: &Secret) -> Option<TokenStream> {
    let PasswordPolicy {
        min_length,
        max_length,
        extension,
    } = secret.policy.as_ref()?;
    let Extension {
        min_classes,
        specials,
        forbidden_first,
        not_username,
        not_old,
        deny_list,
    } = extension;
    let constant = constant(secret);
    let name = secret.policy_name();
    let doc = format!(" The rules of [`{}`](crate::{0}).", secret.name);
    let number = |n: &usize| proc_macro2::Literal::usize_unsuffixed(*n);
    let (min_length, max_length, min_classes) =
        (number(min_length), number(max_length), number(min_classes));
    Some(quote! {
        #[doc = #doc]
        pub const #constant: &Policy = &Policy {
            name: #name,
            min_length: #min_length,
            max_length: #max_length,
            min_classes: #min_classes,
            alphabet: Alphabet::new(#specials),
            forbidden_first: #forbidden_first,
            not_username: #not_username,
            not_old: #not_old,
            deny_list: DenyList::new(&[#(#deny_list),*]),
        };
    })
}

fn secret_type(secret: &Secret) -> TokenStream {
    let name = format_ident!("{}", secret.name);
    let doc = rust::doc(&secret.description);
    let policy = secret.policy.as_ref().map(|_| {
        let constant = constant(secret);
        quote!(, Policy::#constant)
    });
    quote! {
        #doc
        #[derive(Clone)]
        pub struct #name(Secret);
        secret!(#name #policy);
    }
}
