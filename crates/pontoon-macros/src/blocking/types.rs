//! The types of a signature, and what stands in their place in a blocking one.

use super::{
    how::How,
    names::{self, Names, is_boxed_stream, is_self, is_stream, last, plain, words},
};
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Path, PathArguments, Type, TypeImplTrait, TypeParamBound,
    TypeReference, punctuated::Punctuated, visit_mut::VisitMut as _,
};

/// A type of the blocking signature, and how the values get there.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) ty: TokenStream,
    pub(crate) how: How,
}

/// Containers that would hold several streams at once.
const MANY: &[&str] =
    &["Vec", "VecDeque", "LinkedList", "BinaryHeap", "HashSet", "BTreeSet", "HashMap", "BTreeMap", "Box", "Rc", "Arc"];

/// Whether a path is one of the standard containers, which hold wrapped types but are none.
pub(crate) fn is_container(path: &Path) -> bool {
    last(path).is_some_and(|last| {
        last.ident == "Option" || last.ident == "Result" || MANY.iter().any(|name| last.ident == name)
    })
}

/// Maps the types of one signature.
pub(crate) struct Mapper<'a> {
    pub(crate) names: &'a Names,
    pub(crate) errors: &'a mut Errors,
    pub(crate) span: Span,
}

impl Mapper<'_> {
    /// What a method returns.
    pub(crate) fn result(&mut self, ty: &Type) -> Mapped {
        if !self.names.mentions(ty) {
            return self.same(ty);
        }
        match ty {
            Type::Group(group) => self.result(&group.elem),
            Type::Paren(paren) => self.result(&paren.elem),
            Type::Path(path) if path.qself.is_none() => self.result_path(ty, &path.path),
            Type::Tuple(tuple) => {
                let elements: Vec<_> = tuple.elems.iter().map(|ty| self.result(ty)).collect();
                tuple_of(elements)
            }
            Type::Array(array) => {
                self.reject_many(&array.elem, "an array");
                let element = self.result(&array.elem);
                let (ty, len) = (element.ty, &array.len);
                Mapped { ty: quote!([#ty; #len]), how: How::Inside(Box::new(element.how)) }
            }
            Type::ImplTrait(hidden) => match stream_bound(&hidden.bounds) {
                Some(_) => self.hidden_stream(ty, hidden),
                None => self.give_up(ty, "inside `impl Trait`"),
            },
            Type::Reference(reference) => {
                let text = format!(
                    "a reference to a wrapped type cannot be returned: there is no facade to refer to. Return an owned \
                     `{}`, or {{skip}} and reach the value through `as_async`",
                    words(&reference.elem)
                );
                self.errors.at(ty, text);
                self.same(ty)
            }
            _ => self.give_up(ty, "at this place"),
        }
    }

    fn result_path(&mut self, ty: &Type, path: &Path) -> Mapped {
        if let Some(wrapped) = self.wrapped(ty, path) {
            return wrapped;
        }
        if let Some(item) = boxed_stream(ty) {
            return self.named_stream(ty, item);
        }
        let Some(last) = last(path) else { return self.same(ty) };
        let before = path.segments.iter().take(path.segments.len().saturating_sub(1));
        if before.into_iter().any(|segment| self.names.mentions_in_arguments(&segment.arguments)) {
            return self.give_up(ty, "inside such a path");
        }
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return self.give_up(ty, "inside such a path");
        };
        if MANY.iter().any(|name| last.ident == name) {
            for argument in &arguments.args {
                if let GenericArgument::Type(ty) = argument {
                    self.reject_many(ty, &format!("a `{}`", last.ident));
                }
            }
        }
        self.container(ty, path, arguments, |this, ty| this.result(ty))
    }

    /// A container with one type argument or two.
    fn container(
        &mut self,
        ty: &Type,
        path: &Path,
        arguments: &AngleBracketedGenericArguments,
        mut each: impl FnMut(&mut Self, &Type) -> Mapped,
    ) -> Mapped {
        let mut hows = Vec::new();
        let mut mapped = arguments.clone();
        for argument in &mut mapped.args {
            match argument {
                GenericArgument::Type(ty) => {
                    let Mapped { ty: blocking, how } = each(self, ty);
                    *ty = Type::Verbatim(blocking);
                    hows.push(how);
                }
                GenericArgument::Lifetime(_) | GenericArgument::Const(_) => {}
                other => {
                    let text = "a wrapped type cannot stand here; map the result by hand with \
                                `#[blocking(returns = Type, with = function)]`";
                    self.errors.at(other, text);
                }
            }
        }
        let how = match <[How; 1]>::try_from(hows) {
            Ok([how]) => How::Inside(Box::new(how)),
            Err(hows) => match <[How; 2]>::try_from(hows) {
                Ok([first, second]) => How::Both(Box::new(first), Box::new(second)),
                Err(_) => return self.give_up(ty, "among more than two type arguments"),
            },
        };
        let mut path = path.clone();
        if let Some(last) = path.segments.last_mut() {
            last.arguments = PathArguments::AngleBracketed(mapped);
        }
        Mapped { ty: path.into_token_stream(), how }
    }

    /// `Self`, a wrapped name, or an associated type that is one.
    fn wrapped(&mut self, ty: &Type, path: &Path) -> Option<Mapped> {
        if is_self(ty) {
            return Some(Mapped { ty: ty.to_token_stream(), how: How::Wrap(path.clone()) });
        }
        if let Some(how) = self.names.associated(path) {
            return Some(Mapped { ty: ty.to_token_stream(), how: how.clone() });
        }
        let facade = self.names.facade_of(path)?;
        Some(Mapped { ty: facade.to_token_stream(), how: How::Wrap(facade) })
    }

    /// `impl Stream<Item = ..>`: its items are mapped in the bound.
    fn hidden_stream(&mut self, ty: &Type, hidden: &TypeImplTrait) -> Mapped {
        let krate = self.names.krate(self.span);
        // The user's own token, whose edition says what is captured.
        let (impl_token, mut bounds) = (&hidden.impl_token, hidden.bounds.clone());
        let mut how = How::Same;
        for bound in &mut bounds {
            let TypeParamBound::Trait(bound) = bound else { continue };
            let Some(last) = bound.path.segments.last_mut().filter(|last| is_stream(&last.ident)) else { continue };
            let PathArguments::AngleBracketed(arguments) = &mut last.arguments else { continue };
            for argument in &mut arguments.args {
                if let GenericArgument::AssocType(item) = argument {
                    if item.ident == "Item" {
                        let mapped = self.result(&item.ty);
                        item.ty = Type::Verbatim(mapped.ty);
                        how = mapped.how;
                        continue;
                    }
                    if self.names.mentions(&item.ty) {
                        return self.give_up(ty, "in such a stream");
                    }
                }
            }
        }
        let span = self.span;
        let how = if how.is_same() { How::Items } else { How::ItemsBy(Box::new(how)) };
        Mapped { ty: quote_spanned!(span=> #krate::Iter<#impl_token #bounds>), how }
    }

    /// A stream whose type has a name; that of its items, where it is known.
    pub(crate) fn named_stream(&mut self, ty: &Type, item: Option<&Type>) -> Mapped {
        let (krate, span) = (self.names.krate(self.span), self.span);
        let how = match item {
            Some(item) => self.result(item).how,
            None => How::Same,
        };
        let ty = self.same(ty).ty;
        if how.is_same() {
            return Mapped { ty: quote_spanned!(span=> #krate::Iter<#ty>), how: How::Items };
        }
        let items = how.tokens(&krate, span);
        let ty = quote_spanned!(span=> #krate::Iter<#krate::facade::BlockingItems<#ty, #items>>);
        Mapped { ty, how: How::ItemsBy(Box::new(how)) }
    }

    /// A result that `#[blocking(iter)]` says is a stream, perhaps inside a `Result` or an `Option`.
    pub(crate) fn iterated(&mut self, ty: &Type) -> Mapped {
        if let Type::ImplTrait(hidden) = ty {
            if stream_bound(&hidden.bounds).is_some() {
                return self.result(ty);
            }
        }
        if let Some(item) = boxed_stream(ty) {
            return self.named_stream(ty, item);
        }
        if let Some(path) = plain(ty) {
            if let Some(last) = last(path).filter(|last| last.ident == "Result" || last.ident == "Option") {
                if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                    let mut first = true;
                    return self.container(ty, path, arguments, |this, ty| {
                        if std::mem::take(&mut first) { this.iterated(ty) } else { this.result(ty) }
                    });
                }
            }
        }
        self.named_stream(ty, None)
    }

    /// What a method takes.
    pub(crate) fn argument(&mut self, ty: &Type) -> Mapped {
        if let Some(stream) = stream_in(ty) {
            self.errors.at(
                stream,
                "a stream cannot be an argument of a blocking method: who would poll it? Take an iterator (and \
                 `Runner::unblock_iter` makes a stream of it), or {skip}",
            );
            return self.same(ty);
        }
        if !self.names.mentions(ty) {
            return self.same(ty);
        }
        match ty {
            Type::Group(group) => self.argument(&group.elem),
            Type::Paren(paren) => self.argument(&paren.elem),
            Type::Path(path) if path.qself.is_none() => {
                if let Some(wrapped) = self.wrapped(ty, &path.path) {
                    return wrapped;
                }
                match last(&path.path).map(|last| &last.arguments) {
                    Some(PathArguments::AngleBracketed(arguments)) => {
                        self.container(ty, &path.path, &arguments.clone(), |this, ty| this.argument(ty))
                    }
                    _ => self.give_up(ty, "inside such a path"),
                }
            }
            Type::Tuple(tuple) => tuple_of(tuple.elems.iter().map(|ty| self.argument(ty)).collect()),
            Type::Array(array) => {
                let element = self.argument(&array.elem);
                let (ty, len) = (element.ty, &array.len);
                Mapped { ty: quote!([#ty; #len]), how: How::Inside(Box::new(element.how)) }
            }
            Type::Reference(TypeReference { and_token, lifetime, mutability, elem }) => {
                let referred = plain(elem).and_then(|path| self.wrapped(elem, path));
                match referred {
                    Some(Mapped { ty, how: how @ How::Wrap(_) }) => {
                        Mapped { ty: quote!(#and_token #lifetime #mutability #ty), how }
                    }
                    _ => self.give_up(ty, "behind such a reference"),
                }
            }
            // Callbacks and conversions see the async types: they are called by async code.
            Type::ImplTrait(_) | Type::TraitObject(_) | Type::BareFn(_) => self.same(ty),
            _ => self.give_up(ty, "at this place"),
        }
    }

    /// A type that means the same outside of the `impl`.
    fn same(&self, ty: &Type) -> Mapped {
        let ty = self.names.outside(ty.clone(), |outside, ty| outside.visit_type_mut(ty));
        Mapped { ty: ty.into_token_stream(), how: How::Same }
    }

    fn give_up(&mut self, ty: &Type, place: &str) -> Mapped {
        let text = format!(
            "a wrapped type or a stream {place} cannot be mirrored; say what the blocking form gives with \
             `#[blocking(returns = Type, with = function)]`, or {{skip}}"
        );
        self.errors.at(ty, text);
        self.same(ty)
    }

    fn reject_many(&mut self, ty: &Type, container: &str) {
        if let Some(stream) = stream_in(ty) {
            self.errors.at(
                stream,
                format!(
                    "{container} of streams cannot be mirrored: each would be polled alone. Merge them into one stream, \
                     or {{skip}}"
                ),
            );
        }
    }
}

fn tuple_of(elements: Vec<Mapped>) -> Mapped {
    let types = elements.iter().map(|element| &element.ty);
    let ty = quote!((#(#types,)*));
    Mapped { ty, how: How::Tuple(elements.into_iter().map(|element| element.how).collect()) }
}

fn stream_bound<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<&'a syn::TraitBound> {
    bounds.into_iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) if last(&bound.path).is_some_and(|last| is_stream(&last.ident)) => Some(bound),
        _ => None,
    })
}

/// The bound that makes a stream, somewhere in a type.
pub(crate) fn stream_in(ty: &Type) -> Option<TokenStream> {
    struct Find(Option<TokenStream>);
    impl syn::visit::Visit<'_> for Find {
        fn visit_trait_bound(&mut self, bound: &syn::TraitBound) {
            if last(&bound.path).is_some_and(|last| is_stream(&last.ident)) {
                self.0.get_or_insert_with(|| bound.to_token_stream());
            }
            syn::visit::visit_trait_bound(self, bound);
        }

        fn visit_type_path(&mut self, ty: &syn::TypePath) {
            if is_boxed_stream(&ty.path) {
                self.0.get_or_insert_with(|| ty.to_token_stream());
            }
            syn::visit::visit_type_path(self, ty);
        }
    }
    let mut find = Find(None);
    syn::visit::Visit::visit_type(&mut find, ty);
    find.0
}

/// The item of `Pin<Box<dyn Stream<Item = ..>>>` or `BoxStream<'_, ..>`, if the type is one of them.
fn boxed_stream(ty: &Type) -> Option<Option<&Type>> {
    let path = plain(ty)?;
    if is_boxed_stream(path) {
        return Some(type_arguments(path).next());
    }
    let bounds = boxed_dyn(path)?;
    let bound = stream_bound(bounds)?;
    Some(associated_type(&bound.path, "Item"))
}

/// The bounds of `Pin<Box<dyn ..>>` or `Box<dyn ..>`.
pub(crate) fn boxed_dyn(path: &Path) -> Option<&Punctuated<TypeParamBound, syn::Token![+]>> {
    let inside = |path, name| {
        let last: &syn::PathSegment = names::last(path)?;
        if last.ident == name { type_arguments(path).next() } else { None }
    };
    let path = inside(path, "Pin").map_or(Some(path), plain)?;
    match inside(path, "Box")? {
        Type::TraitObject(object) => Some(&object.bounds),
        Type::Paren(paren) => match &*paren.elem {
            Type::TraitObject(object) => Some(&object.bounds),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn type_arguments(path: &Path) -> impl Iterator<Item = &Type> {
    let arguments = last(path).and_then(|last| match &last.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    });
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The type that a bound such as `Future<Output = u32>` gives to one of its associated types.
pub(crate) fn associated_type<'a>(path: &'a Path, name: &str) -> Option<&'a Type> {
    let PathArguments::AngleBracketed(arguments) = &last(path)?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(associated) if associated.ident == name => Some(&associated.ty),
        _ => None,
    })
}
