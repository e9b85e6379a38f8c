//! All that is wrong, each at the tokens that are.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;

/// The errors found so far. Expansion goes on after each, so that one build shows them all.
#[derive(Debug)]
pub(crate) struct Errors {
    found: Option<syn::Error>,
    /// How to do without a method.
    skip: &'static str,
    /// How to give a method another name.
    rename: &'static str,
}

impl Default for Errors {
    fn default() -> Self {
        Self { found: None, skip: "mark the method `#[blocking(skip)]`", rename: "with `#[blocking(name = other)]`" }
    }
}

impl Errors {
    /// For declarations, which stand for themselves.
    pub(crate) fn in_declarations() -> Self {
        Self { found: None, skip: "leave the method out", rename: "with `fn other = name(..)`" }
    }

    /// Points at `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, text: impl Display) {
        self.push(syn::Error::new_spanned(tokens, self.with_remedies(&text)));
    }

    /// Points at one token, or where one is missing.
    pub(crate) fn here(&mut self, span: Span, text: impl Display) {
        self.push(syn::Error::new(span, self.with_remedies(&text)));
    }

    /// Texts say `{skip}` and `{rename}`, which depend on where the method stands.
    fn with_remedies(&self, text: &impl Display) -> String {
        text.to_string().replace("{skip}", self.skip).replace("{rename}", self.rename)
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(errors) => errors.combine(error),
            None => self.found = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_none()
    }

    /// The errors as items of the user's module.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.found.map(syn::Error::into_compile_error).unwrap_or_default()
    }

    /// The errors, and `item` after them.
    pub(crate) fn beside(self, item: TokenStream) -> TokenStream {
        let mut tokens = self.into_tokens();
        tokens.extend(item);
        tokens
    }
}
