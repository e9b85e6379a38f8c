//! What `#[blocking]` and `facade!` expand to calls.
