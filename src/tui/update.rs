//! What a message does to the model. It touches nothing else; what is to be done comes back as effects.

use ratatui::layout::Rect;

use super::effect::{Effect, Ending, Reaction};
use super::keymap::{self, Action};
use super::modal::Modal;
use super::model::{Model, body, fits};
use super::msg::{Key, Msg};

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => press(model, &key),
        Msg::Paste(pasted) => paste(model, &pasted.0),
        Msg::Tick => {
            if model.is_counting() {
                model.screen.tick();
                model.is_dirty = true;
            }
            Vec::new()
        }
        Msg::Resize(columns, rows) => {
            model.area = Rect::new(0, 0, columns, rows);
            model.is_dirty = true;
            Vec::new()
        }
        Msg::Returned => {
            model.screen.conceal();
            model.is_dirty = true;
            vec![Effect::Redraw]
        }
        Msg::Lost => vec![Effect::End(Ending::Lost)],
    }
}

fn press(model: &mut Model, key: &Key) -> Vec<Effect> {
    let Some(action) = keymap::find(model.context(), key) else {
        if model.modals.is_empty() && fits(model.area) && model.screen.type_in(key) {
            model.toast = None;
            model.is_dirty = true;
        }
        return Vec::new();
    };
    model.toast = None;
    model.is_dirty = true;
    let reactions = match action {
        Action::Interrupt => vec![Reaction::Do(Effect::End(Ending::Interrupted))],
        Action::Suspend => {
            model.screen.conceal();
            vec![Reaction::Do(Effect::Suspend)]
        }
        Action::Redraw => vec![Reaction::Do(Effect::Redraw)],
        Action::Help => vec![Reaction::Open(Modal::help(model.context()))],
        // Nobody consents to what they cannot see.
        Action::Cancel if !fits(model.area) => vec![Reaction::Do(Effect::End(Ending::Cancelled))],
        action => match model.modals.last_mut() {
            Some(top) => top.act(action, model.area),
            None => model.screen.act(action, body(model.area)),
        },
    };
    reactions.into_iter().filter_map(|reaction| react(model, reaction)).collect()
}

/// Nothing is pasted into a question, nor where nobody sees it.
fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.modals.is_empty()
        && fits(model.area)
        && let Some(said) = model.screen.paste(text)
    {
        model.toast = Some(said);
        model.is_dirty = true;
    }
    Vec::new()
}

fn react(model: &mut Model, reaction: Reaction) -> Option<Effect> {
    match reaction {
        Reaction::Do(effect) => return Some(effect),
        Reaction::Say(text) => model.toast = Some(text),
        Reaction::Open(opened) => model.modals.push(opened),
        Reaction::Close => drop(model.modals.pop()),
    }
    None
}
