//! The long texts: how to contribute, the file formats, what has changed.

/// How to add to the house, and how we write.
#[doc = include_str!("guide/contributing.md")]
pub mod contributing {}

/// The files that the program reads and writes, as a contract.
#[doc = include_str!("guide/formats.md")]
pub mod formats {}

/// What has changed from version to version.
#[doc = include_str!("guide/changelog.md")]
pub mod changelog {}
