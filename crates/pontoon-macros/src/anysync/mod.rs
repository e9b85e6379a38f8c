//! `#[anysync]`: a function whose value is async and blocking, as the caller likes.
//!
//! In the order in which an item passes through: the options (`args`), the item (`function`), what it is a function of
//! (`kind`), what speaks against it (`check`), and the function that comes out (`expand`). Every fault is collected, so
//! that all of them are shown at once.

mod args;
mod bindings;
mod check;
mod expand;
mod function;
mod kind;

use crate::errors::Errors;
use args::Options;
use function::Function;
use kind::Plan;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::read(args, &mut errors);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(check::no_function(&item, error));
            return errors.beside(item);
        }
    };
    check::function(&function, &mut errors);
    let plan = Plan::of(&function, &options, &mut errors);
    match plan {
        Some(plan) if errors.is_empty() => expand::function(function, &plan, options),
        // The function stays as it was, so that its callers add no errors of their own.
        _ if check::is_main(&function) => errors.beside(quote!(
            fn main() {}
        )),
        _ => errors.beside(item),
    }
}

#[cfg(test)]
mod tests;
