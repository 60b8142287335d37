//! Facts with which the checks of `.env` find something, and facts with which they do not.

use crate::doctor::Example;
use crate::facts::secrets::{
    EnvContent, EnvFile, Fault, FaultKind, Gap, GapKind, HistoricFile, History, ImageCopy, Leak, Privacy, Shape, StoreCopy,
};
use crate::facts::{Fact, Facts, Secrets};

fn file(change: impl FnOnce(&mut EnvFile)) -> Facts {
    let mut file = EnvFile {
        path: "/project/.env".into(),
        name: ".env".into(),
        example: Some("/project/.env.example".into()),
        declared_in: vec![".env.example".into()],
        gaps: Vec::new(),
        content: Some(EnvContent { mode: 0o600, is_own: true, ..EnvContent::default() }).into(),
        privacy: Privacy::Ignored.into(),
    };
    change(&mut file);
    Facts { secrets: Secrets { files: vec![file].into(), ..Secrets::default() }, ..Facts::default() }
}

fn content(change: impl FnOnce(&mut EnvContent)) -> Facts {
    let mut content = EnvContent { mode: 0o600, is_own: true, ..EnvContent::default() };
    change(&mut content);
    file(|file| file.content = Some(content).into())
}

fn gap(kind: GapKind, blocks: bool) -> Facts {
    file(|file| file.gaps = vec![Gap { key: "BOT_TOKEN".into(), kind, blocks }])
}

fn secrets(secrets: Secrets) -> Facts {
    Facts { secrets, ..Facts::default() }
}

fn history(files: Vec<HistoricFile>, tokens: Fact<Vec<Leak>>) -> Facts {
    let history = History { files, commits: 3, is_complete: true };
    secrets(Secrets { history: history.into(), history_tokens: tokens, ..Secrets::default() })
}

/// A file that frameworks expect in git, with public values.
fn public() -> Vec<HistoricFile> {
    historic(false).into_iter().map(|file| HistoricFile { name: "apps/web/.env.production".into(), ..file }).collect()
}

fn leak(shape: Shape) -> Vec<Leak> {
    vec![Leak { file: "flake.nix".into(), line: 7, shape }]
}

fn store(copy: StoreCopy) -> Facts {
    secrets(Secrets { store: copy.into(), ..Secrets::default() })
}

fn image(copy: ImageCopy) -> Facts {
    secrets(Secrets { image: copy.into(), ..Secrets::default() })
}

fn in_nix_files(leaks: Vec<Leak>) -> Facts {
    secrets(Secrets { in_nix_files: leaks.into(), ..Secrets::default() })
}

fn historic(holds_secret: bool) -> Vec<HistoricFile> {
    vec![HistoricFile { name: ".env".into(), commit: "1a2b3c4d5e".into(), variables: vec!["BOT_TOKEN".into()], holds_secret }]
}

pub(in crate::doctor) fn examples() -> Vec<Example> {
    let good = || file(|_| {});
    let fault = |kind| content(|content| content.faults = vec![Fault { line: 1, key: Some("A".into()), kind }]);
    let privacy = |privacy: Privacy| file(|file| file.privacy = privacy.into());
    let missing = file(|file| {
        file.content = Fact::Known(None);
        file.gaps = vec![Gap { key: "BOT_TOKEN".into(), kind: GapKind::Missing, blocks: true }];
    });
    let not_looked = || Fact::not_looked("only with `--deep`");
    let clean_history = || history(Vec::new(), Vec::new().into());
    let files = || vec![".env".to_owned()];
    let copied = StoreCopy::PathReference { place: ".envrc:2".into(), files: files() };
    let in_image = ImageCopy::Copied { place: "Dockerfile:2".into(), files: files(), ignore: "/project/.dockerignore".into() };
    let example = |id, bad, good| Example { id, bad, good };
    vec![
        example("env-exists", missing, good()),
        example("env-keys", gap(GapKind::Missing, true), good()),
        example("env-keys", gap(GapKind::Empty, false), good()),
        example("env-keys", gap(GapKind::Placeholder, true), good()),
        example("env-keys", gap(GapKind::Rejected("this is an id, not a bot token".into()), true), good()),
        example("env-format", fault(FaultKind::CarriageReturns), good()),
        example("env-format", fault(FaultKind::CopiedAlong("took off the quotes".into())), good()),
        example("env-perms", content(|content| content.mode = 0o666), good()),
        example("env-perms", content(|content| content.mode = 0o644), good()),
        example("env-perms", content(|content| content.is_own = false), good()),
        example("env-perms", content(|content| content.is_replaceable = true), good()),
        example("env-ignored", privacy(Privacy::Tracked), good()),
        example("env-ignored", privacy(Privacy::NotIgnored), good()),
        example("env-ignored", privacy(Privacy::IgnoredHereOnly), good()),
        example("env-in-history", history(historic(true), not_looked()), history(public(), not_looked())),
        example("env-in-history", history(historic(false), not_looked()), clean_history()),
        example("env-in-history", history(Vec::new(), leak(Shape::GithubToken).into()), clean_history()),
        example("env-in-store", store(StoreCopy::WholeDirectory { files: files() }), store(StoreCopy::TrackedFilesOnly)),
        example("env-in-store", store(copied), store(StoreCopy::TrackedFilesOnly)),
        example("env-in-image", image(in_image), image(ImageCopy::KeptOut)),
        example("secret-in-nix-files", in_nix_files(leak(Shape::DiscordBotToken)), in_nix_files(Vec::new())),
        example("secret-in-nix-files", in_nix_files(leak(Shape::Assignment)), in_nix_files(Vec::new())),
    ]
}
