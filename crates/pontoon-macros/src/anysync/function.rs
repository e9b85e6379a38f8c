//! The function under the attribute.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::{
    AttrStyle, Attribute, Signature, Token, Visibility,
    parse::{Parse, ParseStream},
};

/// A function, a method, or the declaration of one in a trait.
///
/// Its body stays the tokens that it was: what is wrong in there is for the compiler to say.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Group>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = match input.parse::<Option<Token![;]>>()? {
            Some(_) => None,
            None => Some(body(input, &mut attrs)?),
        };
        Ok(Self { attrs, vis, sig, body })
    }
}

/// Takes the braces and what is in them; attributes at the head of the body become attributes of the function.
fn body(input: ParseStream<'_>, attrs: &mut Vec<Attribute>) -> syn::Result<Group> {
    let group = braces(input.parse()?)?;
    let inside = |content: ParseStream<'_>| {
        let inner = content.call(Attribute::parse_inner)?;
        attrs.extend(inner.into_iter().map(|attr| Attribute { style: AttrStyle::Outer, ..attr }));
        content.parse::<TokenStream>()
    };
    let mut stripped = Group::new(Delimiter::Brace, syn::parse::Parser::parse2(inside, group.stream())?);
    // The edition of the braces says when the last expression's temporaries go.
    stripped.set_span(group.span());
    Ok(stripped)
}

/// The group in braces, which a macro may have put into an invisible one.
fn braces(token: TokenTree) -> syn::Result<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Ok(group),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => braces(syn::parse2(group.stream())?),
        other => Err(syn::Error::new(other.span(), "expected the body of the function, in braces")),
    }
}
