//! Real inputs: what the tests and the examples of the workspace give to the macros.

use crate::{Input, Macro};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::{
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};
use syn::{Attribute, File, Item, Meta};

/// Where they are, from the root of the workspace.
const FOLDERS: &[&str] =
    &["tests/edition-2021/src", "tests/ui/pass", "tests/ui/fail", "tests/src", "crates/pontoon/examples/facades/src"];

thread_local! {
    static ALL: Rc<[Input]> = collect().into();
}

/// All of them.
///
/// # Panics
///
/// When a folder cannot be read.
pub fn all() -> Rc<[Input]> {
    ALL.with(Rc::clone)
}

fn collect() -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&root.join(folder), &mut files);
    }
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        // some of what must not compile is no Rust at all
        if let Ok(File { items, .. }) = syn::parse_file(&text) {
            items.into_iter().for_each(|item| inputs(item, &mut found));
        }
    }
    found
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of inputs") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn inputs(item: Item, found: &mut Vec<Input>) {
    match item {
        Item::Mod(module) => {
            module.content.into_iter().flat_map(|(_, items)| items).for_each(|item| inputs(item, found))
        }
        Item::Macro(call) => {
            if call.mac.path.segments.last().is_some_and(|last| last.ident == "facade") {
                found.push(Input { which: Macro::Facade, args: TokenStream::new(), item: call.mac.tokens });
            }
        }
        mut item => {
            let Some(attrs) = attributes(&mut item) else { return };
            let place = attrs.iter().position(|attr| macro_of(attr).is_some());
            let Some(attr) = place.map(|place| attrs.remove(place)) else { return };
            let Some(which) = macro_of(&attr) else { return };
            let args = match attr.meta {
                Meta::List(list) => list.tokens,
                _ => TokenStream::new(),
            };
            found.push(Input { which, args, item: item.into_token_stream() });
        }
    }
}

fn macro_of(attr: &Attribute) -> Option<Macro> {
    let last = &attr.path().segments.last()?.ident;
    match () {
        () if last == "blocking" => Some(Macro::Blocking),
        () if last == "anysync" => Some(Macro::AnySync),
        () => None,
    }
}

fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    Some(match item {
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        Item::Trait(item) => &mut item.attrs,
        Item::Fn(item) => &mut item.attrs,
        _ => return None,
    })
}
