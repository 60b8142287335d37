//! Changes to a Nix file that leave everything else of it as it is. What is not written in the way that is known here is left
//! to a person.

use rnix::ast::{self, AstNode, HasEntry};
use rnix::{Root, SyntaxNode, TextSize};

/// Why a file is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It cannot be parsed.
    #[error("it cannot be parsed")]
    Syntax,
    /// It has no such list, or several.
    #[error("it has {found} lists `{name}` where one is expected")]
    Lists {
        /// The attribute.
        name: String,
        /// How many there are.
        found: usize,
    },
}

/// Adds an element to the one list that an attribute is in the outermost set of a file, or of the function that the file is.
/// `None` when the list has it already.
pub fn add_to_list(text: &str, attribute: &str, element: &str) -> Result<Option<String>, EditError> {
    let parse = Root::parse(text);
    if !parse.errors().is_empty() {
        return Err(EditError::Syntax);
    }
    let lists: Vec<ast::List> =
        parse.tree().expr().and_then(outermost_set).map(|set| lists_of(&set, attribute)).unwrap_or_default();
    let [list] = lists.as_slice() else { return Err(EditError::Lists { name: attribute.to_owned(), found: lists.len() }) };
    let items: Vec<SyntaxNode> = list.items().map(|item| node(&item).clone()).collect();
    if items.iter().any(|item| item.text() == element) {
        return Ok(None);
    }
    let split = |at| text.split_at_checked(usize::from(at)).ok_or(EditError::Syntax);
    let Some(end) = items.last() else {
        let (head, tail) = split(node(list).text_range().start() + TextSize::from(1))?;
        return Ok(Some(format!("{head} {element} {}", tail.trim_start())));
    };
    let (head, tail) = split(end.text_range().end())?;
    let edited = format!("{head}{}{element}{tail}", space_before(end));
    // A word of the language is no element.
    if Root::parse(&edited).errors().is_empty() { Ok(Some(edited)) } else { Err(EditError::Syntax) }
}

fn node<N: AstNode>(typed: &N) -> &SyntaxNode {
    typed.syntax()
}

/// The space that stands before an element: its own line, or a blank.
fn space_before(node: &SyntaxNode) -> String {
    let token = node.first_token().and_then(|token| token.prev_token());
    let space = token.map(|token| token.text().to_owned()).filter(|text| !text.is_empty() && text.trim().is_empty());
    // An empty line above belongs to what is above.
    space.map_or_else(
        || " ".to_owned(),
        |space| space.rsplit_once('\n').map_or(space.clone(), |(_, indent)| format!("\n{indent}")),
    )
}

/// The set that a file is, below the functions and bindings around it.
fn outermost_set(mut expression: ast::Expr) -> Option<ast::AttrSet> {
    loop {
        expression = match expression {
            ast::Expr::AttrSet(set) => return Some(set),
            ast::Expr::Lambda(lambda) => lambda.body()?,
            ast::Expr::LetIn(bindings) => bindings.body()?,
            ast::Expr::With(with) => with.body()?,
            ast::Expr::Assert(assert) => assert.body()?,
            ast::Expr::Paren(paren) => paren.expr()?,
            _ => return None,
        };
    }
}

/// The lists that an attribute of a set is.
fn lists_of(set: &ast::AttrSet, attribute: &str) -> Vec<ast::List> {
    let named = set.attrpath_values().filter(|entry| entry.attrpath().is_some_and(|path| node(&path).text() == attribute));
    named.filter_map(|entry| if let Some(ast::Expr::List(list)) = entry.value() { Some(list) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    use super::*;

    fn added(text: &str) -> Result<Option<String>, EditError> {
        add_to_list(text, "packages", "pkgs.jq")
    }

    #[test]
    fn an_element_goes_behind_the_last_one_in_its_style() {
        let file = |list: &str| {
            format!("# env\n{{ pkgs, ... }}:\nlet\n  x = [ 1 ];\nin\n{{\n  packages = {list};\n  other.packages = [ ];\n}}\n")
        };
        let cases = [
            ("[\n    pkgs.git # vcs\n    pkgs.curl\n  ]", "[\n    pkgs.git # vcs\n    pkgs.curl\n    pkgs.jq\n  ]"),
            ("[ pkgs.git ]", "[ pkgs.git pkgs.jq ]"),
            ("[ ]", "[ pkgs.jq ]"),
            ("[]", "[ pkgs.jq ]"),
            (
                "[\n    pkgs.git\n\n    # for sums\n    pkgs.bc\n  ]",
                "[\n    pkgs.git\n\n    # for sums\n    pkgs.bc\n    pkgs.jq\n  ]",
            ),
        ];
        for (before, after) in cases {
            assert_eq!(added(&file(before)), Ok(Some(file(after))), "{before}");
        }
    }

    #[test]
    fn what_is_there_is_not_added_again() {
        assert_eq!(added("{ packages = [ pkgs.git pkgs.jq ]; }"), Ok(None));
        let once = added("{ packages = [ pkgs.git ]; }").unwrap().unwrap();
        assert_eq!(added(&once), Ok(None));
    }

    #[test]
    fn what_is_written_in_another_way_is_left_to_a_person() {
        let lists = |found| Err(EditError::Lists { name: "packages".into(), found });
        assert_eq!(added("{ packages = with pkgs; [ git ]; }"), lists(0));
        assert_eq!(added("{ }"), lists(0));
        assert!(added("{ packages = [ a ]; packages = [ b ]; }").is_err());
        assert_eq!(added("{ packages = [ ; }"), Err(EditError::Syntax));
        assert_eq!(add_to_list("{ packages = [ pkgs.git ]; }", "packages", "pkgs.in"), Err(EditError::Syntax));
        assert_eq!(added("42"), lists(0));
    }

    proptest! {
        #[test]
        fn nothing_else_changes(head in "( |\n|# [a-z]{0,5}\n){0,4}", elements in prop::collection::vec("pkgs\\.p[a-z]{1,6}", 0..4), broad: bool) {
            let between = if broad { "\n    " } else { " " };
            let list = elements.iter().flat_map(|element| [between, element]).collect::<String>();
            let text = format!("{head}{{\n  packages = [{list} ];\n}}\n");
            if let Some(after) = add_to_list(&text, "packages", "pkgs.zzzzzzzzz").unwrap() {
                let without: String = after.replacen("pkgs.zzzzzzzzz", "", 1).split_whitespace().collect();
                prop_assert_eq!(without, text.split_whitespace().collect::<String>());
                prop_assert!(Root::parse(&after).errors().is_empty());
            }
        }
    }
}
