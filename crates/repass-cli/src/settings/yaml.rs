//! A YAML file as a tree whose nodes know their lines.
//!
//! The files hold secrets. A mistake is reported as file, line and field, in words of our own: a
//! YAML parser's message may quote what it could not read.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use repass_client::Secret;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    Error, Location, NonFiniteFloatPolicy, Spanned, from_str_with_options, options,
};

use super::found::Source;
use super::table;
use crate::failure::Failure;
use crate::input::Input;

/// More than any such file has.
const LARGEST_KIB: u16 = 256;

/// A file that was read.
pub(crate) struct Document {
    path: PathBuf,
    pub(crate) root: Spanned<Node>,
}

/// The content of a place in the file.
#[derive(Clone)]
pub(crate) enum Node {
    Map(Fields),
    List(Vec<Spanned<Self>>),
    Text(Secret),
    /// A flag or a number, as it is written.
    Scalar(Secret),
    Nothing,
}

pub(crate) type Fields = Vec<(String, Spanned<Node>)>;

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or is not YAML.
    pub(crate) fn read(path: PathBuf) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let input = Input {
            name: &name,
            largest_kib: LARGEST_KIB,
            next: "make it a YAML file in UTF-8, as OpenStack's tools read it",
        };
        let file = File::open(&path).map_err(|error| input.unreadable(&error))?;
        let text = input.read_file(file)?;
        Self::parse(path, &text)
    }

    /// Reads a text as the file of this name.
    ///
    /// # Errors
    /// The text is not YAML.
    pub(crate) fn parse(path: PathBuf, text: &str) -> Result<Self, Failure> {
        let options = options! {
            // They quote lines of the file.
            with_snippet: false,
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        };
        let root = from_str_with_options::<Spanned<Node>>(text, options);
        let mut root = root.map_err(|error| mistake(&path, &error))?;
        root.value.read_scalars(&root.defined, text);
        Ok(Self { path, root })
    }

    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The node below these keys.
    ///
    /// # Errors
    /// A node on the way is not a map.
    pub(crate) fn node(&self, path: &[&str]) -> Result<Option<&Spanned<Node>>, Failure> {
        let mut node = &self.root;
        for (depth, key) in path.iter().enumerate() {
            let Some(map) = self.map_at(node, path.get(..depth).unwrap_or_default())? else {
                return Ok(None);
            };
            match map.iter().find(|(each, _)| each == key) {
                Some((_, below)) => node = below,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// The map below these keys.
    ///
    /// # Errors
    /// See [`Document::node`].
    pub(crate) fn map(&self, path: &[&str]) -> Result<Option<&Fields>, Failure> {
        match self.node(path)? {
            None => Ok(None),
            Some(node) => self.map_at(node, path),
        }
    }

    /// The fields of this node.
    ///
    /// # Errors
    /// It is not a map.
    pub(crate) fn map_at<'a>(
        &self,
        node: &'a Spanned<Node>,
        path: &[&str],
    ) -> Result<Option<&'a Fields>, Failure> {
        match &node.value {
            Node::Map(map) => Ok(Some(map)),
            Node::Nothing => Ok(None),
            _ => Err(self.is_not("a map", node, path)),
        }
    }

    pub(crate) fn source(&self, node: &Spanned<Node>, path: &[&str]) -> Source {
        Source::File {
            path: self.path.clone(),
            line: node.defined.line(),
            field: (!path.is_empty()).then(|| path.join(".")),
        }
    }

    pub(crate) fn is_not(&self, what: &str, node: &Spanned<Node>, path: &[&str]) -> Failure {
        let place = if path.is_empty() {
            let line = node.defined.line();
            format!("{}, line {line}, the whole file", self.name())
        } else {
            self.source(node, path).to_string()
        };
        let next = match what {
            "a text" => "write one value there, in quotes",
            "a list" => "write it as a list: each item on a line of its own, after a hyphen",
            _ => "write fields below it, each on a line of its own",
        };
        Failure::usage(format!("{place}: must be {what}"), next)
    }
}

fn mistake(path: &Path, error: &Error) -> Failure {
    let line = error.location().map(|location| location.line());
    let line = line.filter(|line| *line > 0);
    let line = line.map(|line| format!(", line {line}"));
    // Of our own fields only: another one could be a value that lost its own.
    let field = match error {
        Error::DuplicateMappingKey { key, .. } => key.as_deref(),
        _ => None,
    };
    let field = field.filter(|field| table::is_field(&field.replace('-', "_")));
    let field = field.map(|field| format!(", field {field}"));
    let (problem, next) = match error {
        Error::DuplicateMappingKey { .. } => ("a field stands there twice", "remove one of them"),
        Error::MultipleDocuments { .. } => (
            "has more than one document",
            "keep one: remove the line --- and what another one says",
        ),
        // The last one is how any of the others is reported from within an alias.
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasError { .. } => ("repeats too much through aliases", "write it out"),
        _ => (
            "is not valid YAML",
            "look there for a tab, a quote that is not closed, or a value with a colon in it or with @, \
             %, *, & or ` at its start: put it in quotes",
        ),
    };
    Failure::usage(
        format!(
            "{}{}{}: {problem}",
            path.display(),
            line.unwrap_or_default(),
            field.unwrap_or_default()
        ),
        next,
    )
}

impl Node {
    /// Finds out how scalars are written, and takes a number for its text where no reading of YAML
    /// could take it for another one, as OpenStack's tools do with ids.
    fn read_scalars(&mut self, location: &Location, text: &str) {
        match self {
            Self::Map(map) => {
                for (_, node) in map {
                    node.value.read_scalars(&node.defined, text);
                }
            }
            Self::List(items) => {
                for node in items {
                    node.value.read_scalars(&node.defined, text);
                }
            }
            Self::Scalar(_) => {
                let span = location.span();
                let range = span.byte_offset().zip(span.byte_len());
                let range = range.map(|(start, length)| start as usize..(start + length) as usize);
                let written = range.and_then(|range| text.get(range)).unwrap_or_default();
                *self = if is_id(written) {
                    Self::Text(written.into())
                } else {
                    Self::Scalar(written.into())
                };
            }
            Self::Text(_) | Self::Nothing => {}
        }
    }
}

/// Returns whether this is a whole number, or a text such as `12e34`, which some readers take for a
/// number.
fn is_id(written: &str) -> bool {
    let (number, exponent) = match written.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (written, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(number)
        && exponent.is_none_or(is_digits)
        && (exponent.is_some() || !number.starts_with('0'))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

/// Takes any content, so that only what is needed can be wrong.
struct AnyNode;

impl AnyNode {
    fn scalar() -> Node {
        Node::Scalar("".into())
    }
}

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Self::scalar())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Self::scalar())
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Self::scalar())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Self::scalar())
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Self::scalar())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Self::scalar())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}
