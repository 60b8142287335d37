//! Checks of the terminal.

#[cfg(test)]
mod examples;
mod looks;

use super::{Check, Cost, Group, Platform, Severity};
#[cfg(test)]
pub(super) use examples::examples;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "term-size",
        group: Group::Terminal,
        severity: Severity::Informs,
        title: "The terminal is large enough",
        symptom: "tables are cut off and screens have less in them",
        cause: "the terminal has fewer than 80 columns or 24 rows",
        fix: "make the window larger or its letters smaller",
        source: "nixstart's own screens",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: looks::is_large_enough,
    },
    Check {
        id: "term-color",
        group: Group::Terminal,
        severity: Severity::Informs,
        title: "The terminal shows colours",
        symptom: "everything has one colour",
        cause: "`TERM` is not set, or says that the terminal can do nothing but print",
        fix: "set `TERM` to what the terminal is",
        source: "conventions of `TERM`, `COLORTERM` and `NO_COLOR`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: looks::shows_colours,
    },
    Check {
        id: "term-unicode",
        group: Group::Terminal,
        severity: Severity::Informs,
        title: "The locale writes UTF-8",
        symptom: "`â€¦` or question marks in place of letters and lines",
        cause: "`LC_ALL`, `LC_CTYPE` or `LANG` name a locale with another encoding, or none does",
        fix: "set `LANG` to a locale that ends in `.UTF-8`",
        source: "POSIX, chapter 8.2",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: looks::writes_utf8,
    },
    Check {
        id: "term-raw",
        group: Group::Terminal,
        severity: Severity::Informs,
        title: "Keys can be read one by one",
        symptom: "screens do not open, and questions take their defaults",
        cause: "the input is a pipe or a file",
        fix: "start nixstart from a terminal, or use `--plain`",
        source: "POSIX, `isatty`",
        platform: Platform::Any,
        cost: Cost::Local,
        needs: &[],
        look: looks::reads_keys,
    },
    Check {
        id: "locale-archive",
        group: Group::Terminal,
        severity: Severity::Informs,
        title: "Programs from Nix find locales",
        symptom: "`setlocale: LC_ALL: cannot change locale`, `Setting locale failed`",
        cause: "the C library of programs from Nix may not be able to read the locales of this system",
        fix: "point `LOCALE_ARCHIVE` to an archive, or use `C.UTF-8`; a hint only, for when the symptom shows",
        source: "nixpkgs, `glibcLocales`; not measured",
        platform: Platform::Linux,
        cost: Cost::Local,
        needs: &[],
        look: looks::finds_locales,
    },
];
