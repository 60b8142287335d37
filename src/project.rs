//! A project: its name and the names derived from it, where it goes, how it is made, and where it came from.

pub mod change;
pub mod create;
pub mod name;
pub mod record;
pub mod site;

pub use name::ProjectName;
pub use record::Record;
pub use site::Site;

/// The folders below which the parts of a monorepo are.
pub const WORKSPACES: [&str; 3] = ["apps", "packages", "services"];
