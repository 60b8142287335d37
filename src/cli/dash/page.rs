//! A screen of the dashboard in plain lines, and what can be chosen on it. The lines come from the screens themselves; what is done is
//! a command of nixstart, as a person would type it.

use camino::Utf8PathBuf;

use super::facts::Facts;
use crate::cli::Session;
use crate::error::Result;
use crate::facts::direnv::standing::Standing;
use crate::host::clock;
use crate::nix::dev_shells::is_name;
use crate::process::{Action, Process, ProcessState};
use crate::template::escape;
use crate::tui::dash::Tab;
use crate::tui::desk::{App, Errand};
use crate::tui::screen::dash::{self, Ailment, Mending, Rank};
use crate::ui::{process_view, visible};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The names of all screens.
    Menu,
    /// A screen.
    Screen(Tab),
    /// A process.
    Process(String),
    /// What a check found.
    Finding(&'static str),
}

/// What a choice does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Another place is shown.
    Go(Place),
    /// A command of nixstart runs, after a question when there is one.
    Run(Vec<String>, Option<&'static str>),
    /// The same for what the dashboard gives its screen away for.
    Visit(Errand),
    /// The variables of an app are edited.
    Edit(App),
    /// An `.envrc` is shown, and allowed when somebody says so.
    Allow(Utf8PathBuf),
    /// direnv must not load an `.envrc` any more.
    Deny(Utf8PathBuf),
    /// What takes long is asked again.
    Again(Tab),
}

/// Lines, and what can be chosen.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its name.
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) choices: Vec<(String, Deed)>,
}

/// The screens in the order in which they are printed.
pub(super) const ORDER: [Tab; 7] =
    [Tab::Overview, Tab::Processes, Tab::Logs, Tab::Builds, Tab::Shells, Tab::Secrets, Tab::Health];

impl Page {
    /// What is shown at a place.
    pub(super) fn of(place: &Place, facts: &mut Facts, session: &mut Session) -> Result<Self> {
        let (lines, choices) = match place {
            Place::Menu => {
                let choices = ORDER.map(|tab| (tab.name().to_owned(), Deed::Go(Place::Screen(tab))));
                (Vec::new(), choices.into())
            }
            Place::Screen(Tab::Overview) => overview(facts)?,
            Place::Screen(Tab::Processes) => processes(facts)?,
            Place::Screen(Tab::Logs) => logs(facts)?,
            Place::Screen(Tab::Builds) => builds(facts, session),
            Place::Screen(Tab::Shells) => shells(facts, session),
            Place::Screen(Tab::Secrets) => secrets(facts),
            Place::Screen(Tab::Health) => health(facts, session),
            Place::Process(name) => process(name, facts)?,
            Place::Finding(id) => finding(id, facts, session),
        };
        let title = match place {
            Place::Menu => facts.project.root.file_name().map(visible).unwrap_or_default(),
            Place::Screen(tab) => tab.name().to_owned(),
            Place::Process(name) => visible(name),
            Place::Finding(id) => (*id).to_owned(),
        };
        Ok(Self { title, lines, choices })
    }
}

type Parts = (Vec<String>, Vec<(String, Deed)>);

/// A choice that runs a command, which it names.
fn run(label: &str, words: Vec<String>, question: Option<&'static str>) -> (String, Deed) {
    (format!("{label}: {}", typed(&words)), Deed::Run(words, question))
}

/// A command as a person would type it.
fn typed(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| escape::sh(word)).collect();
    visible(&format!("`nixstart {}`", words.join(" ")))
}

/// A command with names behind it. One that begins with a dash would be a flag.
fn named(words: &[&str], names: &[String]) -> Vec<String> {
    let is_flag = names.iter().any(|name| name.starts_with('-'));
    let guard = is_flag.then(|| "--".to_owned());
    words.iter().map(|word| (*word).to_owned()).chain(guard).chain(names.iter().cloned()).collect()
}

fn starting(names: &[String]) -> Vec<String> {
    named(&["up", "--detach"], names)
}

fn stopping(names: &[String]) -> Vec<String> {
    named(if names.is_empty() { &["down"] } else { &["stop"] }, names)
}

fn restarting(names: &[String]) -> Vec<String> {
    named(&["restart"], names)
}

fn reading(names: &[String]) -> Vec<String> {
    named(&["logs", "--lines", "50"], names)
}

fn overview(facts: &Facts) -> Result<Parts> {
    let (lines, deeds) = dash::plain_overview(facts.processes()?.0, clock::now_milliseconds());
    let command = |(label, deed): (String, dash::Deed)| {
        let words = match deed {
            dash::Deed::Read(names) => reading(&names),
            dash::Deed::Ask(Action::Start, names) => starting(&names),
            dash::Deed::Ask(Action::Stop, names) => stopping(&names),
            dash::Deed::Ask(Action::Restart, names) => restarting(&names),
            // No command sends one.
            dash::Deed::Ask(Action::Signal(_), _) => return None,
        };
        Some(run(&label, words, None))
    };
    Ok((lines, deeds.into_iter().filter_map(command).collect()))
}

fn processes(facts: &Facts) -> Result<Parts> {
    let (processes, is_running) = facts.processes()?;
    if processes.is_empty() {
        return Ok((vec!["  The project declares no processes".to_owned()], Vec::new()));
    }
    let lines = process_view::table(&processes, clock::now_milliseconds()).lines().map(str::to_owned).collect();
    let go = |process: &Process| {
        let label = format!("{}, {}", visible(&process.name), visible(process.state.word()));
        (label, Deed::Go(Place::Process(process.name.clone())))
    };
    let mut choices: Vec<(String, Deed)> = processes.iter().map(go).collect();
    if !processes.iter().all(|process| process.state.is_alive()) {
        choices.push(run("Start everything", starting(&[]), None));
    }
    if is_running {
        choices.push(run("Stop everything", stopping(&[]), Some("Stop everything?")));
    }
    Ok((lines, choices))
}

fn process(name: &str, facts: &Facts) -> Result<Parts> {
    let (processes, _) = facts.processes()?;
    let Some(process) = processes.iter().find(|process| process.name == name) else {
        return Ok((vec!["  It is gone".to_owned()], Vec::new()));
    };
    let names = [name.to_owned()];
    let mut choices = Vec::new();
    if process.state.is_alive() || process.state == ProcessState::Backoff {
        choices.push(run("Stop it", stopping(&names), None));
        choices.push(run("Restart it", restarting(&names), None));
    } else {
        choices.push(run("Start it", starting(&names), None));
    }
    choices.push(run("Read what it says", reading(&names), None));
    Ok((vec![format!("  {}", visible(&process_view::change(process)))], choices))
}

fn logs(facts: &Facts) -> Result<Parts> {
    let said = facts.last_lines()?;
    let lines =
        if said.is_empty() { vec!["  Nothing was said yet".to_owned()] } else { said.lines().map(str::to_owned).collect() };
    let names = facts.processes()?.0.into_iter().map(|process| process.name);
    let choices = names.map(|name| run(&format!("Read what {} says", visible(&name)), reading(&[name]), None)).collect();
    Ok((lines, choices))
}

fn builds(facts: &mut Facts, session: &mut Session) -> Parts {
    let Some((choices, trouble)) = facts.choices(session) else {
        return (vec!["  There is no `flake.nix` here or above".to_owned()], Vec::new());
    };
    let lines = dash::plain_builds(&choices, trouble.as_ref(), clock::now_milliseconds());
    let build = |installable: &String| {
        let words = named(&["build", "--no-link"], std::slice::from_ref(installable));
        run(&format!("Build {}", visible(installable)), words, None)
    };
    let builds = choices.iter().map(|choice| build(&choice.installable)).collect::<Vec<_>>().into_iter();
    (lines, builds.chain([again("Ask Nix again", Tab::Builds)]).collect())
}

fn again(label: &str, tab: Tab) -> (String, Deed) {
    (label.to_owned(), Deed::Again(tab))
}

fn shells(facts: &mut Facts, session: &mut Session) -> Parts {
    let (shells, standings) = (facts.shells(session), facts.desk.standings());
    let names = shells.iter().flatten().flatten().map(|shell| shell.name.clone()).filter(|name| is_name(name));
    let enter = |name: String| {
        let errand = Errand::Shell(name);
        (format!("Enter the shell: {}", typed(&errand.words())), Deed::Visit(errand))
    };
    let mut choices: Vec<(String, Deed)> = names.map(enter).collect();
    choices.extend(standings.iter().map(permit));
    choices.push(again("Evaluate again", Tab::Shells));
    (dash::plain_shells(Some(shells), standings), choices)
}

fn permit(standing: &Standing) -> (String, Deed) {
    let path = &standing.envrc.path;
    let shown = visible(path.as_str());
    if standing.permission.is_given() {
        (format!("Keep direnv from loading {shown}"), Deed::Deny(path.clone()))
    } else {
        (format!("Show {shown}, and let direnv load it"), Deed::Allow(path.clone()))
    }
}

fn secrets(facts: &Facts) -> Parts {
    let (mut lines, mut choices) = (Vec::new(), Vec::new());
    for (app, file, variables) in facts.sheets() {
        lines.extend(variables);
        choices.push((format!("Edit the variables in {}", visible(&file)), Deed::Edit(app)));
    }
    (lines, choices)
}

fn health(facts: &mut Facts, session: &mut Session) -> Parts {
    let found = facts.ailments(session);
    let is_wrong = |ailment: &&Ailment| ailment.rank < Rank::Holds;
    let mut wrong: Vec<&Ailment> = found.iter().flatten().filter(is_wrong).collect();
    wrong.sort_by_key(|ailment| ailment.rank);
    let go = |ailment: &&Ailment| (ailment.id.to_owned(), Deed::Go(Place::Finding(ailment.id)));
    let choices = wrong.iter().map(go).chain([again("Check again", Tab::Health)]).collect();
    (dash::plain_health(found), choices)
}

fn finding(id: &str, facts: &mut Facts, session: &mut Session) -> Parts {
    let found = facts.ailments(session);
    let Some(ailment) = found.iter().flatten().find(|ailment| ailment.id == id) else {
        return (vec!["  It is not found any more".to_owned()], Vec::new());
    };
    let fix = ailment.fix.as_ref().filter(|(_, mending)| *mending == Mending::ByPlan).map(|(title, _)| {
        let errand = Errand::Fix(ailment.id);
        (format!("{title}: {}", typed(&errand.words())), Deed::Visit(errand))
    });
    (ailment.plain().iter().map(|line| format!("  {line}")).collect(), fix.into_iter().collect())
}
