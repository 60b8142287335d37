//! Signals that somebody sends to processes under supervision.

use super::{Action, Exit, World};

#[test]
fn a_signal_that_somebody_has_sent_is_no_failure_and_what_fails_later_is_one() {
    let web = |policy: &str| {
        let mut world = World::up(&format!("[web]\ncommand = 'x'\nrestart = {{ policy = '{policy}', max_attempts = 1 }}"));
        world.log();
        world
    };
    for (number, exit) in
        [(15, Exit::Signal(15)), (9, Exit::Signal(9)), (2, Exit::Code(130)), (15, Exit::Code(1)), (1, Exit::Code(0))]
    {
        for policy in ["never", "on-failure"] {
            let mut world = web(policy);
            world.act(Action::Signal(number), &["web"]);
            world.pass(500);
            world.end("web", exit);
            assert_eq!(world.states(), "web stopped", "{number} {exit}");
            assert!(world.why("web").ends_with(" was sent to it"), "{}", world.why("web"));
            world.pass(60_000);
            assert_eq!(world.log(), format!("signal web {number}"));
        }
    }
    let mut world = web("on-failure");
    world.act(Action::Signal(15), &["web"]);
    world.pass(60_000);
    world.end("web", Exit::Code(1));
    assert_eq!((world.states().as_str(), world.why("web").as_str()), ("web backoff", "exit code 1"));
    // It says nothing of the program after it.
    world.pass(1000);
    world.end("web", Exit::Signal(15));
    assert_eq!((world.states().as_str(), world.why("web").as_str()), ("web failed", "SIGTERM; it was started again once"));
    // What is always to run comes back, as often as somebody does that.
    let mut world = web("always");
    for _ in 0..3 {
        world.act(Action::Signal(9), &["web"]);
        world.end("web", Exit::Signal(9));
        assert_eq!((world.states().as_str(), world.why("web").as_str()), ("web backoff", "SIGKILL was sent to it"));
        world.pass(1000);
        assert_eq!(world.states(), "web running");
    }
}

#[test]
fn of_several_signals_the_one_that_it_has_ended_by_is_named() {
    let mut world = World::up("[web]\ncommand = 'x'");
    for number in [15, 9, 10] {
        world.act(Action::Signal(number), &["web"]);
    }
    world.end("web", Exit::Signal(9));
    assert_eq!(world.why("web"), "SIGKILL was sent to it");
}
