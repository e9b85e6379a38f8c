//! `#[anysync]`: a function whose value is async and blocking, as the caller likes.
//!
//! In the order in which an item passes through: the options (`args`), the item (`function`), what it is a function of
//! (`kind`), what speaks against it (`check`), and the function that comes out (`expand`). Every fault is collected, so
//! that all of them are shown at once.

mod args;
mod bindings;
mod check;
mod expand;
mod faults;
mod function;
mod kind;

use args::Options;
use faults::Faults;
use function::Function;
use kind::Plan;
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut faults = Faults::default();
    let options = Options::read(args, &mut faults);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            faults.push(check::no_function(&item, error));
            return faults.beside(item);
        }
    };
    check::function(&function, &mut faults);
    let plan = Plan::of(&function, &options, &mut faults);
    match plan {
        Some(plan) if faults.is_empty() => expand::function(function, &plan, options),
        // The function stays as it was, so that its callers add no errors of their own.
        _ if check::is_main(&function) => faults.beside(quote!(
            fn main() {}
        )),
        _ => faults.beside(item),
    }
}

#[cfg(test)]
mod tests;
