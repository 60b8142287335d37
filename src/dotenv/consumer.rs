//! The programs that read a `.env`, and what each of them misreads. Measured with 32 parsers; versions are those measured.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::document::Style;

/// A program, or a family of programs, that reads a `.env`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consumer {
    /// Node's `dotenv` 16 to 18 and `node --env-file`.
    Node,
    /// Next.js 14 to 16 (`@next/env`).
    Next,
    /// Vite, by dotenv-expand.
    Vite,
    /// bun 1.4.
    Bun,
    /// deno 2.9.
    Deno,
    /// direnv up to 2.37, whose `dotenv` reads one line at a time.
    Direnv,
    /// devenv up to 2.2.2, which takes quotes for a part of the value.
    OldDevenv,
    /// devenv from 2.3 and secretspec, by dotenv-ng.
    Devenv,
    /// Docker Compose (`.env`, `env_file` without `format: raw`).
    Compose,
    /// `docker run --env-file` and compose's `format: raw`, which know no quotes.
    Docker,
    /// systemd's `EnvironmentFile=`.
    Systemd,
    /// process-compose, overmind, hivemind, by godotenv.
    ProcessCompose,
    /// honcho, which reads one line at a time.
    Honcho,
    /// python-dotenv.
    Python,
    /// Rust's dotenvy, and mise, just and uv by it.
    Rust,
    /// `. ./.env` in a shell.
    Shell,
    /// The dotenv store of sops, which knows no quotes.
    Sops,
    /// varlock 1.20.
    Varlock,
}

impl Consumer {
    /// Every consumer.
    pub const ALL: [Self; 18] = [
        Self::Node,
        Self::Next,
        Self::Vite,
        Self::Bun,
        Self::Deno,
        Self::Direnv,
        Self::OldDevenv,
        Self::Devenv,
        Self::Compose,
        Self::Docker,
        Self::Systemd,
        Self::ProcessCompose,
        Self::Honcho,
        Self::Python,
        Self::Rust,
        Self::Shell,
        Self::Sops,
        Self::Varlock,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Next => "next",
            Self::Vite => "vite",
            Self::Bun => "bun",
            Self::Deno => "deno",
            Self::Direnv => "direnv",
            Self::OldDevenv => "devenv-2.2",
            Self::Devenv => "devenv",
            Self::Compose => "compose",
            Self::Docker => "docker",
            Self::Systemd => "systemd",
            Self::ProcessCompose => "process-compose",
            Self::Honcho => "honcho",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Shell => "shell",
            Self::Sops => "sops",
            Self::Varlock => "varlock",
        }
    }

    /// The consumer of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|consumer| consumer.name() == name)
    }

    /// Whether it knows quotes at all.
    pub const fn knows_quotes(self) -> bool {
        !matches!(self, Self::OldDevenv | Self::Docker | Self::Sops)
    }

    /// Why it would not read a value back that is written in a style; `None` when it does. A value that only quotes keep
    /// whole is never written bare.
    pub fn misreads(self, value: &str, style: Style) -> Option<Misreading> {
        match style {
            Style::Bare => None,
            Style::Single | Style::Double | Style::Backtick if !self.knows_quotes() => Some(Misreading::Quotes),
            Style::Backtick => Some(Misreading::Quotes),
            Style::Single | Style::Double if value.contains('\n') && self.reads_single_lines() => Some(Misreading::Lines),
            Style::Single => self.misreads_single(value),
            Style::Double => self.misreads_double(value),
        }
    }

    const fn reads_single_lines(self) -> bool {
        matches!(self, Self::Direnv | Self::Honcho)
    }

    fn misreads_single(self, value: &str) -> Option<Misreading> {
        if value.contains('\'') {
            return Some(Misreading::QuoteInside);
        }
        let expands = |next: fn(char) -> bool| has_dollar_before(value, next);
        let is_expanded = match self {
            Self::Next | Self::Bun => expands(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '{' | '$' | '(')),
            Self::Vite => expands(|next| next.is_ascii_alphabetic() || matches!(next, '_' | '{' | '$' | '(')),
            Self::Python => expands(|next| next == '{'),
            _ => false,
        };
        // Those that expand take a backslash before any `$` for an escape, wherever it stands.
        let is_unescaped = matches!(self, Self::Next | Self::Vite | Self::Bun) && value.contains("\\$");
        if is_expanded || is_unescaped {
            return Some(Misreading::Dollar);
        }
        let loses_last = matches!(
            self,
            Self::Bun | Self::Compose | Self::Devenv | Self::Rust | Self::ProcessCompose | Self::Python | Self::Varlock
        );
        let joins_pairs = matches!(self, Self::Devenv | Self::Python);
        let is_backslash = (loses_last && value.ends_with('\\')) || (joins_pairs && value.contains("\\\\"));
        is_backslash.then_some(Misreading::Backslash)
    }

    fn misreads_double(self, value: &str) -> Option<Misreading> {
        if value.contains('"') {
            return Some(Misreading::QuoteInside);
        }
        if value.contains('\\') {
            return Some(Misreading::Backslash);
        }
        let keeps_dollar = matches!(self, Self::Node | Self::Systemd | Self::Honcho | Self::Devenv);
        if value.contains('$') && !keeps_dollar {
            return Some(Misreading::Dollar);
        }
        (value.contains('`') && matches!(self, Self::Shell | Self::Direnv)).then_some(Misreading::Backtick)
    }
}

impl Serialize for Consumer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Consumer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown program `{name}`")))
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Node => "Node",
            Self::Next => "Next.js",
            Self::Vite => "Vite",
            Self::Bun => "bun",
            Self::Deno => "deno",
            Self::Direnv => "direnv up to 2.37",
            Self::OldDevenv => "devenv up to 2.2",
            Self::Devenv => "devenv",
            Self::Compose => "compose",
            Self::Docker => "`docker run --env-file`",
            Self::Systemd => "systemd",
            Self::ProcessCompose => "process-compose",
            Self::Honcho => "honcho",
            Self::Python => "python-dotenv",
            Self::Rust => "Rust's dotenvy (mise, just, uv)",
            Self::Shell => "a shell",
            Self::Sops => "sops",
            Self::Varlock => "varlock",
        })
    }
}

/// What goes wrong when a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misreading {
    /// It takes the quotes for a part of the value.
    Quotes,
    /// It reads one line only.
    Lines,
    /// It expands a `$`, or runs what stands behind it.
    Dollar,
    /// It decodes or loses backslashes.
    Backslash,
    /// It ends the value at a quote inside.
    QuoteInside,
    /// It runs what stands between backticks.
    Backtick,
}

fn has_dollar_before(value: &str, next: fn(char) -> bool) -> bool {
    value.chars().zip(value.chars().skip(1)).any(|(this, after)| this == '$' && next(after))
}
