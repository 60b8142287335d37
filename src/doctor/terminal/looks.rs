//! Judges the terminal. Where output goes to none, none of this matters.

use super::super::remedy::Restart;
use super::super::{Fix, Look, Problem, Verdict};
use crate::facts::{Facts, Unknown};

const LEAST_COLUMNS: u16 = 80;
const LEAST_ROWS: u16 = 24;

fn in_a_terminal(facts: &Facts) -> Result<(), Unknown> {
    if *facts.terminal.is_output.get()? { Ok(()) } else { Err(Unknown::Irrelevant("the output goes to no terminal".to_owned())) }
}

pub(super) fn is_large_enough(facts: &Facts) -> Look {
    let (columns, rows) = *facts.terminal.size.get()?;
    if columns >= LEAST_COLUMNS && rows >= LEAST_ROWS {
        return Ok(Verdict::Pass(format!("{columns} columns, {rows} rows")));
    }
    Ok(Verdict::Warn(
        Problem::new(format!("the terminal has {columns} columns and {rows} rows"))
            .fix(Fix::by_hand(&format!("Make the window larger; {LEAST_COLUMNS} by {LEAST_ROWS} shows everything"), &[])),
    ))
}

pub(super) fn shows_colours(facts: &Facts) -> Look {
    in_a_terminal(facts)?;
    if *facts.terminal.is_colour_off.get()? {
        return Ok(Verdict::Pass("off, as `NO_COLOR` asks".to_owned()));
    }
    let colours = facts.terminal.colours.known().and_then(Option::as_deref);
    Ok(match facts.terminal.kind.get()?.as_deref() {
        Some(kind) if kind != "dumb" => {
            Verdict::Pass(colours.map_or(format!("`{kind}`"), |colours| format!("`{kind}`, {colours}")))
        }
        kind => {
            let summary = kind.map_or("`TERM` is not set".to_owned(), |kind| format!("`TERM` is `{kind}`"));
            Verdict::Warn(
                Problem::new(summary).fix(
                    Fix::by_hand("Name the terminal; nearly every one understands this", &["export TERM=xterm-256color"])
                        .restarting(Restart::Shell),
                ),
            )
        }
    })
}

pub(super) fn writes_utf8(facts: &Facts) -> Look {
    in_a_terminal(facts)?;
    let locale = facts.terminal.locale.get()?;
    let value = locale.value.as_deref().unwrap_or("C");
    if locale.is_utf8() {
        return Ok(Verdict::Pass(format!("`{value}`")));
    }
    let variable = locale.variable.as_deref().unwrap_or("LANG");
    let summary = match &locale.variable {
        Some(variable) => format!("`{variable}` is `{value}`, which is not UTF-8"),
        None => "no locale is set".to_owned(),
    };
    let set = format!("export {variable}=C.UTF-8");
    Ok(Verdict::Warn(
        Problem::new(summary).detail("nixstart draws with plain letters then").fix(
            Fix::by_hand("Take a locale that writes UTF-8; `locale -a` lists those of this system", &[&set])
                .restarting(Restart::Shell),
        ),
    ))
}

pub(super) fn reads_keys(facts: &Facts) -> Look {
    in_a_terminal(facts)?;
    if !*facts.terminal.is_input.get()? {
        return Ok(Verdict::Warn(
            Problem::new("the input is no terminal")
                .fix(Fix::by_hand("Start nixstart without a pipe before it, or use `--plain`", &[])),
        ));
    }
    let between = facts.terminal.between.known().map(|between| between.join(" and ")).filter(|between| !between.is_empty());
    Ok(Verdict::Pass(between.map_or("a terminal".to_owned(), |between| format!("a terminal, through {between}"))))
}

pub(super) fn finds_locales(facts: &Facts) -> Look {
    let archive = facts.terminal.archive.get()?;
    let locale = facts.terminal.locale.get()?;
    let give = Fix::by_hand(
        "Should a program complain, give it locales from Nix, or use one that is built in",
        &["nix profile add nixpkgs#glibcLocales", "export LOCALE_ARCHIVE=$HOME/.nix-profile/lib/locale/locale-archive"],
    );
    Ok(match &archive.named {
        Some(path) if archive.is_there => Verdict::Pass(format!("`{path}`")),
        Some(path) => Verdict::Warn(
            Problem::new(format!("`LOCALE_ARCHIVE` names `{path}`, which is not there"))
                .fix(Fix::by_hand("Forget it in this shell, and where it is set", &["unset LOCALE_ARCHIVE"])),
        ),
        None if locale.is_built_in() || archive.has_systems => Verdict::Pass("those of the system".to_owned()),
        None => {
            let value = locale.value.as_deref().unwrap_or("C");
            Verdict::Warn(Problem::new(format!("programs from Nix may not know the locale `{value}`")).fix(give))
        }
    })
}
