//! redis' multiplexed connection: one facade, and the builds of redis for each runtime.

#[cfg(feature = "redis-async-std")]
pub mod async_std;
#[cfg(feature = "redis-smol")]
pub mod smol;
#[cfg(feature = "redis-tokio")]
pub mod tokio;
