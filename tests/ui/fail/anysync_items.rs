//! It belongs on functions.

use pontoon::anysync;

#[anysync]
struct Client;

#[anysync]
impl Client {
    async fn get(&self) -> u32 {
        1
    }
}

#[anysync]
trait Get {
    fn get(&self) -> u32;
}

#[anysync]
const NUMBER: u32 = 1;

fn main() {}
