//! The grammar of `facade!`.

use crate::blocking::args::{On, Options};
use crate::errors::Errors;
use syn::{
    Attribute, FnArg, Generics, Ident, Path, Signature, Token, Type, Visibility, WhereClause,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    token,
};

/// A facade and its methods.
pub(crate) struct Definition {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) inner: Type,
    pub(crate) options: Options,
    pub(crate) methods: Vec<Method>,
}

/// A method as it is declared.
pub(crate) struct Method {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) iter: bool,
    pub(crate) sig: Signature,
    /// What is called, if it has another name.
    pub(crate) target: Option<Path>,
}

/// All definitions of one use of the macro.
pub(crate) struct Definitions {
    pub(crate) list: Vec<Definition>,
    pub(crate) errors: Errors,
}

impl Parse for Definitions {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut list, mut errors) = (Vec::<Definition>::new(), Errors::in_declarations());
        while !input.is_empty() {
            let attrs = input.call(Attribute::parse_outer)?;
            let vis: Visibility = input.parse()?;
            if input.peek(Token![struct]) {
                list.push(definition(attrs, vis, input, &mut errors)?);
            } else {
                let method = method(attrs, vis, input)?;
                match list.last_mut() {
                    Some(definition) => definition.methods.push(method),
                    None => errors.at(
                        &method.sig.ident,
                        "say first what this is a method of: `pub struct Name(path::Type) in pontoon::Smol;`",
                    ),
                }
            }
        }
        Ok(Self { list, errors })
    }
}

/// `struct Name<'a>(Type) where .. in Backend, close = method;`
fn definition(
    attrs: Vec<Attribute>,
    vis: Visibility,
    input: ParseStream<'_>,
    errors: &mut Errors,
) -> syn::Result<Definition> {
    let _: Token![struct] = input.parse()?;
    let name = input.parse()?;
    let mut generics: Generics = input.parse()?;
    if !input.peek(token::Paren) {
        return Err(input.error("expected the async type in parentheses: `struct Name(path::Type)`"));
    }
    let content;
    syn::parenthesized!(content in input);
    let inner = content.parse()?;
    if !content.is_empty() {
        return Err(content.error("a facade has one value; name one type"));
    }
    generics.where_clause = where_clause(input)?;
    let mut options = Options::default();
    if input.parse::<Option<Token![in]>>()?.is_some() {
        options.backend = Some(input.parse()?);
    }
    while input.parse::<Option<Token![,]>>()?.is_some() {
        let key = input.call(Ident::parse_any)?;
        options.option(&key.to_string(), &key, On::Facade, input)?;
    }
    if options.close.is_none() && options.close_limit.is_some() {
        errors.at(&name, "`close_limit` bounds `close`: add `close = method`, or leave it out");
    }
    let _: Token![;] = input.parse()?;
    Ok(Definition { attrs, vis, name, generics, inner, options, methods: Vec::new() })
}

/// `where` bounds that end before `in`, `,` at the end of them, or `;`.
fn where_clause(input: ParseStream<'_>) -> syn::Result<Option<WhereClause>> {
    if !input.peek(Token![where]) {
        return Ok(None);
    }
    let where_token = input.parse()?;
    let mut predicates = Punctuated::new();
    while !input.is_empty() && !input.peek(Token![in]) && !input.peek(Token![;]) {
        predicates.push_value(input.parse()?);
        if !input.peek(Token![,]) {
            break;
        }
        predicates.push_punct(input.parse()?);
    }
    Ok(Some(WhereClause { where_token, predicates }))
}

/// `async fn name<T> = target(&self, ..) -> Type where ..;`
fn method(attrs: Vec<Attribute>, vis: Visibility, input: ParseStream<'_>) -> syn::Result<Method> {
    let asyncness = input.parse()?;
    let ahead = input.lookahead1();
    let iter = if ahead.peek(Token![fn]) {
        false
    } else {
        let word: Option<Ident> = input.fork().call(Ident::parse_any).ok();
        if word.is_none_or(|word| word != "iter") {
            return Err(input.error("expected `struct`, `fn`, `async fn` or `iter fn`"));
        }
        input.call(Ident::parse_any)?;
        true
    };
    let fn_token = input.parse()?;
    let ident = input.parse()?;
    let mut generics: Generics = input.parse()?;
    let equals: Option<Token![=]> = input.parse()?;
    let target = equals.map(|_| input.call(target)).transpose()?;
    let content;
    let paren_token = syn::parenthesized!(content in input);
    let inputs = content.parse_terminated(FnArg::parse, Token![,])?;
    let output = input.parse()?;
    generics.where_clause = input.parse()?;
    if input.peek(token::Brace) {
        return Err(input.error("a facade only declares its methods; end this one with `;`"));
    }
    let _: Token![;] = input.parse()?;
    let sig = Signature {
        constness: None,
        asyncness,
        unsafety: None,
        abi: None,
        fn_token,
        ident,
        generics,
        paren_token,
        inputs,
        variadic: None,
        output,
    };
    Ok(Method { attrs, vis, iter, sig, target })
}

/// The name of a method, or the path of a function.
fn target(input: ParseStream<'_>) -> syn::Result<Path> {
    let path = input.call(Path::parse_mod_style)?;
    match path.get_ident() {
        Some(name) if name == "Self" || name == "self" || name == "super" || name == "crate" => {
            Err(syn::Error::new(name.span(), "expected the name of a method, or the path of a function"))
        }
        _ => Ok(path),
    }
}
