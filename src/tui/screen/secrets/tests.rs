//! The variables of a `.env` on the screen, by keys and by pictures.

mod hostile;

use pretty_assertions::assert_eq;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use secrecy::{ExposeSecret, SecretString};

use super::{REVEALED_FOR, SecretsScreen};
use crate::dotenv::Writer;
use crate::secret::SecretSpec;
use crate::secret::form::{Draft, Form, State};
use crate::tui::effect::{Effect, Ending};
use crate::tui::keymap::Context;
use crate::tui::modal::Modal;
use crate::tui::model::Model;
use crate::tui::msg::{Key, Msg, Pasted};
use crate::tui::screen::Screen;
use crate::tui::theme::Theme;
use crate::tui::{update, view};

const NOW: u64 = 1_767_225_600_000;
const ID: &str = "1100000000000000001";

fn token() -> String {
    use base64::Engine;
    [base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(ID), "G".repeat(6), "x".repeat(38)].join(".")
}

fn spec(name: &str, fields: &str) -> SecretSpec {
    toml::from_str(&format!("name = '{name}'\n{fields}")).unwrap()
}

fn specs() -> Vec<SecretSpec> {
    vec![
        spec(
            "BOT_TOKEN",
            "kind = 'discord/bot-token'\ndescription = 'Token the bot logs in with'\n\
             obtain = { url = 'https://discord.com/developers/applications', steps = ['Open your application', 'Bot, then Reset Token'] }",
        ),
        spec("CLIENT_ID", "kind = 'discord/application-id'\nsensitive = false\ndescription = 'Id of the application'"),
        spec("SESSION_KEY", "description = 'Signs cookies'\ngenerate = { type = 'hex', bytes = 32 }"),
        spec("PORT", "kind = 'port'\nsensitive = false\ndefault = '3000'\ndescription = 'Port of the web server'"),
        spec("SENTRY_DSN", "kind = 'url'\nrequired = false\ndescription = 'Where errors are sent'"),
        spec("API_KEY", "description = 'Key of the service'\npattern = '^[a-z]+$'\nexample = 'abc'"),
    ]
}

fn entries() -> Vec<(String, SecretString)> {
    let entry = |key: &str, value: &str| (key.to_owned(), SecretString::from(value.to_owned()));
    vec![entry("BOT_TOKEN", &token()), entry("CLIENT_ID", ID), entry("API_KEY", "Hunter-2"), entry("OLD_FLAG", "legacy-9")]
}

fn form(specs: &[SecretSpec], entries: Vec<(String, SecretString)>) -> Form {
    Form::new(specs, entries, &|spec| spec.required.in_default_profile(), (Writer::default(), NOW))
}

fn model_of(form: Form, size: (u16, u16)) -> Model {
    let screen = Screen::Secrets(SecretsScreen::new("Variables in my-bot/.env", form));
    Model::new(screen, Theme { is_colored: true, is_unicode: true, ..Theme::plain() }, size)
}

fn model(size: (u16, u16)) -> Model {
    model_of(form(&specs(), entries()), size)
}

/// Presses keys by name, with spaces between them, and returns what is to be done.
fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ').flat_map(|key| update::update(model, Msg::Key(Key::named(key)))).collect()
}

/// Types a text key by key.
fn type_text(model: &mut Model, text: &str) {
    for character in text.chars() {
        let name = if character == ' ' { "space".to_owned() } else { character.to_string() };
        update::update(model, Msg::Key(Key::named(&name)));
    }
}

fn paste(model: &mut Model, text: &str) {
    assert_eq!(update::update(model, Msg::Paste(Pasted(text.to_owned()))), []);
}

fn secrets(model: &Model) -> &SecretsScreen {
    let Screen::Secrets(secrets) = &model.screen else { unreachable!() };
    secrets
}

fn differences(model: &Model) -> Vec<String> {
    secrets(model).difference_lines()
}

/// The new value of a key.
fn drafted(model: &Model, key: &str) -> Option<String> {
    let (_, draft) = secrets(model).form.drafts().find(|(name, _)| *name == key)?;
    match draft {
        Draft::Value(value) => Some(value.expose_secret().to_owned()),
        Draft::Generate(_) | Draft::Unset => None,
    }
}

fn picture(model: &Model) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(model.area.width, model.area.height)).unwrap();
    terminal.draw(|frame| view::view(model, frame)).unwrap();
    terminal.backend().clone()
}

/// Compares a picture with the one that was looked at and found good.
fn compare(name: &str, model: &Model) {
    insta::with_settings!({ snapshot_path => "../../../../tests/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, picture(model));
    });
}

#[test]
fn it_begins_where_something_is_to_be_done() {
    let model = model((80, 24));
    assert_eq!(secrets(&model).field().unwrap().name, "SESSION_KEY");
    assert_eq!(secrets(&model).status(), "7 variables, 1 missing, 1 invalid");
}

#[test]
fn a_value_is_typed_checked_and_saved_after_two_keys() {
    let mut model = model((80, 24));
    press(&mut model, "end k enter");
    assert_eq!(model.context(), Context::Value);
    type_text(&mut model, "Nope");
    assert!(picture(&model).to_string().contains("it does not have the expected form"));
    press(&mut model, "enter");
    assert_eq!(model.toast.as_deref(), Some("Not taken: it does not have the expected form"));
    press(&mut model, "ctrl-u");
    type_text(&mut model, "sqz and");
    press(&mut model, "ctrl-w backspace");
    assert!(picture(&model).to_string().contains("accepted"));
    assert_eq!(press(&mut model, "enter s s"), []);
    let Some(Modal::Confirm(confirm)) = model.modals.last() else { unreachable!() };
    assert_eq!(confirm.question, "Save 1 change?");
    let facts = ["~ API_KEY changed", "Old values are not kept, so this cannot be undone.", "still missing: SESSION_KEY"];
    assert_eq!(confirm.facts, facts);
    assert_eq!(drafted(&model, "API_KEY").as_deref(), Some("sqz"));
    assert_eq!(press(&mut model, "y"), [Effect::End(Ending::Accepted)]);
}

#[test]
fn nothing_typed_and_the_same_value_are_no_change() {
    let mut model = model((80, 24));
    press(&mut model, "home enter enter");
    assert_eq!((model.context(), differences(&model).len()), (Context::Secrets, 0));
    press(&mut model, "enter");
    paste(&mut model, &format!("BOT_TOKEN=\"{}\"\r\n", token()));
    press(&mut model, "enter");
    assert_eq!(differences(&model), [""; 0]);
    assert_eq!(press(&mut model, "s q"), [Effect::End(Ending::Cancelled)]);
}

#[test]
fn leaving_with_changes_is_asked_about() {
    let mut model = model((80, 24));
    assert_eq!(press(&mut model, "home x q"), []);
    let Some(Modal::Confirm(confirm)) = model.modals.last() else { unreachable!() };
    assert_eq!((confirm.question.as_str(), confirm.facts.len()), ("Leave, and lose 1 change?", 1));
    assert_eq!(press(&mut model, "n esc y"), [Effect::End(Ending::Cancelled)]);
    assert_eq!(press(&mut model, "u q"), [Effect::End(Ending::Cancelled)]);
    assert_eq!(press(&mut model, "enter ctrl-c"), [Effect::End(Ending::Interrupted)]);
}

#[test]
fn a_variable_is_made_taken_out_and_left_as_it_was() {
    let mut model = model((80, 24));
    press(&mut model, "g end x");
    assert_eq!(differences(&model), ["+ SESSION_KEY added", "- OLD_FLAG removed"]);
    press(&mut model, "home g");
    assert_eq!(model.toast.as_deref(), Some("Its declaration does not say how to make one"));
    press(&mut model, "j j u end u");
    assert_eq!(differences(&model), [""; 0]);
    press(&mut model, "u");
    assert_eq!(model.toast.as_deref(), Some("It is as it is in the file"));
    press(&mut model, "home j j x");
    assert_eq!(model.toast.as_deref(), Some("It has no value"));
    press(&mut model, "enter ctrl-g");
    assert_eq!(differences(&model), ["+ SESSION_KEY added"]);
}

#[test]
fn a_variable_is_added_and_found() {
    let mut model = model((80, 24));
    press(&mut model, "a");
    type_text(&mut model, "2BAD");
    press(&mut model, "enter");
    assert!(model.toast.as_deref().unwrap().starts_with("this is no name of a variable"), "{:?}", model.toast);
    press(&mut model, "home del enter");
    assert_eq!(model.context(), Context::Value);
    type_text(&mut model, "new");
    press(&mut model, "enter");
    assert_eq!(differences(&model), ["+ BAD added"]);
    // One that gets no value is forgotten.
    press(&mut model, "a A enter esc");
    assert_eq!(secrets(&model).form.position("A"), None);
    press(&mut model, "end");
    press(&mut model, "/");
    type_text(&mut model, "sent");
    assert_eq!(secrets(&model).status(), "Go to: sent_");
    assert_eq!(secrets(&model).field().unwrap().name, "SENTRY_DSN");
    press(&mut model, "esc");
    assert_eq!(secrets(&model).field().unwrap().name, "BAD");
    press(&mut model, "/ p o enter");
    assert_eq!((secrets(&model).field().unwrap().name.as_str(), model.context()), ("PORT", Context::Secrets));
}

#[test]
fn an_empty_form_says_how_to_begin() {
    let mut model = model_of(form(&[], vec![]), (60, 15));
    press(&mut model, "enter x r down end pgdn");
    assert_eq!(picture(&model).to_string().matches("There is no variable yet").count(), 1);
    press(&mut model, "a A enter v enter");
    assert_eq!(differences(&model), ["+ A added"]);
}

#[test]
fn a_paste_is_one_event_and_cannot_do_anything_but_be_typed() {
    let mut model = model((80, 24));
    paste(&mut model, "sy\n");
    assert_eq!(model.toast.as_deref(), Some("Nothing was pasted: press enter on a variable first"));
    assert_eq!(differences(&model), [""; 0]);
    press(&mut model, "home enter");
    let other = token().replace("xxxx", "xyxy");
    paste(&mut model, &format!("\u{1b}[31m{other}\n\n"));
    assert_eq!(
        model.toast.as_deref(),
        Some(format!("pasted {} characters, left out 1 control character", 4 + other.len()).as_str())
    );
    press(&mut model, "ctrl-u");
    paste(&mut model, "one\rtwo\r\nthree\n");
    let said = "Nothing was pasted: it has 3 lines; `env set BOT_TOKEN --from-file FILE` takes those";
    assert_eq!(model.toast.as_deref(), Some(said));
    paste(&mut model, &format!("{other}\r\n"));
    assert_eq!(model.toast.as_deref(), Some(format!("pasted {} characters, 3 parts", other.len()).as_str()));
    assert_eq!(model.context(), Context::Value);
    press(&mut model, "enter");
    assert_eq!(drafted(&model, "BOT_TOKEN"), Some(other));
    press(&mut model, "enter");
    paste(&mut model, "abc");
    assert_eq!(model.toast.as_deref(), Some("pasted fewer than 24 characters"));
    press(&mut model, "esc s");
    paste(&mut model, "y");
    assert!(matches!(model.modals.as_slice(), [Modal::Confirm(_)]));
}

#[test]
fn a_value_is_shown_for_ten_seconds_and_one_at_a_time() {
    let mut model = model((140, 40));
    let is_seen = |model: &Model| picture(model).to_string().contains(token().get(..30).unwrap());
    press(&mut model, "home r");
    assert!(is_seen(&model) && model.is_counting());
    for _ in 1..REVEALED_FOR {
        update::update(&mut model, Msg::Tick);
        assert!(is_seen(&model));
    }
    update::update(&mut model, Msg::Tick);
    assert!(!is_seen(&model) && !model.is_counting());
    for keys in ["j k", "r", "s", "u", "ctrl-z"] {
        press(&mut model, "r");
        assert!(is_seen(&model));
        press(&mut model, keys);
        assert!(!is_seen(&model), "{keys}");
    }
    press(&mut model, "r");
    update::update(&mut model, Msg::Returned);
    assert!(!is_seen(&model));
    model.is_dirty = false;
    update::update(&mut model, Msg::Tick);
    assert!(!model.is_dirty, "nothing counts time");
}

#[test]
fn the_end_is_shown_of_long_values_only() {
    let mut model = model((80, 24));
    press(&mut model, "home t");
    assert!(picture(&model).to_string().contains("••••••••xxxx") && !picture(&model).to_string().contains("xxxxx"));
    press(&mut model, "end t");
    assert_eq!(model.toast.as_deref(), Some("It is too short to show its end only"));
}

#[test]
fn what_is_typed_is_hidden_until_it_is_asked_for() {
    let mut model = model((80, 24));
    press(&mut model, "end k enter");
    type_text(&mut model, "wxyz");
    let hidden = picture(&model).to_string();
    assert!(!hidden.contains("wxyz") && hidden.contains("short"), "{hidden}");
    press(&mut model, "ctrl-r");
    assert!(picture(&model).to_string().contains("wxyz"));
    (0..REVEALED_FOR).for_each(|_| drop(update::update(&mut model, Msg::Tick)));
    assert!(!picture(&model).to_string().contains("wxyz"));
    // A value that is seen is edited; one that is hidden is typed anew.
    press(&mut model, "enter r enter");
    type_text(&mut model, "a");
    press(&mut model, "enter");
    assert_eq!(drafted(&model, "API_KEY").as_deref(), Some("wxyza"));
}

#[test]
fn what_is_public_is_seen_and_edited_where_it_stands() {
    let mut model = model((80, 24));
    assert!(picture(&model).to_string().contains(ID));
    press(&mut model, "home j enter backspace 2 enter");
    assert_eq!(drafted(&model, "CLIENT_ID").as_deref(), Some("1100000000000000002"));
    press(&mut model, "s");
    let Some(Modal::Confirm(confirm)) = model.modals.last() else { unreachable!() };
    assert!(confirm.facts.last().unwrap().contains("BOT_TOKEN belongs to the bot"), "{:?}", confirm.facts);
}

#[test]
fn the_address_is_copied_and_no_value_is() {
    let mut model = model((80, 24));
    assert_eq!(press(&mut model, "home c"), [Effect::Copy("https://discord.com/developers/applications".into())]);
    assert_eq!(press(&mut model, "j c"), []);
}

#[test]
fn the_answers_stay_however_many_changes_there_are() {
    let entries = (0..40).map(|number| (format!("KEY_{number}"), SecretString::from("v".to_owned()))).collect();
    let mut model = model_of(form(&[], entries), (60, 15));
    for _ in 0..40 {
        press(&mut model, "x j");
    }
    press(&mut model, "s");
    let first = picture(&model).to_string();
    assert!(first.contains("- KEY_0 removed") && first.contains("y yes   n no") && first.contains("of 42 lines"), "{first}");
    for _ in 0..60 {
        press(&mut model, "down");
    }
    let last = picture(&model).to_string();
    assert!(last.contains("- KEY_39 removed") && last.contains("y yes   n no"), "{last}");
}

#[test]
fn debug_shows_no_value() {
    let mut model = model((80, 24));
    press(&mut model, "end k enter");
    type_text(&mut model, "typed");
    let shown = format!("{model:?} {:?}", Msg::Paste(Pasted("pasted".into())));
    for secret in [token().as_str(), "Hunter-2", "legacy-9", "typed", "pasted"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn pictures() {
    for (columns, rows) in [(60, 15), (80, 24), (140, 40)] {
        let mut model = model((columns, rows));
        press(&mut model, "home");
        compare(&format!("secrets_{columns}x{rows}"), &model);
        press(&mut model, "r");
        compare(&format!("secrets_revealed_{columns}x{rows}"), &model);
        press(&mut model, "end k enter");
        type_text(&mut model, "Wrong");
        compare(&format!("secrets_typed_{columns}x{rows}"), &model);
    }
    let mut model = model((60, 15));
    press(&mut model, "g end x s");
    compare("secrets_question_60x15", &model);
    press(&mut model, "n ?");
    compare("secrets_keys_60x15", &model);
}

#[test]
fn ascii_and_no_colour_say_the_same() {
    let mut model = model((80, 24));
    model.theme = Theme::plain();
    for keys in ["home", "enter a b", "esc g end x", "s"] {
        press(&mut model, keys);
        for cell in picture(&model).buffer().content() {
            assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
        }
    }
    press(&mut model, "n home");
    let text = picture(&model).to_string();
    let rows = ["v set", "= default", ". not set", "! missing", "x invalid", "- removed", "******** (long)"];
    assert!(rows.iter().all(|row| text.contains(row)), "{text}");
    for state in [State::Set, State::Missing, State::Optional, State::Default, State::Invalid, State::Extra, State::Changed] {
        assert!(state.word().len() <= 7);
    }
}
