//! Errors of a project: direnv, devenv, git and the flake, processes, `.env`.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    // direnv and devenv.
    row(
        "envrc-allowed",
        &["is blocked. run `direnv allow`", "is blocked. run 'direnv allow'"],
        "direnv runs an `.envrc` only after you have allowed this version of it",
        "read `.envrc`, then run `direnv allow`",
    ),
    row(
        "envrc-impure",
        &["pwd not set", "not able to determine the current directory", "run with --impure", "forbidden in pure eval"],
        "the dev shell asks for the current directory, which Nix hides from a flake",
        "add `--impure`: `use flake . --impure` in `.envrc`, or `nix develop --impure`",
    ),
    row(
        "direnv-present",
        &["direnv: command not found", "direnv: not found", "command not found: direnv", "unknown command: direnv"],
        "direnv is not installed, or not on PATH of this shell",
        "run `nixstart setup`, or enter the shell with `nix develop --impure`",
    ),
    row(
        "direnv-version",
        &["base direnv version is older than the required", "direnv version…is older than"],
        "`.envrc` or nix-direnv needs a newer direnv",
        "run `nix profile add nixpkgs#direnv`",
    ),
    row(
        "direnv-bash",
        &["minimum required bash version is"],
        "direnv runs an old bash, like that of macOS",
        "run `nix profile add nixpkgs#bash`",
    ),
    row(
        "direnv-slow",
        &["is taking a while to execute"],
        "entering the shell takes longer than direnv expects",
        "wait; with nix-direnv the next time is fast",
    ),
    row(
        "devenv-allowed",
        &["is not allowed. run 'devenv allow'", "is not allowed. run `devenv allow`", "run `devenv allow`", "run 'devenv allow'"],
        "devenv's hook enters a project only after you have allowed it",
        "run `devenv allow`",
    ),
    row(
        "nix-direnv-present",
        &["use_flake: command not found", "use_devenv: command not found"],
        "direnv is too old, or the library that `.envrc` uses is not loaded",
        "run `nixstart setup`, which adds nix-direnv",
    )
    .hint(),
    row(
        "pnpm-package-argument",
        &["unexpected argument 'nodejs'"],
        "devenv before 2.3.3 overrides pnpm in a way that nixpkgs no longer takes",
        "set `languages.javascript.pnpm.package`, for example to `pkgs.pnpm_10`",
    ),
    // Git and the flake.
    row(
        "git-present",
        &["executing 'git': no such file or directory", "git: command not found", "git: not found", "command not found: git"],
        "git is not installed",
        "run `nixstart setup`",
    ),
    row(
        "git-identity",
        &["please tell me who you are", "author identity unknown", "unable to auto-detect email address", "empty ident name"],
        "git does not know in whose name to commit",
        "run `git config --global user.name 'NAME'` and `git config --global user.email ADDRESS`",
    ),
    row(
        "git-login",
        &[
            "fatal: authentication failed for",
            "support for password authentication was removed",
            "permission denied (publickey",
            "fatal: could not read username for",
            "could not read from remote repository",
        ],
        "the server does not know who asks: the repository is private, or there is no key or token for it",
        "`ssh -T git@HOST` and `gh auth status` say who you are there; the daemon of Nix has neither your keys nor your agent",
    ),
    row(
        "git-repo",
        &["fatal: not a git repository"],
        "this directory belongs to no git repository",
        "change to the project, or run `git init` in it",
    ),
    row(
        "git-safe-directory",
        &["not owned by current user", "dubious ownership"],
        "the repository belongs to another user, and git does not trust it",
        "make it your own with `chown`; or run `git config --global --add safe.directory DIRECTORY`",
    ),
    row(
        "untracked-flake-files",
        &["is not tracked by git", "-source/…does not exist", "-source/…': no such file or directory"],
        "the flake names a file that git does not know; Nix copies only what git knows",
        "run `git add -N` with that file; a commit is not needed",
    )
    .note("if git does know it, the path in the flake is wrong"),
    row(
        "flake-found",
        &[
            "could not find a flake.nix",
            "does not contain a 'flake.nix'",
            "does not contain a `flake.nix`",
            "does not contain a '/flake.nix'",
        ],
        "there is no `flake.nix` here or above",
        "change to the project's directory, or make one with `nixstart new`",
    ),
    row(
        "flake-registry",
        &["cannot find flake 'flake:…' in the flake registries"],
        "a flake is named by one word, and no registry knows it",
        "write out where it is, such as `github:NixOS/nixpkgs` or `path:.`",
    ),
    row(
        "flake-shell-attr",
        &[
            "does not provide attribute 'devshells",
            "does not provide attribute 'devshell",
            "only works on derivations that use 'bash' as their builder",
        ],
        "the flake has no dev shell of this name for this system",
        "list what there is with `nix flake show`",
    ),
    row(
        "flake-attribute",
        &["does not provide attribute"],
        "the flake has no such package, app or check for this system",
        "list what there is with `nix flake show`",
    ),
    row(
        "nix-attribute",
        &["error: attribute '…' missing", "undefined variable '"],
        "a Nix file names something that is not there, or that this nixpkgs calls otherwise",
        "look at the line that the error names; `nix search nixpkgs NAME` finds packages",
    ),
    row(
        "flake-syntax",
        &["syntax error, unexpected"],
        "a Nix file cannot be read",
        "open the file at the line that the error names",
    ),
    row(
        "flake-lock",
        &["--no-update-lock-file", "requires lock file changes but they're not allowed", "cannot update unlocked flake input"],
        "`flake.lock` does not fit `flake.nix`",
        "run `nix flake lock` and add the file to git",
    ),
    row(
        "flake-dirty",
        &["git tree '…' is dirty"],
        "there are changes that are not committed; Nix uses them all the same",
        "nothing needs to be done",
    )
    .general(),
    row(
        "line-endings",
        &["\\r': command not found", "bad interpreter: …^m", "/usr/bin/env: 'bash\\r'"],
        "a script has the line ends of Windows",
        "run `git config core.autocrlf input` and check the file out again",
    ),
    // Processes and the terminal.
    row(
        "port-free",
        &["eaddrinuse", "address already in use", "port is already allocated"],
        "another program listens on this port",
        "find it with `nixstart ps` or `ss -ltnp`, and end it or choose another port",
    ),
    row(
        "stale-socket",
        &["pc.sock…connection refused", "socket not ready"],
        "the supervisor of the processes is gone and has left its socket",
        "remove the socket after making sure that nothing runs",
    ),
    row(
        "runtime-dir",
        &["is owned by uid", "bind: invalid argument", "file name too long…sock", "path too long for unix domain socket"],
        "the directory for sockets belongs to somebody else, or its path is longer than a socket's may be",
        "set `XDG_RUNTIME_DIR` to a short directory of your own",
    ),
    row(
        "locale-archive",
        &["cannot change locale"],
        "programs of Nix do not find the locales of this system",
        "set `LOCALE_ARCHIVE` to `/usr/lib/locale/locale-archive`",
    )
    .hint(),
    // `.env` and what reads it.
    row(
        "env-keys",
        &["token_invalid", "tokeninvalid", "an invalid token was provided", "tokenmissing"],
        "the program has no token, or a wrong one",
        "look with `nixstart doctor` at what `.env` lacks, and copy the token again",
    ),
    row(
        "env-format",
        &["direnv: error…invalid line", "unexpected character…in variable name", "unterminated quoted value"],
        "a line of `.env` is written in a way that this program does not read",
        "write it as `NAME=value`, with quotes only where the value has spaces",
    )
    .quoting(),
    row(
        "discord-intents",
        &["used disallowed intents", "disallowed intent(s)"],
        "the bot asks for something that its application is not allowed to see",
        "turn the intent on at Discord: your application, Bot, Privileged Gateway Intents",
    ),
    row(
        "not-in-shell",
        &[
            "pnpm: command not found",
            "devenv: command not found",
            "turbo: command not found",
            "node: command not found",
            "command not found: pnpm",
            "command not found: devenv",
            "command not found: turbo",
            "command not found: node",
            "pnpm: not found",
            "turbo: not found",
            "node: not found",
            "devenv: not found",
        ],
        "the program comes with the dev shell, and this shell is not in it",
        "run `direnv allow`, or `nix develop --impure`",
    ),
];
