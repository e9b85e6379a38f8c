//! The facade of a type.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Expr, GenericParam, Generics, Ident, Type, Visibility, parse_quote, spanned::Spanned as _};

/// A facade that is to be emitted.
pub(crate) struct Facade<'a> {
    pub(crate) krate: TokenStream,
    pub(crate) vis: &'a Visibility,
    pub(crate) name: Ident,
    pub(crate) generics: &'a Generics,
    /// The async type.
    pub(crate) inner: Type,
    /// What the documentation calls it, and links to.
    pub(crate) inner_in_words: String,
    /// Documentation and other attributes.
    pub(crate) attrs: Vec<Attribute>,
    /// The conditions under which all of it is there.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) backend: Option<&'a Type>,
    pub(crate) close: Option<(&'a Ident, Option<&'a Expr>)>,
    pub(crate) clone: bool,
    pub(crate) debug: bool,
}

impl Facade<'_> {
    pub(crate) fn emit(&self) -> TokenStream {
        let span = Span::mixed_site().located_at(self.name.span());
        let Self { krate, vis, name, generics, inner, attrs, conditions, .. } = self;
        let declared = &generics.params;
        let declared = (!declared.is_empty()).then(|| quote!(<#declared>));
        let clause = &generics.where_clause;
        let (head, arguments, _) = generics.split_for_impl();
        let methods = self.methods(span);
        let others = [self.clone(span), self.debug(span), self.close(span)];
        quote_spanned! {span=>
            #(#attrs)*
            #(#conditions)*
            #vis struct #name #declared #clause {
                bound: #krate::Bound<#inner>,
            }

            #(#conditions)*
            #[doc(hidden)]
            #[automatically_derived]
            impl #head #krate::__private::Facade for #name #arguments #clause {
                type Async = #inner;

                #[inline]
                fn bind(bound: #krate::Bound<#inner>) -> Self {
                    Self { bound }
                }

                #[inline]
                fn bound(&self) -> &#krate::Bound<#inner> {
                    &self.bound
                }

                #[inline]
                fn bound_mut(&mut self) -> &mut #krate::Bound<#inner> {
                    &mut self.bound
                }
            }

            #(#conditions)*
            #[allow(dead_code)]
            impl #head #name #arguments #clause {
                #methods
            }

            #(#others)*
        }
    }

    /// What every facade has.
    fn methods(&self, span: Span) -> TokenStream {
        let Self { krate, vis, inner, .. } = self;
        let words = &self.inner_in_words;
        let (default, shared) = match self.backend {
            Some(backend) => {
                (shared(backend), "Makes a facade of an async value, on the shared runner of its backend.".to_owned())
            }
            None => (
                quote_spanned!(span=> #krate::__private::global()),
                "Makes a facade of an async value, on the global runner.".to_owned(),
            ),
        };
        let into = format!("Gives the [`{words}`] back.");
        let as_ref = format!("The [`{words}`] that this is a facade of, for async code.");
        quote_spanned! {span=>
            #[doc = #shared]
            #[must_use]
            #vis fn from_async(value: #inner) -> Self {
                let runner: &#krate::Runner = #default;
                Self::from_async_on(value, ::core::clone::Clone::clone(runner))
            }

            /// Makes a facade of an async value, on this runner.
            #[inline]
            #[must_use]
            #vis fn from_async_on(value: #inner, runner: #krate::Runner) -> Self {
                Self { bound: #krate::Bound::new(value, runner) }
            }

            #[doc = #into]
            #[inline]
            #[must_use]
            #vis fn into_async(mut self) -> #inner {
                #krate::__private::Facade::take(&mut self).0
            }

            #[doc = #as_ref]
            #[inline]
            #[must_use]
            #vis fn as_async(&self) -> &#inner {
                &self.bound
            }

            #[doc = #as_ref]
            #[inline]
            #[must_use]
            #vis fn as_async_mut(&mut self) -> &mut #inner {
                &mut self.bound
            }

            /// The runner that calls run on.
            #[inline]
            #[must_use]
            #vis fn runner(&self) -> &#krate::Runner {
                self.bound.runner()
            }
        }
    }

    /// The generics of an `impl` of a trait that the async type has to have.
    fn with_bound(&self, bound: &TokenStream) -> Generics {
        let mut generics = self.generics.clone();
        let inner = &self.inner;
        if generics.params.iter().any(|param| matches!(param, GenericParam::Type(_))) {
            let predicate: Result<syn::WherePredicate, _> = syn::parse2(quote!(#inner: #bound));
            generics.make_where_clause().predicates.extend(predicate);
        }
        generics
    }

    fn clone(&self, span: Span) -> TokenStream {
        if !self.clone {
            return TokenStream::new();
        }
        let Self { name, conditions, .. } = self;
        let bound = quote_spanned!(span=> ::core::clone::Clone);
        let generics = self.with_bound(&bound);
        let (head, arguments, clause) = generics.split_for_impl();
        quote_spanned! {span=>
            #(#conditions)*
            #[automatically_derived]
            impl #head #bound for #name #arguments #clause {
                fn clone(&self) -> Self {
                    Self { bound: #bound::clone(&self.bound) }
                }
            }
        }
    }

    fn debug(&self, span: Span) -> TokenStream {
        if !self.debug {
            return TokenStream::new();
        }
        let Self { name, conditions, .. } = self;
        let bound = quote_spanned!(span=> ::core::fmt::Debug);
        let generics = self.with_bound(&bound);
        let (head, arguments, clause) = generics.split_for_impl();
        let text = name.to_string();
        quote_spanned! {span=>
            #(#conditions)*
            #[automatically_derived]
            impl #head #bound for #name #arguments #clause {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_tuple(#text).field(&*self.bound).finish()
                }
            }
        }
    }

    fn close(&self, span: Span) -> TokenStream {
        let Some((method, limit)) = self.close else { return TokenStream::new() };
        let Self { krate, name, generics, conditions, .. } = self;
        let (head, arguments, clause) = generics.split_for_impl();
        let limit = limit.cloned().unwrap_or_else(|| parse_quote!(#krate::__private::CLOSE_LIMIT));
        quote_spanned! {span=>
            #(#conditions)*
            #[automatically_derived]
            impl #head ::core::ops::Drop for #name #arguments #clause {
                fn drop(&mut self) {
                    let close = |mut value: <Self as #krate::__private::Facade>::Async| async move {
                        value.#method().await
                    };
                    #krate::__private::close(self, #limit, close);
                }
            }
        }
    }
}

/// The runner that everybody shares with `backend`, looked for where that is named.
pub(crate) fn shared(backend: &Type) -> TokenStream {
    let span = Span::mixed_site().located_at(backend.span());
    quote_spanned!(span=> <#backend>::shared())
}

/// The type that `name` and its generics make.
pub(crate) fn type_of(name: &Ident, generics: &Generics) -> Type {
    let (_, arguments, _) = generics.split_for_impl();
    Type::Verbatim(quote!(#name #arguments))
}
