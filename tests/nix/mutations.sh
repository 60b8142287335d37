#!/bin/bash
# mutations.sh PROJECT: breaks a generated project in two dozen ways and expects
# verify.sh to notice each one.  One line per mutation; exit 1 when one is missed,
# or when the project has no such place to break any more.  The mutations are those
# of the template that the project comes from; a project of web-monorepo needs
# PostgreSQL and Redis to have all the places.
# shellcheck disable=SC2016 # the edits are sed's
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=${1:?usage: mutations.sh PROJECT}
[ -f "$project/flake.nix" ] || { echo "mutations: $project has no flake.nix" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/nixmutations.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$here/assemble.sh" "$work/world"
tar -C "$project" --exclude=./.git --exclude=./node_modules --exclude=./.devenv --exclude=./.direnv -cf - . | (mkdir "$work/clean" && tar -C "$work/clean" -xf -)
kind=bot manager=pnpm
if [ -d "$work/clean/apps" ]; then kind=monorepo; elif ! [ -f "$work/clean/nix/hashes.json" ]; then
  manager=npm
  # A lock without dependencies makes the package ready to be evaluated.
  [ -f "$work/clean/package-lock.json" ] || echo '{ "name": "bot", "lockfileVersion": 3, "packages": { "": { "name": "bot" } } }' > "$work/clean/package-lock.json"
fi

failed=0
mutation() { # NAME FILE SED [MANAGER]
  local verdict
  [ "${4:-$manager}" = "$manager" ] || return 0
  # One at a time: they share the database of one Nix store.
  verdict=$(judge "$1" "$2" "$3")
  printf '%s\n' "$verdict"
  case $verdict in MISSED*) failed=1 ;; esac
}
judge() { # prints the verdict on one mutation
  local name=$1 file=$2 edit=$3 broken=$work/$1
  cp -R "$work/clean" "$broken"
  sed -i "$edit" "$broken/$file"
  if cmp -s "$broken/$file" "$work/clean/$file"; then
    echo "MISSED $name: nothing in $file to break"
  elif "$here/verify.sh" "$broken" --package --stop --trees "$work/world" > "$broken.log" 2>&1; then
    echo "MISSED $name"
  else
    echo "caught $name: $(grep -m1 FAILED "$broken.log" | cut -d' ' -f1,2 | sed 's/ *$//'): $(grep -m1 -o 'error: .*' "$broken.log" | cut -c1-110)"
  fi
  rm -rf "$broken"
}
if ! "$here/verify.sh" "$work/clean" --package --trees "$work/world" > "$work/clean.log" 2>&1; then
  echo "mutations: the project does not pass as it is" >&2
  cat "$work/clean.log" >&2
  exit 2
fi

# ---- what every project has ------------------------------------------------
mutation option-typo         devenv.nix     's/lsp\.enable/lps.enable/'
mutation pnpm-default        devenv.nix     '/pnpm\.package/d' pnpm
mutation package-typo        devenv.nix     's/pkgs\.jq/pkgs.jqq/'
mutation dotenv-to-store     devenv.nix     's/dotenv\.disableHint/dotenv.enable/'
mutation nix-syntax          devenv.nix     's/tasks\."\(.*\)" = {/tasks."\1" = {{/'
mutation shell-syntax        devenv.nix     's/} >&2/>\&2/'
mutation root-is-pwd         flake.nix      's/findRoot (builtins\.getEnv "PWD")/builtins.getEnv "PWD"/'
mutation unlocked-input      flake.nix      's|devenv/v2\.2\.2|devenv/v2.2.1|'
mutation second-input        flake.nix      's|^    devenv\.url|    systems.url = "github:nix-systems/default";\n&|'
mutation formatter-typo      flake.nix      's/pkgs\.nixfmt-tree/pkgs.nixfmt-three/'
mutation image-setting       nix/image.nix  's/Cmd = \[/Command = [/'
mutation image-as-root       nix/image.nix  '/User =/d'
mutation docker-argument     nix/image.nix  's/contents = \[/content = [/'
mutation image-path          nix/image.nix  's|}/share/|}/lib/|'
mutation envrc-typo          .envrc         's/use flake/use flaek/'
mutation envrc-without-env   .envrc         '/dotenv/d'
mutation envrc-watches-less  .envrc         '/watch_file/d'

# ---- discord-bot -----------------------------------------------------------
if [ $kind = bot ]; then
mutation wrong-type          devenv.nix     's/restart\.on = "never"/restart.on = "no"/'
mutation dependency-suffix   devenv.nix     's/register@completed/register@succeeded/'
mutation unknown-task        devenv.nix     's/after = \[ "bot:install" \]/after = [ "bot:instal" ]/'
mutation unknown-process     devenv.nix     's/depends_on\.register/depends_on.registre/'
mutation task-name           devenv.nix     's/tasks\."bot:install"/tasks."install"/'
mutation missing-file        flake.nix      's|\./nix/bot\.nix|./nix/robot.nix|'
mutation unfiltered-source   nix/bot.nix    's/(lib\.fileset\.fileFilter.*/..\/src/'
mutation whole-source        nix/bot.nix    's/^ *\.\.\/package\.json$/..\/./'
mutation below-node-modules  nix/bot.nix    's/\$out\/share\//$out\/lib\/node_modules\//'
mutation no-program          nix/bot.nix    's/\$out\/bin\//$out\/sbin\//'
mutation fetcher-version     nix/bot.nix    's/fetcherVersion = 3/fetcherVersion = 4/' pnpm
mutation silent-placeholder  nix/bot.nix    's/^ *exit 1$/touch $out/' pnpm
mutation no-config-hook      nix/bot.nix    '/npmConfigHook =/d' npm
mutation no-build-script     nix/bot.nix    '/dontNpmBuild/d' npm
mutation bad-hash            nix/hashes.json 's/""/"sha256-abc"/' pnpm
mutation secret-in-image     nix/image.nix  's/"NODE_ENV=production"/"BOT_TOKEN=x"/'
fi

# ---- web-monorepo ----------------------------------------------------------
if [ $kind = monorepo ]; then
mutation no-skopeo           devenv.nix     '/pkgs\.skopeo/d'
mutation start-without-install devenv.nix   's/devenv-flake-tasks run app:install && //'
mutation install-typo        devenv.nix     's/^      "app:install"/      "app:instal"/'
mutation web-before-api      devenv.nix     's/"devenv:processes:api"/"devenv:processes:redis"/'
mutation web-waits-for-nobody devenv.nix    's/lib\.optional config\.processes\.api\.start\.enable "\(.*\)"/[ "\1" ]/'
mutation api-before-migration devenv.nix    '/migrate\.condition/d'
mutation no-probe            devenv.nix     '/ready = healthy ports\.api/d'
mutation probe-type          devenv.nix     's/period = 2/period = "2"/'
mutation postgres-option     devenv.nix     's/listen_addresses/listenAddresses/'
mutation redis-off           devenv.nix     's/services\.redis = {/services.radis = {/'
mutation shell-starts-all    flake.nix      's/start\.enable = false/start.enable = true/'
mutation shell-starts-more   flake.nix      '/^ *"migrate"$/d'
mutation shell-unnamed       flake.nix      '/_module\.args =/d'
mutation missing-file        flake.nix      's|\./nix/api\.nix|./nix/apis.nix|'
mutation default-merges      flake.nix      's/pkgs\.linkFarm "[^"]*" buildable/pkgs.symlinkJoin { name = "all"; paths = lib.attrValues buildable; }/'
mutation default-leaves-out  flake.nix      's/pkgs\.linkFarm \("[^"]*"\) buildable/pkgs.linkFarm \1 apps/'
mutation default-without-deps flake.nix     's/inherit (workspace) isReady pnpmDeps/inherit (workspace) isReady/'
mutation images-everywhere   flake.nix      's/isLinux {/isLynux {/'
mutation unchecked           flake.nix      's/pnpmDeps != ""/pnpmDeps == "x"/'
mutation secrets-in-source   nix/workspace.nix 's/!lib\.hasPrefix "\.env" file\.name/true/'
mutation modules-in-source   nix/workspace.nix '/^ *"node_modules"$/d'
mutation direnv-in-source    nix/workspace.nix '/^ *"\.direnv"$/d'
mutation one-source-for-all  nix/workspace.nix 's/(sourcesBelow folder)/..\/apps/'
mutation fetcher-version     nix/workspace.nix 's/fetcherVersion = 3/fetcherVersion = 4/'
mutation stale-hash-taken    nix/workspace.nix 's/isStale = .*/isStale = false;/'
mutation digest-required     nix/workspace.nix 's/hashes\.pnpmLock or lockDigest/hashes.pnpmLock/'
mutation silent-placeholder  nix/workspace.nix 's/^ *exit 1$/touch $out/'
mutation bad-hash            nix/hashes.json 's/""/"sha256-abc"/'
mutation sources-in-image    nix/web.nix    's/^    mkdir -p "\$target"$/&; echo "$src" > "$target\/sources"/'
mutation no-static-files     nix/web.nix    's|^    cp -R apps/${app}/\.next/static |    cp -R apps/${app}/.next/statics |'
mutation no-program          nix/api.nix    's/\$out\/bin\//$out\/sbin\//'
mutation wrong-main          nix/api.nix    's/main = "dist/main = "src/'
mutation no-temporary-folder nix/image.nix  '/extraCommands/d'
mutation secret-in-image     nix/image.nix  's|"NODE_ENV=production"|"DATABASE_URL=postgresql://u:p@h/d"|'
mutation app-envrc-default   apps/web/.envrc 's/#dev-web//'
mutation app-envrc-alone     apps/api/.envrc '/source_up/d'
mutation app-envrc-secrets   apps/web/.envrc '/dotenv/d'
mutation app-envrc-watches   apps/api/.envrc '/watch_file/d'
fi
exit $failed
