//! Types of every shape.

use futures_core::Stream;
use futures_lite::stream;
use pontoon::blocking;
use std::fmt;

/// Generic in everything.
#[blocking(backend = pontoon::Smol)]
#[derive(Clone, Debug)]
pub struct Pool<'p, T: Clone = u32, const N: usize = 4>
where
    T: fmt::Debug,
{
    items: [T; N],
    /// Its name.
    pub name: &'p str,
}

#[blocking(backend = pontoon::Smol)]
impl<'p, T: Clone, const N: usize> Pool<'p, T, N>
where
    T: fmt::Debug,
{
    /// Fills it.
    pub async fn fill(item: T, name: &'p str) -> Self {
        Self { items: std::array::from_fn(|_| item.clone()), name }
    }

    /// One of them.
    pub async fn item(&self, number: usize) -> Option<&T> {
        self.items.get(number)
    }

    /// All of them, changed on the way.
    pub fn mapped<'a, U, F>(&'a self, f: F) -> impl Stream<Item = U> + use<'a, 'p, T, N, U, F>
    where
        F: Fn(&T) -> U,
    {
        stream::iter(self.items.iter().map(f))
    }
}

/// One of two.
#[blocking]
#[derive(Clone, Debug)]
pub enum Either {
    /// This.
    Left(u32),
    /// Or that.
    Right(String),
}

#[blocking]
impl Either {
    /// How long it is.
    pub async fn len(&self) -> usize {
        match self {
            Self::Left(number) => usize::try_from(*number).unwrap_or(usize::MAX),
            Self::Right(text) => text.len(),
        }
    }

    /// Whether there is nothing.
    pub async fn is_empty(&self) -> bool {
        self.len().await == 0
    }
}

/// Elsewhere, by paths.
pub mod elsewhere {
    use pontoon as bridge;

    /// A type in a module, and the crate under another name.
    #[bridge::blocking(crate = bridge)]
    #[derive(Debug)]
    pub struct Far(pub(super) u32);

    impl Far {
        /// Makes one.
        #[must_use]
        pub fn new(number: u32) -> Self {
            Self(number)
        }
    }
}

#[blocking(crate = ::pontoon)]
impl elsewhere::Far {
    /// How far.
    pub async fn far(&self) -> u32 {
        self.0
    }
}

macro_rules! made {
    ($name:ident $method:ident -> $ty:ty) => {
        /// Made by a macro.
        #[blocking]
        #[derive(Debug)]
        pub struct $name(pub $ty);

        #[blocking]
        impl $name {
            /// Made by a macro.
            pub async fn $method(&self, add: $ty) -> $ty {
                self.0 + add
            }
        }
    };
}

made!(Made sum -> u32);

/// By configuration.
#[blocking(cfg(any()))]
#[derive(Debug)]
pub struct Unmirrored;
