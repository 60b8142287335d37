//! A line that a process has said.

use std::sync::Arc;

use super::log_text::LogText;

/// A line that a process has said, without its line break. Escape sequences are still in it: it is cleaned when it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Who said it.
    pub process: Arc<str>,
    /// Where.
    pub stream: Stream,
    /// When, in milliseconds since 1970; `None` when the runner does not tell.
    pub time: Option<u64>,
    /// What.
    pub text: String,
}

/// Where a line was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// On standard output.
    Output,
    /// On standard error.
    Error,
    /// The runner does not tell.
    Unknown,
}

/// A line that was kept: cleaned, without secrets, and with its place among all that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLine {
    /// Its number among all that arrived, whoever said them, from 1 on.
    pub number: u64,
    /// Who said it.
    pub process: Arc<str>,
    /// Where.
    pub stream: Stream,
    /// When, in milliseconds since 1970; `None` when nobody told.
    pub time: Option<u64>,
    /// What, and how it looks.
    pub text: LogText,
}
