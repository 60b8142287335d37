//! The dashboard without a screen: every screen once where nobody can answer, else numbered choices, one line after the other.

use camino::Utf8Path;

use super::facts::Facts;
use super::page::{Deed, ORDER, Page, Place};
use crate::ask::Asked;
use crate::cli::{Session, carry_out};
use crate::error::{Error, ErrorKind, Result};
use crate::host::exec::foreground;
use crate::host::paths;
use crate::question::{Answer, Choice, Question};
use crate::tui::dash::Tab;
use crate::tui::desk::inquiry;
use crate::tui::desk::{App, Errand};
use crate::tui::screen::dash::{MAY_DIRENV, before_allowing};
use crate::ui::style::Role;
use crate::ui::visible;

/// What leaves a place.
const BACK: &str = "q";

/// Prints every screen once.
pub(super) fn print(facts: &mut Facts, session: &mut Session) -> Result<()> {
    for (tab, gap) in ORDER.into_iter().zip(std::iter::once("").chain(std::iter::repeat("\n"))) {
        let page = Page::of(&Place::Screen(tab), facts, session)?;
        session.ui.data(&format!("{gap}{}", text(&page)))?;
        if tab == Tab::Overview && !page.choices.is_empty() {
            let steps = page.choices.iter().map(|(label, _)| format!("  {label}"));
            session.ui.data(&in_lines(std::iter::once("Next".to_owned()).chain(steps)))?;
        }
    }
    Ok(())
}

/// The name of a page and its lines.
fn text(page: &Page) -> String {
    in_lines(std::iter::once(Role::Heading.paint(&page.title)).chain(page.lines.iter().cloned()))
}

fn in_lines(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| line + "\n").collect()
}

/// Shows one place after the other until somebody has seen enough. The end of what they type ends it, too.
pub(super) fn converse(facts: &mut Facts, first: Option<Place>, session: &mut Session) -> Result<()> {
    let mut places = vec![Place::Menu];
    places.extend(first);
    while let Some(place) = places.last().cloned() {
        let outcome = match visit(&place, facts, session) {
            Ok(Some(Deed::Go(place))) => {
                places.push(place);
                continue;
            }
            Ok(Some(deed)) => perform(deed, facts, session),
            Ok(None) => {
                places.pop();
                continue;
            }
            Err(error) if places.len() > 1 && error.kind() != ErrorKind::Declined => {
                places.pop();
                Err(error)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) if error.kind() == ErrorKind::Declined => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted || error.is_broken_pipe() => return Err(error),
            Err(error) if places.is_empty() || place == Place::Menu => return Err(error),
            Err(error) => session.ui.error(&error),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Shows a place, and asks what is to be done there; `None` is to leave it.
fn visit(place: &Place, facts: &mut Facts, session: &mut Session) -> Result<Option<Deed>> {
    let page = Page::of(place, facts, session)?;
    if *place != Place::Menu {
        session.ui.data(&format!("\n{}", text(&page)))?;
    }
    let (prompt, back) = match place {
        Place::Menu => (format!("Which screen of {}?", page.title), "Leave the dashboard"),
        Place::Screen(_) | Place::Process(_) | Place::Finding(_) => ("What now?".to_owned(), "Go back"),
    };
    let choice = |value: String, label: &str| Choice { value, label: Some(label.to_owned()), help: None };
    let numbered = page.choices.iter().enumerate().map(|(index, (label, _))| choice(index.to_string(), label));
    let back = choice(BACK.to_owned(), &format!("{back} (`{BACK}`)"));
    let question = Question::select("choice", &prompt, numbered.chain([back]).collect());
    let default = Answer::Text(BACK.to_owned());
    let asked = Asked { question: &question, default: Some(&default), flag: "nixstart ps" };
    let answer = session.ask.ask(&mut session.ui, asked)?.display();
    let chosen = answer.parse::<usize>().ok().and_then(|index| page.choices.into_iter().nth(index));
    Ok(chosen.map(|(_, deed)| deed))
}

fn perform(deed: Deed, facts: &mut Facts, session: &mut Session) -> Result<()> {
    match deed {
        Deed::Go(_) => Ok(()),
        Deed::Again(tab) => {
            facts.forget(tab);
            Ok(())
        }
        Deed::Run(_, Some(question)) if !carry_out::confirm(session, question, false, "nixstart down")? => Ok(()),
        Deed::Run(words, _) => {
            let code = run(&facts.project.root, words, session)?;
            if code != 0 {
                session.ui.say(&format!("It ended with exit code {code}"));
            }
            Ok(())
        }
        Deed::Visit(errand) => {
            let code = run(&facts.project.root, errand.words(), session)?;
            session.ui.say(&errand.said(&Ok(code)));
            if matches!(errand, Errand::Fix(_)) {
                facts.forget(Tab::Health);
            }
            Ok(())
        }
        Deed::Edit(app) => edit(&app, session),
        Deed::Allow(path) => allow(&path, session),
        Deed::Deny(path) => {
            tell(inquiry::deny(&path), session);
            Ok(())
        }
    }
}

/// Runs this very program, as plain as we are; returns its exit code.
fn run(directory: &Utf8Path, words: Vec<String>, session: &Session) -> Result<i32> {
    let plain = session.ui.is_plain().then(|| "--plain".to_owned());
    let words: Vec<String> = plain.into_iter().chain(words).collect();
    Ok(foreground::exit_code(foreground::run_own(directory, &words)?))
}

/// Variables are those of where we are.
fn edit(app: &App, session: &mut Session) -> Result<()> {
    let of_app = app.iter().flat_map(|app| ["--app".to_owned(), app.clone()]);
    let words = ["env", "edit"].map(str::to_owned).into_iter().chain(of_app).collect();
    let _said_by_itself = run(&paths::current_directory()?, words, session)?;
    Ok(())
}

fn allow(path: &Utf8Path, session: &mut Session) -> Result<()> {
    let (bytes, text) = match inquiry::envrc(path) {
        Ok(read) => read,
        Err(why) => {
            tell(Err(why), session);
            return Ok(());
        }
    };
    session.ui.data(&in_lines(before_allowing(path, &text).into_iter()))?;
    if carry_out::confirm(session, MAY_DIRENV, false, "direnv allow")? {
        tell(inquiry::allow(path, &bytes), session);
    }
    Ok(())
}

fn tell(told: inquiry::Told<String>, session: &mut Session) {
    match told {
        Ok(said) => session.ui.say(&visible(&said)),
        Err(why) => session.ui.error(&Error::failed(why)),
    }
}
