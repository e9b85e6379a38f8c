//! What the macros of pontoon write compiles in a crate of edition 2021, and without a warning.
#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic, missing_docs, unused_lifetimes, unused_qualifications, warnings)]

pub mod anysync;
pub mod blocking;
pub mod facade;

/// What a hidden type captures is what the user's edition says.
#[cfg(test)]
mod captures {
    use futures_core::Stream;
    use futures_lite::stream;

    #[pontoon::blocking]
    struct Counter(u32);

    #[pontoon::blocking]
    impl Counter {
        /// It borrows nothing, in this edition.
        pub(crate) fn count(&self) -> impl Stream<Item = u32> {
            stream::iter(0..self.0)
        }
    }

    #[test]
    fn a_stream_that_borrows_nothing_outlives_its_facade() {
        let numbers = {
            let counter = BlockingCounter::from_async(Counter(3));
            counter.count()
        };
        assert_eq!(numbers.count(), 3);
    }
}
