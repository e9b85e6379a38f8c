//! `facade!`: a facade of a type of another crate, from declarations.

mod parse;

use crate::blocking::{
    args::{self, MethodOptions, Wrapped},
    attrs, docs,
    emit::{
        self,
        body::{Callee, body},
        implementation::{cfgs, reject_reserved},
        structure,
    },
    method::{Method as Mirrored, Takes},
    names::{Names, in_words, plain, words},
    types::is_container,
};
use crate::errors::Errors;
use parse::{Definition, Definitions, Method};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Ident, Path, Token, Visibility, punctuated::Punctuated};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2::<Definitions>(input) {
        Ok(Definitions { list, mut errors }) => {
            let wraps: Vec<_> = list.iter().flat_map(wrapped).collect();
            let facades: TokenStream =
                list.into_iter().map(|definition| facade(definition, &wraps, &mut errors)).collect();
            if errors.is_empty() { facades } else { errors.into_tokens() }
        }
        Err(error) => error.into_compile_error(),
    }
}

/// The facades of one macro may mention each other, by their own names and by those of their async types.
fn wrapped(definition: &Definition) -> impl Iterator<Item = Wrapped> {
    let facade = Path::from(definition.name.clone());
    let inner =
        plain(&definition.inner).cloned().filter(|path| !is_container(path) && !is_primitive(path)).map(|mut path| {
            path.segments.iter_mut().for_each(|segment| segment.arguments = syn::PathArguments::None);
            path
        });
    [Some(facade.clone()), inner].into_iter().flatten().map(move |path| Wrapped { path, facade: Some(facade.clone()) })
}

/// `u8` and the like are in too many signatures to mean the one in the facade.
fn is_primitive(path: &Path) -> bool {
    path.get_ident().is_some_and(|name| name.to_string().starts_with(char::is_lowercase))
}

fn facade(definition: Definition, wraps: &[Wrapped], errors: &mut Errors) -> TokenStream {
    let Definition { attrs, vis, name, generics, inner, options, methods } = definition;
    let span = Span::mixed_site().located_at(name.span());
    let krate = args::krate(&options, span);
    reject_attributes(&attrs, true, errors);
    let mut conditions = cfgs(&options);
    conditions.extend(attrs::conditions(&attrs));
    let inner_in_words = plain(&inner).map_or_else(|| words(&inner), in_words);
    let link = match plain(&inner) {
        Some(_) => format!("[`{inner_in_words}`]"),
        None => format!("`{inner_in_words}`"),
    };
    let mut kept =
        docs::with_link(&attrs, &format!("The blocking form of {link}."), docs::span_of(&attrs, name.span()));
    kept.extend(attrs::of_type(&attrs).into_iter().filter(|attr| !attr.path().is_ident("cfg")));
    let structure = structure::Facade {
        krate: krate.clone(),
        vis: &vis,
        name: name.clone(),
        generics: &generics,
        inner: inner.clone(),
        inner_in_words,
        attrs: kept,
        conditions: conditions.clone(),
        backend: options.backend.as_ref(),
        close: options.close.as_ref().map(|close| (close, options.close_limit.as_ref())),
        clone: attrs::derives(&attrs, "Clone"),
        debug: attrs::derives(&attrs, "Debug"),
    };
    let structure = structure.emit();

    let mut all = options.wraps.clone();
    all.extend(wraps.iter().cloned());
    let names = Names { krate, inner: Some(inner), has_items: false, wraps: all, associated: Vec::new() };
    let methods: Vec<_> = methods
        .into_iter()
        .filter_map(|declared| method(declared, &vis, &names, &link, options.backend.as_ref(), errors))
        .collect();
    let (head, arguments, clause) = generics.split_for_impl();
    quote_spanned! {span=>
        #structure

        #(#conditions)*
        #[allow(dead_code)]
        impl #head #name #arguments #clause {
            #(#methods)*
        }
    }
}

fn method(
    declared: Method,
    outer: &Visibility,
    names: &Names,
    link: &str,
    backend: Option<&syn::Type>,
    errors: &mut Errors,
) -> Option<TokenStream> {
    let Method { mut attrs, vis, iter, sig, target } = declared;
    let mut options = MethodOptions::take(&mut attrs, errors);
    options.iter |= iter;
    if options.skip {
        errors.at(&sig.ident, "a method that is to be skipped need not be declared");
        return None;
    }
    reject_attributes(&attrs, false, errors);
    let mirrored = Mirrored::new(&attrs, &sig, options, true, names, errors);
    reject_reserved(&mirrored, errors);
    if mirrored.takes == Takes::Nothing && backend.is_none() {
        errors.at(
            &sig.ident,
            format!(
                "`{}` takes no `self`, so it has no runner to run on; name the backend after the type, as in \
                 `struct Name(path::Type) in pontoon::Smol;`",
                sig.ident
            ),
        );
    }
    let call = |method: &Mirrored, value: Option<&Ident>, span: Span| {
        let (name, passed, inner) = (&method.inner, &method.passed, &names.inner);
        match (&target, value) {
            (None, Some(value)) => quote_spanned!(span=> #value.#name(#(#passed),*)),
            (None, None) => quote_spanned!(span=> <#inner>::#name(#(#passed),*)),
            (Some(path), value) => match (path.get_ident(), value) {
                (Some(name), Some(value)) => quote_spanned!(span=> #value.#name(#(#passed),*)),
                (Some(name), None) => quote_spanned!(span=> <#inner>::#name(#(#passed),*)),
                (None, value) => {
                    let value = value.map(|value| quote!(#value,));
                    quote_spanned!(span=> #path(#value #(#passed),*))
                }
            },
        }
    };
    let body = body(&mirrored, &Callee::Other(&call), names, backend);
    let called = target.as_ref().map_or_else(|| sig.ident.to_string(), in_words);
    let text = if called.contains("::") {
        format!("The blocking form of `{called}`.")
    } else {
        format!("The blocking form of `{called}` of {link}.")
    };
    let docs = docs::with_link(&attrs, &text, docs::span_of(&attrs, sig.ident.span()));
    let vis = if matches!(vis, Visibility::Inherited) { outer } else { &vis };
    let method = emit::method(&mirrored, Some(vis), &docs, &body);
    let span = Span::mixed_site().located_at(sig.ident.span());
    Some(quote_spanned!(span=> #[inline] #[track_caller] #method))
}

/// There is no other item that could carry what the facade does not.
fn reject_attributes(attrs: &[Attribute], on_type: bool, errors: &mut Errors) {
    const KEPT: &[&str] = &[
        "doc",
        "cfg",
        "cfg_attr",
        "must_use",
        "deprecated",
        "allow",
        "warn",
        "deny",
        "expect",
        "inline",
        "track_caller",
    ];
    for attr in attrs {
        if on_type && attr.path().is_ident("derive") {
            let Ok(paths) = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else { continue };
            for path in &paths {
                let last = path.segments.last();
                if !last.is_some_and(|last| last.ident == "Clone" || last.ident == "Debug") {
                    errors.at(path, "a facade forwards `Clone` and `Debug`; implement other traits by hand");
                }
            }
        } else if !KEPT.iter().any(|name| attr.path().is_ident(name)) {
            errors.at(attr, "this attribute means nothing on a facade; take it away");
        }
    }
}
