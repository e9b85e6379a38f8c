//! A generator whose seed plays the same choices again.

/// splitmix64: small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next_u64() % end
    }
}

/// Where choices come from.
pub trait Choices {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64;
}

impl Choices for Random {
    fn below(&mut self, end: u64) -> u64 {
        Random::below(self, end)
    }
}

/// Choices out of bytes: when they are used up, every choice is the first one.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u64 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        u64::from(*first)
    }
}

impl Choices for Bytes<'_> {
    fn below(&mut self, end: u64) -> u64 {
        let number = if end > 256 { self.next() << 8 | self.next() } else { self.next() };
        number % end.max(1)
    }
}
