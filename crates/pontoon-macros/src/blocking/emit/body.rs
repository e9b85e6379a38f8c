//! The body of a blocking method: one expression, whatever it calls.

use super::structure::shared;
use crate::blocking::{
    method::{Gives, Method, Output, Takes},
    names::Names,
};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, Type};

/// What a method is called on.
pub(crate) enum Callee<'a> {
    /// The path before the method's name: `<Client>`, `<Client as Store>`.
    Path(TokenStream),
    /// A function or method of another crate.
    Other(&'a dyn Fn(&Method, Option<&Ident>, Span) -> TokenStream),
}

/// The body of `method`. `backend` is where those without a value get their runner from.
pub(crate) fn body(method: &Method, callee: &Callee<'_>, names: &Names, backend: Option<&Type>) -> TokenStream {
    let span = Span::mixed_site().located_at(method.inner.span());
    let krate = &names.krate(span);
    let value = Ident::new("value", span);
    let start = match (&method.receiver, method.takes) {
        (Some(receiver), Takes::Ref) => {
            let this = &receiver.self_token;
            quote_spanned!(span=> let (#value, runner) = #krate::__private::Facade::split(#this);)
        }
        (Some(receiver), Takes::Mut) => {
            let this = &receiver.self_token;
            quote_spanned!(span=> let (#value, runner) = #krate::__private::Facade::split_mut(#this);)
        }
        (Some(receiver), _) => {
            let this = &receiver.self_token;
            quote_spanned!(span=>
                let mut this = #this;
                let (#value, runner) = #krate::__private::Facade::take(&mut this);
            )
        }
        (None, _) => {
            let shared = backend.map(shared);
            quote_spanned!(span=> let runner: &#krate::Runner = #shared;)
        }
    };
    let passed = &method.passed;
    let call = match callee {
        Callee::Path(path) => {
            let (name, turbofish) = (&method.inner, method.turbofish());
            let value = (method.takes != Takes::Nothing).then(|| quote!(#value,));
            quote_spanned!(span=> #path::#name #turbofish(#value #(#passed),*))
        }
        Callee::Other(call) => call(method, (method.takes != Takes::Nothing).then_some(&value), span),
    };
    let given = given(method, call, krate, span);
    let import = match method.gives {
        Gives::Either => quote_spanned!(span=> use #krate::__private::{Done as _, Here as _};),
        Gives::Value => TokenStream::new(),
        _ if method.local => TokenStream::new(),
        _ => quote_spanned!(span=> use #krate::__private::Here as _;),
    };
    let end = match &method.output {
        Output::Converted(how) if how.is_same() => given,
        Output::Converted(how) => {
            let how = how.tokens(krate, span);
            quote_spanned!(span=> #krate::__private::blocking::<#how, _>(#given, runner))
        }
        Output::By(function) => quote_spanned!(span=> (#function)(#given, runner)),
        Output::Echo => {
            let this = method.receiver.as_ref().map(|receiver| &receiver.self_token);
            quote_spanned!(span=>
                let address = #krate::__private::address_of(&*#value);
                let given = #krate::__private::echo(#given, address);
                #krate::__private::echoed(given, #this)
            )
        }
    };
    quote_spanned!(span=> { #import #start #end })
}

/// The call, and the run of the future that it may give.
fn given(method: &Method, call: TokenStream, krate: &TokenStream, span: Span) -> TokenStream {
    let made = quote_spanned!(span=> #krate::Runner::enter(runner, move || #call));
    match (method.gives, method.local) {
        (Gives::Async, false) => quote_spanned!(span=> #krate::__private::Call(#call).run(runner)),
        (Gives::Async, true) => quote_spanned!(span=> #krate::Runner::run(runner, #call)),
        (Gives::Future, false) => quote_spanned!(span=> #krate::__private::Call(#made).run(runner)),
        (Gives::Future, true) => quote_spanned!(span=> #krate::Runner::run(runner, #made)),
        (Gives::Value, _) => made,
        (Gives::Either, local) => {
            let here = local.then(|| quote_spanned!(span=> .here()));
            quote_spanned!(span=> #krate::__private::Given::by(runner, move || #call) #here.run(runner))
        }
    }
}
