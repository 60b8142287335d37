//! A Nix file, read by its syntax and never evaluated: what it mentions, which inputs it declares, whether it needs to see
//! variables.

use rnix::ast::{self, AstNode, HasEntry};
use rnix::{ParseError, Root, SyntaxKind, SyntaxNode};

use super::Systems;

/// The largest file that is read: a generated package set is no flake.
const LARGEST: usize = 256 * 1024;

/// The most tokens between two semicolons. rnix nests `a b c …` as deep as it is long, and frees it by recursion.
const LONGEST: usize = 10_000;

/// The most characters of names and paths in a row. rnix looks through all of them at each, to see whether it is a path.
const LONGEST_WORD: usize = 1000;

/// The stack on which a file within these bounds can be read.
pub const STACK: usize = 64 * 1024 * 1024;

/// What a Nix file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NixSource {
    /// The first thing that cannot be parsed: its line, when known, and what is wrong.
    pub error: Option<(Option<usize>, String)>,
    /// Relative paths that it mentions, as written.
    pub paths: Vec<String>,
    /// Paths that it puts together from `self`, relative to the flake.
    pub root_paths: Vec<String>,
    /// Relative paths whose existence it asks for first.
    pub optional_paths: Vec<String>,
    /// Why it has to see variables.
    pub impurity: Option<String>,
    /// The systems it names.
    pub systems: Systems,
    /// The inputs it declares when it is a `flake.nix` that spells them out.
    pub inputs: Option<Vec<Input>>,
}

/// An input of a flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its URL, when it is written out.
    pub url: Option<String>,
}

impl NixSource {
    /// Reads the text of a Nix file; of one that is too large or too long-winded nothing. Needs [`STACK`].
    pub fn read(text: &str) -> Self {
        if text.len() > LARGEST || longest_word(text) > LONGEST_WORD || longest_statement(text) > LONGEST {
            return Self::default();
        }
        let parse = Root::parse(text);
        if let Some(error) = parse.errors().first() {
            return Self { error: Some((line_of(text, error), message(error))), ..Self::default() };
        }
        let root = parse.tree();
        let mut found = Self::default();
        let mut finds = Finds::default();
        for node in parse.syntax().descendants() {
            finds.look_at(&node, &mut found);
        }
        found.impurity = finds.impurity();
        found.systems.is_open = OPEN_SYSTEMS.iter().any(|sign| text.contains(sign));
        found.inputs = root.expr().and_then(|expression| inputs(&expression));
        found
    }
}

fn longest_word(text: &str) -> usize {
    let is_other = |character: char| !(character.is_ascii_alphanumeric() || "._+-/~".contains(character));
    text.split(is_other).map(str::len).max().unwrap_or(0)
}

fn longest_statement(text: &str) -> usize {
    let (mut longest, mut length) = (0, 0);
    for (kind, _) in rnix::tokenize(text) {
        length = if kind == SyntaxKind::TOKEN_SEMICOLON { 0 } else { length + 1 };
        longest = longest.max(length);
    }
    longest
}

/// Signs that a flake takes its systems from elsewhere.
const OPEN_SYSTEMS: [&str; 8] = [
    "eachDefaultSystem",
    "eachSystem",
    "flakeExposed",
    "inputs.systems",
    "systems.url",
    "import systems",
    "lib.systems",
    "currentSystem",
];

const SYSTEMS: [&str; 8] = [
    "x86_64-linux",
    "aarch64-linux",
    "i686-linux",
    "armv7l-linux",
    "armv6l-linux",
    "riscv64-linux",
    "x86_64-darwin",
    "aarch64-darwin",
];

#[derive(Default)]
struct Finds {
    reads_pwd: bool,
    makes_devenv_shell: bool,
    sets_devenv_root: bool,
}

impl Finds {
    fn look_at(&mut self, node: &SyntaxNode, found: &mut NixSource) {
        match node.kind() {
            SyntaxKind::NODE_PATH_REL => found.paths.extend(literal(node)),
            SyntaxKind::NODE_APPLY => self.look_at_apply(node, found),
            SyntaxKind::NODE_SELECT => {
                let text = short_text(node);
                self.makes_devenv_shell |= text.ends_with("devenv.lib.mkShell") || text.ends_with("devenv.flakeModule");
                self.sets_devenv_root |= text.contains("devenv-root");
            }
            SyntaxKind::NODE_ATTRPATH => self.sets_devenv_root |= short_text(node) == "devenv.root",
            SyntaxKind::NODE_BIN_OP => found.root_paths.extend(added(node)),
            SyntaxKind::NODE_STRING => {
                found.root_paths.extend(interpolated(node));
                let system = string(node).filter(|text| SYSTEMS.contains(&text.as_str()));
                if let Some(system) = system.filter(|system| !found.systems.named.contains(system)) {
                    found.systems.named.push(system);
                }
            }
            _ => {}
        }
    }

    fn look_at_apply(&mut self, node: &SyntaxNode, found: &mut NixSource) {
        let mut children = node.children();
        let (Some(function), Some(argument)) = (children.next(), children.next()) else { return };
        let function = short_text(&function);
        if function.ends_with("getEnv") && string(&argument).as_deref() == Some("PWD") {
            self.reads_pwd = true;
        }
        if function.ends_with("pathExists") && argument.kind() == SyntaxKind::NODE_PATH_REL {
            found.optional_paths.extend(literal(&argument));
        }
    }

    fn impurity(&self) -> Option<String> {
        if self.reads_pwd {
            return Some("it reads `builtins.getEnv \"PWD\"`".to_owned());
        }
        (self.makes_devenv_shell && !self.sets_devenv_root).then(|| "devenv finds its root by `PWD`".to_owned())
    }
}

/// The node below a typed one. Only below such a bound are the methods of rowan's trait in scope.
fn node_of<T: AstNode>(typed: &T) -> &SyntaxNode {
    typed.syntax()
}

fn typed<T: AstNode>(node: SyntaxNode) -> Option<T> {
    T::cast(node)
}

/// The text of a node that can be a name; empty for a long one.
fn short_text(node: &SyntaxNode) -> String {
    if usize::from(node.text_range().len()) > 200 { String::new() } else { node.text().to_string().trim().to_owned() }
}

/// A path without interpolation, as written.
fn literal(node: &SyntaxNode) -> Option<String> {
    let is_plain = node.children().next().is_none();
    is_plain.then(|| node.text().to_string())
}

/// The path in `self + "/path"`.
fn added(node: &SyntaxNode) -> Option<String> {
    let mut children = node.children();
    let (start, end) = (children.next()?, children.next()?);
    let is_root = short_text(&start) == "self";
    Some(format!(".{}", string(&end).filter(|path| is_root && path.len() > 1 && path.starts_with('/'))?))
}

/// The path in `"${self}/path"`.
fn interpolated(node: &SyntaxNode) -> Option<String> {
    let text = short_text(node);
    let path = text.strip_prefix("\"${self}/")?.strip_suffix('"')?;
    let is_plain = !path.is_empty() && !path.contains(['$', '\\', '"', '\n']);
    is_plain.then(|| format!("./{path}"))
}

/// A string without interpolation.
fn string(node: &SyntaxNode) -> Option<String> {
    if node.children().next().is_some() {
        return None;
    }
    let mut parts = typed::<ast::Str>(node.clone())?.normalized_parts().into_iter();
    match (parts.next(), parts.next()) {
        (None, _) => Some(String::new()),
        (Some(ast::InterpolPart::Literal(text)), None) => Some(text),
        _ => None,
    }
}

fn line_of(text: &str, error: &ParseError) -> Option<usize> {
    let range = match error {
        ParseError::Unexpected(range)
        | ParseError::UnexpectedExtra(range)
        | ParseError::UnexpectedWanted(_, range, _)
        | ParseError::UnexpectedDoubleBind(range)
        | ParseError::DuplicatedArgs(range, _) => range,
        ParseError::UnexpectedEOF | ParseError::UnexpectedEOFWanted(_) => return Some(text.lines().count().max(1)),
        _ => return None,
    };
    let start = usize::from(range.start());
    Some(text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1)
}

fn message(error: &ParseError) -> String {
    match error {
        ParseError::UnexpectedEOF | ParseError::UnexpectedEOFWanted(_) => "the file ends too early".to_owned(),
        ParseError::DuplicatedArgs(_, name) => format!("the argument `{name}` is there twice"),
        ParseError::RecursionLimitExceeded => "it is nested too deep to be read".to_owned(),
        _ => "syntax error, unexpected text".to_owned(),
    }
}

/// The inputs that a `flake.nix` declares, and those that its outputs ask the registry for. `None` when they are not
/// spelled out.
fn inputs(flake: &ast::Expr) -> Option<Vec<Input>> {
    let ast::Expr::AttrSet(flake) = flake else { return None };
    let mut found: Vec<Input> = Vec::new();
    for entry in flake.attrpath_values() {
        let mut names = names(&entry.attrpath()?)?;
        if names.first().map(String::as_str) == Some("outputs") {
            implied(entry.value(), &mut found);
        }
        if names.first().map(String::as_str) == Some("inputs") {
            names.remove(0);
            add(&names, entry.value()?, &mut found)?;
        }
    }
    Some(found)
}

/// Adds what an attribute of `inputs` says; `None` when it cannot be told.
fn add(names: &[String], value: ast::Expr, found: &mut Vec<Input>) -> Option<()> {
    let Some((name, rest)) = names.split_first() else {
        let ast::Expr::AttrSet(set) = value else { return None };
        for entry in set.attrpath_values() {
            add(&self::names(&entry.attrpath()?)?, entry.value()?, found)?;
        }
        return set.inherits().next().is_none().then_some(());
    };
    let at = found.iter().position(|input| input.name == *name);
    let at = at.unwrap_or_else(|| {
        found.push(Input { name: name.clone(), url: None });
        found.len() - 1
    });
    let url = match (rest.first().map(String::as_str), &value) {
        (Some("url"), ast::Expr::Str(text)) => string(node_of(text)),
        (None, ast::Expr::AttrSet(set)) => set.attrpath_values().find_map(|entry| {
            let is_url = self::names(&entry.attrpath()?)? == ["url"];
            string(node_of(&entry.value().filter(|_| is_url)?))
        }),
        _ => None,
    };
    if let Some(input) = found.get_mut(at).filter(|_| url.is_some()) {
        input.url = url;
    }
    Some(())
}

/// Arguments of `outputs` are inputs too, whether declared or not.
fn implied(outputs: Option<ast::Expr>, found: &mut Vec<Input>) {
    let Some(ast::Expr::Lambda(lambda)) = outputs else { return };
    let Some(ast::Param::Pattern(pattern)) = lambda.param() else { return };
    let names = pattern.pat_entries().filter_map(|entry| Some(node_of(&entry.ident()?).text().to_string()));
    for name in names.filter(|name| name != "self") {
        if !found.iter().any(|input| input.name == name) {
            found.push(Input { name, url: None });
        }
    }
}

fn names(path: &ast::Attrpath) -> Option<Vec<String>> {
    let name = |attr: ast::Attr| match attr {
        ast::Attr::Ident(ident) => Some(node_of(&ident).text().to_string()),
        ast::Attr::Str(text) => string(node_of(&text)),
        ast::Attr::Dynamic(_) => None,
    };
    path.attrs().map(name).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FLAKE: &str = r#"{
      inputs = {
        nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
        devenv = { url = "github:cachix/devenv"; inputs.nixpkgs.follows = "nixpkgs"; };
      };
      inputs.utils.url = "github:numtide/flake-utils";
      outputs = { self, nixpkgs, devenv, systems, ... }@inputs: {
        # "i686-linux"
        devShells = forEach [ "x86_64-linux" "aarch64-darwin" ] (pkgs: devenv.lib.mkShell {
          modules = [ ./devenv.nix { devenv.root = findRoot (builtins.getEnv "PWD"); } ]
            ++ (if builtins.pathExists ./local.nix then [ ./local.nix ] else [ ]);
          bot = ./nix/${name}.nix;
        });
      };
    }"#;

    #[test]
    fn reads_a_flake() {
        let found = NixSource::read(FLAKE);
        assert_eq!(found.error, None);
        let inputs: Vec<_> = found.inputs.unwrap().into_iter().map(|input| (input.name, input.url.unwrap_or_default())).collect();
        let expected = [
            ("nixpkgs", "github:NixOS/nixpkgs/nixos-unstable"),
            ("devenv", "github:cachix/devenv"),
            ("utils", "github:numtide/flake-utils"),
            ("systems", ""),
        ];
        assert_eq!(inputs, expected.map(|(name, url)| (name.to_owned(), url.to_owned())));
        assert_eq!(found.paths, ["./devenv.nix", "./local.nix", "./local.nix"]);
        assert_eq!(found.optional_paths, ["./local.nix"]);
        assert_eq!(found.systems, Systems { named: vec!["x86_64-linux".into(), "aarch64-darwin".into()], is_open: false });
        assert_eq!(found.impurity.unwrap(), "it reads `builtins.getEnv \"PWD\"`");
    }

    #[test]
    fn finds_paths_that_are_put_together_from_the_root() {
        let text = r#"{ a = "${self}/apps/web"; b = self + "/nix/x.nix"; c = "${self}/${name}"; d = x + "/y"; }"#;
        assert_eq!(NixSource::read(text).root_paths, ["./apps/web", "./nix/x.nix"]);
    }

    #[test]
    fn a_root_that_is_written_out_needs_no_variables() {
        let shell = |rest: &str| NixSource::read(&format!("{{ outputs = x: devenv.lib.mkShell {{ {rest} }}; }}")).impurity;
        assert_eq!(shell("").unwrap(), "devenv finds its root by `PWD`");
        assert_eq!(shell("modules = [ { devenv.root = \"/p\"; } ];"), None);
        assert_eq!(shell("root = inputs.devenv-root.outPath;"), None);
        assert_eq!(NixSource::read("{ outputs = x: { }; }").impurity, None);
    }

    #[test]
    fn says_where_a_file_cannot_be_parsed() {
        let (line, message) = NixSource::read("{\n  a = 1\n  b = 2;\n}\n").error.unwrap();
        assert_eq!((line, message.as_str()), (Some(3), "syntax error, unexpected text"));
        let (line, message) = NixSource::read("{\n  a = 1;\n").error.unwrap();
        assert_eq!((line, message.as_str()), (Some(2), "the file ends too early"));
    }

    #[test]
    fn inputs_that_are_computed_are_not_guessed() {
        assert_eq!(NixSource::read("{ inputs = import ./inputs.nix; outputs = x: x; }").inputs, None);
        assert_eq!(NixSource::read("let x = 1; in { }").inputs, None);
    }

    #[test]
    fn hostile_texts_do_not_exhaust_the_stack() {
        let texts = ["(", "[", "{a=", "a ", "a.", "!", "a:", "a+", "''${", "if ", "\"${", "- ", "a//", "a->", "with a;", "a?"];
        let read_all = move || {
            for (text, count) in texts.iter().flat_map(|text| [(text, LARGEST / text.len()), (text, LONGEST / 3)]) {
                let _found = NixSource::read(&text.repeat(count));
            }
        };
        std::thread::Builder::new().stack_size(STACK).spawn(read_all).unwrap().join().unwrap();
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(\\{|\\}|\\[|\\]|\\(|\\)|=|;|\\.|a|\\$|\"|''|é|@|:|,| |\n|inputs|outputs|url|\\./x){0,60}") {
            let _found = NixSource::read(&text);
        }
    }
}
