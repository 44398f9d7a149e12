//! Rust as text: names, doc comments and printing, the same way for every generated file.

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;

/// `reset_password` of `resetPassword` or `ResetPassword`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// `Dms` of `dms`.
pub fn pascal_case(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// A text as doc attributes, one for each line.
pub fn doc(text: &str) -> TokenStream {
    let lines = text.trim_end().lines().map(|line| format!(" {line}"));
    quote!(#(#[doc = #lines])*)
}

/// The tokens as a file's text below the line that names its source.
///
/// # Errors
/// Tokens that are no Rust file.
pub fn print(source: &str, tokens: TokenStream) -> Result<String> {
    let mut file = syn::parse2(tokens).context("the generated tokens are not a Rust file")?;
    OneDocLineEach.visit_file_mut(&mut file);
    let code = prettyplease::unparse(&file);
    Ok(format!(
        "// Generated from {source} by `cargo xtask codegen`. Do not edit.\n\n{code}"
    ))
}

/// A doc attribute of several lines is printed as a block comment, whose indented lines rustdoc
/// takes for code; one attribute a line is printed as `///`.
struct OneDocLineEach;

impl VisitMut for OneDocLineEach {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        *attributes = std::mem::take(attributes)
            .into_iter()
            .flat_map(|attribute| match doc_text(&attribute) {
                Some(text) if text.contains('\n') => text
                    .trim_end()
                    .lines()
                    .map(|line| {
                        if line.is_empty() {
                            String::new()
                        } else {
                            format!(" {}", line.strip_prefix(' ').unwrap_or(line))
                        }
                    })
                    .map(|line| syn::parse_quote!(#[doc = #line]))
                    .collect(),
                _ => vec![attribute],
            })
            .collect();
    }
}

fn doc_text(attribute: &syn::Attribute) -> Option<String> {
    if !attribute.path().is_ident("doc") {
        return None;
    }
    match &attribute.meta.require_name_value().ok()?.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}
