//! Which names in a signature stand for wrapped types, and what stands in their place.

use super::{args::Wrapped, how::How};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::format_ident;
use syn::{
    Expr, ExprPath, Ident, Path, PathArguments, PathSegment, QSelf, Type, TypePath,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

/// What `Self` and other names mean where a signature stands.
#[derive(Debug)]
pub(crate) struct Names {
    /// The path of `pontoon`, which each use puts at its own place.
    pub(crate) krate: TokenStream,
    /// What is wrapped: `Self` outside of the facade. A trait has none: whoever implements it is wrapped.
    pub(crate) inner: Option<Type>,
    /// Whether the facade has associated items of its own: those of a trait.
    pub(crate) has_items: bool,
    pub(crate) wraps: Vec<Wrapped>,
    /// The associated types of a trait's `impl` that hold wrapped types.
    pub(crate) associated: Vec<(Ident, How)>,
}

impl Names {
    /// The path of `pontoon`, for code that is about `span`.
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        let at = |mut token: TokenTree| {
            token.set_span(token.span().located_at(span));
            token
        };
        self.krate.clone().into_iter().map(at).collect()
    }

    /// The facade that a path of a signature stands for.
    pub(crate) fn facade_of(&self, path: &Path) -> Option<Path> {
        let wrapped = self.wraps.iter().find(|wrapped| same_names(&wrapped.path, path))?;
        let arguments = &path.segments.last()?.arguments;
        let mut facade = match &wrapped.facade {
            Some(facade) => facade.clone(),
            None => with_prefix(path)?,
        };
        let last = facade.segments.last_mut()?;
        last.arguments = arguments.clone();
        visit_mut::visit_path_arguments_mut(&mut Outside(self), &mut last.arguments);
        Some(facade)
    }

    pub(crate) fn associated(&self, path: &Path) -> Option<&How> {
        let mut segments = path.segments.iter();
        let (first, second) = (segments.next()?, segments.next()?);
        if first.ident != "Self" || segments.next().is_some() {
            return None;
        }
        self.associated.iter().find(|(name, _)| *name == second.ident).map(|(_, how)| how)
    }

    /// Whether a wrapped type, or a stream, is somewhere in there.
    pub(crate) fn mentions(&self, ty: &Type) -> bool {
        let mut search = Search { names: self, found: false };
        search.visit_type(ty);
        search.found
    }

    pub(crate) fn mentions_in_arguments(&self, arguments: &PathArguments) -> bool {
        let mut search = Search { names: self, found: false };
        search.visit_path_arguments(arguments);
        search.found
    }

    /// Writes out `Self`, for what keeps its async types.
    pub(crate) fn outside<T>(&self, mut node: T, visit: impl FnOnce(&mut Outside<'_>, &mut T)) -> T {
        visit(&mut Outside(self), &mut node);
        node
    }
}

/// `Client` to `BlockingClient`, wherever it lies.
pub(crate) fn with_prefix(path: &Path) -> Option<Path> {
    let mut path = path.clone();
    let last = path.segments.last_mut()?;
    last.ident = format_ident!("Blocking{}", last.ident);
    Some(path)
}

/// A path without a qualified self.
pub(crate) fn plain(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Path(TypePath { qself: None, path }) => Some(path),
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        _ => None,
    }
}

pub(crate) fn is_self(ty: &Type) -> bool {
    plain(ty).is_some_and(|path| path.is_ident("Self"))
}

/// The last name of a path: `Result` of `std::io::Result<()>`.
pub(crate) fn last(path: &Path) -> Option<&PathSegment> {
    path.segments.last()
}

/// A path without any generic arguments, as documentation links it.
pub(crate) fn in_words(path: &Path) -> String {
    let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let start = if path.leading_colon.is_some() { "::" } else { "" };
    format!("{start}{}", names.join("::"))
}

/// Tokens as a user would have written them, near enough for a message.
pub(crate) fn words(tokens: &impl quote::ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    let tight = [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        ("' ", "'"),
        ("( ", "("),
        (" )", ")"),
    ];
    for (loose, close) in tight {
        text = text.replace(loose, close);
    }
    text
}

fn same_names(one: &Path, other: &Path) -> bool {
    one.segments.len() == other.segments.len()
        && one.segments.iter().zip(&other.segments).all(|(one, other)| one.ident == other.ident)
}

struct Search<'a> {
    names: &'a Names,
    found: bool,
}

impl Visit<'_> for Search<'_> {
    fn visit_type_path(&mut self, ty: &TypePath) {
        if ty.qself.is_none() {
            let path = &ty.path;
            self.found |= path.is_ident("Self")
                || self.names.associated(path).is_some()
                || self.names.wraps.iter().any(|wrapped| same_names(&wrapped.path, path))
                || is_boxed_stream(path);
        }
        visit::visit_type_path(self, ty);
    }

    fn visit_trait_bound(&mut self, bound: &syn::TraitBound) {
        self.found |= last(&bound.path).is_some_and(|last| is_stream(&last.ident));
        visit::visit_trait_bound(self, bound);
    }

    fn visit_expr(&mut self, _: &Expr) {}
}

/// Whether a trait of this name makes a stream.
pub(crate) fn is_stream(name: &Ident) -> bool {
    name == "Stream" || name == "TryStream" || name == "FusedStream"
}

pub(crate) fn is_boxed_stream(path: &Path) -> bool {
    last(path)
        .is_some_and(|last| (last.ident == "BoxStream" || last.ident == "LocalBoxStream") && !last.arguments.is_none())
}

/// Puts the wrapped type where `Self` stands, for code that is outside of its `impl`.
pub(crate) struct Outside<'a>(&'a Names);

impl VisitMut for Outside<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match (&self.0.inner, &*ty) {
            (Some(inner), Type::Path(path)) if path.qself.is_none() && path.path.is_ident("Self") => {
                *ty = inner.clone()
            }
            _ => visit_mut::visit_type_mut(self, ty),
        }
    }

    fn visit_type_path_mut(&mut self, path: &mut TypePath) {
        qualify(self.0, &mut path.qself, &mut path.path);
        visit_mut::visit_type_path_mut(self, path);
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        qualify(self.0, &mut path.qself, &mut path.path);
        visit_mut::visit_expr_path_mut(self, path);
    }
}

/// `Self::SIZE` to `<Client>::SIZE`, unless `Self` has such a thing of its own.
fn qualify(names: &Names, qself: &mut Option<QSelf>, path: &mut Path) {
    let Some(inner) = &names.inner else { return };
    let starts = path.segments.first().is_some_and(|first| first.ident == "Self");
    if qself.is_some() || !starts || path.segments.len() < 2 || names.has_items {
        return;
    }
    let rest = path.segments.iter().skip(1).cloned().collect();
    *qself = Some(QSelf {
        lt_token: Default::default(),
        ty: Box::new(inner.clone()),
        position: 0,
        as_token: None,
        gt_token: Default::default(),
    });
    *path = Path { leading_colon: Some(Default::default()), segments: rest };
}
