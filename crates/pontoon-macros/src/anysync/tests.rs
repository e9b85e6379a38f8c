//! No input makes the macro panic, and what is accepted is a function.

use super::expand;
use proc_macro2::TokenStream;
use std::str::FromStr as _;

fn expanded(args: &str, item: &str) -> String {
    let tokens = |text: &str| TokenStream::from_str(text).expect("the test's own tokens");
    expand(tokens(args), tokens(item)).to_string()
}

/// Every tail and every piece of these items, under every one of these options, comes back as an item or as an error.
#[test]
fn no_input_panics() {
    let items = [
        "pub(crate) async fn f<'a, T: Clone, const N: usize>(&'a mut self, (mut a, _): (T, [u8; N]), r#type: impl Fn(&str) -> u8) \
         -> Result<impl Stream<Item = T> + 'a, E> where T: 'a { #![allow(unused)] return a; }",
        "#[must_use] #[cfg(all())] async fn c(self: Pin<&mut Self>, #[cfg(any())] mut hand: Hand<(A, B)>, _: u8) -> io::Result<()> { }",
        concat!("const un", "safe extern \"C\" fn v(a: u8, ...) -> ! { loop {} }"),
        "fn s(self, Point { x, y: [a, .., b] }: Point) -> impl Send + futures::Stream<Item = u8> + use<> { x }",
        "async fn two(a: Hand<u8>, b: Hand, c: Hand<>, d: Hand<'a>) -> (impl Future<Output = ()>) ;",
        "fn main() {}",
        "impl<T> S<T> { async fn f() {} }",
        "struct S { a: u8 }",
        "trait T { fn f(); }",
        "mod m { }",
        "use a::b;",
        "",
    ];
    let args = [
        "",
        "runner = pontoon::global(), crate = a::b,",
        "stream",
        "context, context, future",
        "future",
        "crate, runner =, runner, crate = \"a\", 5, , x = y",
        "runner = {}{} runner",
    ];
    for args in args.map(|args| TokenStream::from_str(args).unwrap()) {
        for item in items {
            let tokens: Vec<_> = TokenStream::from_str(item).unwrap().into_iter().collect();
            for begin in 0..=tokens.len() {
                expand(args.clone(), tokens[begin..].iter().cloned().collect());
                expand(args.clone(), tokens[..begin].iter().cloned().collect());
                let mut less = tokens.clone();
                less.drain(begin..tokens.len().min(begin + 1));
                let expanded = expand(args.clone(), less.iter().cloned().collect());
                assert!(less.is_empty() || !expanded.is_empty(), "an item is lost: {item}");
            }
        }
    }
}

/// All that is wrong is said at once.
#[test]
fn every_fault_is_told() {
    let told = expanded("nonsense, crate = \"x\", runner", concat!("const un", "safe extern \"C\" fn f() {}"));
    assert_eq!(told.matches("compile_error").count(), 7, "{told}");
}

/// A hand without a type is no other type's.
#[test]
fn a_hand_needs_its_type() {
    for hand in ["Hand", "pontoon::Hand<>", "Hand<'a>"] {
        let told = expanded("", &format!("async fn f(hand: {hand}) {{}}"));
        assert!(told.contains("`Hand<T>`"), "{told}");
    }
}

/// A function that is refused stays, so that its callers find it.
#[test]
fn a_refused_item_stays() {
    let item = "struct S { a : u8 }";
    assert!(expanded("", item).ends_with(item));
}
