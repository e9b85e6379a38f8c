//! No input makes a macro panic, and what they accept is Rust; what becomes of documentation.

use super::docs::with_link;
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use std::str::FromStr as _;
use syn::{Attribute, parse_quote};

fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).expect("the test's own tokens")
}

/// Every way to leave out one token, to double it, and to put another one in its place, at any depth.
fn mutants(tokens: &TokenStream) -> Vec<TokenStream> {
    let strange: Vec<TokenTree> =
        self::tokens("x 'a 1 \"s\" , ; : <> & = impl self Self () [] {} # ! r#fn ::").into_iter().collect();
    let all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut mutants = Vec::new();
    for (place, token) in all.iter().enumerate() {
        let mut with = |instead: &[TokenTree]| {
            let mutant = all[..place].iter().chain(instead).chain(&all[place + 1..]);
            mutants.push(mutant.cloned().collect());
        };
        with(&[]);
        with(&[token.clone(), token.clone()]);
        // Each place gets another few of them.
        for number in 0..3 {
            with(&[strange[(place * 7 + number * 5) % strange.len()].clone()]);
        }
        if let TokenTree::Group(group) = token {
            for inner in self::mutants(&group.stream()) {
                with(&[Group::new(group.delimiter(), inner).into()]);
            }
        }
    }
    mutants
}

/// What a macro makes is items, some of which may be errors.
#[track_caller]
fn assert_items(expanded: &TokenStream, input: &TokenStream) {
    let parsed = syn::parse2::<syn::File>(expanded.clone());
    assert!(parsed.is_ok(), "{input}\nbecame\n{expanded}\n{}", parsed.unwrap_err());
}

const ARGS: &[&str] = &[
    "",
    "backend = pontoon::Smol, wrap(Row, a::Pair => Two), name = Sync, cfg(all(a, not(b))), crate = a::b",
    "close = end, close_limit = Duration::from_secs(1), trait_name = a::Now",
];

const ITEMS: &[&str] = &[
    "#[derive(Clone, Debug)] #[cfg(a)] #[doc = \"# A\"] pub(crate) struct Client<'c, T: Clone = u8, const N: usize = 3> \
     where T: 'c { a: &'c [T; N] }",
    "enum E { A(u8), B }",
    "#[doc = \" a\\n ```\\n x.await\\n ```\"] impl<'c, T: Clone, const N: usize> m::Client<'c, T, N> where T: Send { \
     pub const A: u8 = 1; \
     pub async fn f<K: AsRef<str> + ?Sized>(&self, (a, _): (u8, Self), mut k: &K, r: Row<'_>, b: impl Fn(&Self) -> u8) \
     -> Result<(Self, Row<'_>, [u8; Self::A]), a::Pair<Self>> where K: Sync { todo!() } \
     #[blocking(iter, local)] pub fn s(self: &mut Self) -> Option<Rows<u8>> { x } \
     pub fn e(&mut self) -> Result<&mut Self, ()> { x } \
     #[blocking(returns = u8, with = |a, b| c)] pub fn h() -> impl Future<Output = impl Stream<Item = Row> + 'c> { x } \
     pub fn b(mut self) -> Pin<Box<dyn Stream<Item = Self> + Send>> { x } m!(); }",
    "#[async_trait] pub trait Store<'a, K: 'a>: Send + Row { type V: Clone; const C: u8 = 1; \
     async fn get(&self, key: K) -> Option<Self::V>; \
     fn all(&self, key: K) -> BoxStream<'_, Self::V> { x } \
     fn two(&self) -> BoxFuture<'_, Self> where Self: Sized; }",
    "impl<'a> Store<'a, u8> for Client<'a, u8, 1> { type V = Option<Row>; const C: u8 = 2; \
     async fn get(&self, key: u8) -> Option<Self::V> { x } }",
    "fn f() {}",
    "mod m {}",
];

const FACADE: &str = "#[derive(Clone)] pub struct Conn<'c, T>(a::Conn<'c, T>) where T: Clone in pontoon::Smol, close = end, \
     wrap(a::Row => Row), cfg(a); \
     /** Doc. */ pub(crate) async fn connect<A> = a::connect(x: A, (b, _): (u8, u8)) -> a::Result<Self> where A: Send; \
     iter fn rows(&self) -> Result<a::Rows, a::Error>; \
     #[blocking(local)] fn close = end(self); fn set(&mut self, row: &a::Row) -> &mut Self; \
     struct Two(u8); fn count_ones(&self) -> u32;";

#[test]
fn no_item_makes_a_panic() {
    for item in ITEMS {
        for args in ARGS {
            let (args, item) = (tokens(args), tokens(item));
            let whole = super::expand(args.clone(), item.clone());
            assert_items(&whole, &item);
            for mutant in mutants(&item) {
                let expanded = super::expand(args.clone(), mutant.clone());
                // What is no item before is none afterwards.
                if syn::parse2::<syn::Item>(mutant.clone()).is_ok() {
                    assert_items(&expanded, &mutant);
                }
            }
        }
    }
}

#[test]
fn no_option_makes_a_panic() {
    for args in ARGS {
        for item in ITEMS {
            let item = tokens(item);
            for mutant in mutants(&tokens(args)) {
                assert_items(&super::expand(mutant.clone(), item.clone()), &mutant);
            }
        }
    }
}

#[test]
fn no_declaration_makes_a_panic() {
    let whole = tokens(FACADE);
    assert!(!crate::facade::expand(whole.clone()).to_string().contains("compile_error"));
    for mutant in mutants(&whole) {
        assert_items(&crate::facade::expand(mutant.clone()), &mutant);
    }
}

#[test]
fn the_item_stays_as_it_is() {
    let item = quote! {
        impl Client {
            #[doc = "Kept."]
            #[other(attribute)]
            #[blocking(skip)]
            pub async fn f(self: Arc<Self>) {}
        }
    };
    let expanded = super::expand(TokenStream::new(), item).to_string();
    let original = quote! {
        impl Client {
            #[doc = "Kept."]
            #[other(attribute)]
            pub async fn f(self: Arc<Self>) {}
        }
    };
    assert!(expanded.starts_with(&original.to_string()), "{expanded}");
}

#[test]
fn all_errors_are_told_at_once() {
    let item = quote! {
        impl Client {
            pub async fn a(self: Arc<Self>, b: impl Stream<Item = u8>) -> Vec<impl Stream<Item = u8>> { x }
            pub fn runner() {}
            m!();
        }
    };
    let expanded = super::expand(quote!(nonsense, close = end), item).to_string();
    assert_eq!(expanded.matches("compile_error").count(), 8, "{expanded}");
}

#[track_caller]
fn assert_docs(text: &[&str], expected: &[&str]) {
    let attrs: Vec<Attribute> = text.iter().map(|line| parse_quote!(#[doc = #line])).collect();
    let lines: Vec<_> = with_link(&attrs, "LINK", Span::call_site())
        .into_iter()
        .map(|attr| match &attr.meta {
            syn::Meta::NameValue(meta) => match &meta.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
                other => other.to_token_stream().to_string(),
            },
            meta => meta.to_token_stream().to_string(),
        })
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn documentation_ends_with_a_link() {
    assert_docs(&[], &["LINK"]);
    assert_docs(&[" Gets.", "", " More.", ""], &[" Gets.", "", " More.", "", " LINK"]);
    assert_docs(&["Gets.\n\nMore."], &["Gets.", "", "More.", "", "LINK"]);
}

#[test]
fn examples_that_await_are_left_out() {
    let text = [
        " Gets.",
        "",
        " # Errors",
        "",
        " If not.",
        "",
        " # Examples",
        "",
        " ```no_run",
        " # async fn f() {",
        " get().await;",
        " # }",
        " ```",
        "",
    ];
    assert_docs(&text, &[" Gets.", "", " # Errors", "", " If not.", "", " LINK"]);
    let text =
        [" # A", " ## B", " ~~~~", " ```", " x.await", " ~~~~", " # C", " ```", " # not a heading", " y", " ```"];
    assert_docs(&text, &[" # C", " ```", " # not a heading", " y", " ```", "", " LINK"]);
    // One that does not end, and a word that only looks like it.
    assert_docs(&[" a", " ```", " x.await"], &[" a", "", " LINK"]);
    assert_docs(&[" ```", " asynchronous()", " ```"], &[" ```", " asynchronous()", " ```", "", " LINK"]);
}
