//! Tests of the real binary, one file per topic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::match_wild_err_arm,
    clippy::needless_pass_by_value,
    reason = "a test that meets the unexpected fails"
)]

mod add;
mod architecture;
mod bot;
mod build;
mod build_graphs;
mod build_history;
mod cli;
mod dash;
mod dash_builds;
mod dash_faults;
mod dash_plain;
mod dash_project;
mod devenv_runner;
mod docs;
mod doctor;
mod download;
mod env;
mod env_bad_input;
mod env_check;
mod env_edit;
mod env_exec;
mod env_faults;
mod env_formats;
mod env_guard;
mod env_judged;
mod env_readers;
mod env_share;
mod env_transfer;
mod faults;
mod foreign_runner;
mod formats;
mod image;
mod killed;
mod machines;
mod monorepo;
mod monorepo_nix;
mod new;
mod nix;
mod pictures;
mod process_compose;
mod review;
mod runner;
mod secrets;
mod services;
mod setup;
mod setup_faults;
mod setup_machines;
mod setup_routes;
mod setup_tools;
mod setup_wizard;
mod shell;
mod support;
mod template;
mod undo;
mod up;
mod up_templates;
mod wizard;
