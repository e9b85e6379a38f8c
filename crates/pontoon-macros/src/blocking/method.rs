//! One method: what it takes, what it gives, and whether that can be mirrored.

use super::{
    args::MethodOptions,
    attrs,
    how::How,
    names::{Names, is_self, last, plain, words},
    types::{Mapped, Mapper, associated_type, boxed_dyn, stream_in, type_arguments},
};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{
    Attribute, FnArg, GenericParam, Generics, Ident, Pat, Receiver, ReturnType, Signature, Type, TypeParamBound,
    visit_mut::VisitMut as _,
};

/// How the method takes its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// It takes none.
    Nothing,
    Ref,
    Mut,
    Value,
}

/// What a call gives at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// `async fn`: a future that has not begun.
    Async,
    /// A future that is made in the runtime's context.
    Future,
    /// The result itself.
    Value,
    /// What the signature does not tell: a future or the result.
    Either,
}

/// What becomes of the result.
#[derive(Debug)]
pub(crate) enum Output {
    /// Converted, as its type says.
    Converted(How),
    /// It is `self` again.
    Echo,
    /// Given to the user's own function.
    By(syn::Expr),
}

/// A method that can be mirrored.
#[derive(Debug)]
pub(crate) struct Method {
    /// Its name where it comes from.
    pub(crate) inner: Ident,
    pub(crate) name: Ident,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) takes: Takes,
    pub(crate) gives: Gives,
    pub(crate) local: bool,
    pub(crate) output: Output,
    pub(crate) generics: Generics,
    /// The arguments as declared, and as passed on.
    pub(crate) declared: Vec<TokenStream>,
    pub(crate) passed: Vec<TokenStream>,
    /// `-> Type`, or nothing.
    pub(crate) returns: TokenStream,
    pub(crate) attrs: Vec<Attribute>,
}

impl Method {
    /// Looks at a method; notes what cannot be mirrored.
    pub(crate) fn new(
        attrs: &[Attribute],
        sig: &Signature,
        options: MethodOptions,
        either: bool,
        names: &Names,
        errors: &mut Errors,
    ) -> Self {
        let name = options.name.clone().unwrap_or_else(|| sig.ident.clone());
        let span = Span::mixed_site().located_at(sig.ident.span());
        attrs::reject_builders(attrs, errors);
        reject_qualifiers(sig, errors);
        reject_stream_parameters(&sig.generics, errors);
        let (receiver, takes) = receiver(sig, errors);

        let (mut declared, mut passed) = (Vec::new(), Vec::new());
        for (number, argument) in sig.inputs.iter().enumerate() {
            let FnArg::Typed(argument) = argument else { continue };
            reject_argument_attributes(&argument.attrs, errors);
            let ident = argument_name(&argument.pat, number, span);
            let Mapped { ty, how } = Mapper { names, errors, span }.argument(&argument.ty);
            declared.push(quote!(#ident: #ty));
            if how.is_same() {
                passed.push(ident.into_token_stream());
            } else {
                let krate = names.krate(span);
                let how = how.tokens(&krate, span);
                passed.push(quote_spanned!(span=> #krate::__private::unblocking::<#how, _>(#ident)));
            }
        }

        let (gives, result) = result(sig, either, errors);
        let mut mapper = Mapper { names, errors, span };
        let (output, returns) = match (&options.mapping, result) {
            (Some((ty, expr)), _) => (Output::By(expr.clone()), Some(ty.to_token_stream())),
            (None, None) => (Output::Converted(How::Same), None),
            (None, Some(ty)) if is_echo(&ty) && takes == Takes::Mut => (Output::Echo, Some(ty.to_token_stream())),
            (None, Some(ty)) => {
                let mapped = if options.iter { mapper.iterated(&ty) } else { mapper.result(&ty) };
                (Output::Converted(mapped.how), Some(mapped.ty))
            }
        };
        if options.iter && options.mapping.is_none() && returns.is_none() {
            errors.at(&sig.ident, "`iter` says that this method gives a stream, and it gives nothing");
        }
        let mut generics = sig.generics.clone();
        generics = names.outside(generics, |outside, generics| outside.visit_generics_mut(generics));
        Self {
            inner: sig.ident.clone(),
            name,
            receiver,
            takes,
            gives,
            local: options.local,
            output,
            generics,
            declared,
            passed,
            returns: returns.map(|ty| quote!(-> #ty)).unwrap_or_default(),
            attrs: attrs::of_method(attrs),
        }
    }

    /// The generic arguments to call it with: without lifetimes, which may be late-bound.
    pub(crate) fn turbofish(&self) -> Option<TokenStream> {
        let mut names = self.generics.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        });
        let first = names.next()?;
        Some(quote!(::<#first #(, #names)*>))
    }
}

fn reject_qualifiers(sig: &Signature, errors: &mut Errors) {
    if let Some(token) = &sig.unsafety {
        errors.at(token, "an `unsafe` method has no blocking form, which would have to vouch for it; {skip}");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "a method for other languages has no blocking form; {skip}");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a variadic method has no blocking form; {skip}");
    }
    if sig.generics.lifetimes().any(|param| param.lifetime.ident == "async_trait") {
        errors.at(
            &sig.ident,
            "`#[async_trait]` has rewritten this method before `#[blocking]` saw it; put `#[blocking]` above \
             `#[async_trait]`",
        );
    }
}

fn reject_stream_parameters(generics: &Generics, errors: &mut Errors) {
    let params = generics.type_params().flat_map(|param| &param.bounds);
    let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let clauses = clauses.filter_map(|predicate| match predicate {
        syn::WherePredicate::Type(predicate) => Some(&predicate.bounds),
        _ => None,
    });
    for bound in params.chain(clauses.flatten()) {
        let TypeParamBound::Trait(bound) = bound else { continue };
        if last(&bound.path).is_some_and(|last| super::names::is_stream(&last.ident)) {
            errors.at(
                bound,
                "a stream cannot be an argument of a blocking method: who would poll it? Take an iterator (and \
                 `Runner::unblock_iter` makes a stream of it), or {skip}",
            );
        }
    }
}

fn reject_argument_attributes(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
        errors.at(
            attr,
            "an argument that is there by configuration cannot be passed on; write one method for each configuration, \
             or {skip}",
        );
    }
}

fn receiver(sig: &Signature, errors: &mut Errors) -> (Option<Receiver>, Takes) {
    let Some(receiver) = sig.receiver() else { return (None, Takes::Nothing) };
    let takes = match &*receiver.ty {
        ty if is_self(ty) => Takes::Value,
        Type::Reference(reference) if is_self(&reference.elem) => {
            if reference.mutability.is_some() {
                Takes::Mut
            } else {
                Takes::Ref
            }
        }
        ty => {
            let text = format!(
                "a facade has its value by itself and cannot lend a `{}`; take `self`, `&self` or `&mut self`, or {{skip}}",
                words(ty)
            );
            errors.at(ty, text);
            Takes::Ref
        }
    };
    let mut receiver = receiver.clone();
    receiver.attrs.clear();
    if takes == Takes::Value {
        receiver.mutability = None;
    }
    (Some(receiver), takes)
}

/// The name of an argument: its own where it has one.
fn argument_name(pat: &Pat, number: usize, span: Span) -> Ident {
    match pat {
        Pat::Ident(pat) if pat.subpat.is_none() => pat.ident.clone(),
        _ => format_ident!("arg{}", number, span = span),
    }
}

/// What a call gives, and the type of the result in the end.
fn result(sig: &Signature, either: bool, errors: &mut Errors) -> (Gives, Option<Type>) {
    let ty = match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    };
    let (gives, ty) = if sig.asyncness.is_some() {
        (Gives::Async, ty)
    } else {
        match ty.as_ref().and_then(output_of) {
            Some(output) => (Gives::Future, Some(output)),
            None if either => (Gives::Either, ty),
            None => (Gives::Value, ty),
        }
    };
    if let Some(future) = ty.as_ref().and_then(future_in) {
        errors.at(
            future,
            "a future inside the result cannot be mirrored; await it in the method, say what the blocking form gives \
             with `#[blocking(returns = Type, with = function)]`, or {skip}",
        );
    }
    (gives, ty)
}

/// The output of `impl Future<Output = ..>`, of the same in a box, or of `BoxFuture<'_, ..>`.
fn output_of(ty: &Type) -> Option<Type> {
    let output = |bounds: &syn::punctuated::Punctuated<TypeParamBound, syn::Token![+]>| {
        bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Trait(bound) if last(&bound.path).is_some_and(|last| last.ident == "Future") => {
                Some(associated_type(&bound.path, "Output").cloned().unwrap_or_else(|| syn::parse_quote!(())))
            }
            _ => None,
        })
    };
    match ty {
        Type::Group(group) => output_of(&group.elem),
        Type::Paren(paren) => output_of(&paren.elem),
        Type::ImplTrait(hidden) => output(&hidden.bounds),
        _ => {
            let path = plain(ty)?;
            if let Some(bounds) = boxed_dyn(path) {
                return output(bounds);
            }
            let last = last(path)?;
            let boxed = last.ident == "BoxFuture" || last.ident == "LocalBoxFuture";
            if boxed { type_arguments(path).next().cloned() } else { None }
        }
    }
}

/// `impl Future` somewhere in a type.
fn future_in(ty: &Type) -> Option<TokenStream> {
    struct Find(Option<TokenStream>);
    impl syn::visit::Visit<'_> for Find {
        fn visit_type_impl_trait(&mut self, ty: &syn::TypeImplTrait) {
            let future = ty.bounds.iter().any(|bound| match bound {
                TypeParamBound::Trait(bound) => last(&bound.path).is_some_and(|last| last.ident == "Future"),
                _ => false,
            });
            if future {
                self.0.get_or_insert_with(|| ty.to_token_stream());
            }
            syn::visit::visit_type_impl_trait(self, ty);
        }
    }
    let mut find = Find(None);
    syn::visit::Visit::visit_type(&mut find, ty);
    find.0
}

/// `&mut Self`, perhaps inside a `Result` or an `Option`.
fn is_echo(ty: &Type) -> bool {
    let direct = |ty: &Type| match ty {
        Type::Reference(reference) => reference.mutability.is_some() && is_self(&reference.elem),
        _ => false,
    };
    if direct(ty) {
        return true;
    }
    let Some(path) = plain(ty) else { return false };
    let mut arguments = type_arguments(path);
    let first = arguments.next().is_some_and(direct);
    first && arguments.all(|ty| stream_in(ty).is_none())
}
