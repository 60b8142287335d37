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

mod architecture;
mod bot;
mod cli;
mod docs;
mod doctor;
mod faults;
mod formats;
mod killed;
mod machines;
mod new;
mod nix;
mod review;
mod secrets;
mod setup;
mod setup_machines;
mod support;
mod template;
mod undo;
mod wizard;
