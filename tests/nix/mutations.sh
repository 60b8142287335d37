#!/bin/bash
# mutations.sh PROJECT: breaks a generated discord-bot in two dozen ways and
# expects verify.sh to notice each one.  One line per mutation; exit 1 when one
# is missed, or when the project has no such place to break any more.
# shellcheck disable=SC2016 # the edits are sed's
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=${1:?usage: mutations.sh PROJECT}
[ -f "$project/flake.nix" ] || { echo "mutations: $project has no flake.nix" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/nixmutations.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$here/assemble.sh" "$work/world"
tar -C "$project" --exclude=./.git --exclude=./node_modules --exclude=./.devenv --exclude=./.direnv -cf - . | (mkdir "$work/clean" && tar -C "$work/clean" -xf -)
if [ -f "$work/clean/nix/hashes.json" ]; then manager=pnpm; else
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

mutation option-typo         devenv.nix     's/lsp\.enable/lps.enable/'
mutation pnpm-default        devenv.nix     '/pnpm\.package/d' pnpm
mutation package-typo        devenv.nix     's/pkgs\.jq/pkgs.jqq/'
mutation wrong-type          devenv.nix     's/restart\.on = "never"/restart.on = "no"/'
mutation dotenv-to-store     devenv.nix     's/dotenv\.disableHint/dotenv.enable/'
mutation dependency-suffix   devenv.nix     's/register@completed/register@succeeded/'
mutation unknown-task        devenv.nix     's/after = \[ "bot:install" \]/after = [ "bot:instal" ]/'
mutation unknown-process     devenv.nix     's/depends_on\.register/depends_on.registre/'
mutation task-name           devenv.nix     's/tasks\."bot:install"/tasks."install"/'
mutation nix-syntax          devenv.nix     's/processes\.bot = {/processes.bot = {{/'
mutation shell-syntax        devenv.nix     's/} >&2/>\&2/'
mutation root-is-pwd         flake.nix      's/findRoot (builtins\.getEnv "PWD")/builtins.getEnv "PWD"/'
mutation missing-file        flake.nix      's|\./nix/bot\.nix|./nix/robot.nix|'
mutation unlocked-input      flake.nix      's|devenv/v2\.2\.2|devenv/v2.2.1|'
mutation second-input        flake.nix      's|^    devenv\.url|    systems.url = "github:nix-systems/default";\n&|'
mutation formatter-typo      flake.nix      's/pkgs\.nixfmt-tree/pkgs.nixfmt-three/'
mutation unfiltered-source   nix/bot.nix    's/(lib\.fileset\.fileFilter.*/..\/src/'
mutation whole-source        nix/bot.nix    's/^ *\.\.\/package\.json$/..\/./'
mutation below-node-modules  nix/bot.nix    's/\$out\/share\//$out\/lib\/node_modules\//'
mutation no-program          nix/bot.nix    's/\$out\/bin\//$out\/sbin\//'
mutation fetcher-version     nix/bot.nix    's/fetcherVersion = 3/fetcherVersion = 4/' pnpm
mutation silent-placeholder  nix/bot.nix    's/^ *exit 1$/touch $out/' pnpm
mutation no-config-hook      nix/bot.nix    '/npmConfigHook =/d' npm
mutation no-build-script     nix/bot.nix    '/dontNpmBuild/d' npm
mutation bad-hash            nix/hashes.json 's/""/"sha256-abc"/' pnpm
mutation docker-argument     nix/image.nix  's/contents = \[/content = [/'
mutation image-setting       nix/image.nix  's/Cmd = \[/Command = [/'
mutation image-as-root       nix/image.nix  '/User =/d'
mutation secret-in-image     nix/image.nix  's/"NODE_ENV=production"/"BOT_TOKEN=x"/'
mutation image-path          nix/image.nix  's|}/share/|}/lib/|'
mutation envrc-typo          .envrc         's/use flake/use flaek/'
mutation envrc-without-env   .envrc         '/dotenv/d'
mutation envrc-watches-less  .envrc         '/watch_file/d'
exit $failed
