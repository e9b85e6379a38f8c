//! Which attributes the blocking form keeps.

use crate::errors::Errors;
use quote::ToTokens as _;
use syn::{Attribute, Meta, Path, Token, parse_quote, punctuated::Punctuated};

/// Macros that turn a method into a builder, so that its signature is not what it says.
const BUILDERS: &[&str] = &["builder", "bon", "buildstructor", "build_fn", "derive_builder"];

/// The attributes of a method that its blocking form has too; documentation is not among them.
pub(crate) fn of_method(attrs: &[Attribute]) -> Vec<Attribute> {
    let mut kept: Vec<_> = attrs.iter().filter_map(kept).collect();
    if kept.iter().any(|attr| attr.path().is_ident("deprecated")) {
        // The blocking form calls the other one.
        kept.push(parse_quote!(#[allow(deprecated)]));
    }
    kept
}

/// The attributes of a type that its facade has too.
pub(crate) fn of_type(attrs: &[Attribute]) -> Vec<Attribute> {
    let means_the_same = |attr: &&Attribute| !attr.path().is_ident("track_caller") && !attr.path().is_ident("inline");
    attrs.iter().filter(means_the_same).filter_map(kept).collect()
}

/// The conditions under which an item is there at all.
pub(crate) fn conditions(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}

fn kept(attr: &Attribute) -> Option<Attribute> {
    if let Meta::List(list) = &attr.meta {
        if attr.path().is_ident("cfg_attr") {
            let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            return metas.iter().skip(1).all(|meta| is_kept(meta.path())).then(|| attr.clone());
        }
        // The expectation is fulfilled by the async form alone.
        if attr.path().is_ident("expect") {
            let tokens = &list.tokens;
            return Some(parse_quote!(#[allow(#tokens)]));
        }
        // `#[doc(alias = "..")]` and the like; the text is treated apart.
        if attr.path().is_ident("doc") {
            return Some(attr.clone());
        }
    }
    is_kept(attr.path()).then(|| attr.clone())
}

fn is_kept(path: &Path) -> bool {
    const KEPT: &[&str] = &["cfg", "must_use", "deprecated", "allow", "warn", "deny", "cold"];
    KEPT.iter().any(|name| path.is_ident(name))
}

/// Rejects attributes that change a signature behind our back.
pub(crate) fn reject_builders(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs {
        let Some(last) = attr.path().segments.last() else { continue };
        if BUILDERS.iter().any(|name| last.ident == name) {
            let name = attr.path().to_token_stream().to_string().replace(' ', "");
            errors.at(
                attr,
                format!(
                    "`#[{name}]` makes a builder out of this method, which `#[blocking]` cannot see; mark the method \
                     `#[blocking(skip)]`, or move it to an `impl` of its own without `#[blocking]`"
                ),
            );
        }
    }
}

/// What a `#[derive(..)]` below the attribute lists.
pub(crate) fn derives(attrs: &[Attribute], name: &str) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let paths = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
        paths.is_ok_and(|paths| {
            paths.iter().any(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
        })
    })
}
