//! Values that programs like to misread, and a `.env` that holds many of them.

use nixstart::dotenv::edit::EditError;
use nixstart::dotenv::{Consumer, Document, Unportable, Writer};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// What every run tries, whatever the random ones are.
const KNOWN: [&str; 46] = [
    "",
    " ",
    "plain",
    "two words",
    " padded ",
    "a#b",
    "a # b",
    "#",
    "=x",
    "==",
    "a=b",
    "a:=b",
    ":=",
    "it's",
    "say \"it\"",
    "it's \"it\"",
    "`id`",
    "'",
    "\"",
    "`",
    "''",
    "$",
    "$$",
    "5$",
    "$A",
    "${A}",
    "${A:-b}",
    "$(id)",
    "$1",
    "$2b$10$abc",
    "\\",
    "\\\\",
    "end\\",
    "c:\\new\\table",
    "\\n",
    "\\\"",
    "\\'",
    "\\$A",
    "a\nb",
    "a\n\nb",
    "\na\n",
    "tab\there",
    "~",
    "!x",
    "{a,b}",
    "*.[ch]?;|&<>()",
];

/// Values to try: those that are known to hurt, and as many random ones as are asked for.
pub(crate) fn values(random: usize) -> Vec<String> {
    let tame = "[A-Za-z0-9éß日 .,/@%+-]";
    let hostile = "(['\"`$\\\\#=:;!~&|<>*?(){}\\[\\]]|[ \t\n]|[\u{A0}\u{2028}😀]|\\$[A-Z({]|\\\\[n\"'$])";
    // Two of three have one odd character only, so that most of them have a form.
    let strategy = format!("({tame}|{hostile}){{1,10}}|{tame}{{0,6}}{hostile}{tame}{{0,6}}|{tame}{{1,6}}{hostile}{tame}{{0,6}}");
    let mut runner = TestRunner::default();
    let random = (0..random).map(|_| strategy.as_str().new_tree(&mut runner).unwrap().current());
    KNOWN.into_iter().map(str::to_owned).chain(random).collect()
}

/// Documents as nobody would write them: lines of every kind with noise in and between them, the same in every run.
pub(crate) fn documents(count: usize) -> Vec<String> {
    let noise = "[KA_.\\-'\"`=: #$\\\\nr\\t éß\u{A0}\u{2028}\u{FEFF}]";
    let value = format!("('[^']{{0,6}}'|\"[^\"]{{0,6}}\"|`[^`]{{0,6}}`|{noise}{{0,8}}|\"a\\\\n\\\\\"b\"|'a\nb'|[a-z0-9]{{0,6}})");
    let line = format!(
        "[ \t]{{0,2}}(export {{1,2}})?[A-Za-z_][A-Za-z0-9_.-]{{0,3}}[ \t]{{0,2}}(=|: ?|==)[ \t]{{0,2}}{value}( ?# ?{noise}{{0,4}})?"
    );
    let document = format!("\u{FEFF}?(({line}|{noise}{{0,10}}|#{noise}{{0,6}})(\n|\r\n|\r|\n\n)){{0,8}}({line})?");
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| document.as_str().new_tree(&mut runner).unwrap().current()).collect()
}

/// A file that somebody wrote by hand, with all values put in that can be, and what its readers should see.
pub(crate) struct EnvFile {
    pub(crate) document: Document,
    /// The variables in it.
    pub(crate) expected: Vec<(String, String)>,
    /// The values that were refused.
    pub(crate) refused: Vec<(String, Unportable)>,
}

/// Sets one variable after the other with the editor; every second of them is in the file already, in one style or another.
pub(crate) fn env_file(values: &[String], writer: &Writer) -> EnvFile {
    // systemd knows neither comments behind a value nor `export`; `nixstart env check` says so.
    let styles = if writer.consumers() == [Consumer::Node, Consumer::Systemd] {
        ["K{}=old\n", "K{}='old'\n", "# above\nK{}=\"old\"\n\n"].as_slice()
    } else {
        ["K{}=old\n", "K{}='old' # why\n", "# above\nK{}=\"old\"\n\n", "export K{}=old\n", "K{}='old'\n"].as_slice()
    };
    let line = |index: usize| styles[index / 2 % styles.len()].replace("{}", &index.to_string());
    let text: String = (0..values.len()).step_by(2).map(line).collect();
    let mut document = Document::parse(format!("# by hand\n\n{text}").as_bytes());
    let (mut expected, mut refused) = (Vec::new(), Vec::new());
    for (index, value) in values.iter().enumerate() {
        let key = format!("K{index}");
        match document.with(&key, value, writer) {
            Ok(changed) => {
                document = changed.unwrap_or(document);
                expected.push((key, value.clone()));
            }
            Err(EditError::Unportable { why, .. }) => {
                refused.push((value.clone(), why));
                document = document.without(&key).unwrap().unwrap_or(document);
            }
            // dotenv reads a value that ends in a backslash up to a quote further down, where one fits.
            Err(EditError::Ambiguous(_)) => document = document.without(&key).unwrap().unwrap_or(document),
            Err(other) => panic!("{value:?}: {other}"),
        }
    }
    EnvFile { document, expected, refused }
}
