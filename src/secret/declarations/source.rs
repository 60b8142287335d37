//! Finds the variables that source code asks its environment for, by the usual ways to write that.

use std::sync::LazyLock;

use regex::Regex;

use super::Variable;
use crate::diagnostic::Place;

/// A place in source code that asks for a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The variable.
    pub name: String,
    /// Where it is asked for.
    pub place: Place,
}

impl Mention {
    pub(super) fn variable(&self) -> Variable {
        let mut variable = Variable::new(&self.name, self.place.clone());
        variable.description = Some(format!("Used in {}", self.place));
        variable
    }
}

/// The name is in the first group that takes part.
#[expect(clippy::expect_used, reason = "the expression is a constant that every test compiles")]
static MENTION: LazyLock<Regex> = LazyLock::new(|| {
    let name = "([A-Za-z_][A-Za-z0-9_]*)";
    let quoted = format!(r#"\s*["'`]{name}["'`]"#);
    let forms = [
        format!(r"\b(?:process|import\.meta|Bun)\.env(?:\?)?\.{name}\b"),
        format!(r"\b(?:process|import\.meta|Bun)\.env(?:\?\.)?\[{quoted}\s*\]"),
        format!(r"\bDeno\.env\.(?:get|has)\({quoted}\s*\)"),
        format!(r"\benviron\[{quoted}\s*\]"),
        format!(r"\b(?:environ\.get|getenv)\({quoted}"),
        format!(r"\benv::(?:var|var_os)\({quoted}\s*\)"),
        format!(r"\b(?:option_)?env!\({quoted}"),
    ];
    Regex::new(&format!("(?-u){}", forms.join("|"))).expect("a valid expression")
});

/// Variables that the system, the runtime or the bundler sets.
const SET_BY_OTHERS: [&str; 34] = [
    "BASE_URL",
    "CI",
    "COLORTERM",
    "COLUMNS",
    "DEBUG",
    "DEV",
    "EDITOR",
    "FORCE_COLOR",
    "HOME",
    "HOSTNAME",
    "INIT_CWD",
    "LANG",
    "LINES",
    "LOGNAME",
    "MODE",
    "NODE_ENV",
    "NODE_OPTIONS",
    "NO_COLOR",
    "OUT_DIR",
    "PATH",
    "PROD",
    "PWD",
    "SHELL",
    "SHLVL",
    "SSR",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "USER",
    "USERPROFILE",
    "VIRTUAL_ENV",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
];

/// The variables a text asks for, each once, in the order in which they appear. `file` is how messages name it.
pub fn mentions(file: &str, text: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for captures in MENTION.captures_iter(text) {
        let Some(name) = captures.iter().skip(1).flatten().next() else { continue };
        let is_set = SET_BY_OTHERS.contains(&name.as_str())
            || ["npm_", "CARGO_", "VSCODE_"].iter().any(|prefix| name.as_str().starts_with(prefix));
        if is_set || found.iter().any(|known| known.name == name.as_str()) {
            continue;
        }
        let line = text.get(..name.start()).unwrap_or_default().matches('\n').count() + 1;
        found.push(Mention { name: name.as_str().to_owned(), place: Place::new(file, line) });
    }
    found
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn every_usual_way_to_ask_is_found() {
        let text = concat!(
            "const a = process.env.API_KEY ?? process.env['OTHER_KEY'];\n",
            "import.meta.env.VITE_URL; process.env?.MAYBE; process.env.HOME; process.env.API_KEY\n",
            "os.environ[\"DB_URL\"]; os.environ.get('CACHE', ''); os.getenv(\"REGION\")\n",
            "env::var(\"RUST_TOKEN\")?; std::env::var_os(\"RUST_DIR\"); option_env!(\"BUILT\")\n",
            "Deno.env.get(\"DENO_KEY\"); Bun.env.BUN_KEY; myprocess.environment.NOT; env.NEITHER\n",
        );
        let found: Vec<_> = mentions("a.ts", text).into_iter().map(|mention| (mention.name, mention.place.line)).collect();
        let expected = [
            ("API_KEY", 1),
            ("OTHER_KEY", 1),
            ("VITE_URL", 2),
            ("MAYBE", 2),
            ("DB_URL", 3),
            ("CACHE", 3),
            ("REGION", 3),
            ("RUST_TOKEN", 4),
            ("RUST_DIR", 4),
            ("BUILT", 4),
            ("DENO_KEY", 5),
            ("BUN_KEY", 5),
        ];
        assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
    }
}
