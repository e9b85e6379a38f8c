//! `#[blocking]`: a facade beside the async item.

pub(crate) mod args;
pub(crate) mod attrs;
pub(crate) mod docs;
pub(crate) mod emit;
pub(crate) mod how;
pub(crate) mod method;
pub(crate) mod names;
pub(crate) mod types;

#[cfg(test)]
mod tests;

use crate::errors::Errors;
use args::{On, Options};
use emit::{implementation::Implementation, interface, structure};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::{Attribute, Generics, Ident, Item, ItemImpl, ItemTrait, Visibility};

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let (original, emitted) = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(item)) => {
            let emitted = of_type(args, &item.attrs, &item.vis, &item.ident, &item.generics, &mut errors);
            (item.into_token_stream(), emitted)
        }
        Ok(Item::Enum(item)) => {
            let emitted = of_type(args, &item.attrs, &item.vis, &item.ident, &item.generics, &mut errors);
            (item.into_token_stream(), emitted)
        }
        Ok(Item::Impl(mut item)) => {
            let emitted = of_impl(args, &mut item, &mut errors);
            (item.into_token_stream(), emitted)
        }
        Ok(Item::Trait(mut item)) => {
            let emitted = of_trait(args, &mut item, &mut errors);
            (item.into_token_stream(), emitted)
        }
        Ok(Item::Fn(function)) => {
            errors.at(
                &function.sig.ident,
                "`#[blocking]` stands on types, `impl` blocks and traits; for a function there is `#[pontoon::anysync]`",
            );
            (item, TokenStream::new())
        }
        Ok(_) => {
            errors.here(Span::call_site(), "`#[blocking]` stands on types, `impl` blocks and traits");
            (item, TokenStream::new())
        }
        Err(error) => {
            errors.push(error);
            (item, TokenStream::new())
        }
    };
    // A facade with errors in it would only add to them.
    let emitted = if errors.is_empty() { emitted } else { errors.into_tokens() };
    quote!(#original #emitted)
}

fn of_type(
    args: TokenStream,
    attrs: &[Attribute],
    vis: &Visibility,
    ident: &Ident,
    generics: &Generics,
    errors: &mut Errors,
) -> TokenStream {
    let options = Options::parse(args, On::Type, errors);
    let span = Span::mixed_site().located_at(ident.span());
    let mut conditions = emit::implementation::cfgs(&options);
    conditions.extend(attrs::conditions(attrs));
    let name = ident.to_string();
    let mut kept = emit::documentation(attrs, &name, &name, ident.span());
    kept.extend(attrs::of_type(attrs).into_iter().filter(|attr| !attr.path().is_ident("cfg")));
    let facade = structure::Facade {
        krate: args::krate(&options, span),
        vis,
        name: options.name.clone().unwrap_or_else(|| format_ident!("Blocking{}", ident)),
        generics,
        inner: structure::type_of(ident, generics),
        inner_in_words: name,
        attrs: kept,
        conditions,
        backend: options.backend.as_ref(),
        close: options.close.as_ref().map(|close| (close, options.close_limit.as_ref())),
        clone: attrs::derives(attrs, "Clone"),
        debug: attrs::derives(attrs, "Debug"),
    };
    facade.emit()
}

fn of_impl(args: TokenStream, item: &mut ItemImpl, errors: &mut Errors) -> TokenStream {
    let on = if item.trait_.is_some() { On::TraitImpl } else { On::Impl };
    let options = Options::parse(args, on, errors);
    let krate = args::krate(&options, Span::mixed_site());
    match Implementation::new(item, &options, krate, errors) {
        Some(implementation) => implementation.emit(item, errors),
        None => TokenStream::new(),
    }
}

fn of_trait(args: TokenStream, item: &mut ItemTrait, errors: &mut Errors) -> TokenStream {
    let options = Options::parse(args, On::Trait, errors);
    let krate = args::krate(&options, Span::mixed_site());
    interface::emit(item, &options, krate, errors)
}
