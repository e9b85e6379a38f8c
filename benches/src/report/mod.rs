//! What the figures say: to people, to programs, and to the list of what had to be shown.

pub mod json;
pub mod must_show;
pub mod svg;
pub mod table;
