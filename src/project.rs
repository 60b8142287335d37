//! A project: its name and the names derived from it, and the record of where it came from.

pub mod name;
pub mod record;

pub use name::ProjectName;
pub use record::Record;
