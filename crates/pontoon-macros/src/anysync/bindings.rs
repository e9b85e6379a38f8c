//! The arguments of an `async fn` on their way into the future.
//!
//! In there each is bound first by its name and then by its pattern, in order, so that all of them are dropped with the
//! future, as the compiler does it. The outer function takes names only.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use std::mem;
use syn::{
    Attribute, Expr, FnArg, Meta, Pat, PatIdent, PatType, Receiver, Signature, Type, parse_quote,
    visit::{self, Visit},
};

#[derive(Default)]
pub(crate) struct Bindings {
    receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Binding>,
}

pub(crate) struct Binding {
    pub(crate) name: Ident,
    /// Where it is more than the name.
    pattern: Option<Pat>,
    /// Where the outer function does not state it.
    pub(crate) ty: Option<Type>,
    cfgs: Vec<Attribute>,
    lints: Vec<Attribute>,
    /// Whether an option uses it, so that it is used if the body does not.
    used: bool,
}

impl Bindings {
    /// Takes the patterns out of the signature, and leaves names there. The user may name them in `options`.
    pub(crate) fn take(sig: &mut Signature, options: Option<&Expr>) -> Self {
        let mentioned = options.map(ToTokens::to_token_stream).unwrap_or_default();
        let mut taken = Self::default();
        for input in &mut sig.inputs {
            match input {
                // One that is borrowed is in the future or not, and nobody can tell.
                FnArg::Receiver(receiver) if receiver.reference.is_some() => {}
                FnArg::Receiver(receiver) => taken.receiver = Some(receiver.clone()),
                FnArg::Typed(argument) => {
                    let mut binding = taken.binding(argument);
                    binding.used = binding.pattern.is_none() && mentions(mentioned.clone(), &binding.name);
                    taken.arguments.push(binding);
                }
            }
        }
        taken
    }

    fn binding(&self, argument: &mut PatType) -> Binding {
        let attrs = mem::take(&mut argument.attrs);
        let (mut lints, others) = attrs.into_iter().partition::<Vec<_>, _>(is_lint);
        let cfgs = others.iter().filter(|attr| is_named(attr, &["cfg", "cfg_attr"])).cloned().collect();
        argument.attrs = others;
        let plain = match &*argument.pat {
            Pat::Ident(PatIdent { by_ref: None, mutability: None, subpat: None, ident, .. }) => Some(ident.clone()),
            _ => None,
        };
        let (name, pattern) = match plain {
            Some(name) if !name.to_string().starts_with('_') => (name, None),
            unused => {
                if unused.is_some() {
                    // Nobody uses it, says its name, and to keep it until the end is the effect.
                    let reason = "the argument lives as long as the future";
                    lints.push(parse_quote!(#[allow(clippy::no_effect_underscore_binding, reason = #reason)]));
                }
                (self.name(&argument.pat), Some((*argument.pat).clone()))
            }
        };
        if pattern.is_some() {
            *argument.pat = Pat::Ident(PatIdent {
                attrs: Vec::new(),
                by_ref: None,
                mutability: None,
                ident: name.clone(),
                subpat: None,
            });
        }
        Binding { name, pattern, ty: None, cfgs, lints, used: false }
    }

    /// What documentation shows for a pattern: the one name in it, or a number. No other variable can be meant by it.
    fn name(&self, pattern: &Pat) -> Ident {
        let mut names = Names(Vec::new());
        names.visit_pat(pattern);
        let mut name = match <[Ident; 1]>::try_from(names.0) {
            Ok([name]) => name,
            Err(_) => Ident::new(&format!("arg{}", self.arguments.len()), Span::call_site()),
        };
        name.set_span(name.span().resolved_at(Span::mixed_site()));
        while self.arguments.iter().any(|other| other.name == name) {
            name =
                Ident::new(&format!("arg{}_{}", self.arguments.len(), name.to_string().replace("r#", "")), name.span());
        }
        name
    }
}

impl ToTokens for Bindings {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let site = Span::mixed_site();
        if let Some(receiver) = &self.receiver {
            let (cfgs, this) = (&receiver.attrs, &receiver.self_token);
            // A mention is enough to move it in.
            tokens.extend(quote_spanned!(site=> #(#cfgs)* let _ = &#this;));
        }
        for Binding { name, pattern, ty, cfgs, lints, used } in &self.arguments {
            let ty = ty.as_ref().map(|ty| quote_spanned!(site=> : #ty));
            tokens.extend(match pattern {
                None => quote_spanned!(site=> #(#cfgs)* #(#lints)* let #name #ty = #name;),
                Some(pattern) => quote_spanned! {site=>
                    #(#cfgs)* let #name = #name;
                    #(#cfgs)* #(#lints)* let #pattern #ty = #name;
                },
            });
            if *used {
                tokens.extend(quote_spanned!(site=> #(#cfgs)* let _ = &#name;));
            }
        }
    }
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

fn is_lint(attr: &Attribute) -> bool {
    is_named(attr, &["allow", "expect", "warn", "deny", "forbid"])
}

fn is_named(attr: &Attribute, names: &[&str]) -> bool {
    let path = match &attr.meta {
        Meta::Path(path) => path,
        Meta::List(list) => &list.path,
        Meta::NameValue(pair) => &pair.path,
    };
    names.iter().any(|name| path.is_ident(name))
}

/// The names that a pattern binds.
struct Names(Vec<Ident>);

impl<'ast> Visit<'ast> for Names {
    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.0.push(pattern.ident.clone());
        visit::visit_pat_ident(self, pattern);
    }
}
