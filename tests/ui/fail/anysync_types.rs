//! What the compiler says about the user's code, it says at the user's code.

use pontoon::anysync;
use std::rc::Rc;

#[anysync]
async fn number(text: &str) -> usize {
    if text.is_empty() {
        return text;
    }
    "one"
}

#[anysync]
async fn local(held: Rc<u32>) -> u32 {
    std::future::ready(()).await;
    *held
}

fn main() {
    local(Rc::new(1)).spawn();
}
