//! Whatever the screens about the project may be told.

use proptest::prelude::*;
use secrecy::SecretString;

use crate::dotenv::Writer;
use crate::facts::Fact;
use crate::facts::direnv::cache::Cache;
use crate::facts::direnv::standing::{Loaded, Standing};
use crate::facts::direnv::{Envrc, Permission};
use crate::nix::dev_shells::DevShell;
use crate::process::{Process, ProcessState};
use crate::secret::form::Form;
use crate::tui::desk::{Errand, News, Sealed};
use crate::tui::screen::dash::{Ailment, Mending, Rank};

/// News with such words in it.
pub(super) fn news<S: Strategy<Value = String> + 'static>(hostile: impl Fn() -> S) -> impl Strategy<Value = News> {
    let many = |words: S| proptest::collection::vec(words, 0..4);
    let shell = (hostile(), many(hostile()), many(hostile())).prop_map(|(name, packages, processes)| DevShell {
        name,
        packages,
        processes,
    });
    let envrc = (hostile(), hostile(), 0..4_usize, 0..5_usize, hostile()).prop_map(|(path, text, permission, cache, other)| {
        let permissions = [Permission::Allowed, Permission::NotAllowed, Permission::Denied, Permission::Whitelisted];
        let caches = [Cache::None, Cache::Missing, Cache::Fresh, Cache::Stale(vec![other.clone().into()]), Cache::FellBack];
        Standing {
            envrc: Envrc::read(path.as_str().into(), &text),
            permission: permissions[permission],
            cache: if permission == 3 { Fact::failed(other.clone()) } else { caches[cache].clone().into() },
            loaded: if cache == 0 { Loaded::Elsewhere(other.into()) } else { Loaded::No },
        }
    });
    let ailment = (hostile(), many(hostile()), 0..6_usize).prop_map(|(summary, lines, rank)| Ailment {
        id: "envrc-allowed",
        rank: Rank::ALL[rank],
        fix: (rank > 1).then(|| (summary.clone(), Mending::ByHand)),
        summary,
        lines,
    });
    let sheet = (hostile(), many(hostile())).prop_map(|(title, names)| {
        let entries = names.into_iter().map(|name| (name.clone(), SecretString::from(name))).collect();
        News::Sheet(None, Ok(Sealed::new((title, Form::new(&[], entries, &|_| true, (Writer::default(), 0))))))
    });
    prop_oneof![
        proptest::collection::vec(shell, 0..6).prop_map(|shells| News::Shells(Ok(Some(shells)))),
        hostile().prop_map(|why| News::Shells(Err(why))),
        proptest::collection::vec(envrc, 0..6).prop_map(News::Standings),
        proptest::collection::vec(ailment, 0..8).prop_map(|found| News::Health(Ok(found))),
        hostile().prop_map(|why| News::Health(Err(why))),
        hostile().prop_map(|name| News::Sheets(vec![(None, name.clone()), (Some(name.clone()), name)])),
        sheet,
        hostile().prop_map(|why| News::Sheet(None, Err(why))),
        (hostile(), hostile()).prop_map(|(path, text)| News::Envrc(path.into(), Ok((text.clone().into_bytes(), text)))),
        hostile().prop_map(|why| News::Told(Err(why))),
        hostile().prop_map(|why| News::Declared(Err(why))),
        many(hostile()).prop_map(|names| {
            News::Declared(Ok(names.iter().map(|name| Process::new(name, ProcessState::Stopped)).collect()))
        }),
        hostile().prop_map(|path| News::Changed(vec![path.into(), "/p/nixstart.toml".into(), "/p/.env".into()])),
        (hostile(), any::<i32>()).prop_map(|(name, code)| News::Back(Errand::Shell(name), Ok(code))),
        hostile().prop_map(|why| News::Saved(None, Err(why))),
    ]
}
