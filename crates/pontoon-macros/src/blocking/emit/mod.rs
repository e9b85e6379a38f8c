//! What stands beside the user's item.

pub(crate) mod body;
pub(crate) mod implementation;
pub(crate) mod interface;
pub(crate) mod structure;

use super::{docs, method::Method};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Visibility};

/// A blocking method: its documentation, its signature, and `body`, which is a block or a semicolon.
pub(crate) fn method(method: &Method, vis: Option<&Visibility>, docs: &[Attribute], body: &TokenStream) -> TokenStream {
    let Method { name, receiver, generics, declared, returns, attrs, .. } = method;
    let clause = &generics.where_clause;
    let receiver = receiver.as_ref().map(|receiver| quote!(#receiver,));
    quote! {
        #(#docs)*
        #(#attrs)*
        #vis fn #name #generics (#receiver #(#declared),*) #returns #clause #body
    }
}

/// The documentation of a blocking form of `target`, which is written out as `name`.
pub(crate) fn documentation(attrs: &[Attribute], name: &str, target: &str, span: Span) -> Vec<Attribute> {
    let link = if name == target { format!("[`{name}`]") } else { format!("[`{name}`]({target})") };
    docs::with_link(attrs, &format!("The blocking form of {link}."), docs::span_of(attrs, span))
}
