//! How values become blocking: a type that mirrors the one in the signature.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Path;

/// How a value becomes blocking, or async again.
#[derive(Clone, Debug)]
pub(crate) enum How {
    Same,
    Wrap(Path),
    Inside(Box<How>),
    Both(Box<How>, Box<How>),
    Tuple(Vec<How>),
    Items,
    ItemsBy(Box<How>),
}

impl How {
    pub(crate) fn is_same(&self) -> bool {
        match self {
            Self::Same => true,
            Self::Inside(how) => how.is_same(),
            Self::Both(first, second) => first.is_same() && second.is_same(),
            Self::Tuple(hows) => hows.iter().all(Self::is_same),
            Self::Wrap(_) | Self::Items | Self::ItemsBy(_) => false,
        }
    }

    /// The type that tells the conversion.
    pub(crate) fn tokens(&self, krate: &TokenStream, span: Span) -> TokenStream {
        let inner = |how: &How| how.tokens(krate, span);
        let name = match self {
            Self::Same => quote_spanned!(span=> Same),
            Self::Wrap(facade) => quote_spanned!(span=> Wrap<#facade>),
            Self::Inside(how) => {
                let how = inner(how);
                quote_spanned!(span=> Inside<#how>)
            }
            Self::Both(first, second) => {
                let (first, second) = (inner(first), inner(second));
                quote_spanned!(span=> Both<#first, #second>)
            }
            Self::Tuple(hows) => {
                let hows = hows.iter().map(inner);
                return quote_spanned!(span=> (#(#hows,)*));
            }
            Self::Items => quote_spanned!(span=> Items),
            Self::ItemsBy(how) => {
                let how = inner(how);
                quote_spanned!(span=> ItemsBy<#how>)
            }
        };
        quote_spanned!(span=> #krate::facade::#name)
    }
}
