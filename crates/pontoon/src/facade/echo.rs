//! Builders that give `&mut self` back.

/// What a builder's method gives: its own `&mut Self`, perhaps inside a `Result` or an `Option`.
pub trait Echo {
    /// The same without the reference.
    type Echoed: Echoed;

    /// Gives up the reference, if it is the expected one.
    fn echo(self, expected: *const ()) -> Self::Echoed;
}

/// What is left of an [`Echo`].
pub trait Echoed {
    /// With something else in the place of the reference.
    type With<U>;

    /// Puts `this` there.
    fn with<U>(self, this: U) -> Self::With<U>;
}

impl<T> Echo for &mut T {
    type Echoed = ();

    #[track_caller]
    fn echo(self, expected: *const ()) {
        assert!(
            address_of(self) == expected,
            "a method that returns `&mut Self` gave another value than `self`; mark it `#[blocking(skip)]`"
        );
    }
}

impl Echoed for () {
    type With<U> = U;

    fn with<U>(self, this: U) -> U {
        this
    }
}

impl<T: Echo<Echoed = ()>, E> Echo for Result<T, E> {
    type Echoed = Result<(), E>;

    #[track_caller]
    fn echo(self, expected: *const ()) -> Result<(), E> {
        self?.echo(expected);
        Ok(())
    }
}

impl<E> Echoed for Result<(), E> {
    type With<U> = Result<U, E>;

    fn with<U>(self, this: U) -> Result<U, E> {
        self.map(|()| this)
    }
}

impl<T: Echo<Echoed = ()>> Echo for Option<T> {
    type Echoed = Option<()>;

    #[track_caller]
    fn echo(self, expected: *const ()) -> Option<()> {
        self?.echo(expected);
        Some(())
    }
}

impl Echoed for Option<()> {
    type With<U> = Option<U>;

    fn with<U>(self, this: U) -> Option<U> {
        self.map(|()| this)
    }
}

/// Where a value lies.
pub fn address_of<T>(value: &T) -> *const () {
    std::ptr::from_ref(value).cast()
}

/// Takes the reference out of what a builder's method gave.
#[track_caller]
pub fn echo<T: Echo>(given: T, expected: *const ()) -> T::Echoed {
    given.echo(expected)
}

/// Puts the facade where the reference was.
pub fn echoed<T: Echoed, U>(given: T, this: U) -> T::With<U> {
    given.with(this)
}
