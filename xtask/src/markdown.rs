//! Markdown of the tree as HTML of the site.

use anyhow::Result;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A file of the tree that the site shows.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file's path from the root of the repository: `openapi/README.md`.
    pub path: String,
    /// What stands before its first `##`, and then each part that begins with one.
    pub parts: Vec<Part>,
}

/// A part of a [`Document`], up to the next heading of its level.
#[derive(Debug, Clone)]
pub struct Part {
    /// The anchors of the headings in it, as code hosts make them; the part's own is the first.
    pub anchors: Vec<String>,
    /// The Markdown.
    pub text: String,
}

impl Document {
    /// Takes a file apart.
    pub fn parse(path: &str, text: &str) -> Self {
        let mut parts = vec![Part {
            anchors: Vec::new(),
            text: String::new(),
        }];
        let mut end = 0;
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
            match &event {
                Event::Start(Tag::Heading { level, .. }) => {
                    heading = Some(String::new());
                    if *level == HeadingLevel::H2 {
                        close(&mut parts, text, &mut end, range.start);
                        parts.push(Part {
                            anchors: Vec::new(),
                            text: String::new(),
                        });
                    }
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    if let (Some(heading), Some(part)) = (heading.take(), parts.last_mut()) {
                        part.anchors.push(anchor(&heading));
                    }
                }
                _ => {}
            }
        }
        close(&mut parts, text, &mut end, text.len());
        Self {
            path: path.to_owned(),
            parts,
        }
    }
}

const OPTIONS: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);

/// Gives the last part what stands between `start` and `end`.
fn close(parts: &mut [Part], text: &str, start: &mut usize, end: usize) {
    if let Some(part) = parts.last_mut() {
        part.text = text.get(*start..end).unwrap_or_default().to_owned();
    }
    *start = end;
}

/// `where-the-vendors-pages-disagree` of `Where the vendor's pages disagree`.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let characters = lower.chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ => Some(character).filter(|character| character.is_alphanumeric()),
    });
    characters.collect()
}

/// The id of a heading where a page shows more than one document.
pub fn id(document: Option<&str>, anchor: &str) -> String {
    match document {
        Some(document) => format!("{document}-{anchor}"),
        None => anchor.to_owned(),
    }
}

/// The Markdown as HTML. One `document` among others on a page has its headings one level further
/// down, and its name in their ids. `link` says where a link leads to, or nothing where only its
/// text is to stay.
///
/// # Errors
/// What `link` has against a link.
pub fn to_html(
    text: &str,
    document: Option<&str>,
    mut link: impl FnMut(&str) -> Result<Option<String>>,
) -> Result<String> {
    let down = usize::from(document.is_some());
    let deeper = |level: HeadingLevel| HeadingLevel::try_from(level as usize + down);
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut heading: Option<(usize, String)> = None;
    let mut kept = Vec::new();
    for mut event in Parser::new_ext(text, OPTIONS) {
        match &mut event {
            Event::Start(Tag::Heading { level, .. }) => {
                *level = deeper(*level).unwrap_or(*level);
                heading = Some((events.len(), String::new()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, heading)) = &mut heading {
                    heading.push_str(text);
                }
            }
            Event::End(TagEnd::Heading(level)) => {
                *level = deeper(*level).unwrap_or(*level);
                if let Some((start, text)) = heading.take()
                    && let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(start)
                {
                    *id = Some(CowStr::from(self::id(document, &anchor(&text))));
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let target = link(dest_url)?;
                kept.push(target.is_some());
                match target {
                    Some(target) => *dest_url = CowStr::from(target),
                    None => continue,
                }
            }
            Event::End(TagEnd::Link) if kept.pop() == Some(false) => continue,
            _ => {}
        }
        events.push(event);
    }
    let mut made = String::new();
    html::push_html(&mut made, events.into_iter());
    // In text these are escaped, so only what is meant is found. What scrolls is to be reached by
    // keyboard.
    Ok(made
        .replace("<table>", "<table class=\"list\">")
        .replace("<th>", "<th scope=\"col\">")
        .replace("<pre>", "<pre tabindex=\"0\">"))
}
