//! Secrets a project needs: what they are, how their values are checked, and the files that declare them.
//!
//! A value is a [`secrecy::SecretString`]; nothing here prints one, and messages name keys, lengths and public ids only.

mod address;
pub mod audit;
pub mod check;
pub mod declarations;
pub mod discord;
pub mod edited;
mod encoded;
pub mod example;
pub mod form;
pub mod generate;
mod github;
pub mod guard;
pub mod hook;
pub mod invitation;
pub mod kind;
pub mod lint;
pub mod mask;
pub mod online;
pub mod recipient;
pub mod recipients;
pub mod redactor;
pub mod rotation;
pub mod schema;
pub mod sealed;
pub mod secretspec;
pub mod shapes;
pub mod ssh;

pub use check::{Accepted, Rejection, check, cross_check};
pub use declarations::Declarations;
pub use kind::Kind;
pub use redactor::Redactor;
pub use schema::SecretSpec;
