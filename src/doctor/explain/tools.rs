//! Errors of package managers, Turborepo, container tools and registries.

use super::{Row, row};

pub(super) const ROWS: &[Row] = &[
    // Node and package managers.
    row(
        "node-from-nix",
        &[
            "err_pnpm_unsupported_engine",
            "ebadengine",
            "unsupported engine",
            "node version mismatch",
            "your node version is incompatible with",
            "the engine \"node\" is incompatible",
        ],
        "this Node is not the one the project asks for; mostly the shell of the project is not active",
        "run `direnv allow` or `nix develop --impure`, then look at `node --version`",
    ),
    row(
        "node-manager-shadow",
        &["nvm is not compatible with the", "volta error:"],
        "a version manager for Node gets in the way of the one from Nix",
        "take its directory off PATH in this project",
    )
    .hint(),
    row(
        "pnpm-match",
        &[
            "this project is configured to use",
            "err_pnpm_bad_pm_version",
            "err_pnpm_bad_config_dep",
            "npm registry signature could not be verified",
            "cannot find matching keyid",
            "pnpm add pnpm@",
            "could not resolve workspace",
            "missing `devengines.packagemanager`",
        ],
        "`packageManager` in `package.json` asks for another pnpm than the one of the shell",
        "write `devEngines.packageManager` with `\"onFail\": \"ignore\"` in its place, and leave corepack out",
    ),
    row(
        "lockfile-present",
        &[
            "err_pnpm_outdated_lockfile",
            "err_pnpm_no_lockfile",
            "err_pnpm_lockfile_config_mismatch",
            "err_pnpm_broken_lockfile",
            "cannot install with \"frozen-lockfile\"",
            "command can only install with an existing package-lock.json",
            "can only install packages when your package.json and package-lock.json",
            "lockfile needs to be updated, but yarn was run with `--frozen-lockfile`",
            "the lockfile would have been modified by this install",
        ],
        "the lock file is missing, or does not fit `package.json`",
        "run the install once without `--frozen-lockfile`, look at the changes and commit the lock file",
    ),
    row(
        "pnpm-build-scripts",
        &["err_pnpm_ignored_builds", "ignored build scripts"],
        "pnpm does not run scripts of dependencies that nobody approved",
        "decide in `pnpm-workspace.yaml`: `allowBuilds: { NAME: false }`, or `true` if you trust it",
    ),
    row(
        "pnpm-fetcher",
        &["fetcherversion", "err_pnpm_no_offline_tarball", "err_pnpm_no_offline_meta"],
        "the dependencies that Nix fetched are not those of the lock file, or of another version of pnpm",
        "set `fetcherVersion` to 3 for pnpm 10 and to 4 for pnpm 11, empty the hash and build again",
    )
    .hint(),
    row(
        "npm-peer-conflict",
        &["eresolve", "unable to resolve dependency tree"],
        "two packages ask for versions of a third that do not go together",
        "change one of the versions in `package.json`; `--legacy-peer-deps` only hides it",
    ),
    row(
        "npm-global",
        &[
            "npm err! code eacces",
            "npm error code eacces",
            "eacces: permission denied, mkdir '/usr",
            "erofs: read-only file system",
        ],
        "npm wants to install for the whole machine, where only root, or with Nix nobody, may write",
        "add the program to the dev shell, or to the project with `npm install --save-dev`; never use sudo for it",
    ),
    row(
        "npm-auth",
        &[
            "err_pnpm_fetch_401",
            "err_pnpm_fetch_403",
            "npm error code e401",
            "npm err! code e401",
            "npm error code e403",
            "npm err! code e403",
        ],
        "the npm registry does not know you, or the token in `.npmrc` is not valid any more",
        "log in with `npm login`, or put a new token into your own `~/.npmrc`, never into the project",
    ),
    // Turborepo.
    row(
        "turbo-history",
        &[
            "unable to detect git range",
            "no merge base",
            "turborepo detects no changes",
            "fatal: bad revision 'origin/main",
            "unknown revision…origin/main",
            "ambiguous argument 'origin/main",
        ],
        "the commits to compare with are not in this clone",
        "run `git fetch --unshallow`, in CI check out with `fetch-depth: 0`; name another branch with `TURBO_SCM_BASE`",
    )
    .hint(),
    // Container tools and registries.
    row(
        "turbo-absent",
        &["could not find turbo.json"],
        "Turborepo is not run in the root of the monorepo, or the root has no `turbo.json`",
        "change to the directory that has `turbo.json`",
    ),
    row(
        "skopeo-present",
        &["skopeo: command not found", "skopeo: not found", "command not found: skopeo", "unknown command: skopeo"],
        "skopeo is not installed",
        "run it with `nix run nixpkgs#skopeo --`, or add it to the dev shell",
    ),
    row(
        "skopeo-policy",
        &["containers/policy.json: no such file or directory", "policy.json…no such file"],
        "skopeo has no policy that says which images to trust",
        "write `{ \"default\": [{ \"type\": \"insecureAcceptAnything\" }] }` to `~/.config/containers/policy.json`",
    ),
    row(
        "docker-daemon",
        &["cannot connect to the docker daemon", "docker.sock: connect: permission denied"],
        "Docker does not run here, or your user may not talk to it",
        "push with skopeo, which needs no daemon: `skopeo copy docker-archive:result docker://HOST/NAME`",
    ),
    row(
        "image-missing",
        &["error parsing image name \"docker-archive:", "open result: no such file or directory", "docker-archive:…no such file"],
        "the image that is to be pushed was not built, or is somewhere else",
        "build it first, with `nix build`, and name the file that `result` leads to",
    ),
    row(
        "docker-archive",
        &["invalid tar header"],
        "skopeo before 1.10 does not read an image that is compressed with gzip",
        "unpack it first: `gunzip < result > image.tar`",
    )
    .hint(),
    row(
        "registry-auth",
        &[
            "unauthorized: authentication required",
            "authentication required",
            "denied: requested access to the resource is denied",
            "denied: permission_denied",
            "invalid username/password",
            "no basic auth credentials",
            "unauthorized: incorrect username or password",
            "unable to retrieve auth token",
            "access to the resource is denied",
            "unexpected status…401 unauthorized",
            "unexpected status…403 forbidden",
            "insufficient_scope",
            "unauthorized: unauthenticated",
            "status code 401",
            "denied: denied",
            "unauthorized: access token has insufficient scopes",
        ],
        "the registry does not know you, or does not let you push there",
        "log in with `skopeo login --username NAME --password-stdin HOST`; ghcr.io takes only classic tokens with \
         `write:packages`",
    )
    .note("in GitHub Actions use `GITHUB_TOKEN` with `permissions: packages: write`"),
    row(
        "registry-auth-ci",
        &[
            "username and password required",
            "must provide --username with --password-stdin",
            "cannot perform an interactive login from a non tty device",
            "password is empty",
        ],
        "the workflow logs in with a variable that no secret provides",
        "give it in `env:` as `${{ secrets.NAME }}`, and add the secret in the settings of the repository",
    ),
    row(
        "image-insecure",
        &["server gave http response to https client"],
        "the registry speaks plain HTTP",
        "for a registry on this machine, add `--dest-tls-verify=false`",
    ),
    row(
        "registry-unreachable",
        &[
            "pinging container registry",
            "error pinging docker registry",
            "dial tcp: lookup",
            "dial tcp…connection refused",
            "dial tcp…i/o timeout",
        ],
        "the registry does not answer under this name",
        "check the name of the registry and the network",
    )
    .general(),
];
