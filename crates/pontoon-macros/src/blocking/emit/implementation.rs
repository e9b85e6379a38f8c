//! The facade of an `impl`, inherent or of a trait.

use super::body::{Callee, body};
use crate::blocking::{
    args::{MethodOptions, Options},
    attrs,
    method::{Method, Takes},
    names::{Names, in_words, plain, with_prefix},
    types::{Mapped, Mapper},
};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ImplItem, ImplItemFn, ItemImpl, Path, Signature, Type, Visibility, visit_mut::VisitMut as _};

/// Methods that every facade has by itself.
pub(crate) const RESERVED: &[&str] =
    &["from_async", "from_async_on", "into_async", "as_async", "as_async_mut", "runner"];

pub(crate) struct Implementation<'a> {
    pub(crate) options: &'a Options,
    pub(crate) names: Names,
    /// The async type, by a path.
    pub(crate) path: Path,
    /// What implements the blocking methods.
    pub(crate) facade: Path,
    /// The trait, and its blocking form.
    pub(crate) interface: Option<(Path, Path)>,
}

impl<'a> Implementation<'a> {
    /// Finds out what is implemented for what.
    pub(crate) fn new(item: &ItemImpl, options: &'a Options, krate: TokenStream, errors: &mut Errors) -> Option<Self> {
        let Some(path) = plain(&item.self_ty).cloned() else {
            errors.at(
                &item.self_ty,
                "`#[blocking]` needs the name of a type here, one whose definition has the attribute too",
            );
            return None;
        };
        let mut facade = with_prefix(&path)?;
        if let (Some(name), Some(last)) = (&options.name, facade.segments.last_mut()) {
            last.ident = name.clone();
        }
        let mut names = Names {
            krate,
            inner: Some((*item.self_ty).clone()),
            has_items: item.trait_.is_some(),
            wraps: options.wraps.clone(),
            associated: Vec::new(),
        };
        // The type by its own name is `Self`, too.
        let mut own = path.clone();
        let mut own_facade = facade.clone();
        for path in [&mut own, &mut own_facade] {
            path.segments.iter_mut().for_each(|segment| segment.arguments = syn::PathArguments::None);
        }
        names.wraps.push(crate::blocking::args::Wrapped { path: own, facade: Some(own_facade) });

        let interface = match &item.trait_ {
            Some((Some(not), ..)) => {
                errors.at(not, "there is nothing to mirror in a negative `impl`; take `#[blocking]` away");
                return None;
            }
            Some((None, path, _)) => Some((path.clone(), blocking_trait(path, options)?)),
            None => None,
        };
        Some(Self { options, names, path, facade, interface })
    }

    pub(crate) fn emit(mut self, item: &mut ItemImpl, errors: &mut Errors) -> TokenStream {
        reject_macros(&item.items, errors);
        attrs::reject_builders(&item.attrs, errors);
        let mut members = Vec::new();
        if self.interface.is_some() {
            self.associated(item, &mut members, errors);
        }
        for member in &mut item.items {
            let ImplItem::Fn(method) = member else { continue };
            members.extend(self.method(method, errors));
        }
        if let Some(unsafety) = &item.unsafety {
            errors.at(unsafety, "an `unsafe` trait has no blocking form, which would have to vouch for it");
        }
        let span = Span::mixed_site()
            .located_at(self.path.segments.last().map_or_else(Span::call_site, |last| last.ident.span()));
        let generics =
            self.names.outside(item.generics.clone(), |outside, generics| outside.visit_generics_mut(generics));
        let (head, _, clause) = generics.split_for_impl();
        let conditions = attrs::conditions(&item.attrs);
        let cfgs = self.options.cfgs.iter().map(|cfg| quote!(#[cfg(#cfg)]));
        let lints =
            item.attrs.iter().filter(|attr| ["allow", "warn", "deny"].iter().any(|name| attr.path().is_ident(name)));
        let facade = &self.facade;
        let interface = self.interface.as_ref().map(|(_, path)| quote!(#path for));
        quote_spanned! {span=>
            #(#conditions)*
            #(#cfgs)*
            #(#lints)*
            #[allow(dead_code)]
            impl #head #interface #facade #clause {
                #(#members)*
            }
        }
    }

    /// The associated types and constants of a trait's `impl`.
    fn associated(&mut self, item: &ItemImpl, members: &mut Vec<TokenStream>, errors: &mut Errors) {
        let Some((interface, _)) = &self.interface else { return };
        let (path, interface) = (self.path.clone(), interface.clone());
        for member in &item.items {
            match member {
                ImplItem::Type(ty) => {
                    let span = ty.ident.span();
                    let Mapped { ty: mapped, how } =
                        Mapper { names: &self.names, errors: &mut *errors, span }.result(&ty.ty);
                    let (conditions, name, generics) = (attrs::conditions(&ty.attrs), &ty.ident, &ty.generics);
                    let clause = &generics.where_clause;
                    members.push(quote!(#(#conditions)* type #name #generics = #mapped #clause;));
                    if !how.is_same() {
                        self.names.associated.push((name.clone(), how));
                    }
                }
                ImplItem::Const(constant) => {
                    let conditions = attrs::conditions(&constant.attrs);
                    let (name, ty) = (&constant.ident, &constant.ty);
                    members.push(quote!(#(#conditions)* const #name: #ty = <#path as #interface>::#name;));
                }
                _ => {}
            }
        }
    }

    fn method(&self, method: &mut ImplItemFn, errors: &mut Errors) -> Option<TokenStream> {
        let options = MethodOptions::take(&mut method.attrs, errors);
        let hidden = self.interface.is_none() && matches!(method.vis, Visibility::Inherited);
        if options.skip || hidden {
            return None;
        }
        let sig = &method.sig;
        let mirrored = Method::new(&method.attrs, sig, options, false, &self.names, errors);
        if self.interface.is_none() {
            reject_reserved(&mirrored, errors);
        }
        reject_missing_backend(&mirrored, sig, self.options.backend.as_ref(), errors);

        let path = &self.path;
        let owner = match &self.interface {
            Some((interface, _)) => quote!(<#path as #interface>),
            None => quote!(<#path>),
        };
        let body = body(&mirrored, &Callee::Path(owner), &self.names, self.options.backend.as_ref());
        let docs = match &self.interface {
            // The trait documents them.
            Some(_) => Vec::new(),
            None => {
                let owner = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
                let (name, target) = (format!("{owner}::{}", sig.ident), format!("{}::{}", in_words(path), sig.ident));
                super::documentation(&method.attrs, &name, &target, sig.ident.span())
            }
        };
        let span = Span::mixed_site().located_at(sig.ident.span());
        let vis = self.interface.is_none().then_some(&method.vis);
        let method = super::method(&mirrored, vis, &docs, &body);
        Some(quote_spanned!(span=> #[inline] #[track_caller] #method))
    }
}

/// `Store` to `BlockingStore`, or to what the option says.
pub(crate) fn blocking_trait(path: &Path, options: &Options) -> Option<Path> {
    let Some(mut named) = options.trait_name.clone() else { return with_prefix(path) };
    if let (Some(last), Some(original)) = (named.segments.last_mut(), path.segments.last()) {
        if last.arguments.is_none() {
            last.arguments = original.arguments.clone();
        }
    }
    Some(named)
}

fn reject_macros(items: &[ImplItem], errors: &mut Errors) {
    for item in items {
        match item {
            ImplItem::Macro(call) => errors.at(
                call,
                "`#[blocking]` cannot see the methods that a macro makes; move the call to an `impl` of its own without \
                 `#[blocking]`, or write the methods out",
            ),
            ImplItem::Verbatim(tokens) => errors.at(tokens, "`#[blocking]` does not understand this item; move it to an `impl` of its own"),
            _ => {}
        }
    }
}

pub(crate) fn reject_reserved(method: &Method, errors: &mut Errors) {
    if RESERVED.iter().any(|name| method.name == name) {
        errors.at(
            &method.name,
            format!(
                "every facade has a `{}` of its own; give the blocking form another name {{rename}}, \
                 or {{skip}}",
                method.name
            ),
        );
    }
}

/// Without a value there is no runner, unless a backend has one.
pub(crate) fn reject_missing_backend(method: &Method, sig: &Signature, backend: Option<&Type>, errors: &mut Errors) {
    if method.takes == Takes::Nothing && backend.is_none() {
        errors.at(
            &sig.ident,
            format!(
                "`{}` takes no `self`, so it has no runner to run on; name the backend, as in \
                 `#[blocking(backend = pontoon::Smol)]`, or {{skip}}",
                sig.ident
            ),
        );
    }
}

/// The conditions that an option adds.
pub(crate) fn cfgs(options: &Options) -> Vec<syn::Attribute> {
    options.cfgs.iter().map(|cfg| syn::parse_quote!(#[cfg(#cfg)])).collect()
}
