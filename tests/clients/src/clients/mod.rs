//! The adapters: a client each, used as its own users use it.

#[cfg(feature = "async-std")]
pub(crate) mod async_h1;
#[cfg(feature = "tokio")]
pub(crate) mod async_nats;
#[cfg(feature = "any")]
pub(crate) mod async_tungstenite;
#[cfg(feature = "smol")]
pub(crate) mod hyper;
#[cfg(any(feature = "smol", feature = "tokio"))]
pub(crate) mod redis;
#[cfg(feature = "async-std")]
pub(crate) mod redis_0_32;
#[cfg(feature = "tokio")]
pub(crate) mod reqwest;
#[cfg(feature = "tokio")]
pub(crate) mod rumqttc;
#[cfg(feature = "any")]
pub(crate) mod sqlx;
#[cfg(feature = "tokio")]
pub(crate) mod tokio_postgres;
#[cfg(feature = "any")]
pub(crate) mod zbus;
