//! An adapter per peer.

pub(crate) mod block_on;
#[cfg(feature = "opendal")]
pub(crate) mod opendal;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "reqwest")]
pub(crate) mod reqwest;
#[cfg(any(feature = "zbus", feature = "zbus-async-io"))]
pub(crate) mod zbus;
