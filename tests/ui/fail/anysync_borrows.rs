//! What is borrowed has to live as long as the value.

use pontoon::anysync;

#[anysync]
async fn length(text: &str) -> usize {
    text.len()
}

fn main() {
    let later = {
        let text = String::from("gone");
        length(&text)
    };
    later.run();
}
