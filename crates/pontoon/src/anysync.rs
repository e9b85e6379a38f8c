//! What `#[anysync]` expands to calls: one value, awaitable and blocking.
