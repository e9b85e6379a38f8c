//! The options: of an item, and of a method in it.

use crate::errors::Errors;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, Expr, Ident, Meta, Path, PathArguments, Token, Type,
    ext::IdentExt as _,
    parse::{ParseStream, Parser},
};

/// One name, as in `wrap(Transaction)` or `wrap(Transaction => Guard)`.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped {
    pub(crate) path: Path,
    /// Else its name with `Blocking` before it.
    pub(crate) facade: Option<Path>,
}

/// Where options stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Type,
    Impl,
    Trait,
    TraitImpl,
    /// In `facade!`, after the type.
    Facade,
}

impl On {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Type => &["name", "backend", "close", "close_limit", "cfg", "crate"],
            Self::Impl => &["backend", "wrap", "name", "cfg", "crate"],
            Self::Trait => &["trait_name", "backend", "wrap", "cfg", "crate"],
            Self::TraitImpl => &["trait_name", "backend", "wrap", "name", "cfg", "crate"],
            Self::Facade => &["wrap", "close", "close_limit", "cfg", "crate"],
        }
    }

    fn place(self) -> &'static str {
        match self {
            Self::Type => "a type",
            Self::Impl => "an `impl`",
            Self::Trait => "a `trait`",
            Self::TraitImpl => "the `impl` of a trait",
            Self::Facade => "a facade",
        }
    }
}

/// The options of an item.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) krate: Option<Path>,
    pub(crate) name: Option<Ident>,
    pub(crate) trait_name: Option<Path>,
    pub(crate) backend: Option<Type>,
    pub(crate) wraps: Vec<Wrapped>,
    pub(crate) cfgs: Vec<TokenStream>,
    pub(crate) close: Option<Ident>,
    pub(crate) close_limit: Option<Expr>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream, on: On, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let seen = each(tokens, errors, |key, input| options.option(&key.to_string(), key, on, input));
        let close = seen.iter().any(|key| key == "close");
        if let Some(key) = seen.iter().find(|key| *key == "close_limit").filter(|_| !close) {
            errors.at(key, "`close_limit` bounds `close`: add `close = method`, or leave it out");
        }
        options
    }

    /// Parses one option that begins with `key`.
    pub(crate) fn option(&mut self, text: &str, key: &Ident, on: On, input: ParseStream<'_>) -> syn::Result<()> {
        const KNOWN: &[&str] = &["name", "trait_name", "backend", "wrap", "cfg", "close", "close_limit", "crate"];
        if !on.options().contains(&text) {
            let list = quoted(on.options());
            let error = match text {
                "skip" | "iter" | "local" | "returns" | "with" => {
                    format!("`{text}` is an option of a method; on {} these are known: {list}", on.place())
                }
                _ if KNOWN.contains(&text) => format!("`{text}` means nothing on {}; these do: {list}", on.place()),
                _ => format!("there is no option `{text}`; on {} these are known: {list}", on.place()),
            };
            return Err(syn::Error::new(key.span(), error));
        }
        match text {
            "wrap" => self.wraps.extend(list(input)?),
            "cfg" => {
                let content;
                syn::parenthesized!(content in input);
                self.cfgs.push(content.parse()?);
            }
            _ => {
                let _: Token![=] = input.parse()?;
                match text {
                    "crate" => self.krate = Some(input.call(Path::parse_mod_style)?),
                    "name" => self.name = Some(input.parse()?),
                    "trait_name" => self.trait_name = Some(input.call(Path::parse_mod_style)?),
                    "backend" => self.backend = Some(input.parse()?),
                    "close" => self.close = Some(input.parse()?),
                    _ => self.close_limit = Some(input.parse()?),
                }
            }
        }
        Ok(())
    }
}

fn list(input: ParseStream<'_>) -> syn::Result<Vec<Wrapped>> {
    let content;
    syn::parenthesized!(content in input);
    let names = content.parse_terminated(
        |input| {
            let path = input.call(plain_path)?;
            let arrow: Option<Token![=>]> = input.parse()?;
            let facade = arrow.map(|_| input.call(plain_path)).transpose()?;
            Ok(Wrapped { path, facade })
        },
        Token![,],
    )?;
    Ok(names.into_iter().collect())
}

/// A path without generic arguments, which are taken from the signature.
fn plain_path(input: ParseStream<'_>) -> syn::Result<Path> {
    let path: Path = input.parse()?;
    match path.segments.iter().find(|segment| segment.arguments != PathArguments::None) {
        Some(segment) => {
            let text = "name the type without its generic arguments; they are taken from each signature";
            Err(syn::Error::new_spanned(&segment.arguments, text))
        }
        None => Ok(path),
    }
}

/// The options of a method.
#[derive(Clone, Debug, Default)]
pub(crate) struct MethodOptions {
    pub(crate) skip: bool,
    pub(crate) iter: bool,
    pub(crate) local: bool,
    pub(crate) name: Option<Ident>,
    pub(crate) mapping: Option<(Type, Expr)>,
}

impl MethodOptions {
    /// Takes the `#[blocking(..)]` attributes out of `attrs`.
    pub(crate) fn take(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let (mut returns, mut with) = (None, None);
        attrs.retain(|attr| {
            if !is_helper(attr) {
                return true;
            }
            let tokens = match &attr.meta {
                Meta::List(list) => list.tokens.clone(),
                meta => {
                    errors.at(meta, format!("say what is special about this method: {}", quoted(METHOD_OPTIONS)));
                    return false;
                }
            };
            each(tokens, errors, |key, input| {
                match key.to_string().as_str() {
                    "skip" => options.skip = true,
                    "iter" => options.iter = true,
                    "local" => options.local = true,
                    "name" => {
                        let _: Token![=] = input.parse()?;
                        options.name = Some(input.parse()?);
                    }
                    "returns" => {
                        let _: Token![=] = input.parse()?;
                        returns = Some((key.clone(), input.parse::<Type>()?));
                    }
                    "with" => {
                        let _: Token![=] = input.parse()?;
                        with = Some((key.clone(), input.parse::<Expr>()?));
                    }
                    text => {
                        let list = quoted(METHOD_OPTIONS);
                        let text = format!("there is no option `{text}`; on a method these are known: {list}");
                        return Err(syn::Error::new(key.span(), text));
                    }
                }
                Ok(())
            });
            false
        });
        options.mapping = match (returns, with) {
            (Some((_, ty)), Some((_, expr))) => Some((ty, expr)),
            (Some((key, _)), None) => {
                errors.at(key, "`returns` says what to return; say how to get there too: `with = function`");
                None
            }
            (None, Some((key, _))) => {
                errors.at(key, "`with` makes the result; say what it is too: `returns = Type`");
                None
            }
            (None, None) => None,
        };
        options
    }
}

const METHOD_OPTIONS: &[&str] = &["skip", "iter", "local", "name", "returns", "with"];

/// Whether the attribute is `#[blocking(..)]`, by whatever path.
pub(crate) fn is_helper(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "blocking")
}

/// Parses options one by one; after one that is wrong goes on behind the next comma. Gives the names of all.
fn each(
    tokens: TokenStream,
    errors: &mut Errors,
    mut option: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> Vec<Ident> {
    let mut seen: Vec<Ident> = Vec::new();
    let parsed = (|input: ParseStream<'_>| {
        while !input.is_empty() {
            let key = input.call(Ident::parse_any);
            let result = key.and_then(|key| {
                if key != "wrap" && key != "cfg" && seen.contains(&key) {
                    return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
                }
                seen.push(key.clone());
                option(&key, input)?;
                if !input.is_empty() && !input.peek(Token![,]) {
                    return Err(input.error("expected `,` before the next option"));
                }
                Ok(())
            });
            if let Err(error) = result {
                errors.push(error);
                while !input.is_empty() && !input.peek(Token![,]) {
                    let _: TokenTree = input.parse()?;
                }
            }
            let _: Option<Token![,]> = input.parse()?;
        }
        Ok(())
    })
    .parse2(tokens);
    if let Err(error) = parsed {
        errors.push(error);
    }
    seen
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The path of `pontoon`, as generated code writes it.
pub(crate) fn krate(options: &Options, span: Span) -> TokenStream {
    match &options.krate {
        Some(path) => path.to_token_stream(),
        None => quote::quote_spanned!(span=> ::pontoon),
    }
}
