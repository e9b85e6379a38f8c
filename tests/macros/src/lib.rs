//! The macros as functions of token streams, and inputs for them out of bytes.
//!
//! A crate of macros exports nothing else, so this one is made of the same files. The test feeds them random inputs, the
//! fuzz target `macros` whatever it finds.
#![forbid(unsafe_code)]

mod anysync;
mod blocking;
mod errors;
mod facade;

pub mod bytes;
pub mod input;
pub mod real;

pub use input::{Input, Macro};

use proc_macro2::TokenStream;

/// What the macro makes of the input.
pub fn expand(input: &Input) -> TokenStream {
    let (args, item) = (input.args.clone(), input.item.clone());
    match input.which {
        Macro::Blocking => blocking::expand(args, item),
        Macro::AnySync => anysync::expand(args, item),
        Macro::Facade => facade::expand(item),
    }
}
