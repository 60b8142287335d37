//! Secrets a project needs: what they are, how their values are checked, and the files that declare them.
//!
//! A value is a [`secrecy::SecretString`]; nothing here prints one, and messages name keys, lengths and public ids only.

pub mod check;
pub mod discord;
pub mod example;
pub mod generate;
pub mod kind;
pub mod schema;
pub mod secretspec;

pub use check::{Accepted, Rejection, check, cross_check};
pub use kind::Kind;
pub use schema::SecretSpec;
