//! Does what the screens ask for, and watches the files of the project.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;

use super::inquiry::{self, told};
use super::{App, Desk, Errand, News, Order, Sealed};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::direnv::standing::Standing;
use crate::host::watched::Watched;
use crate::project::record::RECORD;
use crate::secret::form::Form;
use crate::tui::msg::Msg;
use crate::tui::screen::dash::Tab;

/// How often the files of the project are looked at.
const GLANCE: Duration = Duration::from_secs(2);
/// How often it is looked at how direnv stands, while somebody looks.
const LOOK: Duration = Duration::from_secs(5);
/// How long an evaluation may take to end when the dashboard does.
const GRACE: Duration = Duration::from_secs(1);

/// Who does it. When it is dropped, nothing is evaluated or watched any more.
pub(in crate::tui) struct Clerk {
    shared: Arc<Shared>,
}

struct Shared {
    desk: Desk,
    sender: Sender<Msg>,
    is_over: AtomicBool,
    /// The screen that is looked at, and whether that is news.
    seen: Mutex<(Option<Tab>, bool)>,
    woken: Condvar,
    /// Hears when an evaluation has ended.
    evaluation: Mutex<Option<Receiver<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map(drop).map_err(Error::failed)
}

impl Clerk {
    /// Begins to watch.
    pub(in crate::tui) fn begin(desk: Desk, sender: Sender<Msg>) -> Result<Self> {
        let (is_over, seen, woken) = (AtomicBool::new(false), Mutex::new((None, false)), Condvar::new());
        let shared = Arc::new(Shared { desk, sender, is_over, seen, woken, evaluation: Mutex::new(None) });
        let watcher = Arc::clone(&shared);
        work("watch files", move || watcher.watch())?;
        Ok(Self { shared })
    }

    /// Does something on a thread of its own.
    pub(in crate::tui) fn order(&self, order: &Order) {
        if let Order::Seen(tab) = order {
            lock(&self.shared.seen).0 = Some(*tab);
            return self.shared.wake();
        }
        let (shared, order) = (Arc::clone(&self.shared), order.clone());
        let (done, ended) = mpsc::channel();
        if order == Order::Evaluate {
            *lock(&self.shared.evaluation) = Some(ended);
        }
        let begun = work("desk", move || {
            if let Some(news) = shared.perform(order) {
                shared.tell(news);
            }
            drop(done);
        });
        if let Err(error) = begun {
            self.shared.tell(News::Told(Err(told(error))));
        }
    }

    /// Goes on an errand. The screen was given back before.
    pub(in crate::tui) fn visit(&self, errand: &Errand) -> Result<()> {
        let outcome = errand.run(&self.shared.desk.directory);
        if let Err(error) = &outcome
            && error.kind() == ErrorKind::Interrupted
        {
            return outcome.map(drop);
        }
        self.shared.tell(News::Back(errand.clone(), outcome.map_err(told)));
        Ok(())
    }

    /// Saves variables. The screen was given back before.
    pub(in crate::tui) fn save(&self, app: &App, form: &Form) {
        let saved = (self.shared.desk.sheets.save)(app, form);
        self.shared.tell(News::Saved(app.clone(), saved.map_err(told)));
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.woken.notify_all();
        // A Nix that nobody waits for any more is ended.
        if let Some(ended) = lock(&self.shared.evaluation).take() {
            let _ended = ended.recv_timeout(GRACE);
        }
    }
}

impl Shared {
    fn tell(&self, news: News) {
        let _nobody_listens_any_more = self.sender.send(Msg::Desk(Box::new(news)));
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn perform(&self, order: Order) -> Option<News> {
        Some(match order {
            Order::Seen(_) => return None,
            Order::Evaluate => News::Shells(self.desk.shells(&|| !self.is_over())),
            Order::Examine => News::Health(self.desk.ailments()),
            Order::List => News::Sheets((self.desk.sheets.list)()),
            Order::Read(app) => {
                let sheet = self.desk.sheet(&app).map(Sealed::new);
                News::Sheet(app, sheet)
            }
            Order::ShowEnvrc(path) => {
                let read = inquiry::envrc(&path);
                News::Envrc(path, read)
            }
            Order::Allow(path, seen) => {
                let allowed = inquiry::allow(&path, &seen);
                self.wake();
                News::Told(allowed)
            }
            Order::Deny(path) => {
                let denied = inquiry::deny(&path);
                self.wake();
                News::Told(denied)
            }
        })
    }

    /// Lets it be looked at how direnv stands, and told, whether it is news or not.
    fn wake(&self) {
        lock(&self.seen).1 = true;
        self.woken.notify_all();
    }

    /// The screen that is looked at, and whether somebody has only just begun to.
    fn look(&self) -> (Option<Tab>, bool) {
        let mut seen = lock(&self.seen);
        (seen.0, std::mem::take(&mut seen.1))
    }

    /// Looks at the files again and again, and says what is new.
    fn watch(&self) {
        let mut files = Watched::of(&self.desk.directory);
        // What has changed since the first picture was made, and before somebody watched, would be missed.
        self.tell(News::Declared(self.desk.declared()));
        let mut standing: (Vec<Standing>, Option<Instant>) = (Vec::new(), None);
        while !self.is_over() {
            let now = Watched::of(&self.desk.directory);
            let changed: Vec<Utf8PathBuf> = now.changed_since(&files);
            let has_changed = !changed.is_empty();
            if has_changed {
                let is_declared_anew = changed.iter().any(|path| path.file_name() == Some(RECORD));
                self.tell(News::Changed(changed));
                if is_declared_anew {
                    self.tell(News::Declared(self.desk.declared()));
                }
            }
            files = now;
            let (tab, is_new) = self.look();
            let is_due = has_changed || is_new || standing.1.is_none_or(|at| at.elapsed() >= LOOK);
            if tab == Some(Tab::Shells) && is_due {
                let found = self.desk.standings();
                if is_new || found != standing.0 {
                    self.tell(News::Standings(found.clone()));
                }
                standing = (found, Some(Instant::now()));
            }
            let seen = lock(&self.seen);
            if !seen.1 && !self.is_over() {
                drop(self.woken.wait_timeout(seen, GLANCE));
            }
        }
    }
}
