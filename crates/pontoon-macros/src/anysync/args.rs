//! The options in the parentheses: `crate = path`, `runner = expr`, and one of `future`, `stream`, `context`.

use super::kind::Kind;
use crate::errors::Errors;
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::{
    Expr, LitStr, Path, Token,
    ext::IdentExt as _,
    parse::{ParseStream, Parser as _},
    parse_quote,
};

const KNOWN: &str = "the options are `crate = path`, `runner = expression`, and `future`, `stream` or `context` for what \
                     the function returns";

#[derive(Debug)]
pub(crate) struct Options {
    /// Where the `pontoon` crate is to be found.
    pub(crate) krate: Path,
    /// Whose loop a blocking use runs on.
    pub(crate) runner: Option<Expr>,
    /// What the function returns, where its signature does not say.
    pub(crate) kind: Option<(Ident, Kind)>,
}

impl Options {
    /// Reads what can be read, and notes what cannot.
    pub(crate) fn read(args: TokenStream, errors: &mut Errors) -> Self {
        let mut found = Found::default();
        let read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = found.option(input, errors) {
                    errors.push(error);
                    skip_option(input)?;
                }
            }
            Ok(())
        };
        if let Err(error) = read.parse2(args) {
            errors.push(error);
        }
        Self { krate: found.krate.unwrap_or_else(|| parse_quote!(::pontoon)), runner: found.runner, kind: found.kind }
    }
}

#[derive(Default)]
struct Found {
    krate: Option<Path>,
    runner: Option<Expr>,
    kind: Option<(Ident, Kind)>,
}

impl Found {
    fn option(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if !input.peek(syn::Ident::peek_any) {
            return Err(input.error(format_args!("expected an option; {KNOWN}")));
        }
        let name = input.call(syn::Ident::parse_any)?;
        let again = match &*name.to_string() {
            "crate" => self.krate.replace(krate(input, &name)?).is_some(),
            "runner" => self.runner.replace(value(input, &name, "an expression that gives a `Runner`")?).is_some(),
            word => {
                let Some(kind) = Kind::named(word) else {
                    return Err(syn::Error::new(name.span(), format_args!("`{word}` is no option; {KNOWN}")));
                };
                match &self.kind {
                    Some((first, other)) if *other != kind => {
                        let text = format!("the function returns a {first} already; keep one of the two");
                        return Err(syn::Error::new(name.span(), text));
                    }
                    _ => self.kind.replace((name.clone(), kind)).is_some(),
                }
            }
        };
        if again {
            errors.here(name.span(), format_args!("`{name}` is given twice; keep one"));
        }
        match input.is_empty() {
            true => Ok(()),
            false if input.peek(Token![,]) => input.parse::<Token![,]>().map(drop),
            false => Err(input.error("expected a comma between two options")),
        }
    }
}

fn krate(input: ParseStream<'_>, name: &Ident) -> syn::Result<Path> {
    let equals = input.peek(Token![=]) && input.peek2(LitStr);
    if equals {
        input.parse::<Token![=]>()?;
        let text = input.parse::<LitStr>()?;
        let path = text.value();
        return Err(syn::Error::new(text.span(), format_args!("write the path without quotes: `crate = {path}`")));
    }
    let path: Path = value(input, name, "the path of the pontoon crate")?;
    Ok(path)
}

fn value<T: syn::parse::Parse>(input: ParseStream<'_>, name: &Ident, what: &str) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(name.span(), format_args!("`{name}` needs a value, {what}: `{name} = ..`")));
    }
    let equals = input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new(equals.span, format_args!("`{name}` needs a value, {what}")));
    }
    input.parse()
}

/// Goes to the next option, so that its errors are shown, too.
fn skip_option(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        if let TokenTree::Punct(punct) = input.parse::<TokenTree>()? {
            if punct.as_char() == ',' {
                break;
            }
        }
    }
    Ok(())
}
