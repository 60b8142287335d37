//! Decodes an error that some tool printed: finds the lines it knows, says which check is about them, why they come and
//! what mends them. It knows old and new wordings, because both are in use.

mod build;
mod distribution;
mod machine;
mod nix;
mod project;
mod tools;

use crate::plain_text::strip_escapes;
use crate::secret::Redactor;

/// What a line of an error means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The check that looks for the cause, or one of [`OWN_IDS`].
    pub check: &'static str,
    /// Why it happens.
    pub cause: &'static str,
    /// What mends it, in the imperative.
    pub fix: &'static str,
    /// What else is worth knowing.
    pub note: Option<&'static str>,
    /// Whether the wording was seen with this cause; otherwise it is a hint.
    pub is_certain: bool,
    /// The line that says so, from 1.
    pub line: usize,
    /// The text of this line, without escape sequences and without what looks like a token.
    pub text: String,
}

/// Ids of causes that no check looks for, because only the error itself shows them.
pub const OWN_IDS: [&str; 41] = [
    "build-failed",
    "build-features",
    "build-killed",
    "build-system",
    "build-timeout",
    "cached-failure",
    "discord-intents",
    "docker-archive",
    "docker-daemon",
    "flake-attribute",
    "flake-registry",
    "git-identity",
    "git-login",
    "hash-mismatch",
    "image-insecure",
    "image-missing",
    "infinite-recursion",
    "module-option",
    "nix-argument",
    "nix-attribute",
    "nix-busy",
    "nix-flag",
    "nix-profile-conflict",
    "not-in-shell",
    "npm-auth",
    "npm-global",
    "npm-peer-conflict",
    "package-broken",
    "package-fetch",
    "package-refused",
    "package-unknown",
    "pnpm-build-scripts",
    "pnpm-fetcher",
    "pnpm-package-argument",
    "registry-unreachable",
    "server-busy",
    "setup-apt-state",
    "skopeo-policy",
    "source-gone",
    "sudo-denied",
    "turbo-absent",
];

/// A row of the index.
#[derive(Debug)]
struct Row {
    check: &'static str,
    /// Lower-case pieces of a line; `…` stands for anything.
    fragments: &'static [&'static str],
    cause: &'static str,
    fix: &'static str,
    note: Option<&'static str>,
    is_certain: bool,
    /// Whether it is said only when nothing else is known.
    is_general: bool,
    /// Whether the line repeats text of a file that may hold secrets, so that it is not shown.
    quotes_secrets: bool,
}

const fn row(check: &'static str, fragments: &'static [&'static str], cause: &'static str, fix: &'static str) -> Row {
    Row { check, fragments, cause, fix, note: None, is_certain: true, is_general: false, quotes_secrets: false }
}

impl Row {
    /// Adds what else is worth knowing.
    const fn note(self, note: &'static str) -> Self {
        Self { note: Some(note), ..self }
    }

    /// Marks a wording that nobody has seen with this cause.
    const fn hint(self) -> Self {
        Self { is_certain: false, ..self }
    }

    /// Marks a tool that repeats the line of a `.env` it cannot read.
    const fn quoting(self) -> Self {
        Self { quotes_secrets: true, ..self }
    }

    /// Marks what every failure ends with.
    const fn general(self) -> Self {
        Self { is_general: true, ..self }
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [machine::ROWS, distribution::ROWS, nix::ROWS, build::ROWS, project::ROWS, tools::ROWS].into_iter().flatten()
}

/// The ids of everything that can be explained.
pub fn ids() -> impl Iterator<Item = &'static str> {
    rows().map(|row| row.check)
}

/// Explains the lines of a text that are known, each cause once, in order of appearance.
pub fn explain(text: &str) -> Vec<Explanation> {
    let plain = strip_escapes(text);
    let mut found: Vec<(&Row, Explanation)> = Vec::new();
    for (number, line) in (1..).zip(plain.split('\n')) {
        let Some(row) = best_row(line) else { continue };
        if found.iter().any(|(known, _)| known.check == row.check) {
            continue;
        }
        let Row { check, cause, fix, note, is_certain, .. } = *row;
        let hidden = || row.fragments.first().map(|fragment| format!("{fragment} …")).unwrap_or_default();
        let text = if row.quotes_secrets { hidden() } else { Redactor::default().redact(line.trim()) };
        found.push((row, Explanation { check, cause, fix, note, is_certain, line: number, text }));
    }
    let has_special = found.iter().any(|(row, _)| !row.is_general);
    found.into_iter().filter(|(row, _)| !(has_special && row.is_general)).map(|(_, explanation)| explanation).collect()
}

/// The row that knows most of a line, a special one before a general one; the first of equals.
fn best_row(line: &str) -> Option<&'static Row> {
    let line = line.to_lowercase().replace(['\u{2018}', '\u{2019}'], "'");
    let mut best: Option<((bool, usize), &Row)> = None;
    for row in rows() {
        let known = row.fragments.iter().filter(|fragment| holds(&line, fragment)).map(|fragment| fragment.len()).max();
        let known = known.map(|known| (!row.is_general, known));
        if let Some(known) = known.filter(|known| best.is_none_or(|(most, _)| *known > most)) {
            best = Some((known, row));
        }
    }
    best.map(|(_, row)| row)
}

/// Whether a line has every piece of a fragment, in this order.
fn holds(line: &str, fragment: &str) -> bool {
    let mut rest = line;
    fragment.split('…').all(|piece| match rest.split_once(piece) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::doctor::checks;

    fn known_ids() -> BTreeSet<&'static str> {
        checks().map(|check| check.id).chain(OWN_IDS).collect()
    }

    fn explained(text: &str) -> Vec<&'static str> {
        explain(text).into_iter().map(|explanation| explanation.check).collect()
    }

    #[test]
    fn every_recorded_error_is_explained() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/errors");
        let mut wrong = Vec::new();
        let mut seen = BTreeSet::new();
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = fs_err::read_to_string(&path).unwrap();
            let (head, error) = text.split_once('\n').unwrap();
            let expected: Vec<&str> =
                head.strip_prefix("# explains: ").unwrap().split(", ").filter(|id| *id != "nothing").collect();
            let found = explained(error);
            seen.extend(found.iter().copied());
            if found != expected {
                wrong.push(format!("{}: {found:?}, not {expected:?}", path.display()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let without: Vec<&str> = ids().filter(|id| !seen.contains(id)).collect();
        assert!(without.is_empty(), "no recording of {without:?}");
    }

    #[test]
    fn every_fragment_leads_to_its_row() {
        let mut wrong = Vec::new();
        for row in rows() {
            for fragment in row.fragments {
                let found = explained(&format!("error: {} x", fragment.replace('…', " y ")));
                if found != [row.check] {
                    wrong.push(format!("`{fragment}` of {} leads to {found:?}", row.check));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_row_is_filled_in() {
        for row in rows() {
            let texts = [Some(row.cause), Some(row.fix), row.note];
            assert!(texts.iter().flatten().all(|text| !text.is_empty() && !text.ends_with('.')), "{}", row.check);
            assert!(
                row.fragments.iter().all(|fragment| fragment.to_lowercase() == **fragment && fragment.len() >= 5),
                "{}",
                row.check
            );
        }
    }

    #[test]
    fn every_id_is_that_of_a_check_or_its_own() {
        let known = known_ids();
        let unknown: Vec<&str> = ids().filter(|id| !known.contains(id)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let used: BTreeSet<&str> = ids().collect();
        assert!(OWN_IDS.iter().all(|id| used.contains(id)), "an id of its own is not used");
    }

    #[test]
    fn says_where_it_stands_and_leaves_colours_and_tokens_out() {
        let (_, token) = crate::secret::shapes::synthetic().swap_remove(1);
        let text = format!(
            "building\r\n\u{1b}[31;1merror:\u{1b}[0m https://me:{token}@x.org: \u{1b}]8;;x\u{7}EADDRINUSE\u{1b}]8;;\u{1b}\\ {token}\n"
        );
        let found = explain(&text);
        assert_eq!(found[0].line, 2);
        assert_eq!(found[0].text, "error: https://…@x.org: EADDRINUSE [a GitHub token]");
    }

    #[test]
    fn a_line_that_repeats_a_secret_is_not_shown() {
        let found = explain("direnv: error invalid line: TOKEN hunter2");
        assert_eq!((found[0].check, found[0].text.as_str()), ("env-format", "direnv: error…invalid line …"));
    }

    #[test]
    fn several_causes_are_said_in_order_and_once() {
        let text =
            "error: EADDRINUSE\nnix: command not found\nlisten EADDRINUSE\nerror: builder for 'x' failed with exit code 1\n";
        assert_eq!(explained(text), ["port-free", "nix-present"]);
        assert_eq!(explained("error: builder for 'x' failed with exit code 1"), ["build-failed"]);
        assert_eq!(explained("all is well"), [""; 0]);
    }

    #[test]
    fn typographic_quotes_are_quotes() {
        assert_eq!(explained("error: experimental Nix feature ‘flakes’ is disabled"), ["flakes-enabled"]);
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let known = known_ids();
            let text = String::from_utf8_lossy(&bytes);
            for explanation in explain(&text) {
                prop_assert!(known.contains(explanation.check));
            }
        }

        #[test]
        fn escapes_and_fragments_in_any_order_break_nothing(
            parts in prop::collection::vec(prop::sample::select(vec![
                "\u{1b}", "[", "]8;;", "\u{7}", "\\", "\n", "\r", "m", "31;1", "\u{9b}", "error: ", "EADDRINUSE", "got: ", "sha256-", "…", "ı", "İ",
            ]), 0..30),
        ) {
            let text = parts.concat();
            let lines = text.matches('\n').count();
            prop_assert_eq!(strip_escapes(&text).matches('\n').count(), lines);
            for explanation in explain(&text) {
                prop_assert!(explanation.line <= lines + 1);
            }
        }
    }
}
