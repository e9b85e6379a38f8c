//! The blocking form of a trait.

use super::{
    body::{Callee, body},
    implementation::{blocking_trait, cfgs, reject_missing_backend},
};
use crate::blocking::{
    args::{MethodOptions, Options},
    attrs,
    method::Method,
    names::Names,
};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{GenericParam, Ident, ItemTrait, Path, TraitItem, TraitItemFn};

pub(crate) fn emit(item: &mut ItemTrait, options: &Options, krate: TokenStream, errors: &mut Errors) -> TokenStream {
    let span = Span::mixed_site().located_at(item.ident.span());
    if let Some(unsafety) = &item.unsafety {
        errors.at(unsafety, "an `unsafe` trait has no blocking form, which would have to vouch for it");
    }
    let names = Names {
        krate: krate.clone(),
        inner: None,
        has_items: true,
        wraps: options.wraps.clone(),
        associated: Vec::new(),
    };
    let (_, arguments, _) = item.generics.split_for_impl();
    let original = &item.ident;
    let original = quote!(#original #arguments);
    let mut members = Vec::new();
    let mut with_defaults = false;
    let mut in_defaults = Vec::new();
    for member in &mut item.items {
        match member {
            TraitItem::Fn(method) => {
                let Some((tokens, default)) = self::method(method, &item.ident, &original, options, &names, errors)
                else {
                    continue;
                };
                if default {
                    with_defaults = true;
                    in_defaults.push(method.sig.clone());
                }
                members.push(tokens);
            }
            TraitItem::Type(ty) => {
                let kept = attrs::of_method(&ty.attrs);
                let docs = super::documentation(
                    &ty.attrs,
                    &format!("{}::{}", item.ident, ty.ident),
                    &format!("{}::{}", item.ident, ty.ident),
                    ty.ident.span(),
                );
                let (name, generics, bounds, colon) = (&ty.ident, &ty.generics, &ty.bounds, &ty.colon_token);
                let clause = &generics.where_clause;
                members.push(quote!(#(#docs)* #(#kept)* type #name #generics #colon #bounds #clause;));
            }
            TraitItem::Const(constant) => {
                let kept = attrs::of_method(&constant.attrs);
                let docs = super::documentation(
                    &constant.attrs,
                    &format!("{}::{}", item.ident, constant.ident),
                    &format!("{}::{}", item.ident, constant.ident),
                    constant.ident.span(),
                );
                let (name, ty) = (&constant.ident, &constant.ty);
                let default = constant.default.as_ref().map(|_| {
                    with_defaults = true;
                    quote_spanned!(span=> = <<Self as #krate::__private::Facade>::Async as #original>::#name)
                });
                members.push(quote!(#(#docs)* #(#kept)* const #name: #ty #default;));
            }
            TraitItem::Macro(call) => {
                errors.at(call, "`#[blocking]` cannot see the methods that a macro makes; write them out")
            }
            TraitItem::Verbatim(tokens) => errors.at(tokens, "`#[blocking]` does not understand this item"),
            _ => {}
        }
    }
    let path = Path::from(item.ident.clone());
    let Some(name) = blocking_trait(&path, options) else { return TokenStream::new() };
    if name.segments.len() != 1 {
        errors.at(&name, "the blocking trait is emitted beside this one; give it a name without a path");
    }
    let docs = super::documentation(&item.attrs, &item.ident.to_string(), &item.ident.to_string(), item.ident.span());
    let kept = attrs::of_type(&item.attrs);
    let (vis, cfgs) = (&item.vis, cfgs(options));
    let mut supers: Vec<_> = item.supertraits.iter().map(|bound| supertrait(bound, &names)).collect();
    if with_defaults {
        // A default calls the one of the async trait, so it needs an implementor of that.
        let same = shared_types(item, &in_defaults, &quote!(#name #arguments));
        let params: Vec<_> = item.generics.params.iter().map(argument).collect();
        let original = &item.ident;
        let threads =
            is_async_trait(&item.attrs).then(|| quote_spanned!(span=> + ::core::marker::Send + ::core::marker::Sync));
        supers
            .push(quote_spanned!(span=> #krate::__private::Facade<Async: #original<#(#params,)* #(#same),*> #threads>));
    }
    let colon = (!supers.is_empty()).then(|| quote!(:));
    let (params, clause) = (&item.generics.params, &item.generics.where_clause);
    let params = (!params.is_empty()).then(|| quote!(<#params>));
    quote_spanned! {span=>
        #(#docs)*
        #(#kept)*
        #(#cfgs)*
        #[allow(dead_code)]
        #vis trait #name #params #colon #(#supers)+* #clause {
            #(#members)*
        }
    }
}

/// The associated types in the signatures of defaults: both traits have to mean the same by them.
fn shared_types(item: &ItemTrait, signatures: &[syn::Signature], blocking: &TokenStream) -> Vec<TokenStream> {
    struct Find<'a>(&'a Ident, bool);
    impl syn::visit::Visit<'_> for Find<'_> {
        fn visit_path(&mut self, path: &Path) {
            let mut segments = path.segments.iter();
            let own = segments.next().is_some_and(|first| first.ident == "Self");
            self.1 |= own && segments.next().is_some_and(|second| second.ident == *self.0);
            syn::visit::visit_path(self, path);
        }
    }
    let mut shared = Vec::new();
    for member in &item.items {
        let TraitItem::Type(ty) = member else { continue };
        let mut find = Find(&ty.ident, false);
        signatures.iter().for_each(|sig| syn::visit::Visit::visit_signature(&mut find, sig));
        if find.1 {
            let name = &ty.ident;
            shared.push(quote!(#name = <Self as #blocking>::#name));
        }
    }
    shared
}

/// Whether `#[async_trait]` makes the defaults ask for `Send` and `Sync`.
fn is_async_trait(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let named = attr.path().segments.last().is_some_and(|last| last.ident == "async_trait");
        named && !matches!(&attr.meta, syn::Meta::List(list) if list.tokens.to_string().contains("Send"))
    })
}

/// A parameter of the trait as an argument of it.
fn argument(param: &GenericParam) -> TokenStream {
    match param {
        GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
        GenericParam::Type(param) => param.ident.to_token_stream(),
        GenericParam::Const(param) => param.ident.to_token_stream(),
    }
}

/// A supertrait that is wrapped has a blocking form; any other stays.
fn supertrait(bound: &syn::TypeParamBound, names: &Names) -> TokenStream {
    if let syn::TypeParamBound::Trait(bound) = bound {
        if let Some(facade) = names.facade_of(&bound.path) {
            return quote!(#facade);
        }
    }
    quote!(#bound)
}

fn method(
    method: &mut TraitItemFn,
    owner: &Ident,
    original: &TokenStream,
    options: &Options,
    names: &Names,
    errors: &mut Errors,
) -> Option<(TokenStream, bool)> {
    let own = MethodOptions::take(&mut method.attrs, errors);
    if own.skip {
        return None;
    }
    let sig = &method.sig;
    let span = Span::mixed_site().located_at(sig.ident.span());
    let mirrored = Method::new(&method.attrs, sig, own, false, names, errors);
    let krate = names.krate(span);
    let default = method.default.is_some();
    let body = if default {
        reject_missing_backend(&mirrored, sig, options.backend.as_ref(), errors);
        let callee = Callee::Path(quote_spanned!(span=> <<Self as #krate::__private::Facade>::Async as #original>));
        body(&mirrored, &callee, names, options.backend.as_ref())
    } else {
        quote!(;)
    };
    let name = format!("{owner}::{}", sig.ident);
    let docs = super::documentation(&method.attrs, &name, &name, sig.ident.span());
    let caller = default.then(|| quote_spanned!(span=> #[track_caller]));
    let tokens = super::method(&mirrored, None, &docs, &body);
    Some((quote!(#caller #tokens), default))
}
