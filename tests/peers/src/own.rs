//! What the file of the servers asks for: nothing of it is needed here. The benches have this file, too.

use std::{any::Any, io};

/// None.
pub(crate) fn server(_: u16) -> io::Result<Box<dyn Any + Send>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// None.
pub(crate) fn files() -> [(&'static str, Vec<u8>); 0] {
    []
}
