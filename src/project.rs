//! A project: its name and the names derived from it, where it goes, how it is made, and where it came from.

pub mod change;
pub mod create;
pub mod name;
pub mod record;
pub mod site;

pub use name::ProjectName;
pub use record::Record;
pub use site::Site;
