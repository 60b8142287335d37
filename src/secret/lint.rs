//! Says where the programs that read a `.env` would see something else than it means, by the programs of a project.
//!
//! It means what Node's dotenv reads. Every hazard was measured with 32 readers; each names a line, a variable and the
//! programs, never a value.

use std::collections::{HashMap, HashSet};

use secrecy::ExposeSecret;

use crate::dotenv::consumer::Misreading;
use crate::dotenv::{Assignment, Consumer, Document, Style};
use crate::facts::secrets::FaultKind;
use crate::facts::secrets::format::{self, shown_name};

/// A place that programs read differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hazard {
    /// The line, from 1.
    pub line: usize,
    /// The variable, where its name may be shown.
    pub key: Option<String>,
    /// A stable word for the rule.
    pub code: &'static str,
    /// What it is, as a fragment.
    pub what: String,
    /// Whether it is something of a variable, so that the fragment begins with a verb.
    pub is_of_variable: bool,
    /// What to do, as an instruction.
    pub hint: &'static str,
    /// The programs that see something else; empty when it concerns all.
    pub consumers: Vec<Consumer>,
}

/// Finds what the given programs read differently.
pub fn hazards(document: &Document, consumers: &[Consumer]) -> Vec<Hazard> {
    hazards_of(document, (document.text(), &document.assignments().iter().collect::<Vec<_>>()), consumers)
}

/// The programs that read something else on a line, by line. What every program reads alike is not looked at any closer: most
/// lines are like that, and a file can have many.
pub fn misreaders(document: &Document, consumers: &[Consumer]) -> HashMap<usize, Vec<Consumer>> {
    // Carriage returns are a part of every line, or lines of their own to some.
    if document.text().contains('\r') {
        return consumers_by_line(hazards(document, consumers));
    }
    let mut lines: Vec<&str> = document.text().split('\n').collect();
    let mut odd = Vec::new();
    for assignment in document.assignments() {
        match lines.get_mut(assignment.line - 1) {
            Some(line) if is_plain(assignment, line) => *line = NOTHING,
            _ => odd.push(assignment),
        }
    }
    consumers_by_line(hazards_of(document, (&lines.join("\n"), &odd), consumers))
}

/// What stands for a line that is not looked at. A blank one would not do: a value may begin behind it.
const NOTHING: &str = "#";

/// Whether every program reads a line alike, which is an assignment and nothing else.
fn is_plain(assignment: &Assignment, line: &str) -> bool {
    let value = line.strip_prefix(assignment.key.as_str()).and_then(|rest| rest.strip_prefix('='));
    value.is_some_and(|value| value == assignment.value.expose_secret()) && assignment.is_plain()
}

/// The same for a part of a document: a text in which other lines say nothing, and the assignments of the others.
fn hazards_of(document: &Document, (text, assignments): (&str, &[&Assignment]), consumers: &[Consumer]) -> Vec<Hazard> {
    let lines: Vec<&str> = text.lines().collect();
    let quoted = assignments.iter().filter(|assignment| assignment.style != Style::Bare);
    let quoted: HashSet<usize> = quoted.map(|assignment| assignment.line).collect();
    // Space inside quotes is there on purpose.
    let faults = format::faults(text).into_iter();
    let faults = faults.filter(|fault| fault.kind != FaultKind::OuterSpace || !quoted.contains(&fault.line));
    let mut found: Vec<Hazard> = faults.filter_map(|fault| of_fault(fault, consumers)).collect();
    for assignment in assignments {
        let line = lines.get(assignment.line - 1).copied().unwrap_or_default();
        let rules = Written { document, assignment, line, consumers }.rules();
        let key = if rules.is_empty() { None } else { shown_name(&assignment.key) };
        for (rule, affected) in rules {
            let Rule { code, what, mut hint } = rule;
            // Single quotes do not help them.
            if rule == DOLLAR && affected.iter().any(|consumer| consumer.misreads("$A", Style::Single).is_some()) {
                hint = DOLLAR_IN_SINGLE.hint;
            }
            let what = what.to_owned();
            let (line, key, is_of_variable) = (assignment.line, key.clone(), true);
            found.push(Hazard { line, key, code, what, is_of_variable, hint, consumers: affected });
        }
    }
    found.sort_by_key(|hazard| hazard.line);
    found
}

fn consumers_by_line(hazards: Vec<Hazard>) -> HashMap<usize, Vec<Consumer>> {
    let mut found: HashMap<usize, Vec<Consumer>> = HashMap::new();
    for hazard in hazards.into_iter().filter(|hazard| !hazard.consumers.is_empty()) {
        found.entry(hazard.line).or_default().extend(hazard.consumers);
    }
    for consumers in found.values_mut() {
        consumers.sort_unstable();
        consumers.dedup();
    }
    found
}

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    code: &'static str,
    what: &'static str,
    hint: &'static str,
}

const fn rule(code: &'static str, what: &'static str, hint: &'static str) -> Rule {
    Rule { code, what, hint }
}

/// What doctor finds, with the programs that it concerns. An open quote is an error of its own.
fn of_fault(fault: format::Fault, consumers: &[Consumer]) -> Option<Hazard> {
    use crate::dotenv::Consumer::{
        Bun, Compose, Deno, Devenv, Direnv, Docker, Honcho, Next, Node, OldDevenv, ProcessCompose, Python, Rust, Shell, Sops,
        Systemd, Varlock, Vite,
    };
    let (code, hint, affected): (_, _, &[Consumer]) = match &fault.kind {
        FaultKind::OpenQuote => return None,
        FaultKind::ByteOrderMark => (
            "byte-order-mark",
            "save the file as UTF-8 without a byte-order mark",
            &[Node, Deno, Varlock, Honcho, Rust, OldDevenv, ProcessCompose, Sops, Direnv, Systemd, Shell],
        ),
        FaultKind::CarriageReturns => ("carriage-returns", "save the file with line feeds only", &[OldDevenv, Sops, Shell]),
        FaultKind::Duplicate => ("duplicate", "keep one of them", &[]),
        FaultKind::Export => ("export", "take `export` away", &[Honcho, Docker, Sops, Systemd]),
        FaultKind::UnquotedSpace => ("unquoted-space", "put the value in single quotes", &[Honcho, Rust, Direnv, Shell]),
        FaultKind::OuterSpace => ("outer-space", "take the space away", &[Docker, Sops, OldDevenv, Shell, Direnv]),
        FaultKind::GluedComment => (
            "glued-comment",
            "put the value in single quotes, or a space before the comment",
            &[Python, Rust, Devenv, OldDevenv, ProcessCompose, Compose, Docker, Sops, Systemd, Shell],
        ),
        FaultKind::CommentAsValue => (
            "comment-as-value",
            "put the comment on a line of its own above",
            &[ProcessCompose, Compose, OldDevenv, Docker, Sops, Systemd],
        ),
        FaultKind::Unread => (
            "unread-line",
            "begin it with `#`, or make it `NAME=value`",
            &[Node, Varlock, Rust, Devenv, ProcessCompose, Compose, Docker, Sops, Direnv],
        ),
        FaultKind::CopiedAlong(_) => ("copied-along", "write the value alone", &[Next, Vite, Bun]),
    };
    let concerned: Vec<Consumer> = consumers.iter().copied().filter(|consumer| affected.contains(consumer)).collect();
    if !affected.is_empty() && concerned.is_empty() {
        return None;
    }
    // Some programs read such a line all the same.
    let what = if fault.kind == FaultKind::Unread { "this is no assignment".to_owned() } else { fault.kind.describe() };
    let is_of_variable = fault.kind.is_of_variable();
    Some(Hazard { line: fault.line, key: fault.key, code, what, is_of_variable, hint, consumers: concerned })
}

/// An assignment and how it stands in its line.
struct Written<'a> {
    document: &'a Document,
    assignment: &'a Assignment,
    line: &'a str,
    /// The programs that are asked about.
    consumers: &'a [Consumer],
}

impl Written<'_> {
    /// The rules it breaks, with those of the programs that mind.
    fn rules(&self) -> Vec<(Rule, Vec<Consumer>)> {
        let mut rules = self.of_line();
        let value = self.assignment.value.expose_secret();
        let misread = |consumer: &Consumer| Some((*consumer, consumer.misreads(value, self.assignment.style)?));
        let misread: Vec<(Consumer, Misreading)> = self.consumers.iter().filter_map(misread).collect();
        let quoted = |misreading: Misreading| -> Vec<Consumer> {
            misread.iter().filter(|(_, found)| *found == misreading).map(|(consumer, _)| *consumer).collect()
        };
        match self.assignment.style {
            Style::Bare => rules.extend(Self::of_bare(value)),
            Style::Backtick => rules.push((BACKTICK_QUOTES, OTHERS_THAN_NODES.to_vec())),
            Style::Single | Style::Double => {
                rules.push((QUOTES, quoted(Misreading::Quotes)));
                rules.push((SEVERAL_LINES, quoted(Misreading::Lines)));
                if self.assignment.style == Style::Double {
                    rules.extend(self.of_double(value));
                } else {
                    rules.push((DOLLAR_IN_SINGLE, quoted(Misreading::Dollar)));
                    rules.push((BACKSLASH, without_rust(quoted(Misreading::Backslash))));
                }
            }
        }
        for (_, affected) in &mut rules {
            let concerned = self.consumers.iter().copied().filter(|consumer| affected.contains(consumer));
            *affected = concerned.collect();
        }
        rules.retain(|(_, affected)| !affected.is_empty());
        rules
    }

    /// What stands around name and value.
    fn of_line(&self) -> Vec<(Rule, Vec<Consumer>)> {
        use crate::dotenv::Consumer::{
            Compose, Deno, Devenv, Direnv, Docker, Honcho, Node, OldDevenv, ProcessCompose, Python, Rust, Shell, Sops, Systemd,
            Varlock,
        };
        let key = self.assignment.key.as_str();
        let mut rules = Vec::new();
        let after = self.line.split_once(key).map_or("", |(_, after)| after);
        if after.trim_start().starts_with(':') {
            let all = [Node, Deno, Varlock, Python, Honcho, Rust, Devenv, OldDevenv, Docker, Sops, Systemd, Shell];
            rules.push((COLON, all.to_vec()));
        } else if after.starts_with([' ', '\t']) {
            rules.push((SPACE_BEFORE_EQUALS, vec![Docker, Sops, Shell]));
        }
        let is_usual = key.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
            && !key.starts_with(|first: char| first.is_ascii_digit());
        if !is_usual {
            rules.push((UNUSUAL_NAME, vec![Honcho, ProcessCompose, Direnv, Shell, Systemd, Varlock]));
        }
        let token = self.document.written(self.assignment);
        let behind =
            after.split_once(token).filter(|_| !token.is_empty() && !token.contains('\n')).map_or("", |(_, behind)| behind);
        if behind.trim_start().starts_with('#') && behind.starts_with([' ', '\t']) {
            rules.push((COMMENT_BEHIND, vec![OldDevenv, Docker, Sops, Systemd]));
            if self.assignment.style == Style::Bare && behind.starts_with('\t') {
                rules.push((TAB_BEFORE_COMMENT, vec![Compose]));
            }
        }
        rules
    }

    fn of_bare(value: &str) -> Vec<(Rule, Vec<Consumer>)> {
        use crate::dotenv::Consumer::{Compose, Direnv, ProcessCompose, Shell, Systemd};
        let mut rules = vec![(DOLLAR, expanders(value))];
        if value.contains('\\') {
            rules.push((BACKSLASH, vec![Shell, Systemd, Direnv, Compose, ProcessCompose]));
        }
        if value.contains('`') {
            rules.push((BACKTICK, vec![Shell, Direnv]));
        }
        if value.contains(['&', ';', '|', '<', '>', '(', ')', '\'', '"', '~']) {
            rules.push((SHELL_CHARACTER, vec![Shell]));
        }
        if value.starts_with('=') || value.contains(":=") {
            rules.push((EQUALS_AS_COMMAND, vec![Shell]));
        }
        rules
    }

    fn of_double(&self, value: &str) -> Vec<(Rule, Vec<Consumer>)> {
        use crate::dotenv::Consumer::{
            Compose, Devenv, Direnv, Docker, Honcho, Node, OldDevenv, ProcessCompose, Python, Shell, Systemd,
        };
        let token = self.document.written(self.assignment);
        let inner = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
        let mut rules = vec![(DOLLAR, expanders(value))];
        if value.contains('`') {
            rules.push((BACKTICK, vec![Shell, Direnv]));
        }
        let escapes: Vec<char> = escapes(inner);
        if escapes.contains(&'"') {
            rules.push((ESCAPED_QUOTE, vec![Node, Python, Honcho, Devenv, ProcessCompose, Compose, Direnv, Systemd, Shell]));
        }
        if escapes.iter().any(|character| matches!(character, 'n' | 'r')) {
            rules.push((ESCAPED_LINE_END, vec![OldDevenv, Docker, Systemd, Shell]));
        }
        if escapes.iter().any(|character| !matches!(character, 'n' | 'r' | '"')) {
            rules.push((BACKSLASH, vec![Python, Honcho, Devenv, ProcessCompose, Compose, Direnv, Systemd, Shell]));
        }
        rules
    }
}

/// The characters that stand behind a backslash.
fn escapes(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            found.extend(characters.next());
        }
    }
    found
}

/// Who expands the `$` of a value that is bare or in double quotes.
fn expanders(value: &str) -> Vec<Consumer> {
    use crate::dotenv::Consumer::{Bun, Compose, Deno, Direnv, Next, ProcessCompose, Python, Shell, Varlock, Vite};
    let before =
        |next: fn(char) -> bool| value.chars().zip(value.chars().skip(1)).any(|(this, after)| this == '$' && next(after));
    let mut found = Vec::new();
    if before(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '{' | '(' | '$')) {
        found.extend([Next, Vite, Bun, Deno, Varlock, Direnv, ProcessCompose, Compose, Shell]);
    }
    if before(|next| next == '{') {
        found.push(Python);
    }
    found
}

/// Rust programs are asked directly.
fn without_rust(mut consumers: Vec<Consumer>) -> Vec<Consumer> {
    consumers.retain(|consumer| *consumer != Consumer::Rust);
    consumers
}

const OTHERS_THAN_NODES: [Consumer; 13] = [
    Consumer::Direnv,
    Consumer::OldDevenv,
    Consumer::Devenv,
    Consumer::Compose,
    Consumer::Docker,
    Consumer::Systemd,
    Consumer::ProcessCompose,
    Consumer::Honcho,
    Consumer::Python,
    Consumer::Shell,
    Consumer::Sops,
    Consumer::Rust,
    Consumer::Varlock,
];

const QUOTES: Rule = rule(
    "quotes",
    "stands in quotes, which become a part of the value",
    "use a value that needs no quotes, or let those programs read another file",
);
const SEVERAL_LINES: Rule = rule(
    "several-lines",
    "has more than one line",
    "store the text in a file that git ignores and name its path, or use its base64 form",
);
const BACKTICK_QUOTES: Rule =
    rule("backtick-quotes", "stands in backticks, which only Node's readers take for quotes", "use single quotes");
const DOLLAR: Rule = rule("dollar", "has a `$` that is expanded", "put it in single quotes; in a URL write `%24`");
const DOLLAR_IN_SINGLE: Rule = rule(
    "dollar",
    "has a `$` that is expanded even in single quotes",
    "in a URL write `%24`; otherwise choose a value without `$`",
);
const BACKSLASH: Rule =
    rule("backslash", "has a backslash that is decoded differently", "choose a value without `\\`, or store its base64 form");
const ESCAPED_QUOTE: Rule = rule("escaped-quote", "has `\\\"`, where some programs end the value", "put it in single quotes");
const ESCAPED_LINE_END: Rule = rule(
    "escaped-line-end",
    "has `\\n`, which some programs leave as two characters",
    "store the text in a file, or use its base64 form",
);
const BACKTICK: Rule = rule("backtick", "has a backtick, and what follows is run", "put it in single quotes");
const SHELL_CHARACTER: Rule = rule("shell-character", "has a character that a shell acts on", "put it in single quotes");
const EQUALS_AS_COMMAND: Rule = rule("equals-sign", "has a `=` where zsh looks for a command", "put it in single quotes");
const COLON: Rule = rule("colon", "has `:` in place of `=`", "write `=`");
const SPACE_BEFORE_EQUALS: Rule = rule("space-before-equals", "has a space before `=`", "take the space away");
const UNUSUAL_NAME: Rule = rule("unusual-name", "has a name that is not of letters, digits and `_`", "rename it");
const COMMENT_BEHIND: Rule = rule(
    "comment-behind",
    "has a comment behind its value, which becomes a part of it",
    "put the comment on a line of its own above",
);
const TAB_BEFORE_COMMENT: Rule =
    rule("tab-before-comment", "has a tab before its comment, which becomes a part of the value", "use a space");

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::dotenv::Writer;

    fn codes(text: &str, consumers: &[Consumer]) -> Vec<(usize, &'static str)> {
        let found = hazards(&Document::parse(text.as_bytes()), consumers);
        found.into_iter().map(|hazard| (hazard.line, hazard.code)).collect()
    }

    #[test]
    fn every_hazard_is_named_to_those_whom_it_concerns() {
        use Consumer::*;
        type Case = (&'static str, Consumer, &'static [(usize, &'static str)]);
        let cases: &[Case] = &[
            ("A=1\nA=2\n", Next, &[(2, "duplicate")]),
            ("A= # c\n", Compose, &[(1, "comment-as-value")]),
            ("A= # c\n", Next, &[]),
            ("A=x#y\n", Python, &[(1, "glued-comment")]),
            ("A=x#y\n", Next, &[]),
            ("A=two words\n", Direnv, &[(1, "unquoted-space")]),
            ("A=two words\n", Python, &[]),
            ("A='x y'\n", Docker, &[(1, "quotes")]),
            ("A=a$b\n", Next, &[(1, "dollar")]),
            ("A=a$b\n", Systemd, &[]),
            ("A='a$b'\n", Next, &[(1, "dollar")]),
            ("A='a$b'\n", Shell, &[]),
            ("A=\"a`b\"\n", Shell, &[(1, "backtick")]),
            ("A=`a b`\n", Python, &[(1, "backtick-quotes")]),
            ("A='a\\'\n", Python, &[(1, "backslash")]),
            ("A=\"a\\\"b\"\n", Node, &[(1, "escaped-quote")]),
            ("A=\"a\\nb\"\n", Systemd, &[(1, "escaped-line-end")]),
            ("A=\"a\\tb\"\n", Python, &[(1, "backslash")]),
            ("A=\"a\nb\"\n", Direnv, &[(1, "several-lines")]),
            ("A=v\t# c\n", Compose, &[(1, "tab-before-comment")]),
            ("A=v # c\n", Systemd, &[(1, "comment-behind")]),
            ("\u{FEFF}A=1\n", Rust, &[(1, "byte-order-mark")]),
            ("A=1\r\n", Shell, &[(1, "carriage-returns")]),
            ("A=1\r\n", Next, &[]),
            ("junk\n", Direnv, &[(1, "unread-line")]),
            ("export A=1\n", Systemd, &[(1, "export")]),
            ("export A=1\n", Direnv, &[]),
            ("a-b=1\n", ProcessCompose, &[(1, "unusual-name")]),
            ("A: 1\n", Python, &[(1, "colon")]),
            ("A =1\n", Docker, &[(1, "space-before-equals")]),
            ("A=a;b\n", Shell, &[(1, "shell-character")]),
        ];
        for (text, consumer, expected) in cases {
            assert_eq!(codes(text, &[*consumer]), *expected, "{text:?} for {consumer}");
        }
    }

    #[test]
    fn what_is_written_well_has_no_hazard() {
        let text = "# c\nA=1\nB='two words'\nC=\"it's\"\nURL=postgres://u:p@h:5432/d?x=1\nEMPTY=\n";
        let consumers = Writer::default();
        assert_eq!(codes(text, consumers.consumers()), []);
    }

    proptest! {
        /// Whatever the writer writes for some programs, the check has nothing to say about for them.
        #[test]
        fn the_writer_and_the_check_agree(value in "[a-zA-Z0-9'\"`$\\\\ #=:{}()!.]{0,14}", index in 0_usize..18) {
            let consumer = Consumer::ALL[index];
            let Ok(written) = Writer::new([consumer]).quote(&value) else { return Ok(()) };
            let found = codes(&format!("KEY={written}\n"), &[consumer]);
            prop_assert!(found.is_empty(), "{:?} {}", found, written);
        }

        /// What is not looked at closer would have brought nothing.
        #[test]
        fn who_misreads_a_line_is_found_without_looking_at_plain_ones(
            text in "([KA]=|KEY=|[a1#:]|x y|'|\"|export |\\\\| |\\$A|=|\r\n|\n|\r|\u{FEFF}|#c){0,30}",
        ) {
            let document = Document::parse(text.as_bytes());
            prop_assert_eq!(misreaders(&document, &Consumer::ALL), consumers_by_line(hazards(&document, &Consumer::ALL)));
        }

        #[test]
        fn no_hazard_tells_a_value(text in "(K=)?[a-z'\"`$\\\\ #=:\n]{0,8}QQ77QQ88QQ[a-z'\"`$\\\\ #=:\n]{0,8}") {
            let found = hazards(&Document::parse(text.as_bytes()), &Consumer::ALL);
            let said = format!("{found:?}");
            prop_assert!(!said.contains("QQ77QQ88QQ"));
        }
    }
}
