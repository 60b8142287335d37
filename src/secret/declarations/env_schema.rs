//! Reads `.env.schema`, the form of varlock: decorators in comments. A value may be a call there; none is ever made, and a
//! decorator that is decided by a call counts as not said.

use secrecy::ExposeSecret;

use super::comment::{self, Commented};
use super::{Found, Need, TextFile, Variable};
use crate::diagnostic::Place;
use crate::secret::Kind;
use crate::secret::schema::Obtain;

/// `@name`, `@name=value` or `@name(arguments)`.
#[derive(Debug, PartialEq, Eq)]
struct Decorator<'a> {
    name: &'a str,
    value: Option<&'a str>,
}

/// What the head of the file says for all variables.
struct Defaults<'a> {
    /// `None` is varlock's `infer`: what has a value is required.
    required: Option<bool>,
    sensitive: bool,
    public_prefix: Option<&'a str>,
}

pub(super) fn read(file: &TextFile, found: &mut Found) {
    let defaults = defaults(&file.text);
    for commented in comment::variables(&file.text) {
        found.add(variable(&commented, &defaults, &file.name));
    }
}

fn variable(commented: &Commented, defaults: &Defaults<'_>, file: &str) -> Variable {
    let mut variable = Variable::new(&commented.name, Place::new(file, commented.line));
    let value = commented.value.expose_secret();
    let is_call = !commented.is_quoted && is_call(value);
    variable.need = match defaults.required {
        Some(required) => Some(need(required)),
        None => Some(need(!value.is_empty())),
    };
    let is_public = defaults.public_prefix.is_some_and(|prefix| commented.name.starts_with(prefix));
    variable.sensitive = Some(defaults.sensitive && !is_public);
    variable.default = (!value.is_empty() && !is_call).then(|| value.to_owned());
    let is_decorated = |line: &&String| line.trim_start().starts_with('@');
    let words = commented.comment.iter().filter(|line| !is_decorated(line)).map(|line| line.trim());
    variable.description = Some(words.filter(|line| !line.is_empty() && !is_divider(line)).collect::<Vec<_>>().join(" "));
    let behind = commented.behind.iter().filter(|text| text.trim_start().starts_with('@'));
    for decorator in commented.comment.iter().filter(is_decorated).chain(behind).flat_map(|line| decorators(line)) {
        apply(&mut variable, &decorator);
    }
    if is_call && variable.need == Some(Need::Required) {
        // The call gives it, not the person.
        variable.need = Some(Need::Optional);
    }
    variable
}

fn apply(variable: &mut Variable, decorator: &Decorator<'_>) {
    let flag = match decorator.value {
        None | Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => None,
    };
    match decorator.name {
        "required" => variable.need = flag.map(need),
        "optional" => variable.need = flag.map(|optional| need(!optional)),
        // One that is decided by a call may be sensitive.
        "sensitive" => variable.sensitive = Some(flag.unwrap_or(true)),
        "public" => variable.sensitive = Some(!flag.unwrap_or(false)),
        "example" | "placeholder" => variable.looks_like = decorator.value.map(|value| unquoted(value).to_owned()),
        "docs" | "docsUrl" => {
            let url = decorator.value.and_then(|value| value.rsplit(',').next()).map(|url| unquoted(url.trim()).to_owned());
            variable.obtain = variable.obtain.take().or(url.map(|url| Obtain { url, steps: Vec::new() }));
        }
        "type" => set_type(variable, decorator.value.unwrap_or_default()),
        _ => {}
    }
}

/// The types that nixstart has a validator for; others are text.
fn set_type(variable: &mut Variable, text: &str) {
    let (name, arguments) =
        text.split_once('(').map_or((text, ""), |(name, rest)| (name, rest.strip_suffix(')').unwrap_or(rest)));
    let arguments: Vec<&str> = arguments.split(',').map(str::trim).filter(|argument| !argument.is_empty()).collect();
    variable.kind = match name {
        "url" => Some(Kind::Url),
        "port" => Some(Kind::Port),
        "email" => Some(Kind::Email),
        "boolean" => Some(Kind::Boolean),
        "uuid" => Some(Kind::Uuid),
        _ => Some(Kind::Text),
    };
    let starts_with = arguments.iter().find_map(|argument| argument.strip_prefix("startsWith="));
    variable.pattern = match (name, starts_with) {
        ("enum", _) if !arguments.is_empty() => {
            let choices: Vec<String> = arguments.iter().map(|choice| regex_lite::escape(unquoted(choice))).collect();
            Some(format!("^(?:{})$", choices.join("|")))
        }
        ("number", _) => Some(r"^-?[0-9]+(?:\.[0-9]+)?$".to_owned()),
        ("string", Some(start)) => Some(format!("^{}", regex_lite::escape(unquoted(start)))),
        _ => None,
    };
}

const fn need(required: bool) -> Need {
    if required { Need::Required } else { Need::Optional }
}

/// Reads the comments before the first variable. One right above it belongs to it, unless a divider ends the head.
fn defaults(text: &str) -> Defaults<'_> {
    let mut defaults = Defaults { required: None, sensitive: true, public_prefix: None };
    let head = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with('#'));
    for line in head.filter_map(|line| line.strip_prefix('#')).filter(|line| line.trim_start().starts_with('@')) {
        for decorator in decorators(line) {
            match (decorator.name, decorator.value) {
                ("defaultRequired", Some(value)) => defaults.required = boolean(value),
                ("defaultSensitive", Some(value)) => {
                    defaults.sensitive = boolean(value).unwrap_or(true);
                    let prefix = value.strip_prefix("inferFromPrefix(").and_then(|rest| rest.strip_suffix(')'));
                    defaults.public_prefix = prefix.map(unquoted);
                }
                _ => {}
            }
        }
    }
    defaults
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The decorators of a comment line; a `#` behind them begins a comment of the comment.
fn decorators(line: &str) -> Vec<Decorator<'_>> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while let Some(after) = rest.strip_prefix('@') {
        let end = after.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        let (value, tail) = if let Some(tail) = tail.strip_prefix('=') {
            let (value, tail) = word(tail);
            (Some(value), tail)
        } else if tail.starts_with('(') {
            let (arguments, tail) = word(tail);
            (Some(arguments.trim_start_matches('(').trim_end_matches(')')), tail)
        } else {
            (None, tail)
        };
        found.push(Decorator { name, value });
        rest = tail.trim_start();
    }
    found
}

/// A text up to the first space that is neither in quotes nor in brackets.
fn word(text: &str) -> (&str, &str) {
    let (mut depth, mut quote) = (0_usize, None);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) if character.is_whitespace() && depth == 0 => return text.split_at_checked(place).unwrap_or((text, "")),
            (Some(_) | None, _) => {}
        }
    }
    (text, "")
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    ['"', '\'', '`'].into_iter().find_map(inner).unwrap_or(text)
}

/// Whether a bare value is a call, a reference or a list, which only varlock can make a value of.
fn is_call(value: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    value.contains('$') || value.starts_with(['[', '{']) || value.split_once('(').is_some_and(|(name, _)| is_name(name))
}

fn is_divider(line: &str) -> bool {
    line.len() > 2 && line.chars().all(|character| matches!(character, '-' | '=' | '*' | '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decorators_end_where_their_brackets_and_quotes_do() {
        let found = decorators(
            " @required @type=string(startsWith=\"s k-\") @docs(\"a b\", https://a.example/b) @example='x y' # @public",
        );
        let pairs: Vec<_> = found.iter().map(|decorator| (decorator.name, decorator.value)).collect();
        assert_eq!(
            pairs,
            [
                ("required", None),
                ("type", Some("string(startsWith=\"s k-\")")),
                ("docs", Some("\"a b\", https://a.example/b")),
                ("example", Some("'x y'")),
            ]
        );
    }
}
