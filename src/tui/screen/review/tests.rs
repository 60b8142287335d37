//! The review by its keys, its pictures, and against whatever a plan can hold.

use std::collections::{BTreeMap, BTreeSet};

use pretty_assertions::assert_eq;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{Review, ReviewScreen};
use crate::line_edit::LineEdit;
use crate::plan::{Action, Plan, Privilege, Step, Undo};
use crate::tui::effect::{Effect, Ending};
use crate::tui::keymap::{Context, KEYMAP};
use crate::tui::modal::Modal;
use crate::tui::model::Model;
use crate::tui::msg::{Key, Msg, Pasted};
use crate::tui::screen::Screen;
use crate::tui::theme::Theme;
use crate::tui::{update, view};

fn step(id: &str, title: &str, action: Action, undo: Undo) -> Step {
    Step {
        id: id.into(),
        title: title.into(),
        explanation: format!("because of {id}, and it takes a sentence to say why that is so and not otherwise."),
        privilege: Privilege::User,
        action,
        undo,
        is_satisfied: false,
        proof: None,
    }
}

fn run(words: &[&str]) -> Action {
    let (program, arguments) = words.split_first().unwrap();
    Action::Run {
        directory: "/p".into(),
        program: (*program).into(),
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        produces: vec![],
        takes_back: vec![],
        settles: vec![],
    }
}

fn edit(path: &str, lines: &[&str]) -> Action {
    Action::EditFile { path: path.into(), edit: LineEdit::Add { lines: lines.iter().map(|line| (*line).to_owned()).collect() } }
}

fn plan() -> Plan {
    let nix = step(
        "nix",
        "Install Nix",
        run(&["apt-get", "install", "-y", "nix-bin"]),
        Undo::Irreversible { reason: "apt leaves users".into() },
    );
    let lines: Vec<String> = (0..12)
        .map(|number| format!("setting-{number} = a long value that goes on and on until it is wider than a small screen"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let steps = vec![
        Step { is_satisfied: true, ..step("git", "Have git", run(&["true"]), Undo::Restore) },
        Step { privilege: Privilege::Root, ..nix },
        step("flakes", "Switch flakes on", edit("/h/.config/nix/nix.conf", &lines), Undo::Restore),
        step(
            "direnv",
            "Install direnv",
            run(&["nix", "profile", "install", "nixpkgs#direnv"]),
            Undo::Inverse { by: "nix profile remove direnv".into() },
        ),
        step(
            "hook",
            "Add the hook of direnv to a start-up file with a name that is long",
            edit("/h/.bashrc", &["eval \"$(direnv hook bash)\""]),
            Undo::Restore,
        ),
    ];
    Plan {
        command: "setup".into(),
        title: "Set this machine up".into(),
        root: "/home/ada".into(),
        steps,
        notes: vec!["WSL 1 is slow".into()],
    }
}

fn model_of(plan: &Plan, size: (u16, u16)) -> Model {
    let current = BTreeMap::from([("/h/.config/nix/nix.conf".to_owned(), b"max-jobs = 4\n".to_vec())]);
    let optional = ["flakes", "direnv", "hook"].map(str::to_owned).into();
    let requires =
        BTreeMap::from([("direnv".to_owned(), vec!["nix".to_owned()]), ("hook".to_owned(), vec!["direnv".to_owned()])]);
    let review =
        Review { plan, optional, off: BTreeSet::new(), requires, current: &current, notes: vec!["a note of the caller".into()] };
    Model::new(Screen::Review(ReviewScreen::new(&review)), Theme { is_colored: true, is_unicode: true, ..Theme::plain() }, size)
}

fn model(size: (u16, u16)) -> Model {
    model_of(&plan(), size)
}

/// Presses keys by name, with spaces between them, and returns what is to be done.
fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.split(' ').flat_map(|key| update::update(model, Msg::Key(Key::named(key)))).collect()
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

fn off(model: &Model) -> Vec<&str> {
    let Screen::Review(review) = &model.screen else { unreachable!() };
    review.off().iter().map(String::as_str).collect()
}

#[test]
fn what_needs_a_step_goes_with_it_and_comes_back_with_what_it_needs() {
    let mut model = model((80, 24));
    press(&mut model, "down down down space");
    assert_eq!(off(&model), ["direnv", "hook"]);
    assert_eq!(model.toast.as_deref(), Some("Also off, because they need it: 4"));
    press(&mut model, "j space");
    assert_eq!(off(&model), Vec::<&str>::new());
    assert_eq!(model.toast.as_deref(), Some("Also on, because it needs them: 3"));
    press(&mut model, "space k");
    assert_eq!((off(&model), model.toast.as_deref()), (vec!["hook"], None));
}

#[test]
fn what_is_off_by_default_is_seen_so_and_can_be_switched_on() {
    let plan = plan();
    let current = BTreeMap::new();
    let review = Review {
        plan: &plan,
        optional: ["direnv", "hook"].map(str::to_owned).into(),
        off: ["hook".to_owned()].into(),
        requires: BTreeMap::from([("hook".to_owned(), vec!["direnv".to_owned()])]),
        current: &current,
        notes: vec![],
    };
    let screen = Screen::Review(ReviewScreen::new(&review));
    let mut model = Model::new(screen, Theme { is_colored: true, is_unicode: true, ..Theme::plain() }, (80, 24));
    let shown = picture(&model).to_string();
    assert!(shown.contains("4. [ ] Add the hook") && shown.contains("3 of 4 steps on"), "{shown}");
    press(&mut model, "down down down space down space");
    assert_eq!((off(&model), model.toast.as_deref()), (vec![], Some("Also on, because it needs them: 3")));
}

#[test]
fn what_cannot_be_left_out_stays() {
    let mut model = model((80, 24));
    press(&mut model, "space");
    assert_eq!(model.toast.as_deref(), Some("There is nothing to switch here"));
    press(&mut model, "down space");
    assert_eq!(model.toast.as_deref(), Some("This step cannot be left out"));
    press(&mut model, "end space");
    assert_eq!(off(&model), Vec::<&str>::new());
}

#[test]
fn applying_takes_two_keys_that_cannot_be_the_same() {
    let mut model = model((80, 24));
    assert_eq!(press(&mut model, "enter enter a space"), []);
    assert!(matches!(model.modals.as_slice(), [Modal::Confirm(_)]));
    let Some(Modal::Confirm(confirm)) = model.modals.last() else { unreachable!() };
    assert_eq!(confirm.question, "Apply 4 steps?");
    let facts = ["1 step runs as root.", "1 step cannot be undone.", "2 notes are in the last row."];
    assert_eq!(confirm.facts, facts);
    assert_eq!(press(&mut model, "n a esc a y"), [Effect::End(Ending::Accepted)]);
}

#[test]
fn nothing_is_pasted_into_consent() {
    let mut model = model((80, 24));
    assert_eq!(update::update(&mut model, Msg::Paste(Pasted("ay".into()))), []);
    assert_eq!(model.modals, []);
}

#[test]
fn leaving_changes_nothing() {
    assert_eq!(press(&mut model((80, 24)), "q"), [Effect::End(Ending::Cancelled)]);
    assert_eq!(press(&mut model((80, 24)), "esc"), [Effect::End(Ending::Cancelled)]);
    assert_eq!(press(&mut model((80, 24)), "a ctrl-c"), [Effect::End(Ending::Interrupted)]);
    // Esc goes back from the changes, not out of the review.
    assert_eq!(press(&mut model((80, 24)), "down d esc"), []);
    assert_eq!(update::update(&mut model((80, 24)), Msg::Lost), [Effect::End(Ending::Lost)]);
}

#[test]
fn nobody_consents_to_what_does_not_fit() {
    let mut model = model((80, 24));
    press(&mut model, "a");
    update::update(&mut model, Msg::Resize(59, 24));
    assert_eq!(model.context(), Context::TooSmall);
    assert_eq!(press(&mut model, "y enter a"), []);
    assert_eq!(press(&mut model, "q"), [Effect::End(Ending::Cancelled)]);
    update::update(&mut model, Msg::Resize(60, 15));
    assert_eq!(press(&mut model, "y"), [Effect::End(Ending::Accepted)]);
}

#[test]
fn commands_are_copied_as_they_are_or_not_at_all() {
    let mut model = model((80, 24));
    assert_eq!(press(&mut model, "down c"), [Effect::Copy("sudo apt-get install -y nix-bin".into())]);
    assert_eq!(press(&mut model, "down down c"), [Effect::Copy("nix profile install 'nixpkgs#direnv'".into())]);
    assert_eq!(press(&mut model, "down c"), []);
    assert_eq!(model.toast.as_deref(), Some("This step has no command"));
    for hidden in ["a\nrm -rf ~", "a\u{1b}[8m", "\u{202e}a"] {
        let mut hostile = plan();
        hostile.steps = vec![step("x", "X", run(&["echo", hidden]), Undo::Restore)];
        let mut model = model_of(&hostile, (80, 24));
        assert_eq!(press(&mut model, "c"), []);
        assert_eq!(model.toast.as_deref(), Some("Not copied: the command has characters that cannot be seen"));
    }
}

#[test]
fn commands_of_root_are_copied_as_they_are_typed_here() {
    let mut model = model((80, 24));
    let Screen::Review(review) = &mut model.screen else { unreachable!() };
    let doas = |text: &str| crate::plan::command_line::spoken(text, Some("doas"));
    review.entries.iter_mut().for_each(|entry| entry.speak(&doas));
    assert_eq!(press(&mut model, "down c"), [Effect::Copy("doas apt-get install -y nix-bin".into())]);
}

#[test]
fn scrolling_ends_where_the_text_ends() {
    let mut model = model((60, 15));
    let offset = |model: &Model| {
        let Screen::Review(review) = &model.screen else { unreachable!() };
        review.offset
    };
    press(&mut model, "down down d end");
    let last = offset(&model);
    assert!(last > 0);
    press(&mut model, "down pgdn");
    assert_eq!(offset(&model), last);
    press(&mut model, "up home up");
    assert_eq!(offset(&model), 0);
    // After the terminal has grown, the first key up is seen at once.
    press(&mut model, "end");
    update::update(&mut model, Msg::Resize(140, 15));
    let before = picture(&model).buffer().clone();
    press(&mut model, "up");
    assert_ne!(*picture(&model).buffer(), before);
}

#[test]
fn what_happens_after_a_stop_is_drawn_anew() {
    assert_eq!(press(&mut model((80, 24)), "ctrl-z"), [Effect::Suspend]);
    let mut model = model((80, 24));
    model.is_dirty = false;
    assert_eq!(update::update(&mut model, Msg::Returned), [Effect::Redraw]);
    assert!(model.is_dirty);
    model.is_dirty = false;
    assert_eq!(press(&mut model, "x"), []);
    assert!(!model.is_dirty, "a key without meaning changes nothing");
}

#[test]
fn pictures() {
    for (columns, rows) in [(60, 15), (80, 24), (140, 40), (40, 10)] {
        let mut model = model((columns, rows));
        press(&mut model, "down");
        compare(&format!("review_{columns}x{rows}"), &model);
    }
    let mut model = model((60, 15));
    press(&mut model, "down down down space");
    compare("left_out_60x15", &model);
    press(&mut model, "a");
    compare("question_60x15", &model);
    press(&mut model, "n up d");
    compare("changes_60x15", &model);
    press(&mut model, "q ?");
    compare("keys_60x15", &model);
}

#[test]
fn ascii_and_no_colour_say_the_same() {
    let mut model = model((80, 24));
    model.theme = Theme::plain();
    press(&mut model, "down d esc space a");
    let backend = picture(&model);
    for cell in backend.buffer().content() {
        assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
        assert_eq!((cell.fg, cell.bg), (ratatui::style::Color::Reset, ratatui::style::Color::Reset));
    }
    let text = backend.to_string();
    assert!(text.contains(" x  Install Nix") && text.contains("no undo") && text.contains("root"), "{text}");
}

#[test]
fn an_empty_plan_can_be_left() {
    let mut model = model_of(&Plan { steps: vec![], notes: vec![], ..plan() }, (80, 24));
    press(&mut model, "down end space d c pgdn");
    assert!(picture(&model).to_string().contains("0 of 0 steps on") || model.toast.is_some());
}

fn hostile() -> impl Strategy<Value = String> {
    "[a-z \\n\\r\\t\u{0}\u{1b}\\[\\];m\u{7f}\u{9b}日本e\u{301}\u{202e}\u{200b}👩\u{200d}🚀\u{1f1e9}]{0,120}"
}

fn hostile_plan() -> impl Strategy<Value = Plan> {
    let one = (hostile(), hostile(), hostile(), any::<bool>(), 0..4_u8).prop_map(|(title, words, undo, is_root, kind)| {
        let action = match kind {
            0 => run(&["sh", &words]),
            1 => edit(&format!("/h/{title}"), &[&words, &undo]),
            2 => Action::SetMode { path: words.clone().into(), mode: 0o600 },
            _ => Action::RemoveFile { path: words.clone().into() },
        };
        let undo = if is_root { Undo::Irreversible { reason: undo } } else { Undo::Manual { instruction: undo } };
        let privilege = if is_root { Privilege::Root } else { Privilege::User };
        Step { privilege, explanation: words, ..step("", &title, action, undo) }
    });
    (proptest::collection::vec(one, 0..12), hostile()).prop_map(|(mut steps, text)| {
        steps.iter_mut().enumerate().for_each(|(index, step)| step.id = index.to_string());
        Plan { command: "x".into(), title: text.clone(), root: text.clone().into(), steps, notes: vec![text] }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn whatever_a_plan_holds_and_whatever_is_pressed_nothing_breaks(
        plan in hostile_plan(),
        keys in proptest::collection::vec((0..KEYMAP.len(), 0..8_usize, 1..150_u16, 1..50_u16), 0..24),
        size in (1..150_u16, 1..50_u16),
    ) {
        let optional: BTreeSet<String> = plan.steps.iter().map(|step| step.id.clone()).collect();
        let requires = BTreeMap::from([("1".to_owned(), vec!["0".to_owned(), "2".to_owned()]), ("2".to_owned(), vec!["1".to_owned()])]);
        let current = BTreeMap::new();
        let review = Review { plan: &plan, optional, off: BTreeSet::new(), requires, current: &current, notes: vec![] };
        let mut model = Model::new(Screen::Review(ReviewScreen::new(&review)), Theme { is_colored: true, is_unicode: true, ..Theme::plain() }, size);
        for (row, resizes, columns, rows) in keys {
            if resizes == 0 {
                update::update(&mut model, Msg::Resize(columns, rows));
            }
            let key = KEYMAP[row].keys[0];
            for effect in update::update(&mut model, Msg::Key(Key::named(key))) {
                if let Effect::Copy(text) = effect {
                    prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", text);
                }
            }
            for cell in picture(&model).buffer().content() {
                prop_assert!(!cell.symbol().chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn every_key_is_explained_without_being_cut() {
    for binding in KEYMAP {
        assert!(binding.help.len() <= 42, "{}", binding.help);
        assert!(binding.keys.join(" ").len() < 14, "{:?}", binding.keys);
    }
}
