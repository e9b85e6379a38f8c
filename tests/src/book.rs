//! Chapters of the book whose examples need every backend, or a runtime beside them. The others are tests of `pontoon`.
#![cfg(doctest)]

#[doc = include_str!("../../docs/story.md")]
struct Story;

#[doc = include_str!("../../docs/backends.md")]
struct Backends;

#[doc = include_str!("../../docs/inside.md")]
struct Inside;

#[doc = include_str!("../../docs/nesting.md")]
struct Nesting;

#[doc = include_str!("../../docs/fork.md")]
struct Fork;

#[doc = include_str!("../../docs/migrating.md")]
struct Migrating;

#[doc = include_str!("../../docs/why.md")]
struct Why;

#[doc = include_str!("../../docs/architecture.md")]
struct Architecture;
