//! Choices out of bytes: when they are used up, every choice is the first one.

/// The bytes that are left.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    /// A number below `end`, out of one byte, or of two where one does not reach.
    pub fn below(&mut self, end: usize) -> usize {
        let number = if end > 256 { self.next() << 8 | self.next() } else { self.next() };
        number % end.max(1)
    }
}
