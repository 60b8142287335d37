//! The screens about the project by their keys and their pictures.

use camino::Utf8PathBuf;
use pretty_assertions::assert_eq;
use secrecy::SecretString;

use super::pictures::{SIZES, compare};
use super::{dash_of, opening, processes, running, text};
use crate::doctor::{Check, Finding, Fix, Problem, Status};
use crate::dotenv::Writer;
use crate::facts::direnv::cache::Cache;
use crate::facts::direnv::standing::{Loaded, Standing};
use crate::facts::direnv::{Envrc, Permission};
use crate::nix::dev_shells::DevShell;
use crate::process::Event;
use crate::process::{Action, Process, ProcessState};
use crate::secret::SecretSpec;
use crate::secret::form::Form;
use crate::tui::desk::{Errand, News, Order, Sealed};
use crate::tui::effect::{Effect, Ending};
use crate::tui::keymap::Context;
use crate::tui::modal::Modal;
use crate::tui::msg::Msg;
use crate::tui::rehearsal::Rehearsal;
use crate::tui::screen::dash::{Ailment, Deed, Mending, Tab, plain_health, plain_overview, plain_shells, plain_variables};

fn tell(dash: &mut Rehearsal, news: News) -> Vec<Effect> {
    dash.send(Msg::Desk(Box::new(news)))
}

fn shell(name: &str, packages: &[&str], processes: &[&str]) -> DevShell {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    DevShell { name: name.to_owned(), packages: owned(packages), processes: owned(processes) }
}

fn shells() -> Vec<DevShell> {
    vec![
        shell("api", &["git", "nodejs", "pnpm", "postgresql"], &["api", "db"]),
        shell("default", &["git", "jq", "nodejs"], &["bot", "register"]),
        shell("web", &[], &[]),
    ]
}

fn standing(path: &str, permission: Permission, cache: Cache, loaded: Loaded) -> Standing {
    let envrc = Envrc::read(path.into(), "watch_file devenv.nix\nuse flake . --impure\n");
    Standing { envrc, permission, cache: cache.into(), loaded }
}

fn standings() -> Vec<Standing> {
    let stale = Cache::Stale(vec!["/home/ada/my-bot/flake.nix".into(), "/home/ada/my-bot/devenv.nix".into()]);
    vec![
        standing("/home/ada/my-bot/.envrc", Permission::Allowed, stale, Loaded::Here),
        standing("/home/ada/my-bot/apps/api/.envrc", Permission::NotAllowed, Cache::Missing, Loaded::No),
        standing("/home/ada/my-bot/apps/docs/.envrc", Permission::Denied, Cache::None, Loaded::Elsewhere("/x/.envrc".into())),
        standing("/home/ada/my-bot/apps/web/.envrc", Permission::Whitelisted, Cache::FellBack, Loaded::No),
    ]
}

/// What each of these checks found.
fn ailments() -> Vec<Ailment> {
    let problem = |summary: &str| Problem::new(summary).detail("/home/ada/my-bot/.envrc");
    let find = |id: &str, status| {
        let check = Check::find(id).unwrap();
        Ailment::of(&Finding { check, status }, &str::to_owned)
    };
    vec![
        find("direnv-version", Status::Pass("2.37.1".into())),
        find(
            "envrc-allowed",
            Status::Fail(
                problem("`.envrc` is not allowed as it is now").fix(Fix::by_hand("Read it, then allow it", &["direnv allow"])),
            ),
        ),
        find("nix-direnv-present", Status::Warn(problem("nix-direnv is not installed"))),
        find("direnv-hook-order", Status::Warn(problem("the hook comes before `starship init`"))),
        find("direnv-slow", Status::Skip("only with `--deep`".into())),
        find("direnv-bash", Status::Crash("`bash` took longer than 5000 ms".into())),
        Ailment {
            fix: Some(("Write `use flake . --impure`".into(), Mending::ByPlan)),
            ..find("envrc-impure", Status::Fail(problem("`use flake` is pure")))
        },
    ]
}

fn value() -> String {
    ["hunter", "-2-", "swordfish"].concat()
}

fn form() -> (String, Form) {
    let spec = |name: &str, more: &str| -> SecretSpec {
        toml::from_str(&format!("name = '{name}'\ndescription = 'What {name} is for'\n{more}")).unwrap()
    };
    let specs = [spec("API_KEY", ""), spec("BOT_TOKEN", ""), spec("PORT", "sensitive = false\ndefault = '3000'")];
    let entries = vec![("API_KEY".to_owned(), SecretString::from(value()))];
    let form = Form::new(&specs, entries, &|spec| spec.required.in_default_profile(), (Writer::default(), 0));
    ("Variables in .env".to_owned(), form)
}

fn on_shells(size: (u16, u16)) -> Rehearsal {
    let mut dash = running(size);
    assert_eq!(dash.press("4"), [Effect::Order(Order::Evaluate), Effect::Order(Order::Seen(Tab::Shells))]);
    dash
}

fn with_shells(size: (u16, u16)) -> Rehearsal {
    let mut dash = on_shells(size);
    tell(&mut dash, News::Shells(Ok(Some(shells()))));
    tell(&mut dash, News::Standings(standings()));
    dash
}

fn on_health(size: (u16, u16)) -> Rehearsal {
    let mut dash = running(size);
    assert_eq!(dash.press("6"), [Effect::Order(Order::Examine)]);
    dash
}

fn on_secrets(size: (u16, u16)) -> Rehearsal {
    let mut dash = running(size);
    assert_eq!(dash.press("5"), [Effect::Order(Order::List), Effect::Order(Order::Read(None))]);
    dash
}

fn with_secrets(size: (u16, u16)) -> Rehearsal {
    let mut dash = on_secrets(size);
    tell(&mut dash, News::Sheets(vec![(None, ".env".into()), (Some("api".into()), "apps/api/.env".into())]));
    tell(&mut dash, News::Sheet(None, Ok(Sealed::new(form()))));
    dash
}

#[test]
fn nix_is_asked_at_the_first_look_and_on_a_key_only() {
    let mut dash = with_shells((80, 24));
    assert_eq!(dash.press("2"), [Effect::Order(Order::Seen(Tab::Processes))]);
    assert_eq!(dash.press("4"), [Effect::Order(Order::Seen(Tab::Shells))]);
    assert_eq!(dash.press("r"), [Effect::Order(Order::Evaluate)]);
    assert_eq!(dash.press("r"), []);
    assert!(text(&dash).contains("Nix is evaluating already"));
}

#[test]
fn a_shell_is_entered_and_what_came_of_it_is_said() {
    let mut dash = with_shells((80, 24));
    assert_eq!(dash.press("j enter"), [Effect::Visit(Errand::Shell("default".into()))]);
    tell(&mut dash, News::Back(Errand::Shell("default".into()), Ok(3)));
    assert!(text(&dash).contains("The shell default ended with exit code 3"));
    tell(&mut dash, News::Shells(Ok(Some(vec![shell("--impure", &[], &[])]))));
    assert_eq!(dash.press("g enter"), []);
    assert!(text(&dash).contains("cannot be entered by its name"));
}

#[test]
fn an_envrc_is_allowed_only_after_it_was_shown_and_as_it_was() {
    let mut dash = with_shells((80, 24));
    let path = Utf8PathBuf::from("/home/ada/my-bot/apps/api/.envrc");
    assert_eq!(dash.press("j j j j a"), [Effect::Order(Order::ShowEnvrc(path.clone()))]);
    let bytes = b"use flake\n\x1b[8mrm -rf /\n".to_vec();
    let shown = String::from_utf8_lossy(&bytes).into_owned();
    assert_eq!(tell(&mut dash, News::Envrc(path.clone(), Ok((bytes.clone(), shown)))), []);
    compare("dash_allow_80x24", &dash);
    assert!(text(&dash).contains("| \\u{1b}[8mrm -rf /"));
    assert_eq!(dash.press("n"), []);
    dash.press("a");
    tell(&mut dash, News::Envrc(path.clone(), Ok((bytes.clone(), "use flake".into()))));
    assert_eq!(dash.press("y"), [Effect::Order(Order::Allow(path.clone(), bytes))]);
    // What nobody asked for opens nothing.
    tell(&mut dash, News::Envrc(path.clone(), Ok((Vec::new(), String::new()))));
    assert!(dash.model.modals.is_empty());
    assert_eq!(dash.press("d y"), [Effect::Order(Order::Deny(path))]);
}

#[test]
fn files_that_change_make_what_was_made_of_them_old() {
    let mut dash = with_shells((80, 24));
    assert_eq!(tell(&mut dash, News::Changed(vec!["/p/flake.nix".into(), "/p/nixstart.toml".into()])), []);
    let shown = text(&dash);
    assert!(shown.contains("this may be old: flake.nix changed; r evaluates anew"), "{shown}");
    assert!(shown.contains("nixstart.toml changed; `nixstart down` and `up` apply it"), "{shown}");
    dash.send(Msg::Attached("nixstart".into()));
    assert!(!text(&dash).contains("`nixstart down` and `up`"));
    dash.press("r");
    assert!(!text(&dash).contains("this may be old"));
    // Nothing runs, so there is nothing to restart.
    dash.send(Msg::Process(Event::Ended));
    tell(&mut dash, News::Changed(vec!["/p/nixstart.toml".into()]));
    assert!(!text(&dash).contains("`nixstart down` and `up`"));
}

#[test]
fn services_that_were_changed_before_the_dashboard_was_opened_are_named_until_they_are_started_anew() {
    let mut dash = dash_of(crate::tui::dash::Opening { has_new_services: true, ..opening(processes()) }, (60, 15));
    dash.send(Msg::Attached("nixstart".into()));
    assert!(text(&dash).contains("! nixstart.toml changed; `nixstart down` and `up` apply it"), "{}", text(&dash));
    dash.send(Msg::Process(Event::Ended));
    assert!(!text(&dash).contains("nixstart.toml changed"));
}

#[test]
fn what_nixstart_can_mend_is_mended_and_checked_again() {
    let mut dash = on_health((80, 24));
    tell(&mut dash, News::Health(Ok(ailments())));
    assert_eq!(dash.press("f"), []);
    assert!(text(&dash).contains("nixstart cannot do this itself: Read it, then allow it"));
    assert_eq!(dash.press("j f"), [Effect::Visit(Errand::Fix("envrc-impure"))]);
    let back = News::Back(Errand::Fix("envrc-impure"), Ok(0));
    assert_eq!(tell(&mut dash, back), [Effect::Order(Order::Examine)]);
    tell(&mut dash, News::Health(Ok(Vec::new())));
    assert!(text(&dash).contains("Nothing is wrong"));
}

#[test]
fn variables_are_saved_here_and_leaving_asks_about_what_is_not() {
    let mut dash = with_secrets((80, 24));
    assert_eq!(dash.press("j s"), []);
    assert!(text(&dash).contains("There is nothing to save"));
    dash.press("enter");
    assert_eq!(dash.model.context(), Context::Value);
    dash.press("1 2 3 a b c enter s");
    assert_eq!(dash.press("y"), [Effect::Save]);
    assert_eq!(dash.model.screen.to_be_saved().map(|(app, form)| (app.clone(), form.differences().len())), Some((None, 1)));
    for leave in ["q", "1 q"] {
        dash.press(leave);
        assert!(matches!(dash.model.modals.as_slice(), [Modal::Confirm(confirm)] if confirm.facts.len() == 2), "{leave}");
        dash.press("n 5");
    }
    // Somebody else writes the file: nothing typed is lost.
    assert_eq!(tell(&mut dash, News::Changed(vec!["/p/.env".into()])), [Effect::Order(Order::List)]);
    assert!(text(&dash).contains("somebody has changed the file"));
    assert_eq!(tell(&mut dash, News::Saved(None, Ok(()))), [Effect::Order(Order::List), Effect::Order(Order::Read(None))]);
    tell(&mut dash, News::Sheet(None, Ok(Sealed::new(form()))));
    assert_eq!(dash.press("q"), [Effect::End(Ending::Cancelled)]);
}

#[test]
fn a_value_is_hidden_when_the_screen_is_left_or_given_away_and_after_a_time() {
    for leave in ["tab backtab", "1 5", "ctrl-z", ""] {
        let mut dash = with_secrets((80, 24));
        dash.press("up up r");
        assert!(text(&dash).contains(&value()) && dash.model.is_counting());
        if leave.is_empty() {
            (0..10).for_each(|_| drop(dash.send(Msg::Tick)));
        } else {
            dash.press(leave);
        }
        assert!(!text(&dash).contains(&value()) && !dash.model.is_counting(), "{leave}");
    }
}

#[test]
fn a_file_that_was_read_again_takes_nothing_that_is_typed_away() {
    let mut dash = with_secrets((80, 24));
    let again = [Effect::Order(Order::List), Effect::Order(Order::Read(None))];
    assert_eq!(tell(&mut dash, News::Changed(vec!["/p/.env".into()])), again);
    dash.press("enter a b");
    tell(&mut dash, News::Sheet(None, Ok(Sealed::new(form()))));
    assert_eq!(dash.model.context(), Context::Value);
    dash.press("c enter");
    assert!(text(&dash).contains("1 change not saved"));
}

#[test]
fn the_variables_of_an_app_are_chosen() {
    let mut dash = with_secrets((80, 24));
    assert_eq!(dash.press("p j enter"), [Effect::Order(Order::Read(Some("api".into())))]);
    // An answer that comes late is for nobody.
    tell(&mut dash, News::Sheet(None, Ok(Sealed::new(form()))));
    assert!(text(&dash).contains("The variables are being read"));
}

#[test]
fn pictures() {
    for (columns, rows) in SIZES {
        let size = (columns, rows);
        let name = |what: &str| format!("dash_{what}_{columns}x{rows}");
        compare(&name("shells_loading"), &on_shells(size));
        compare(&name("shells"), &with_shells(size));
        let mut dash = with_shells(size);
        dash.press("j j j j");
        compare(&name("shells_blocked"), &dash);
        let mut dash = on_shells(size);
        let why =
            "`nix eval` failed (exit status: 1)\nerror: syntax error, unexpected '}'\n       at /home/ada/my-bot/flake.nix:7:3";
        tell(&mut dash, News::Shells(Err(why.into())));
        tell(&mut dash, News::Standings(Vec::new()));
        compare(&name("shells_broken"), &dash);
        let mut dash = on_shells(size);
        tell(&mut dash, News::Shells(Ok(None)));
        tell(&mut dash, News::Standings(Vec::new()));
        compare(&name("shells_empty"), &dash);
        compare(&name("health_loading"), &on_health(size));
        let mut dash = on_health(size);
        tell(&mut dash, News::Health(Ok(ailments())));
        compare(&name("health"), &dash);
        dash.press("space G");
        compare(&name("health_all"), &dash);
        let mut dash = on_health(size);
        tell(&mut dash, News::Health(Err("the directory is gone".into())));
        compare(&name("health_broken"), &dash);
        compare(&name("secrets_loading"), &on_secrets(size));
        compare(&name("secrets"), &with_secrets(size));
        let mut dash = on_secrets(size);
        tell(
            &mut dash,
            News::Sheet(
                None,
                Err("line 3 of `.env` is no variable\nhint: `nixstart env edit --editor` opens it in your editor".into()),
            ),
        );
        compare(&name("secrets_broken"), &dash);
    }
}

const STRANGE: [&str; 5] = ["日本語", "\u{1b}[31mred\u{1b}]0;x\u{7}", "\u{202e}gnp", "👩\u{200d}🚀", ""];

#[test]
fn names_of_every_kind_are_shown_and_do_nothing() {
    let strange = STRANGE;
    for (columns, rows) in SIZES {
        let mut dash = on_shells((columns, rows));
        let shells = strange.iter().map(|name| shell(name, &strange, &strange)).chain([shell(&"x".repeat(300), &[], &[])]);
        tell(&mut dash, News::Shells(Ok(Some(shells.collect()))));
        let paths = strange.iter().map(|name| format!("/p/{name}/.envrc"));
        let all = paths.map(|path| standing(&path, Permission::Allowed, Cache::Stale(vec![path.clone().into()]), Loaded::No));
        tell(&mut dash, News::Standings(all.collect()));
        dash.press("j");
        compare(&format!("dash_shells_strange_{columns}x{rows}"), &dash);
    }
}

#[test]
fn every_screen_has_plain_lines() {
    let lines = plain_shells(Some(Ok(Some(shells()))), standings());
    assert_eq!(
        lines,
        [
            "Dev shells",
            "  * api: 4 packages, 2 processes",
            "  * default: 3 packages, 2 processes",
            "  * web: 0 packages",
            "direnv",
            "  ~ my-bot/.envrc: allowed, cache stale (flake.nix, devenv.nix), loaded here",
            "  x api/.envrc: blocked, nothing cached yet, not loaded here",
            "  x docs/.envrc: denied, no cache, another one is loaded here",
            "  ! web/.envrc: whitelisted, fell back to the environment before, not loaded here",
        ]
    );
    assert_eq!(plain_shells(None, Vec::new()), ["Dev shells", "direnv", "  there is no `.envrc`"]);
    let lines = plain_health(Ok(ailments()));
    assert_eq!(lines[0], "Stops work");
    assert_eq!(lines[1], "  x envrc-allowed: `.envrc` is not allowed as it is now");
    assert_eq!(lines.last().unwrap(), "  1 ok, 1 skipped");
    let lines = plain_variables(Ok(form()));
    assert_eq!(lines, ["Variables in .env", "  API_KEY: set", "  BOT_TOKEN: missing", "  PORT: default"]);
    assert_eq!(plain_variables(Err("a\u{1b}b".into())), ["a\\u{1b}b"]);
    let broken = Process { why: Some("exit code 1".into()), ..Process::new("db", ProcessState::Failed) };
    let (lines, deeds) = plain_overview(vec![broken, Process::new("a\u{1b}b", ProcessState::Running)], 0);
    assert_eq!(lines, ["2 processes, 1 broken, 1 up", "Broken", "  x db failed: exit code 1", "Up", "  + a\\u{1b}b running"]);
    let db = vec!["db".to_owned()];
    let read = ("Read why db is broken".to_owned(), Deed::Read(db.clone()));
    assert_eq!(deeds, [read, ("Restart db".to_owned(), Deed::Ask(Action::Restart, db))]);
}

#[test]
fn leaving_with_processes_and_changes_asks_once_about_both() {
    let opening = crate::tui::dash::Opening { leaving: super::Leaving::Stop, ..opening(processes()) };
    let mut dash = dash_of(opening, (80, 24));
    dash.press("5");
    tell(&mut dash, News::Sheet(None, Ok(Sealed::new(form()))));
    dash.press("home x q");
    let Some(Modal::Confirm(confirm)) = dash.model.modals.last() else { unreachable!() };
    assert_eq!(confirm.facts, ["3 processes end with the dashboard.", "1 change of variables not saved:", "- API_KEY removed"]);
}
