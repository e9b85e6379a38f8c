//! The function that comes out.
//!
//! An `async fn` becomes a plain one that returns an `async` block in a wrapper. What the compiler does for an `async fn`
//! is done here by hand: every argument moves into the future, used or not; the type of the result is known before the
//! body is looked at; and the returned type captures every lifetime, which it does because its tokens belong to this
//! crate, and thereby to the edition of this crate.

use super::{
    args::Options,
    bindings::Bindings,
    function::Function,
    kind::{Kind, Plan, Value, Where, arguments, is_unit, last_segment},
};
use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::{
    Attribute, Expr, GenericArgument, Path, PathArguments, ReturnType, Signature, Type, parse_quote_spanned,
    spanned::Spanned as _,
    visit_mut::{self, VisitMut},
};

pub(crate) fn function(function: Function, plan: &Plan, options: Options) -> TokenStream {
    let Function { attrs, vis, mut sig, body } = function;
    let out = Out { krate: options.krate, runner: options.runner, site: Span::mixed_site() };
    let value = match plan {
        Plan::Async(value) => out.of_async(&mut sig, body, *value),
        Plan::Generator { hand, value } => out.of_generator(&mut sig, body, *hand, value),
        Plan::Plain(value) => out.of_plain(&mut sig, body, *value),
    };
    let lint = must_use(&attrs);
    let body = match value {
        Some(value) => quote_spanned!(out.site=> { #value }),
        None => quote_spanned!(out.site=> ;),
    };
    quote_spanned!(out.site=> #(#attrs)* #lint #vis #sig #body)
}

/// The wrappers are `must_use`, too, and Clippy wants it said once.
fn must_use(attrs: &[Attribute]) -> Option<Attribute> {
    let stated = attrs.iter().find(|attr| attr.path().is_ident("must_use"))?;
    let reason = "the function and what it returns both say it";
    Some(parse_quote_spanned!(stated.span()=> #[allow(clippy::double_must_use, reason = #reason)]))
}

struct Out {
    krate: Path,
    runner: Option<Expr>,
    /// Local names in tokens from here are nobody else's, and `impl` in them is of this crate's edition.
    site: Span,
}

impl Out {
    fn of_async(&self, sig: &mut Signature, body: Option<Group>, value: Option<Value>) -> Option<TokenStream> {
        let Self { krate, site, .. } = self;
        sig.asyncness = None;
        let bindings = Bindings::take(sig, self.runner.as_ref());
        let result = self.result(sig);
        let output = value.map_or_else(|| result.clone(), |value| self.wrapper_of(&result, value));
        self.returns(sig, &quote_spanned!(*site=> #krate::Any<impl ::core::future::Future<Output = #output>>));
        let body = self.body(&result, Some(&bindings), &body?);
        let Some(value) = value else {
            return Some(self.with_runner(&self.wrap_one(Kind::Future, &quote_spanned!(*site=> async move { #body }))));
        };
        // The output has the runner, too, and each of the two needs its own.
        let runner =
            self.runner.as_ref().map(|_| quote_spanned!(*site=> let runner = #krate::__anysync::home(&runner);));
        let wrapped = self.wrap(value, &quote_spanned!(*site=> async move { #body }.await));
        let future = quote_spanned!(*site=> { #runner async move { #wrapped } });
        Some(self.with_runner(&self.wrap_one(Kind::Future, &future)))
    }

    fn of_generator(&self, sig: &mut Signature, body: Option<Group>, hand: usize, value: &Type) -> Option<TokenStream> {
        let Self { krate, site, .. } = self;
        sig.asyncness = None;
        let mut bindings = Bindings::take(sig, self.runner.as_ref());
        let taken = remove_hand(sig, &mut bindings, hand);
        let result = self.result(sig);
        let error = self.error_of(&result);
        let context = quote_spanned!(*site=> impl #krate::AsyncContext<Value = #value, Error = #error>);
        self.returns(sig, &quote_spanned!(*site=> #krate::AnyContext<#context>));
        let body = self.body(&result, Some(&bindings), &body?);
        let future = match is_unit(&result) {
            true => quote_spanned!(*site=> #krate::__anysync::infallible(async move { #body })),
            false => quote_spanned!(*site=> async move { #body }),
        };
        let context = quote_spanned!(*site=> #krate::generator(move |#taken| #future));
        Some(self.with_runner(&self.wrap_one(Kind::Context, &context)))
    }

    fn of_plain(&self, sig: &mut Signature, body: Option<Group>, value: Value) -> Option<TokenStream> {
        let Self { krate, site, .. } = self;
        let result = self.result(sig);
        self.returns(sig, &self.wrapper_of(&result, value).into_token_stream());
        let body = self.body(&result, None, &body?);
        // In a closure a `return` returns what it would have returned from the function.
        let called = quote_spanned!(*site=> #krate::__anysync::call(move || { #body }));
        Some(self.with_runner(&self.wrap(value, &called)))
    }

    /// The body with its arguments bound before it, and its type known before that.
    fn body(&self, result: &Type, bindings: Option<&Bindings>, body: &Group) -> TokenStream {
        let Self { krate, site, .. } = self;
        let ty = inferred(result);
        let typed = (!matches!(ty, Type::Infer(_))).then(|| {
            // What the compiler says about the type, it says about the one in the signature.
            let here = result.span().resolved_at(*site);
            let known = quote_spanned!(here=> return value);
            quote_spanned! {*site=>
                if let ::core::option::Option::Some(value) = #krate::__anysync::never::<#ty>() {
                    #known;
                }
            }
        });
        let reason = "they were the function's own";
        quote_spanned!(*site=> #typed #bindings #[allow(unused_braces, reason = #reason)] #body)
    }

    /// Evaluates the option `runner` first, while the arguments are still there.
    fn with_runner(&self, value: &TokenStream) -> TokenStream {
        let Self { krate, site, .. } = self;
        let runner = self.runner.as_ref().map(|runner| {
            let here = runner.span().resolved_at(*site);
            let home = quote_spanned!(here=> #krate::__anysync::home(&#runner));
            quote_spanned!(*site=> let runner = #home;)
        });
        quote_spanned!(*site=> #runner #value)
    }

    fn wrap(&self, value: Value, expr: &TokenStream) -> TokenStream {
        let site = self.site;
        match value.place {
            Where::Itself => self.wrap_one(value.kind, expr),
            Where::Inside => {
                let one = self.wrap_one(value.kind, &quote_spanned!(site=> value));
                quote_spanned!(site=> #expr.map(|value| #one))
            }
        }
    }

    fn wrap_one(&self, kind: Kind, expr: &TokenStream) -> TokenStream {
        let wrapper = self.wrapper(kind);
        let on = self.runner.as_ref().map(|_| quote_spanned!(self.site=> .on(&runner)));
        quote_spanned!(self.site=> #wrapper::new(#expr) #on)
    }

    fn wrapper(&self, kind: Kind) -> TokenStream {
        let Self { krate, site, .. } = self;
        match kind {
            Kind::Future => quote_spanned!(*site=> #krate::Any),
            Kind::Stream => quote_spanned!(*site=> #krate::AnyStream),
            Kind::Context => quote_spanned!(*site=> #krate::AnyContext),
        }
    }

    /// The returned type with the value in it wrapped.
    fn wrapper_of(&self, ty: &Type, value: Value) -> Type {
        let wrapper = self.wrapper(value.kind);
        let mut ty = ty.clone();
        let place = match value.place {
            Where::Itself => Some(&mut ty),
            Where::Inside => first_argument(&mut ty),
        };
        if let Some(place) = place {
            *place = Type::Verbatim(quote_spanned!(self.site=> #wrapper<#place>));
        }
        ty
    }

    fn result(&self, sig: &Signature) -> Type {
        match &sig.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => parse_quote_spanned!(self.site=> ()),
        }
    }

    fn returns(&self, sig: &mut Signature, ty: &TokenStream) {
        let arrow = match &sig.output {
            ReturnType::Type(arrow, _) => *arrow,
            ReturnType::Default => syn::Token![->](self.site),
        };
        sig.output = ReturnType::Type(arrow, Box::new(Type::Verbatim(ty.clone())));
    }

    /// What may go wrong in a context function of this result.
    fn error_of(&self, result: &Type) -> TokenStream {
        let Self { krate, site, .. } = self;
        if is_unit(result) {
            return quote_spanned!(*site=> ::core::convert::Infallible);
        }
        match last_segment(result).filter(|segment| segment.ident == "Result").map(|segment| arguments(segment).nth(1))
        {
            Some(Some(error)) => error.to_token_stream(),
            _ => quote_spanned!(result.span().resolved_at(*site)=> <#result as #krate::__anysync::Ends>::Error),
        }
    }
}

/// Takes the hand out of the signature. Its binding stays where it was, and states the type.
fn remove_hand(sig: &mut Signature, bindings: &mut Bindings, hand: usize) -> Option<proc_macro2::Ident> {
    let receivers = usize::from(sig.receiver().is_some());
    let mut inputs = std::mem::take(&mut sig.inputs).into_iter().collect::<Vec<_>>();
    let removed = inputs.remove(hand);
    sig.inputs = inputs.into_iter().collect();
    let binding = bindings.arguments.get_mut(hand - receivers)?;
    if let syn::FnArg::Typed(argument) = removed {
        binding.ty = Some(inferred(&argument.ty));
    }
    Some(binding.name.clone())
}

/// The type as a body may name it: what is hidden behind `impl` is for the compiler to find.
fn inferred(ty: &Type) -> Type {
    struct Hidden;
    impl VisitMut for Hidden {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::ImplTrait(hidden) => *ty = parse_quote_spanned!(hidden.span()=> _),
                ty => visit_mut::visit_type_mut(self, ty),
            }
        }
    }
    let mut ty = ty.clone();
    Hidden.visit_type_mut(&mut ty);
    ty
}

fn first_argument(ty: &mut Type) -> Option<&mut Type> {
    match ty {
        Type::Group(group) => first_argument(&mut group.elem),
        Type::Paren(paren) => first_argument(&mut paren.elem),
        Type::Path(path) => match &mut path.path.segments.last_mut()?.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter_mut().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            }),
            _ => None,
        },
        _ => None,
    }
}
