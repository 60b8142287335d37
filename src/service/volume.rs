//! A directory that a service keeps its files in.

use super::command::Command;
use super::fields::{Fields, mode_of};
use super::quantity::{SIZE, Size};

/// A directory that a service keeps its files in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Where the service sees it.
    pub path: String,
    /// Whether it outlives the service.
    pub persist: bool,
    /// How much room it has.
    pub size: Option<Size>,
    /// Its permission bits.
    pub mode: Option<u32>,
    /// What makes it when it is not there.
    pub init: Option<Command>,
    /// What says whether it is as it should be.
    pub check: Option<Command>,
}

impl Volume {
    /// Reads the table.
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let volume = Self {
            path: String::new(),
            persist: fields.flag("persist").unwrap_or(true),
            size: fields.word("size", SIZE, Size::parse),
            mode: fields.word("mode", "permission bits such as `0700`", mode_of),
            init: fields.command("init"),
            check: fields.command("check"),
        };
        Some(Self { path: fields.required_text("path")?, ..volume })
    }
}
