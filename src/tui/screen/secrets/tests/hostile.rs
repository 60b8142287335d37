//! The same against whatever a project can declare and whatever is typed or pasted.

use proptest::prelude::*;
use secrecy::SecretString;

use super::{form, model_of, picture, secrets};
use crate::secret::SecretSpec;
use crate::secret::form::{Field, Form};
use crate::secret::schema::{Generate, Obtain};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Context, KEYMAP};
use crate::tui::msg::{Key, Msg, Pasted};
use crate::tui::update;

fn hostile() -> impl Strategy<Value = String> {
    "[a-z \\n\\r\\t\u{0}\u{1b}\\[\\];m\u{7f}\u{9b}日本e\u{301}\u{202e}\u{200b}👩\u{200d}🚀\u{1f1e9}]{0,60}"
}

fn hostile_form() -> impl Strategy<Value = Form> {
    let one = (hostile(), hostile(), any::<bool>(), any::<bool>()).prop_map(|(name, text, is_generated, is_public)| SecretSpec {
        description: text.clone(),
        sensitive: !is_public,
        default: is_public.then(|| text.clone()),
        example: Some(text.clone()),
        generate: is_generated.then_some(Generate::Uuid),
        obtain: Some(Obtain { url: text.clone(), steps: vec![text] }),
        ..SecretSpec::undeclared(&name)
    });
    let entry = (hostile(), hostile()).prop_map(|(key, value)| (key, SecretString::from(format!("{HIDDEN}{value}{HIDDEN}"))));
    (proptest::collection::vec(one, 0..6), proptest::collection::vec(entry, 0..6)).prop_map(|(specs, entries)| {
        form(&specs.into_iter().filter(|spec| spec.sensitive || spec.default.is_some()).collect::<Vec<_>>(), entries)
    })
}

/// What is in every value that was there, and in everything that is pasted.
const HIDDEN: &str = "QJX";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn whatever_it_holds_and_whatever_is_pressed_nothing_breaks_and_nothing_hidden_is_seen(
        form in hostile_form(),
        events in proptest::collection::vec((0..KEYMAP.len() + 12, hostile(), 1..150_u16, 1..50_u16), 0..30),
        size in (1..150_u16, 1..50_u16),
    ) {
        let mut model = model_of(form, size);
        for (kind, text, columns, rows) in events {
            let is_typing_a_name = model.context() == Context::Name;
            let msg = match kind.checked_sub(KEYMAP.len()) {
                None => Msg::Key(Key::named(KEYMAP[kind].keys[0])),
                Some(0) => Msg::Resize(columns, rows),
                Some(1) => Msg::Tick,
                Some(2) => Msg::Returned,
                // A name is no secret.
                Some(3..6) if !is_typing_a_name => Msg::Paste(Pasted(format!("{HIDDEN}{text}"))),
                Some(_) => Msg::Key(Key::named(text.get(..1).unwrap_or("a"))),
            };
            for effect in update::update(&mut model, msg) {
                if let Effect::Copy(text) = effect {
                    prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
                }
            }
            let backend = picture(&model);
            for cell in backend.buffer().content() {
                prop_assert!(!cell.symbol().chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", cell.symbol());
            }
            let may_be_seen = model.is_counting() || secrets(&model).field().is_some_and(|field| !field.is_sensitive());
            let is_public = |field: &Field| !field.is_sensitive();
            if !may_be_seen && !secrets(&model).form.fields.iter().any(is_public) {
                prop_assert!(!backend.to_string().contains(HIDDEN), "{}", backend);
            }
            let debugged = format!("{model:?}");
            prop_assert!(!debugged.contains(HIDDEN));
        }
    }
}
