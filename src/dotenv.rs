//! `.env` files: what their keys and values are, and how a value is written so that every program reads it alike.
//!
//! Errors name a key and a reason, never a value.

pub mod compare;
pub mod consumer;
pub mod consumers;
mod decode;
pub mod document;
pub mod edit;
pub mod export;
pub mod import;
pub mod layers;
pub mod reader;
mod scanner;
pub mod writer;

pub use consumer::Consumer;
pub use document::{Assignment, Document, Fault, Style};
pub use edit::fill;
pub use reader::{Entry, entries, in_force, read, unread_lines};
pub use writer::{Unportable, Writer, quote};
