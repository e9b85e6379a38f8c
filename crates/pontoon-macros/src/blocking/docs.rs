//! Documentation: the user's text, without the examples that await, and with a link to the async form.

use proc_macro2::Span;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, parse_quote_spanned, spanned::Spanned as _};

/// The documentation of a blocking form: the text in `attrs`, and `link` after it.
pub(crate) fn with_link(attrs: &[Attribute], link: &str, span: Span) -> Vec<Attribute> {
    let mut lines = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        let Meta::NameValue(meta) = &attr.meta else { continue };
        match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                // An empty text has no lines, and stands for one.
                let text_value = text.value();
                let mut each: Vec<_> = text_value.lines().map(str::to_owned).collect();
                if each.is_empty() {
                    each.push(String::new());
                }
                lines.extend(each.into_iter().map(|line| Line::Text(line, text.span())));
            }
            _ => lines.push(Line::Other(Box::new(attr.clone()))),
        }
    }
    let mut lines = without_empty_headings(without_async_examples(lines));
    while lines.last().is_some_and(Line::is_blank) {
        lines.pop();
    }
    let indent = lines.iter().any(|line| matches!(line, Line::Text(text, _) if text.starts_with(' ')));
    let indent = if indent { " " } else { "" };
    if !lines.is_empty() {
        lines.push(Line::Text(String::new(), span));
    }
    lines.push(Line::Text(format!("{indent}{link}"), span));
    lines.into_iter().map(Line::into_attr).collect()
}

/// A line of text, or something that is only known later, such as `include_str!(..)`.
#[derive(Debug)]
enum Line {
    Text(String, Span),
    Other(Box<Attribute>),
}

impl Line {
    fn text(&self) -> &str {
        match self {
            Self::Text(text, _) => text.trim(),
            Self::Other(_) => "..",
        }
    }

    fn is_blank(&self) -> bool {
        self.text().is_empty()
    }

    /// What a fence of code begins and ends with.
    fn fence(&self) -> Option<&str> {
        let text = self.text();
        let first = text.chars().next().filter(|first| matches!(first, '`' | '~'))?;
        let length = text.chars().take_while(|other| *other == first).count();
        (length >= 3).then(|| &text[..length])
    }

    /// How deep a heading this is; zero for none.
    fn level(&self) -> usize {
        let text = self.text();
        let below = text.trim_start_matches('#');
        if below.starts_with(' ') { text.len() - below.len() } else { 0 }
    }

    fn into_attr(self) -> Attribute {
        match self {
            Self::Text(text, span) => {
                let text = LitStr::new(&text, span);
                parse_quote_spanned!(span=> #[doc = #text])
            }
            Self::Other(attr) => *attr,
        }
    }
}

/// Takes out the blocks of code that show async code.
fn without_async_examples(lines: Vec<Line>) -> Vec<Line> {
    let mut kept = Vec::new();
    let mut lines = lines.into_iter();
    while let Some(line) = lines.next() {
        let Some(fence) = line.fence().map(str::to_owned) else {
            kept.push(line);
            continue;
        };
        let mut block = vec![line];
        for line in lines.by_ref() {
            let ends = line.fence().is_some_and(|other| other.starts_with(&fence))
                && line.text() == line.fence().unwrap_or("");
            block.push(line);
            if ends {
                break;
            }
        }
        if !block.iter().any(|line| is_async(line.text())) {
            kept.append(&mut block);
        }
    }
    kept
}

fn is_async(code: &str) -> bool {
    code.contains(".await")
        || code.split(|char: char| !char.is_alphanumeric() && char != '_').any(|word| word == "async")
}

/// Takes out headings that have nothing under them any more.
fn without_empty_headings(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    let mut in_code = false;
    for line in lines.into_iter().rev() {
        in_code ^= line.fence().is_some();
        let below = kept.iter().rev().find(|line| !line.is_blank());
        let empty = below.is_none_or(|below| (1..=line.level()).contains(&below.level()));
        let empty = !in_code && line.level() > 0 && empty;
        if !empty {
            kept.push(line);
        }
    }
    kept.reverse();
    kept
}

/// A span for text that is not the user's.
pub(crate) fn span_of(attrs: &[Attribute], other: Span) -> Span {
    attrs.iter().find(|attr| attr.path().is_ident("doc")).map_or(other, |attr| attr.span())
}
