//! Thread-locals: the threads of a model share one thread of the system.

use loom::thread::AccessError;
use std::cell::Cell;

/// A value that each thread of a model has for itself, with the face of [`std::thread::LocalKey`].
pub(crate) struct LocalKey<T: 'static>(pub(crate) &'static loom::thread::LocalKey<T>);

impl<T: 'static> LocalKey<T> {
    pub(crate) fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.0.with(f)
    }

    pub(crate) fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        self.0.try_with(f)
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    pub(crate) fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// A cell without a destructor outlives its thread's others, so that one of them may still set it.
    pub(crate) fn set(&'static self, value: T) {
        let _ = self.try_with(|cell| cell.set(value));
    }

    pub(crate) fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

macro_rules! model_thread_local {
    ($($(#[$attr:meta])* static $name:ident: $value:ty = const { $init:expr };)*) => {$(
        $(#[$attr])*
        static $name: $crate::sync::LocalKey<$value> = {
            loom::thread_local! { static KEY: $value = $init; }
            $crate::sync::LocalKey(&KEY)
        };
    )*};
}
pub(crate) use model_thread_local as thread_local;
