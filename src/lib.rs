//! nixstart takes a person from a bare machine to a running project whose environment is reproducible with Nix.
//!
//! The domain (values in, values out) knows nothing of the machine; `host` touches it; `ui`, `ask` and
//! `tui` talk to the person; `cli` joins them. `docs/architecture.md` tells the whole story.

// Domain.
pub mod changeset;
pub mod diagnostic;
pub mod doctor;
pub mod dotenv;
pub mod error;
pub mod facts;
pub mod file_tree;
pub mod image;
pub mod line_edit;
pub mod nix;
pub mod plain_text;
pub mod plan;
pub mod process;
pub mod project;
pub mod question;
pub mod secret;
pub mod service;
pub mod setup;
pub mod template;

// Edges.
pub mod ask;
pub mod backend;
pub mod cli;
pub mod config;
pub mod env_vars;
pub mod host;
pub mod tui;
pub mod ui;

pub use cli::main;
