//! What the facades of [`#[blocking]`](macro@crate::blocking) and [`facade!`](macro@crate::facade) are made of.
//!
//! A facade is a [`Bound`]: a value and the runner that its calls run on. Results that hold wrapped types become facades
//! by [`IntoBlocking`], arguments become async values by [`IntoAsync`]. Both traits are told *how* by a type that mirrors
//! the type in the signature:
//!
//! | in the signature | how |
//! |---|---|
//! | nothing that is wrapped | [`Same`] |
//! | `Client`, `Self` | [`Wrap<BlockingClient>`](Wrap) |
//! | `Option<Client>`, `Vec<Client>`, `Result<Client>`, an alias of one of them | [`Inside<..>`](Inside) |
//! | `Result<Client, Rejected<Client>>`, `HashMap<String, Client>` | [`Both<.., ..>`](Both) |
//! | `(Client, u32)` | a tuple of these |
//! | `impl Stream<Item = u32>` | [`Items`] |
//! | `impl Stream<Item = Client>` | [`ItemsBy<..>`](ItemsBy) |
//!
//! A container of your own takes part when it implements [`IntoBlocking`]:
//!
//! ```
//! # #[cfg(all(feature = "macros", feature = "smol"))] {
//! use pontoon::{IntoBlocking, Runner, Smol, blocking, facade::Inside};
//!
//! pub struct Page<T> {
//!     items: Vec<T>,
//!     last: bool,
//! }
//!
//! impl<T: IntoBlocking<How>, How> IntoBlocking<Inside<How>> for Page<T> {
//!     type Blocking = Page<T::Blocking>;
//!
//!     fn into_blocking(self, runner: &Runner) -> Self::Blocking {
//!         let items = self.items.into_iter().map(|item| item.into_blocking(runner)).collect();
//!         Page { items, last: self.last }
//!     }
//! }
//!
//! #[blocking]
//! pub struct Client;
//!
//! #[blocking(backend = Smol)]
//! impl Client {
//!     pub async fn all() -> Page<Self> {
//!         Page { items: vec![Client, Client], last: true }
//!     }
//! }
//!
//! let page: Page<BlockingClient> = BlockingClient::all();
//! assert_eq!((page.items.len(), page.last), (2, true));
//! # }
//! ```

mod bound;
mod convert;
mod dispatch;
mod echo;
mod guard;
mod items;
pub(crate) mod macros;

pub use bound::Bound;
pub use convert::{Both, Inside, IntoAsync, IntoBlocking, Items, ItemsBy, Same, Wrap};
pub use items::BlockingItems;

/// What generated code calls. It may change with every version.
#[doc(hidden)]
pub mod private {
    pub use super::{
        bound::Facade,
        convert::{blocking, unblocking},
        dispatch::{Call, Done, Given, GivenHere, Here},
        echo::{Echo, Echoed, address_of, echo, echoed},
        guard::{CLOSE_LIMIT, close},
    };
    #[cfg(any(feature = "smol", feature = "async-std", feature = "tokio"))]
    pub use crate::global::global;

    /// There is none without a backend.
    #[cfg(not(any(feature = "smol", feature = "async-std", feature = "tokio")))]
    #[track_caller]
    pub fn global() -> &'static crate::Runner {
        panic!(
            "`from_async` needs a backend: turn on a feature of pontoon, name one with `backend = ..`, or use `from_async_on`"
        )
    }
}
