//! An input of a macro, and how bytes become one: a real input with random changes, or tokens at random.

use crate::{bytes::Bytes, real};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::{fmt, str::FromStr as _};

/// Which macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Macro {
    /// `#[blocking]`.
    Blocking,
    /// `#[anysync]`.
    AnySync,
    /// `facade!`.
    Facade,
}

/// What it gets.
#[derive(Clone, Debug)]
pub struct Input {
    /// Which macro.
    pub which: Macro,
    /// What is in the parentheses of the attribute.
    pub args: TokenStream,
    /// What the attribute stands on, or what is in the macro's braces.
    pub item: TokenStream,
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}) on {}", self.which, self.args, self.item)
    }
}

/// What macros may meet, by itself: a token each.
const WORDS: &str = "x Client Self self super crate async fn impl struct enum trait where for dyn mut ref const static \
                     type use mod unsafe extern pub in let match loop r#fn r#type _ Stream Future Item Iterator Result \
                     Option Vec Box Pin Arc blocking anysync facade iter skip local name wrap backend close close_limit \
                     trait_name cfg cfg_attr doc derive must_use deprecated context main await move 'a 'static '_ 0 1u8 \
                     2.5 \"s\" \" a\\n ```\\n x.await\" b\"s\" 'c' r#\"s\"# ~ , ; : :: . .. ... ..= -> => = == < > << >> \
                     & && | || + - * / % ^ ! ? # $ @ () [] {}";

/// How deep groups may lie in each other: the compiler has a limit of its own.
const DEPTH: usize = 24;

fn words() -> Vec<TokenTree> {
    TokenStream::from_str(WORDS).expect("tokens").into_iter().collect()
}

impl Input {
    /// The input that the bytes stand for.
    pub fn from_bytes(bytes: &[u8]) -> Input {
        let mut bytes = Bytes(bytes);
        let real = real::all();
        let mut input = real[bytes.below(real.len())].clone();
        match bytes.below(16) {
            // another macro on it
            0 => input.which = [Macro::Blocking, Macro::AnySync, Macro::Facade][bytes.below(3)],
            1 => input.args = real[bytes.below(real.len())].args.clone(),
            2 => input.item = at_random(&mut bytes, DEPTH),
            3 => input.args = at_random(&mut bytes, DEPTH),
            _ => {}
        }
        while !bytes.is_empty() {
            // most of the changes are in what the macro stands on
            let tokens = if bytes.below(6) == 0 { &mut input.args } else { &mut input.item };
            *tokens = change(tokens.clone(), &mut bytes);
        }
        input
    }
}

/// Tokens, one byte each.
fn at_random(bytes: &mut Bytes<'_>, depth: usize) -> TokenStream {
    let words = words();
    let mut tokens = Vec::<TokenTree>::new();
    while !bytes.is_empty() {
        let word = bytes.below(words.len() + 4);
        match word.checked_sub(words.len()) {
            None => tokens.push(words[word].clone()),
            Some(3) => break,
            Some(group) if depth > 0 => {
                tokens.push(Group::new(delimiter(group), at_random(bytes, depth - 1)).into());
            }
            Some(_) => {}
        }
    }
    tokens.into_iter().collect()
}

fn delimiter(number: usize) -> Delimiter {
    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None][number % 4]
}

/// How many tokens there are, those in groups included.
fn count(tokens: &TokenStream) -> usize {
    let of_token = |token| match token {
        TokenTree::Group(group) => 1 + count(&group.stream()),
        _ => 1,
    };
    tokens.clone().into_iter().map(of_token).sum()
}

/// One change at one place.
fn change(tokens: TokenStream, bytes: &mut Bytes<'_>) -> TokenStream {
    let place = bytes.below(count(&tokens).max(1));
    let what = bytes.below(8);
    let words = words();
    let word = words[bytes.below(words.len())].clone();
    let real = real::all();
    let donor = (what == 7).then(|| {
        let donor = &real[bytes.below(real.len())].item;
        let place = bytes.below(count(donor).max(1));
        nth(donor, &mut { place })
    });
    let mut place = place;
    at(tokens, &mut place, &mut |token| match what {
        0 => Vec::new(),
        1 => vec![token.clone(), token],
        2 => vec![word.clone()],
        3 => vec![word.clone(), token],
        4 => vec![token, word.clone()],
        5 => match token {
            // a group without its parentheses, and a token with some
            TokenTree::Group(group) => group.stream().into_iter().collect(),
            token => vec![Group::new(delimiter(place_of(&word)), TokenTree::into(token)).into()],
        },
        6 => match token {
            TokenTree::Group(group) => {
                let reversed: Vec<_> = group.stream().into_iter().collect();
                vec![Group::new(group.delimiter(), reversed.into_iter().rev().collect()).into()]
            }
            token => vec![token],
        },
        _ => donor.clone().flatten().into_iter().collect(),
    })
}

fn place_of(word: &TokenTree) -> usize {
    word.to_string().len()
}

/// The token at a place.
fn nth(tokens: &TokenStream, place: &mut usize) -> Option<TokenTree> {
    for token in tokens.clone() {
        if *place == 0 {
            return Some(token);
        }
        *place -= 1;
        if let TokenTree::Group(group) = &token {
            if let Some(found) = nth(&group.stream(), place) {
                return Some(found);
            }
        }
    }
    None
}

/// Puts what `f` makes of the token at a place there instead.
fn at(tokens: TokenStream, place: &mut usize, f: &mut dyn FnMut(TokenTree) -> Vec<TokenTree>) -> TokenStream {
    let mut made = Vec::new();
    for token in tokens {
        if *place == 0 {
            made.extend(f(token));
            *place = usize::MAX;
            continue;
        }
        *place = place.saturating_sub(usize::from(*place != usize::MAX));
        match token {
            TokenTree::Group(group) if *place != usize::MAX => {
                made.push(Group::new(group.delimiter(), at(group.stream(), place, f)).into());
            }
            token => made.push(token),
        }
    }
    made.into_iter().collect()
}
