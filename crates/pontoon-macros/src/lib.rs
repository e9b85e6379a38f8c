//! The macros of pontoon. Use them through the `pontoon` crate, whose feature `macros` is on by default.
#![forbid(unsafe_code)]

mod anysync;
mod blocking;
mod errors;
mod facade;

use proc_macro::TokenStream;

#[allow(missing_docs, reason = "`pontoon` documents it where it re-exports it, because examples can run there")]
#[proc_macro_attribute]
pub fn blocking(args: TokenStream, item: TokenStream) -> TokenStream {
    blocking::expand(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "`pontoon` documents it where it re-exports it, because examples can run there")]
#[proc_macro_attribute]
pub fn anysync(args: TokenStream, item: TokenStream) -> TokenStream {
    anysync::expand(args.into(), item.into()).into()
}

#[allow(missing_docs, reason = "`pontoon` documents it where it re-exports it, because examples can run there")]
#[proc_macro]
pub fn facade(input: TokenStream) -> TokenStream {
    facade::expand(input.into()).into()
}
