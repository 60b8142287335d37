//! Prompts of a conversation in the scrollback, drawn by inquire.

use inquire::ui::{Attributes, Color, RenderConfig, StyleSheet, Styled};
use inquire::validator::Validation;
use inquire::{Confirm, InquireError, MultiSelect, Password, PasswordDisplayMode, Select, Text};
use secrecy::SecretString;

use super::{Ask, Asked, SecretCheck, accept_secret, declined, interrupted};
use crate::error::{Error, Result};
use crate::question::{Answer, Choice, Question, QuestionKind};
use crate::secret::SecretSpec;
use crate::ui::{Ui, printable};

/// A person at a terminal.
pub(super) struct Inquire {
    style: RenderConfig<'static>,
}

impl Inquire {
    pub(super) fn new(is_colored: bool) -> Self {
        let base = if is_colored { RenderConfig::default_colored() } else { RenderConfig::empty() };
        let accent = if is_colored {
            StyleSheet::new().with_fg(Color::LightCyan).with_attr(Attributes::BOLD)
        } else {
            StyleSheet::empty()
        };
        let prefix = |text: &'static str| Styled::new(text).with_style_sheet(accent);
        let style = base
            .with_prompt_prefix(prefix("?"))
            .with_answered_prompt_prefix(prefix(">"))
            .with_highlighted_option_prefix(prefix(">"));
        Self { style }
    }
}

fn failed(error: InquireError) -> Error {
    match error {
        InquireError::OperationCanceled => declined(),
        InquireError::OperationInterrupted => interrupted(),
        InquireError::IO(error) => error.into(),
        other => Error::failed(other.to_string()),
    }
}

/// A choice as inquire shows it.
struct Shown<'a>(&'a Choice);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.help {
            Some(help) => write!(formatter, "{} - {}", printable(self.0.label()), printable(help)),
            None => formatter.write_str(&printable(self.0.label())),
        }
    }
}

impl Ask for Inquire {
    fn ask(&mut self, ui: &mut Ui, asked: Asked<'_>) -> Result<Answer> {
        ui.lead_up();
        match asked.question.kind {
            QuestionKind::Text => self.text(asked),
            QuestionKind::Confirm => self.confirm(asked),
            QuestionKind::Select => self.select(asked),
            QuestionKind::Multiselect => self.multiselect(asked),
        }
    }

    fn secret(&mut self, ui: &mut Ui, spec: &SecretSpec, check: SecretCheck<'_>) -> Result<Option<SecretString>> {
        let prompt = format!("{}:", spec.name);
        accept_secret(ui, check, |ui| {
            ui.lead_up();
            if spec.sensitive { self.hidden(&prompt) } else { self.visible(&prompt) }
        })
    }

    fn passphrase(&mut self, ui: &mut Ui, prompt: &str) -> Result<Option<SecretString>> {
        ui.lead_up();
        let prompt = format!("{}:", printable(prompt));
        let password = Password::new(&prompt).with_render_config(self.style).without_confirmation();
        let password = password.with_display_mode(PasswordDisplayMode::Hidden);
        password.prompt().map(|entered| Some(entered.into())).map_err(failed)
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

const LEFT: &str = "left for later";
const LATER: &str = "Enter alone leaves it for later";
const UNSEEN: &str = "what you type is not shown, not even how much it is; Enter alone leaves it for later";

impl Inquire {
    fn hidden(&self, prompt: &str) -> Result<SecretString> {
        let password = Password::new(prompt).with_render_config(self.style).without_confirmation().with_help_message(UNSEEN);
        let password = password.with_formatter(&|entered| if entered.is_empty() { LEFT.into() } else { "********".into() });
        // A star for each character would tell whoever looks on how long the secret is.
        password.with_display_mode(PasswordDisplayMode::Hidden).prompt().map(SecretString::from).map_err(failed)
    }

    fn visible(&self, prompt: &str) -> Result<SecretString> {
        let text = Text::new(prompt).with_render_config(self.style).with_help_message(LATER);
        let text = text.with_formatter(&|entered| if entered.is_empty() { LEFT.into() } else { entered.into() });
        text.prompt().map(SecretString::from).map_err(failed)
    }

    fn text(&self, asked: Asked<'_>) -> Result<Answer> {
        let question = asked.question.clone();
        let rule = move |text: &str| match question.parse(text) {
            Ok(_) => Ok(Validation::Valid),
            Err(error) => Ok(Validation::Invalid(printable(&error.to_string()).into())),
        };
        let (prompt, help) = shown(asked.question);
        let mut text = Text::new(&prompt).with_render_config(self.style).with_validator(rule);
        text.help_message = help.as_deref();
        if let Some(Answer::Text(default)) = asked.default {
            text = text.with_default(default);
        }
        text.prompt().map(Answer::Text).map_err(failed)
    }

    fn confirm(&self, asked: Asked<'_>) -> Result<Answer> {
        let (prompt, help) = shown(asked.question);
        let mut confirm = Confirm::new(&prompt).with_render_config(self.style);
        confirm.help_message = help.as_deref();
        if let Some(Answer::Bool(default)) = asked.default {
            confirm = confirm.with_default(*default);
        }
        confirm.prompt().map(Answer::Bool).map_err(failed)
    }

    fn select(&self, asked: Asked<'_>) -> Result<Answer> {
        let question = asked.question;
        let start = match asked.default {
            Some(Answer::Text(default)) => position(question, default),
            _ => 0,
        };
        let options = question.choices.iter().map(Shown).collect();
        let (prompt, help) = shown(question);
        let mut select = Select::new(&prompt, options).with_render_config(self.style).with_starting_cursor(start);
        if let Some(help) = &help {
            select = select.with_help_message(help);
        }
        let chosen = select.with_formatter(&|option| printable(option.value.0.label())).prompt().map_err(failed)?;
        Ok(Answer::Text(chosen.0.value.clone()))
    }

    fn multiselect(&self, asked: Asked<'_>) -> Result<Answer> {
        let question = asked.question;
        let chosen: Vec<usize> = match asked.default {
            Some(Answer::List(values)) => values.iter().map(|value| position(question, value)).collect(),
            _ => Vec::new(),
        };
        let options = question.choices.iter().map(Shown).collect();
        let (prompt, help) = shown(question);
        let mut select = MultiSelect::new(&prompt, options).with_render_config(self.style).with_default(&chosen);
        if let Some(help) = &help {
            select = select.with_help_message(help);
        }
        let chosen = select.prompt().map_err(failed)?;
        Ok(Answer::List(chosen.into_iter().map(|choice| choice.0.value.clone()).collect()))
    }
}

/// The question in words and the help beside it, as they may reach a terminal.
fn shown(question: &Question) -> (String, Option<String>) {
    (printable(question.prompt()), question.help.as_deref().map(printable))
}

fn position(question: &Question, value: &str) -> usize {
    question.choices.iter().position(|choice| choice.value == value).unwrap_or(0)
}
