use std::sync::Arc;

pontoon::facade! {
    #[derive(Clone, PartialEq)]
    #[non_exhaustive]
    struct Text(String);

    fn new() -> Self;

    fn runner(&self) -> u32;

    fn shared(self: Arc<Self>) -> u32;

    #[blocking(skip)]
    fn len(&self) -> usize;

    #[test]
    fn is_empty(&self) -> bool;

    fn as_ref(&self) -> &Self;
}

fn main() {}
