#!/bin/bash
# verify.sh PROJECT [--package] [--build ATTR]... [--tools DIR] [--trees DIR] [--stop]
# Takes a copy of a generated project through a real Nix without a network:
#   shipped lock  the lock file is complete: Nix has nothing to add to it
#   lock          every flake input is locked to a local tree (offline-lock.sh)
#   check, show   nix flake check and nix flake show, all outputs
#   shell         every shell is built and entered, from a folder below too
#   store         no secret file gets to the store with the package's sources
#   image         the image's settings: unprivileged, no secrets
#   not ready     as long as a hash or lock file is missing, a build says so
#   direnv        the .envrc, allowed and entered; .env arrives in the shell
# --package      fills in what is missing as the project says, then builds and
#                checks the package and the image
# --build ATTR   builds ATTR
# --tools DIR    real programs (node, pnpm, npm) behind the stub packages;
#                builds then install from the registry
# --stop         ends at the first step that fails
# --trees DIR    inputs laid out by assemble.sh; made and removed when not given
# Needs root, Debian's nix-bin (2.8.0 is enough), direnv, git and jq.
# Prints one line per step; exit 1 when one has failed.
# shellcheck disable=SC2016 # what is in single quotes expands elsewhere
# shellcheck disable=SC2317 # the functions are called through `step`
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project='' trees='' tools='' package='' stop='' builds=()
while [ $# -gt 0 ]; do
  case $1 in
    --trees) trees=$2; shift 2 ;;
    --tools) tools=$(cd "$2" && pwd); shift 2 ;;
    --build) builds+=("$2"); shift 2 ;;
    --package) package=yes; shift ;;
    --stop) stop=yes; shift ;;
    *) project=$1; shift ;;
  esac
done
[ -f "$project/flake.nix" ] || { echo "usage: verify.sh PROJECT [--package] [--build ATTR]... [--tools DIR] [--trees DIR] [--stop]" >&2; exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/nixverify.XXXXXX")
trap 'chmod -R u+w "$work" 2> /dev/null; rm -rf "$work"' EXIT
work=$(cd "$work" && pwd -P)
mkdir "$work/p" "$work/tmp" "$work/run"
tar -C "$project" --exclude=./.git --exclude=./.direnv --exclude=./.devenv --exclude=./node_modules --exclude='./result*' -cf - . | tar -C "$work/p" -xf -
if [ -z "$trees" ]; then trees=$work/world; "$here/assemble.sh" "$trees" "$tools" || exit 2; fi
mkdir -p "$work/home/.config/nix"
cat > "$work/home/.config/nix/nix.conf" << 'CONF'
experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
flake-registry =
warn-dirty = false
connect-timeout = 1
download-attempts = 1
CONF
git -C "$work/p" init -q
git -C "$work/p" add -A

inside() { # COMMAND... in the project, in a clean environment
  # (PWD by hand: devenv takes the checkout from it, and `env -i` does not set it.)
  (cd "$work/p" && env -i PWD="$work/p" HOME="$work/home" TMPDIR="$work/tmp" XDG_RUNTIME_DIR="$work/run" TERM=dumb PATH="$PATH" "$@")
}
failed=0
step() { # NAME COMMAND...
  local name=$1 start end rc; shift
  start=$(date +%s%N)
  "$@" > "$work/log" 2>&1; rc=$?
  end=$(date +%s%N)
  printf '%-14s %s  %d ms\n' "$name" "$([ $rc = 0 ] && echo ok || echo FAILED)" $(((end - start) / 1000000))
  if [ $rc != 0 ]; then
    failed=1
    grep -v 'untrusted flake\|^evaluating' "$work/log" | tail -15 | sed 's/^/    /'
    [ -z "$stop" ] || exit 1
  fi
  return $rc
}
system=$(nix --extra-experimental-features nix-command eval --impure --raw --expr builtins.currentSystem) || exit 2

shipped_lock_is_complete() {
  local before; before=$(sha256sum < "$work/p/flake.lock") || return 1
  inside nix flake lock --no-update-lock-file || return 1
  [ "$before" = "$(sha256sum < "$work/p/flake.lock")" ] || { echo "error: nix changed the lock file"; return 1; }
}
enter() { # SHELL
  local folder
  mkdir -p "$work/p/below/it"
  for folder in "$work/p" "$work/p/below/it"; do
    enter_from "$folder" "$1" > "$work/shell.log" 2>&1 || { cat "$work/shell.log"; echo "error: entered from $folder, the shell's root is not the project"; return 1; }
    cat "$work/shell.log"
    ! grep 'syntax error\|command not found' "$work/shell.log" || { echo "error: the shell's hook is broken"; return 1; }
  done
}
enter_from() { # FOLDER SHELL
  (cd "$1" && env -i PWD="$1" HOME="$work/home" TMPDIR="$work/tmp" XDG_RUNTIME_DIR="$work/run" TERM=dumb PATH="$PATH" \
    nix develop --impure ".#$2" --command bash -c 'test "$DEVENV_ROOT" = "$1"' _ "$work/p")
}
store_holds_no_secrets() { # as a `path:` flake: nothing is left out because git does not know it
  local copy=$work/copy file source
  cp -R "$work/p" "$copy"
  for file in .env .env.local src/.env src/.env.production node_modules/canary .devenv/canary .direnv/canary; do
    mkdir -p "$copy/$(dirname "$file")"
    echo 'TOKEN=canary-in-a-secret-file' > "$copy/$file"
  done
  source=$(inside nix eval --impure --raw "path:$copy#default.src" 2> "$work/src.log") || { cat "$work/src.log"; return 1; }
  rm -rf "$copy"
  [ -f "$source/package.json" ] || { echo "error: $source is not the package's source"; return 1; }
  ! grep -rl canary-in-a-secret-file "$source" || { echo "error: the files above would be copied to the Nix store"; return 1; }
}
image_is_unprivileged() {
  local settings; settings=$(inside nix eval --impure --json .#image.config) || return 1
  jq -e '.User == "65534:65534"' <<< "$settings" || { echo "error: the image does not run as 65534:65534"; return 1; }
  jq -e '.Cmd[0] // .Entrypoint[0] | startswith("/nix/store/")' <<< "$settings" || { echo "error: the image's program is not a store path"; return 1; }
  jq -e '[.Env[]? | select(test("^[^=]*(TOKEN|SECRET|PASSWORD|KEY)"))] == []' <<< "$settings" || { echo "error: a secret in the image's environment"; return 1; }
}
is_ready() { [ "$(inside nix eval --impure --json .#default.isReady 2> /dev/null)" = true ]; }
build_says_what_is_missing() {
  local attr
  for attr in default image; do
    if inside nix build --no-link ".#$attr" > "$work/build.log" 2>&1; then echo "error: $attr was built"; return 1; fi
    cat "$work/build.log"
    grep -q 'nix/hashes.json\|package-lock.json' "$work/build.log" || { echo "error: the message does not name the file"; return 1; }
    grep -q 'Run your build again' "$work/build.log" || { echo "error: the message does not say what to do"; return 1; }
  done
}
make_ready() { # what the message says
  if [ -f "$work/p/nix/hashes.json" ]; then
    local hash
    hash=$(inside nix build --no-link .#default.pnpmDeps 2>&1 | sed -n 's/^ *got: *//p')
    [ -n "$hash" ] || { echo "error: no hash mismatch"; return 1; }
    printf '{ "pnpmDeps": "%s" }\n' "$hash" > "$work/p/nix/hashes.json"
  else
    inside npm install --package-lock-only --ignore-scripts --no-audit --no-fund || return 1
    git -C "$work/p" add package-lock.json
  fi
  is_ready || { echo "error: still not ready"; return 1; }
}
package_runs() {
  local out name
  out=$(inside nix build --no-link --json .#default | jq -r '.[0].outputs.out') || return 1
  name=$(inside nix eval --impure --raw .#default.meta.mainProgram) || return 1
  [ -x "$out/bin/$name" ] || { echo "error: no bin/$name in the package"; return 1; }
  [ -n "$(find "$out" -name node_modules -prune -o -name package.json -print)" ] || { echo "error: the bot is below node_modules, where Node strips no types"; return 1; }
  [ -z "$(find "$out" -xtype l)" ] || { echo "error: links to nowhere:"; find "$out" -xtype l; return 1; }
  [ -n "$tools" ] || return 0
  # Started without any setting, the bot has to get as far as its own code.
  inside timeout 20 "$out/bin/$name" > "$work/run.log" 2>&1
  cat "$work/run.log"
  ! grep -q 'ERR_\|SyntaxError\|Cannot find' "$work/run.log" || { echo "error: the bot does not start"; return 1; }
}
image_is_whole() {
  local path
  inside nix build --no-link .#image || return 1
  for path in $(inside nix eval --impure --json .#image.config | jq -r '.Cmd[] | select(startswith("/"))'); do
    [ -e "$path" ] || { echo "error: the image's command names $path, which does not exist"; return 1; }
  done
}
direnv_loads() {
  local got
  echo 'NIXVERIFY_CANARY=1' >> "$work/p/.env"
  got=$(inside sh -c 'direnv allow . && direnv exec . sh -c "echo \$NIXVERIFY_CANARY \$DEVENV_ROOT"') || return 1
  [ "$got" = "1 $work/p" ] || { echo "error: the shell printed: $got"; return 1; }
  inside grep -q 'devenv.nix' .envrc || { echo "error: .envrc does not watch devenv.nix"; return 1; }
}

inside nix --version
if [ -f "$work/p/flake.lock" ]; then step 'shipped lock' shipped_lock_is_complete; fi
step lock inside bash "$here/offline-lock.sh" "$work/p" "$trees" || exit 1
step check inside nix flake check --impure
step show inside nix flake show --impure
shells=$(inside nix eval --impure --raw ".#devShells.$system" --apply 's: builtins.concatStringsSep " " (builtins.attrNames s)' 2> /dev/null || echo default)
for s in $shells; do step "shell $s" enter "$s"; done
if [ -d "$work/p/nix" ]; then
  step store store_holds_no_secrets
  step image image_is_unprivileged
  if ! is_ready; then
    step 'not ready' build_says_what_is_missing
    if [ -n "$package" ]; then step 'make ready' make_ready; fi
  fi
  if [ -n "$package" ]; then
    step package package_runs
    step 'image build' image_is_whole
    step 'check again' inside nix flake check --impure
  fi
fi
for b in ${builds[@]+"${builds[@]}"}; do step "build $b" inside nix build --no-link ".#$b"; done
if [ -f "$work/p/.envrc" ]; then step direnv direnv_loads; fi
exit $failed
