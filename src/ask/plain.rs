//! Prompts that never redraw: numbered choices and one line after the other, for screen readers and dumb terminals.

use std::io::{self, BufRead};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use secrecy::SecretString;

use super::{Ask, Asked, SecretCheck, accept_secret, declined, interrupted};
use crate::error::Result;
use crate::question::{Answer, Choice, QuestionKind};
use crate::secret::SecretSpec;
use crate::ui::Ui;

/// A person at a plain terminal.
pub(super) struct Plain;

impl Ask for Plain {
    fn ask(&mut self, ui: &mut Ui, asked: Asked<'_>) -> Result<Answer> {
        let question = asked.question;
        ui.question(question.prompt());
        if let Some(help) = &question.help {
            ui.question(&format!("  {help}"));
        }
        for (index, choice) in question.choices.iter().enumerate() {
            let help = choice.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
            ui.question(&format!("  {}. {}{help}", index + 1, choice.label()));
        }
        loop {
            let default =
                asked.default.map(|default| format!(" (Enter for {})", shown(default, &question.choices))).unwrap_or_default();
            ui.question(&format!("{}{default}:", instruction(question.kind)));
            let line = read_line()?;
            let line = line.trim();
            let answer = match (line, asked.default) {
                ("", Some(default)) => Ok(default.clone()),
                _ => question.parse(&by_number(line, &question.choices)),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(_) if !question.choices.is_empty() => {
                    ui.refuse(&format!("type a number from 1 to {}", question.choices.len()));
                }
                Err(_) if question.kind == QuestionKind::Confirm => ui.refuse("type yes or no"),
                Err(error) => ui.refuse(&error.to_string()),
            }
        }
    }

    fn secret(&mut self, ui: &mut Ui, spec: &SecretSpec, check: SecretCheck<'_>) -> Result<Option<SecretString>> {
        let prompt = format!("{} (Enter for later):", spec.name);
        accept_secret(ui, check, |ui| {
            if spec.sensitive {
                return read_hidden(ui, &prompt);
            }
            ui.question(&prompt);
            read_line().map(SecretString::from)
        })
    }

    fn passphrase(&mut self, ui: &mut Ui, prompt: &str) -> Result<Option<SecretString>> {
        read_hidden(ui, &format!("{prompt}:")).map(Some)
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

const fn instruction(kind: QuestionKind) -> &'static str {
    match kind {
        QuestionKind::Text => "Type your answer",
        QuestionKind::Select => "Type a number",
        QuestionKind::Multiselect => "Type numbers, with commas between them",
        QuestionKind::Confirm => "Type yes or no",
    }
}

fn shown(answer: &Answer, choices: &[Choice]) -> String {
    let label = |value: &str| {
        choices.iter().find(|choice| choice.value == value).map_or(value.to_owned(), |choice| choice.label().to_owned())
    };
    match answer {
        Answer::Text(value) => label(value),
        Answer::Bool(_) | Answer::List(_) => answer.display(),
    }
}

/// Replaces numbers of choices by their values.
fn by_number(line: &str, choices: &[Choice]) -> String {
    let value = |word: &str| {
        let index = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        index.and_then(|index| choices.get(index)).map_or(word.to_owned(), |choice| choice.value.clone())
    };
    if choices.is_empty() {
        line.to_owned()
    } else {
        line.split(',').map(|word| value(word.trim())).collect::<Vec<_>>().join(",")
    }
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 { Err(declined()) } else { Ok(line) }
}

/// Reads a line without showing it. The prompt comes after echo is off, so that nothing typed early is shown.
fn read_hidden(ui: &mut Ui, prompt: &str) -> Result<SecretString> {
    crossterm::terminal::enable_raw_mode()?;
    ui.question(prompt);
    ui.carriage_return();
    let line = read_keys();
    crossterm::terminal::disable_raw_mode()?;
    line
}

fn read_keys() -> Result<SecretString> {
    let mut line = String::with_capacity(256);
    loop {
        let Event::Key(key) = crossterm::event::read()? else { continue };
        if key.kind != KeyEventKind::Press {
            continue;
        }
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Err(interrupted()),
            KeyCode::Char('d') if key.modifiers.contains(KeyModifiers::CONTROL) => return Err(declined()),
            KeyCode::Esc => return Err(declined()),
            KeyCode::Enter => return Ok(line.into()),
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Char(_) if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {}
            KeyCode::Char(character) => line.push(character),
            _ => {}
        }
    }
}
