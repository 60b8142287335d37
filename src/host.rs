//! The machine: the only part of nixstart that reads and changes it.

pub mod apply;
pub mod clock;
pub mod crash;
pub mod exec;
pub mod facts;
pub mod files;
pub mod git;
pub mod interrupt;
pub mod job_control;
pub mod journal;
pub mod lock;
pub mod paths;
pub mod privilege;
pub mod probe;
pub mod random;
pub mod revert;
pub mod target;
pub mod template_folder;
pub mod vault;
