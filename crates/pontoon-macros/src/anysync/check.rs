//! What speaks against a function, each with its remedy.

use super::{function::Function, kind};
use crate::errors::Errors;
use proc_macro2::TokenStream;
use syn::Item;

/// Notes everything that no function may have, whatever it returns.
pub(crate) fn function(function: &Function, errors: &mut Errors) {
    let sig = &function.sig;
    if is_main(function) {
        errors.at(
            &sig.ident,
            "`main` has nobody to run what it returns; write `fn main() { pontoon::run(async { .. }) }`, or move the \
             body to a function of another name",
        );
    }
    if let Some(token) = &sig.constness {
        errors.at(token, "a `const fn` cannot wait; remove `const`");
    }
    if let Some(token) = &sig.unsafety {
        errors.at(
            token,
            "callers would have to keep their promise until the value has run; make it a safe function, with such a \
             block around what needs it",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.at(
            abi,
            "other languages cannot take what this function returns; remove `extern`, and call `.run()` in an `extern` \
             function of its own",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "the arguments must have types, because the value keeps them; name them");
    }
    if let Some(span) = sig.asyncness.and_then(|_| kind::is_never(&sig.output)) {
        errors.here(span, "`!` is no type that a future can give; return `std::convert::Infallible`");
    }
    for attr in &function.attrs {
        let Some(last) = attr.path().segments.last() else { continue };
        if ["test", "bench", "main"].iter().any(|name| last.ident == name) {
            let text = format!(
                "`#[{}]` wants a function that has run when it returns; use one of the two, and call `.run()` where the \
                 value is needed",
                last.ident
            );
            errors.at(attr.path(), text);
        }
    }
}

/// Whether the program would start with it. A method called `main` is like any other.
pub(crate) fn is_main(function: &Function) -> bool {
    let sig = &function.sig;
    sig.ident == "main" && sig.inputs.is_empty() && sig.generics.params.is_empty()
}

/// What to say about an item that is no function.
pub(crate) fn no_function(item: &TokenStream, error: syn::Error) -> syn::Error {
    let each = "`#[anysync]` belongs on a function; put it on each function in here that needs it";
    let other = "`#[anysync]` belongs on a function: an `async fn`, or one that returns `impl Stream`, `impl Future` or \
                 `impl AsyncContext`";
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Impl(item)) => syn::Error::new_spanned(item.impl_token, each),
        Ok(Item::Trait(item)) => syn::Error::new_spanned(item.trait_token, each),
        Ok(Item::Mod(item)) => syn::Error::new_spanned(item.mod_token, each),
        Ok(Item::Fn(_)) | Err(_) => error,
        Ok(Item::Struct(item)) => syn::Error::new_spanned(
            item.struct_token,
            "`#[anysync]` belongs on a function; a type becomes a context by `impl AsyncContext`, and is entered with \
             `AnyContext::new(value).enter()`",
        ),
        Ok(item) => syn::Error::new_spanned(item, other),
    }
}
