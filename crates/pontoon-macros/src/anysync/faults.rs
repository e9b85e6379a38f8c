//! All that is wrong with one use of the macro.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;

#[derive(Debug, Default)]
pub(crate) struct Faults(Option<syn::Error>);

impl Faults {
    /// Notes a fault at the tokens that have it.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, text: impl Display) {
        self.push(syn::Error::new_spanned(tokens, text));
    }

    /// Notes a fault at a place.
    pub(crate) fn here(&mut self, span: Span, text: impl Display) {
        self.push(syn::Error::new(span, text));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(faults) => faults.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The faults as compile errors, and `item` after them.
    pub(crate) fn beside(self, item: TokenStream) -> TokenStream {
        let mut tokens = self.0.map(|faults| faults.into_compile_error()).unwrap_or_default();
        tokens.extend(item);
        tokens
    }
}
