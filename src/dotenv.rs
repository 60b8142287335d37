//! `.env` files: what their keys and values are, and how a value is written so that every program reads it alike.
//!
//! Errors name a key and a reason, never a value.

pub mod edit;
pub mod reader;
pub mod writer;

pub use edit::fill;
pub use reader::{Entry, read, unread_lines};
pub use writer::{Unportable, quote};
