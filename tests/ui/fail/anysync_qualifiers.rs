//! What no function may have, all of it told at once.

use pontoon::anysync;

#[anysync]
const fn constant() {}

#[anysync]
async unsafe extern "C" fn foreign(pointer: *const u8) -> u8 {
    unsafe { *pointer }
}

#[anysync]
async fn endless() -> ! {
    loop {}
}

#[anysync]
#[test]
async fn tests() {}

fn main() {}
