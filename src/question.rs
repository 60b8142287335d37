//! Questions a template asks, and their answers. Flags, answer files, prompts and forms share this one declaration.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::did_you_mean;

/// A question: what is asked, what may be answered, and when it is asked at all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Name of the answer, `[a-z][a-z0-9_]*`.
    pub name: String,
    /// The question in words; the name when left out.
    #[serde(default)]
    pub prompt: Option<String>,
    /// One or two sentences that help to decide.
    #[serde(default)]
    pub help: Option<String>,
    /// A condition on earlier answers, as a Handlebars expression; always asked when left out.
    #[serde(default)]
    pub when: Option<String>,
    /// What kind of answer it takes.
    #[serde(rename = "type")]
    pub kind: QuestionKind,
    /// What can be chosen (select and multiselect).
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// The answer that Enter gives. Without one, somebody must answer. That of a text is a Handlebars text.
    #[serde(default)]
    pub default: Option<Answer>,
    /// Whether the default is taken without asking. Who wants another answer gives it on the command line.
    #[serde(default)]
    pub advanced: bool,
    /// What a text must look like.
    #[serde(default)]
    pub validate: Option<Validate>,
}

/// The kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionKind {
    /// A line of text.
    Text,
    /// One of several choices.
    Select,
    /// Any number of several choices.
    Multiselect,
    /// Yes or no.
    Confirm,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The value the template sees.
    pub value: String,
    /// What is shown; the value when left out.
    #[serde(default)]
    pub label: Option<String>,
    /// Why one would choose it.
    #[serde(default)]
    pub help: Option<String>,
}

impl Choice {
    /// What is shown.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.value)
    }
}

/// What a text must look like.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validate {
    /// An anchored regular expression.
    pub pattern: String,
    /// What is said when the text does not match, as a lower-case fragment.
    pub message: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// A text or the value of one choice.
    Text(String),
    /// The values of several choices.
    List(Vec<String>),
}

impl Answer {
    /// The answer as a person reads it.
    pub fn display(&self) -> String {
        match self {
            Self::Bool(true) => "yes".to_owned(),
            Self::Bool(false) => "no".to_owned(),
            Self::Text(text) if text.is_empty() => "nothing".to_owned(),
            Self::Text(text) => text.clone(),
            Self::List(values) if values.is_empty() => "none".to_owned(),
            Self::List(values) => values.join(", "),
        }
    }
}

/// Answers by the name of their question.
pub type Answers = BTreeMap<String, Answer>;

/// Why an answer does not fit its question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No question of this template has the name.
    #[error("unknown answer{}", name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default())]
    Unknown {
        /// The name given, when it can be shown.
        name: Option<String>,
        /// Names that exist.
        hint: Option<String>,
    },
    /// The answer has the wrong type.
    #[error("the answer to `{name}` must be {expected}, not {found}")]
    WrongType {
        /// Name of the question.
        name: String,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The answer is none of the choices.
    #[error("{} is no choice for `{name}`; it takes {choices}", given.as_ref().map_or_else(|| "what was given".to_owned(), |given| format!("`{given}`")))]
    NoSuchChoice {
        /// Name of the question.
        name: String,
        /// What was given, when it can be shown.
        given: Option<String>,
        /// What can be chosen.
        choices: String,
    },
    /// The text fails the question's own rule.
    #[error("the answer to `{name}` is not accepted: {message}")]
    Invalid {
        /// Name of the question.
        name: String,
        /// The question's own message.
        message: String,
    },
}

impl Question {
    /// A question of nixstart's own that is answered with one of several choices.
    pub fn select(name: &str, prompt: &str, choices: Vec<Choice>) -> Self {
        Self { kind: QuestionKind::Select, choices, ..Self::confirm(name, prompt) }
    }

    /// A question of nixstart's own that is answered with yes or no.
    pub fn confirm(name: &str, prompt: &str) -> Self {
        Self {
            name: name.to_owned(),
            prompt: Some(prompt.to_owned()),
            help: None,
            when: None,
            kind: QuestionKind::Confirm,
            choices: Vec::new(),
            default: None,
            advanced: false,
            validate: None,
        }
    }

    /// The question in words.
    pub fn prompt(&self) -> &str {
        self.prompt.as_deref().unwrap_or(&self.name)
    }

    /// Reads the text of a `--set name=text`. Several choices are separated by commas.
    pub fn parse(&self, text: &str) -> Result<Answer, AnswerError> {
        let answer = match self.kind {
            QuestionKind::Text | QuestionKind::Select => Answer::Text(text.to_owned()),
            QuestionKind::Multiselect => {
                Answer::List(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
            }
            QuestionKind::Confirm => match text.to_ascii_lowercase().as_str() {
                "yes" | "y" | "true" => Answer::Bool(true),
                "no" | "n" | "false" => Answer::Bool(false),
                _ => return Err(self.wrong_type("text")),
            },
        };
        self.check(answer)
    }

    /// Reads a value of an answers file.
    pub fn parse_value(&self, value: &Value) -> Result<Answer, AnswerError> {
        let answer = match value {
            Value::Bool(flag) => Answer::Bool(*flag),
            Value::String(text) => Answer::Text(text.clone()),
            Value::Array(values) => {
                let texts = values
                    .iter()
                    .map(|value| value.as_str().map(str::to_owned).ok_or_else(|| self.wrong_type("a list with other values")));
                Answer::List(texts.collect::<Result<_, _>>()?)
            }
            Value::Null => return Err(self.wrong_type("nothing")),
            Value::Number(_) => return Err(self.wrong_type("a number")),
            Value::Object(_) => return Err(self.wrong_type("a table")),
        };
        self.check(answer)
    }

    /// Accepts an answer of the right type that is one of the choices and follows the question's rule. Several choices
    /// come back each once, in the order of the question.
    pub fn check(&self, answer: Answer) -> Result<Answer, AnswerError> {
        match (self.kind, &answer) {
            (QuestionKind::Confirm, Answer::Bool(_)) => {}
            (QuestionKind::Text, Answer::Text(text)) => self.check_text(text)?,
            (QuestionKind::Select, Answer::Text(value)) => self.check_choice(value)?,
            (QuestionKind::Multiselect, Answer::List(values)) => {
                values.iter().try_for_each(|value| self.check_choice(value))?;
                return Ok(Answer::List(self.in_order(values)));
            }
            (_, Answer::Bool(_)) => return Err(self.wrong_type("yes or no")),
            (_, Answer::Text(_)) => return Err(self.wrong_type("text")),
            (_, Answer::List(_)) => return Err(self.wrong_type("a list")),
        }
        Ok(answer)
    }

    fn in_order(&self, chosen: &[String]) -> Vec<String> {
        self.choices.iter().map(|choice| &choice.value).filter(|value| chosen.contains(value)).cloned().collect()
    }

    fn check_text(&self, text: &str) -> Result<(), AnswerError> {
        let invalid = |message: &str| AnswerError::Invalid { name: self.name.clone(), message: message.to_owned() };
        if text.chars().any(char::is_control) {
            return Err(invalid("it has a line break or a control character"));
        }
        let Some(rule) = &self.validate else { return Ok(()) };
        let matches = Regex::new(&rule.pattern).is_ok_and(|regex| regex.is_match(text));
        if matches { Ok(()) } else { Err(invalid(&rule.message)) }
    }

    fn check_choice(&self, value: &str) -> Result<(), AnswerError> {
        if self.choices.iter().any(|choice| choice.value == value) {
            return Ok(());
        }
        let choices = self.choices.iter().map(|choice| format!("`{}`", choice.value)).collect::<Vec<_>>().join(", ");
        Err(AnswerError::NoSuchChoice { name: self.name.clone(), given: presentable(value), choices })
    }

    fn wrong_type(&self, found: &'static str) -> AnswerError {
        let expected = match self.kind {
            QuestionKind::Text => "text",
            QuestionKind::Select => "one of its choices",
            QuestionKind::Multiselect => "a list of its choices",
            QuestionKind::Confirm => "`yes` or `no`",
        };
        AnswerError::WrongType { name: self.name.clone(), expected, found }
    }
}

/// Finds a question by name, or says which names are near.
pub fn find<'a>(questions: &'a [Question], name: &str) -> Result<&'a Question, AnswerError> {
    let names = || questions.iter().map(|question| question.name.as_str());
    questions.iter().find(|question| question.name == name).ok_or_else(|| AnswerError::Unknown {
        name: presentable(name),
        hint: did_you_mean(name, names())
            .or_else(|| Some(format!("this template asks for: {}", names().collect::<Vec<_>>().join(", ")))),
    })
}

/// The longest wrong value that a message repeats.
const LONGEST_SHOWN: usize = 40;

/// A wrong value as a message may repeat it: what is long may be a secret in the wrong place.
fn presentable(value: &str) -> Option<String> {
    let is_short = value.chars().count() <= LONGEST_SHOWN;
    (is_short && !value.chars().any(char::is_control)).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(toml: &str) -> Question {
        toml::from_str(&format!("name = 'q'\n{toml}")).unwrap()
    }

    #[test]
    fn reads_the_text_of_a_flag_by_kind() {
        let select = question("type = 'select'\nchoices = [{ value = 'a' }, { value = 'b' }]");
        assert_eq!(select.parse("b"), Ok(Answer::Text("b".into())));
        assert_eq!(select.parse("c").unwrap_err().to_string(), "`c` is no choice for `q`; it takes `a`, `b`");
        let several = question("type = 'multiselect'\nchoices = [{ value = 'a' }, { value = 'b' }]");
        assert_eq!(several.parse("a, b"), Ok(Answer::List(vec!["a".into(), "b".into()])));
        assert_eq!(several.parse("b,a,b"), Ok(Answer::List(vec!["a".into(), "b".into()])));
        assert_eq!(several.parse(""), Ok(Answer::List(vec![])));
        let confirm = question("type = 'confirm'");
        assert_eq!(confirm.parse("Yes"), Ok(Answer::Bool(true)));
        assert_eq!(confirm.parse("maybe").unwrap_err().to_string(), "the answer to `q` must be `yes` or `no`, not text");
    }

    #[test]
    fn holds_a_text_to_its_rule() {
        let text = question("type = 'text'\nvalidate = { pattern = '^[a-z]+$', message = 'lower-case letters only' }");
        assert_eq!(text.parse("abc"), Ok(Answer::Text("abc".into())));
        assert_eq!(text.parse("A").unwrap_err().to_string(), "the answer to `q` is not accepted: lower-case letters only");
        assert!(text.parse("a\nb").is_err());
    }

    #[test]
    fn a_long_wrong_value_is_not_repeated() {
        let select = question("type = 'select'\nchoices = [{ value = 'a' }]");
        let long = "x".repeat(41);
        for wrong in [long.as_str(), "a\u{1b}b"] {
            let error = select.parse(wrong).unwrap_err();
            assert_eq!(error.to_string(), "what was given is no choice for `q`; it takes `a`");
            assert!(!format!("{error:?}").contains(wrong));
        }
        assert_eq!(find(&[select], &long).unwrap_err().to_string(), "unknown answer");
    }

    #[test]
    fn names_the_type_an_answers_file_gives() {
        let error = question("type = 'text'").parse_value(&serde_json::json!(3)).unwrap_err();
        assert_eq!(error.to_string(), "the answer to `q` must be text, not a number");
    }
}
