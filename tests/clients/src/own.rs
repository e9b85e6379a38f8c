//! What [`servers`](crate::servers) starts for the clients in particular.

use crate::client::pattern;
use std::{any::Any, io};

/// The WebSocket server.
#[cfg(feature = "any")]
pub(crate) fn server(port: u16) -> io::Result<Box<dyn Any + Send>> {
    Ok(Box::new(crate::websocket::WebSocketServer::start(port)?))
}

/// None: the feature of its clients is off.
#[cfg(not(feature = "any"))]
pub(crate) fn server(_: u16) -> io::Result<Box<dyn Any + Send>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What nginx serves.
pub(crate) fn files() -> [(&'static str, Vec<u8>); 1] {
    [("pattern", pattern())]
}
