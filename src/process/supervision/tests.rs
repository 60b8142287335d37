//! Lives of processes under supervision.

mod signals;

use std::collections::{BTreeMap, VecDeque};

use pretty_assertions::assert_eq;
use proptest::prelude::*;

use super::*;

/// A supervision with a clock that only moves when somebody moves it, and a world in which every program starts.
struct World {
    supervision: Supervision,
    elapsed: Duration,
    /// Programs that run, by process.
    running: BTreeMap<usize, Run>,
    /// What was ordered, in words.
    log: Vec<String>,
    /// Those that cannot be started.
    absent: Vec<&'static str>,
}

impl World {
    fn of(toml: &str) -> Self {
        let services = ServiceSet::parse(&toml.parse().unwrap()).unwrap();
        Self {
            supervision: Supervision::new(&services),
            elapsed: Duration::ZERO,
            running: BTreeMap::new(),
            log: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// The same where something cannot be started.
    fn up_without(absent: &'static str, toml: &str) -> Self {
        let mut world = Self { absent: vec![absent], ..Self::of(toml) };
        world.act(Action::Start, &[]);
        world
    }

    /// A world in which everything was told to start.
    fn up(toml: &str) -> Self {
        let mut world = Self::of(toml);
        world.act(Action::Start, &[]);
        world
    }

    fn now(&self) -> Moment {
        Moment { elapsed: self.elapsed, clock: u64::try_from(self.elapsed.as_millis()).unwrap() }
    }

    fn act(&mut self, action: Action, names: &[&str]) -> Outcome {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (outcome, orders) = self.supervision.act(action, &names, self.now());
        self.obey(orders);
        outcome
    }

    fn handle(&mut self, input: Input) {
        let orders = self.supervision.handle(input, self.now());
        self.obey(orders);
    }

    /// Carries orders out one after the other; what follows from one comes behind the others, as with a runner.
    fn obey(&mut self, orders: Vec<Order>) {
        let mut orders = VecDeque::from(orders);
        while let Some(order) = orders.pop_front() {
            let name = |run: Run| self.supervision.process(run.index).unwrap().name.clone();
            match order {
                Order::Start(run, program) => {
                    let what = match program {
                        Program::PreStart(step) => format!("prepare {} {step}", name(run)),
                        Program::Main => format!("start {}", name(run)),
                    };
                    let input = if self.absent.contains(&name(run).as_str()) {
                        Input::NotStarted(run, "it is not there".to_owned())
                    } else {
                        assert_eq!(self.running.insert(run.index, run), None, "one program of a process at a time");
                        Input::Started(run, 100 + u32::try_from(run.index).unwrap())
                    };
                    self.log.push(what);
                    orders.extend(self.supervision.handle(input, self.now()));
                }
                Order::End(run) => self.log.push(format!("end {}", name(run))),
                Order::Kill(run) => self.log.push(format!("kill {}", name(run))),
                Order::Signal(run, number) => self.log.push(format!("signal {} {number}", name(run))),
                Order::Probe(run) => self.log.push(format!("probe {}", name(run))),
                Order::Finish => self.log.push("finish".to_owned()),
                Order::Tell(_) => {}
            }
        }
    }

    fn run(&self, name: &str) -> Run {
        self.running[&self.supervision.index(name).unwrap()]
    }

    fn end(&mut self, name: &str, exit: Exit) {
        let run = self.run(name);
        self.running.remove(&run.index);
        self.handle(Input::Ended(run, exit));
    }

    fn pass(&mut self, milliseconds: u64) {
        self.elapsed += Duration::from_millis(milliseconds);
        self.handle(Input::Tick);
    }

    fn log(&mut self) -> String {
        std::mem::take(&mut self.log).join(", ")
    }

    fn states(&self) -> String {
        let words = self.supervision.processes().map(|process| format!("{} {}", process.name, process.state.word()));
        words.collect::<Vec<_>>().join(", ")
    }

    fn why(&self, name: &str) -> String {
        self.supervision.process(self.supervision.index(name).unwrap()).unwrap().why.clone().unwrap_or_default()
    }
}

const CHAIN: &str = "[install]\ntype = 'oneshot'\ncommand = 'x'\n\
    [db]\ncommand = 'x'\nreadiness = { tcp = { port = 1 }, period = '5s', retries = 2 }\n\
    [web]\ncommand = 'x'\ndepends_on = { install = 'completed', db = 'healthy' }\n";

#[test]
fn what_has_been_running_for_so_long_still_has_when_the_clock_is_set() {
    let mut world = World::of("[web]\ncommand = 'x'\n");
    let at = |seconds: u64, clock: u64| Moment { elapsed: Duration::from_secs(seconds), clock: clock * 1000 };
    let (_, orders) = world.supervision.act(Action::Start, &[], at(10, 100));
    let Some(Order::Start(run, _)) = orders.into_iter().find(|order| matches!(order, Order::Start(..))) else { panic!() };
    world.supervision.handle(Input::Started(run, 7), at(10, 100));
    let mut set = |before, now: Moment| {
        let told = world.supervision.set_clock(before, now);
        let started = world.supervision.process(0).unwrap().started.unwrap();
        (told.len(), now.clock.checked_sub(started).map(|up| up / 1000))
    };
    assert_eq!(set(at(10, 100), at(15, 105)), (0, Some(5)));
    // A day forward, a day and a half back, and hardly anything.
    assert_eq!(set(at(15, 105), at(16, 86_506)), (1, Some(6)));
    assert_eq!(set(at(16, 86_506), at(20, 50)), (1, Some(10)));
    let nearly = Moment { clock: 51_400, ..at(21, 0) };
    assert_eq!(set(at(20, 50), nearly), (0, Some(11)));
}

#[test]
fn a_process_starts_when_what_it_needs_is_there() {
    let mut world = World::up(CHAIN);
    assert_eq!(world.log(), "start install, start db, probe db");
    assert_eq!(world.why("web"), "waits for `db` to be ready");
    world.handle(Input::Probed(world.run("db"), Ok(())));
    assert_eq!((world.why("web").as_str(), world.log().as_str()), ("waits for `install` to be done", ""));
    world.end("install", Exit::Code(0));
    assert_eq!((world.log().as_str(), world.states().as_str()), ("start web", "install completed, db ready, web running"));
}

#[test]
fn what_needs_something_that_has_failed_is_skipped_until_that_is_started_again() {
    let mut world = World::up(CHAIN);
    world.end("install", Exit::Code(2));
    assert_eq!(world.states(), "install failed, db starting, web skipped");
    assert_eq!(
        (world.why("install").as_str(), world.why("web").as_str()),
        ("exit code 2", "it needs `install`, which has failed")
    );
    assert_eq!(world.supervision.failures().map(|process| process.name.as_str()).collect::<Vec<_>>(), ["install"]);
    world.act(Action::Start, &["install"]);
    assert_eq!(world.states(), "install starting, db starting, web pending".replace("install starting", "install running"));
}

#[test]
fn a_probe_that_fails_says_why_and_kills_nobody() {
    let mut world = World::up(CHAIN);
    world.log();
    let db = world.run("db");
    world.handle(Input::Probed(db, Err("connection refused".into())));
    assert_eq!((world.states().contains("db starting"), world.why("db").as_str()), (true, "connection refused"));
    world.pass(1000);
    assert_eq!(world.log(), "probe db", "until it is ready it is asked every second");
    world.handle(Input::Probed(db, Ok(())));
    world.pass(4999);
    assert_eq!(world.log(), "");
    world.pass(1);
    world.handle(Input::Probed(db, Err("timed out".into())));
    assert!(world.states().contains("db ready"), "one failure of two");
    world.pass(5000);
    world.handle(Input::Probed(db, Err("timed out".into())));
    assert!(world.states().contains("db starting"));
    assert_eq!(world.log(), "probe db, probe db");
}

#[test]
fn what_fails_is_started_again_after_pauses_that_grow_and_given_up_at_last() {
    let mut world = World::up("[bot]\ncommand = 'x'\nrestart = { policy = 'on-failure', max_attempts = 2, delay = '1s' }");
    world.log();
    world.end("bot", Exit::Code(1));
    assert_eq!(world.states(), "bot backoff");
    world.pass(999);
    assert_eq!(world.log(), "");
    world.pass(1);
    assert_eq!(world.log(), "start bot");
    world.end("bot", Exit::Signal(11));
    world.pass(1999);
    assert_eq!((world.log().as_str(), world.why("bot").as_str()), ("", "SIGSEGV"));
    world.pass(1);
    world.end("bot", Exit::Code(1));
    assert_eq!((world.states().as_str(), world.why("bot").as_str()), ("bot failed", "exit code 1; it was started again 2 times"));
    world.act(Action::Start, &["bot"]);
    assert_eq!(world.supervision.process(0).unwrap().restarts, 0, "who starts it by hand forgives");
}

#[test]
fn within_a_window_only_recent_restarts_count() {
    let restart = "restart = { policy = 'always', max_attempts = 1, delay = '1s', window = '10s' }";
    let mut world = World::up(&format!("[bot]\ncommand = 'x'\n{restart}"));
    for _ in 0..5 {
        world.pass(11_000);
        world.end("bot", Exit::Code(0));
        world.pass(1000);
    }
    assert_eq!(world.states(), "bot running");
    world.end("bot", Exit::Code(0));
    assert_eq!((world.states().as_str(), world.why("bot").as_str()), ("bot failed", "it has ended; it was started again once"));
}

#[test]
fn one_that_does_not_end_is_killed_after_its_grace_period() {
    let mut world = World::up("[db]\ncommand = 'x'\nstop = { grace_period = '3s' }");
    world.log();
    world.act(Action::Stop, &["db"]);
    world.pass(2999);
    assert_eq!((world.log().as_str(), world.states().as_str()), ("end db", "db stopping"));
    world.pass(1);
    world.pass(60_000);
    assert_eq!(world.log(), "kill db");
    assert!(world.supervision.is_busy("db"));
    world.end("db", Exit::Signal(9));
    assert_eq!((world.states().as_str(), world.supervision.is_busy("db")), ("db stopped", false));
}

#[test]
fn a_stop_that_we_asked_for_is_no_failure_and_a_restart_is_no_restart_of_its_own() {
    let mut world = World::up("[db]\ncommand = 'x'\nrestart = { policy = 'always' }");
    world.log();
    world.act(Action::Restart, &["db"]);
    world.end("db", Exit::Signal(15));
    assert_eq!((world.log().as_str(), world.states().as_str()), ("end db, start db", "db running"));
    assert_eq!(world.supervision.process(0).unwrap().restarts, 0);
    world.act(Action::Stop, &["db"]);
    world.end("db", Exit::Code(1));
    assert_eq!(world.states(), "db stopped");
}

#[test]
fn what_comes_before_it_runs_one_after_the_other_and_its_failure_is_one() {
    let toml = "[web]\ncommand = 'x'\npre_start = ['a', 'b']";
    let mut world = World::up(toml);
    world.end("web", Exit::Code(0));
    world.end("web", Exit::Code(0));
    assert_eq!((world.log().as_str(), world.states().as_str()), ("prepare web 0, prepare web 1, start web", "web running"));
    let mut world = World::up(toml);
    world.end("web", Exit::Code(4));
    assert_eq!(
        (world.states().as_str(), world.why("web").as_str()),
        ("web failed", "what comes before it has failed: exit code 4")
    );
}

#[test]
fn everything_ends_after_what_needs_it() {
    let mut world = World::up(CHAIN);
    world.end("install", Exit::Code(0));
    world.handle(Input::Probed(world.run("db"), Ok(())));
    world.log();
    world.handle(Input::ShutDown);
    assert_eq!(world.log(), "end web");
    world.end("web", Exit::Signal(15));
    assert_eq!(world.log(), "end db");
    assert_eq!(world.act(Action::Start, &["web"]).refused[0].why, "everything is being stopped");
    world.end("db", Exit::Signal(15));
    assert_eq!(world.log(), "finish");
    assert_eq!(world.states(), "install completed, db stopped, web stopped");
}

#[test]
fn a_second_request_to_end_kills() {
    let mut world = World::up(CHAIN);
    world.log();
    world.handle(Input::ShutDown);
    world.handle(Input::Kill);
    let log = world.log();
    assert!(log.contains("kill db") && log.contains("kill install"), "{log}");
}

#[test]
fn requests_that_cannot_be_met_say_why() {
    let mut world = World::up("[db]\ncommand = 'x'\n[tool]\ncommand = 'x'\nautostart = false");
    assert_eq!(world.states(), "db running, tool disabled");
    let whys = |outcome: Outcome| outcome.refused.into_iter().map(|refusal| refusal.why).collect::<Vec<_>>().join(", ");
    assert_eq!(whys(world.act(Action::Start, &["db", "nobody"])), "there is no such process, it runs already");
    assert_eq!(whys(world.act(Action::Stop, &["tool"])), "it does not run");
    assert_eq!(whys(world.act(Action::Signal(1), &["tool", "db"])), "it does not run");
    assert_eq!(world.act(Action::Start, &["tool"]).done, ["tool"]);
    assert_eq!(world.states(), "db running, tool running");
}

#[test]
fn what_needs_something_that_cannot_be_started_is_skipped() {
    for condition in ["started", "healthy"] {
        let toml = format!(
            "[db]\ncommand = 'x'\nreadiness = {{ tcp = {{ port = 1 }} }}\n[web]\ncommand = 'x'\ndepends_on = {{ db = '{condition}' }}"
        );
        let mut world = World::up_without("db", &toml);
        assert_eq!((world.log().as_str(), world.states().as_str()), ("start db", "db failed, web skipped"), "{condition}");
        assert_eq!(world.why("web"), "it needs `db`, which has failed");
    }
    let optional = "[db]\ncommand = 'x'\n[web]\ncommand = 'x'\ndepends_on = { db = { condition = 'started', required = false } }";
    assert_eq!(World::up_without("db", optional).states(), "db failed, web running");
}

#[test]
fn starting_one_starts_what_it_needs_and_nothing_else() {
    let mut world = World::of("[a]\ncommand = 'x'\n[b]\ncommand = 'x'\ndepends_on = { a = 'started' }\n[c]\ncommand = 'x'");
    world.act(Action::Start, &["b"]);
    assert_eq!((world.log().as_str(), world.states().as_str()), ("start a, start b", "a running, b running, c stopped"));
}

#[test]
fn news_of_an_older_program_is_nobodys() {
    let mut world = World::up("[db]\ncommand = 'x'");
    let old = world.run("db");
    world.act(Action::Restart, &["db"]);
    world.end("db", Exit::Signal(15));
    world.handle(Input::Ended(old, Exit::Code(1)));
    assert_eq!(world.states(), "db running");
}

#[derive(Debug, Clone)]
enum Step {
    Act(Action, usize),
    End(usize, Exit),
    Probe(usize, bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let action = prop_oneof![Just(Action::Start), Just(Action::Stop), Just(Action::Restart), Just(Action::Signal(1))];
    let exit = prop_oneof![Just(Exit::Code(0)), Just(Exit::Code(1)), Just(Exit::Signal(15))];
    prop_oneof![
        (action, 0..4_usize).prop_map(|(action, index)| Step::Act(action, index)),
        (0..4_usize, exit).prop_map(|(index, exit)| Step::End(index, exit)),
        (0..4_usize, any::<bool>()).prop_map(|(index, is_ready)| Step::Probe(index, is_ready)),
        (0..20_000_u64).prop_map(Step::Pass),
    ]
}

const FOUR: &str = "[a]\ncommand = 'x'\ntype = 'oneshot'\n\
    [b]\ncommand = 'x'\nreadiness = { tcp = { port = 1 } }\nrestart = { policy = 'on-failure', max_attempts = 3 }\n\
    [c]\ncommand = 'x'\npre_start = ['y']\ndepends_on = { a = 'completed', b = 'healthy' }\nrestart = { policy = 'always' }\n\
    [d]\ncommand = 'x'\nautostart = false\ndepends_on = { c = { condition = 'started', required = false } }\n";

proptest! {
    // `World::obey` sees to it that a process has one program at a time.
    #[test]
    fn whatever_happens_programs_and_states_agree_and_everything_can_end(steps in prop::collection::vec(step(), 0..60)) {
        let mut world = World::up(FOUR);
        for step in steps {
            match step {
                Step::Act(action, index) => {
                    world.act(action, &[["a", "b", "c", "d"][index]]);
                }
                Step::End(index, exit) if world.running.contains_key(&index) => world.end(["a", "b", "c", "d"][index], exit),
                Step::Probe(index, is_ready) if world.running.contains_key(&index) => {
                    let answer = if is_ready { Ok(()) } else { Err("no".to_owned()) };
                    world.handle(Input::Probed(world.running[&index], answer));
                }
                Step::Pass(milliseconds) => world.pass(milliseconds),
                Step::End(..) | Step::Probe(..) => {}
            }
            for (index, process) in world.supervision.processes().enumerate() {
                prop_assert_eq!(process.state.is_alive(), world.running.contains_key(&index), "{:?}", process);
                prop_assert_eq!(process.pid.is_some(), process.state.is_alive());
            }
        }
        world.handle(Input::ShutDown);
        for _ in 0..8 {
            for index in world.running.keys().copied().collect::<Vec<_>>() {
                if world.supervision.is_busy(["a", "b", "c", "d"][index]) {
                    world.end(["a", "b", "c", "d"][index], Exit::Signal(15));
                }
            }
        }
        prop_assert!(world.running.is_empty() && world.supervision.is_idle());
        prop_assert_eq!(world.log().matches("finish").count(), 1);
    }
}
