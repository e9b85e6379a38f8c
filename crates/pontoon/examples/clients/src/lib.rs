//! The crates that the examples are written with: clients below the features of their backends, a window below its own.

#![forbid(unsafe_code)]

#[cfg(feature = "async-std")]
pub use {async_h1, async_std, http_types};
pub use {async_io, futures_util, indicatif};
#[cfg(feature = "window")]
pub use {embedded_graphics, softbuffer, winit};
#[cfg(feature = "smol")]
pub use {http_body_util, hyper, smol_hyper};
#[cfg(feature = "tokio")]
pub use {reqwest, tokio};
#[cfg(feature = "trace")]
pub use {tracing, tracing_chrome, tracing_subscriber};
