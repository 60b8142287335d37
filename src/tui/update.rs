//! What a message does to the model. It touches nothing else; what is to be done comes back as effects.

use ratatui::layout::Rect;

use super::effect::{Effect, Ending, Reaction};
use super::keymap::{self, Action, DashAction};
use super::modal::Modal;
use super::model::{Model, body, fits};
use super::msg::{Key, Mouse, Msg};

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
            let reactions = model.screen.resize(body(model.area));
            react_to_all(model, reactions)
        }
        Msg::Returned => {
            model.screen.conceal();
            model.is_dirty = true;
            vec![Effect::Redraw]
        }
        Msg::Lost => vec![Effect::End(Ending::Lost)],
        Msg::Mouse(mouse) => point(model, mouse),
        told @ (Msg::Clock(_)
        | Msg::Attached(_)
        | Msg::Process(_)
        | Msg::LogsGrew
        | Msg::Read(_)
        | Msg::Done(_)
        | Msg::Desk(_)
        | Msg::Build(_)) => {
            let told = model.screen.tell(told, body(model.area));
            model.is_dirty |= told.is_seen;
            react_to_all(model, told.reactions)
        }
    }
}

/// The wheel moves what lies on top; a click is for the screen alone, and closes nothing.
fn point(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    if !fits(model.area) {
        return Vec::new();
    }
    model.is_dirty = true;
    let action = match mouse {
        Mouse::Click(..) => None,
        Mouse::WheelUp(..) => Some(Action::Up),
        Mouse::WheelDown(..) => Some(Action::Down),
    };
    let reactions = match (model.modals.last_mut(), action) {
        (Some(top), Some(action)) => top.act(action, model.area),
        (Some(_), None) => Vec::new(),
        (None, _) => model.screen.point(mouse, body(model.area)),
    };
    react_to_all(model, reactions)
}

fn press(model: &mut Model, key: &Key) -> Vec<Effect> {
    let Some(action) = keymap::find(model.context(), key) else { return type_in(model, key) };
    perform(model, action)
}

/// Takes a key that means nothing but the character on it.
fn type_in(model: &mut Model, key: &Key) -> Vec<Effect> {
    if !fits(model.area) {
        return Vec::new();
    }
    let taken = match model.modals.last_mut() {
        Some(top) => top.type_in(key).then(Vec::new),
        None => model.screen.type_in(key, body(model.area)),
    };
    let Some(reactions) = taken else { return Vec::new() };
    model.toast = None;
    model.is_dirty = true;
    react_to_all(model, reactions)
}

fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
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
        Action::Dash(DashAction::Palette) => vec![Reaction::Open(Modal::palette(model.context()))],
        // Nobody consents to what they cannot see.
        Action::Cancel if !fits(model.area) => vec![Reaction::Do(Effect::End(Ending::Cancelled))],
        action => match model.modals.last_mut() {
            Some(top) => top.act(action, model.area),
            None => model.screen.act(action, body(model.area)),
        },
    };
    react_to_all(model, reactions)
}

fn react_to_all(model: &mut Model, reactions: Vec<Reaction>) -> Vec<Effect> {
    reactions.into_iter().flat_map(|reaction| react(model, reaction)).collect()
}

/// Nothing is pasted into a question, nor where nobody sees it.
fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if !model.modals.is_empty() || !fits(model.area) {
        return Vec::new();
    }
    let reactions = model.screen.paste(text, body(model.area));
    model.is_dirty |= !reactions.is_empty();
    react_to_all(model, reactions)
}

fn react(model: &mut Model, reaction: Reaction) -> Vec<Effect> {
    match reaction {
        Reaction::Do(effect) => {
            if let Effect::Act(action, names) = &effect {
                model.screen.ask(*action, names);
            }
            return vec![effect];
        }
        Reaction::Say(text) => {
            model.toast = Some(text);
            model.is_dirty = true;
        }
        Reaction::Open(opened) => {
            model.modals.push(opened);
            model.is_dirty = true;
        }
        Reaction::Close => drop(model.modals.pop()),
        Reaction::Perform(action) => return perform(model, action),
        Reaction::Chosen(choice) => {
            let reactions = model.screen.choose(choice, body(model.area));
            return react_to_all(model, reactions);
        }
    }
    Vec::new()
}
