#!/bin/bash
# verify.sh PROJECT [--package] [--build ATTR]... [--tools DIR] [--trees DIR] [--keep DIR] [--stop]
# Takes a copy of a generated project through a real Nix without a network:
#   shipped lock  the lock file is complete: Nix has nothing to add to it
#   lock          every flake input is locked to a local tree (offline-lock.sh)
#   check, show   nix flake check and nix flake show, all outputs
#   shell         every shell is built and entered, from a folder below too
#   processes     what each shell of a project with several apps starts
#   store         no secret file gets to the store with the packages' sources
#   image         the images' settings: unprivileged, no secrets
#   not ready     as long as a hash or lock file is missing, a build says so
#   direnv        the .envrc, allowed and entered; .env arrives in the shell
# --package      fills in what is missing as the project says, then builds and
#                checks the packages and the images
# --build ATTR   builds ATTR
# --tools DIR    real programs (node, pnpm, npm) behind the stub packages;
#                builds then install from the registry
# --keep DIR     leaves links to what --package has built, by name
# --stop         ends at the first step that fails
# --trees DIR    inputs laid out by assemble.sh; made and removed when not given
# Needs root, Debian's nix-bin (2.8.0 is enough), direnv, git and jq.
# Prints one line per step; exit 1 when one has failed.
# shellcheck disable=SC2016 # what is in single quotes expands elsewhere
# shellcheck disable=SC2317 # the functions are called through `step`
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project='' trees='' tools='' package='' stop='' keep='' builds=()
while [ $# -gt 0 ]; do
  case $1 in
    --trees) trees=$2; shift 2 ;;
    --tools) tools=$(cd "$2" && pwd); shift 2 ;;
    --build) builds+=("$2"); shift 2 ;;
    --keep) keep=$2; shift 2 ;;
    --package) package=yes; shift ;;
    --stop) stop=yes; shift ;;
    *) project=$1; shift ;;
  esac
done
[ -f "$project/flake.nix" ] || { echo "usage: verify.sh PROJECT [--package] [--build ATTR]... [--tools DIR] [--trees DIR] [--keep DIR] [--stop]" >&2; exit 2; }

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
  for folder in "$work/p" "$work/p/below/it" "$work"/p/apps/web; do
    [ -d "$folder" ] || continue
    enter_from "$folder" "$1" > "$work/shell.log" 2>&1 || { cat "$work/shell.log"; echo "error: entered from $folder, the shell is not the project's"; return 1; }
    cat "$work/shell.log"
    ! grep 'syntax error\|command not found' "$work/shell.log" || { echo "error: the shell's hook is broken"; return 1; }
  done
}
enter_from() { # FOLDER SHELL
  local programs='node git jq'
  [ ! -d "$work/p/apps" ] || programs="$programs pnpm skopeo"
  (cd "$1" && env -i PWD="$1" HOME="$work/home" TMPDIR="$work/tmp" XDG_RUNTIME_DIR="$work/run" TERM=dumb PATH="$PATH" \
    nix develop --impure ".#$2" --command bash -c '
      test "$DEVENV_ROOT" = "$1" || { echo "error: the root is $DEVENV_ROOT"; exit 1; }
      test "$DEVENV_FLAKE_SHELL" = "$2" || { echo "error: devenv up would enter $DEVENV_FLAKE_SHELL"; exit 1; }
      for program in $3; do
        [[ $(type -P "$program") == /nix/store/* ]] || { echo "error: the shell has no $program"; exit 1; }
      done' _ "$work/p" "$2" "$programs")
}
# Of a project with several apps, a shell dev-APP starts that app and nothing of
# the others, dev-api also what is behind it; the default shell starts everything.
processes_are_the_shells_own() {
  local shell all started expected
  for shell in $shells; do
    inside nix develop --impure ".#$shell" --command bash -c 'cat "$PC_CONFIG_FILES"' > "$work/compose.$shell" 2> /dev/null || { echo "error: $shell has no processes"; return 1; }
  done
  all=$(jq -r '.processes | keys[]' "$work/compose.default")
  for shell in $shells; do
    started=$(jq -r '.processes | to_entries[] | select(.value.disabled | not) | .key' "$work/compose.$shell" | xargs)
    case $shell in
      default) expected=$(xargs <<< "$all") ;;
      dev-api) expected=$(grep -x 'api\|migrate\|postgres\|redis' <<< "$all" | xargs) ;;
      *) expected=$(grep -x -- "${shell#dev-}" <<< "$all") ;;
    esac
    echo "$shell: $started"
    [ "$started" = "$expected" ] || { echo "error: the shell $shell starts $started, not $expected"; return 1; }
  done
  jq -e '.processes | (.web.depends_on.api.condition == "process_healthy") and all(.web, .api; .readiness_probe.http_get.port > 0)' "$work/compose.default" || { echo "error: the web app does not wait for the API"; return 1; }
  jq -e '.processes | (has("postgres") | not) or (.migrate.depends_on.postgres.condition == "process_healthy" and .api.depends_on.migrate.condition == "process_completed_successfully")' "$work/compose.default" || { echo "error: the API does not wait for the migration, or that not for the database"; return 1; }
  jq -e '.processes | (has("redis") | not) or .api.depends_on.redis.condition == "process_healthy"' "$work/compose.default" || { echo "error: the API does not wait for Redis"; return 1; }
  jq -e '[.processes[] | select(.command | test("devenv-flake-tasks run app:install")) | .command] | length >= 2' "$work/compose.default" || { echo "error: nothing installs the dependencies before the first start"; return 1; }
}

# What the flake builds: packages, and images, whose names begin with `image`.  A
# `default` beside others is a collection of them.
list_outputs() {
  local all
  all=$(inside nix eval --impure --raw ".#packages.$system" --apply 's: builtins.concatStringsSep " " (builtins.attrNames s)') || return 1
  images=$(tr ' ' '\n' <<< "$all" | grep '^image' | xargs)
  packages=$(tr ' ' '\n' <<< "$all" | grep -v '^image\|^default$' | xargs)
  collection=default
  if [ -z "$packages" ]; then packages=default collection=''; fi
}
store_holds_no_secrets() { # as a `path:` flake: nothing is left out because git does not know it
  local copy=$work/copy folder file name source
  rm -rf "$copy"
  cp -R "$work/p" "$copy"
  for folder in "$copy" "$copy"/src "$copy"/apps/* "$copy"/apps/*/src "$copy"/packages/*; do
    [ -d "$folder" ] || continue
    for file in .env .env.local .env.production; do echo 'TOKEN=canary-in-a-secret-file' > "$folder/$file"; done
    [ "$(basename "$folder")" != src ] || continue
    for name in node_modules dist .next .devenv .direnv; do
      mkdir -p "$folder/$name"
      echo 'TOKEN=canary-in-a-secret-file' > "$folder/$name/canary"
    done
  done
  for name in $packages; do
    for source in "$name.src" "$name.pnpmDeps.src"; do
      [ -f "$copy/nix/hashes.json" ] || [ "$source" = "$name.src" ] || continue
      source=$(inside nix eval --impure --raw "path:$copy#$source" 2> "$work/src.log") || { cat "$work/src.log"; return 1; }
      [ -f "$source/package.json" ] || { echo "error: $source is not the package's source"; return 1; }
      ! grep -rl canary-in-a-secret-file "$source" || { echo "error: the files above would be copied to the Nix store"; return 1; }
    done
  done
  rm -rf "$copy"
}
sources_are_their_own() { # a change of one app does not build another again
  local name other source
  for name in $packages; do
    source=$(inside nix eval --impure --raw ".#$name.src") || return 1
    [ "$(find "$source/apps/$name" -type f | wc -l)" -gt 1 ] || { echo "error: $name does not see its own sources"; return 1; }
    for other in $packages; do
      [ "$other" = "$name" ] || [ "$(find "$source/apps/$other" -type f)" = "$source/apps/$other/package.json" ] || { echo "error: $name is built again when $other changes"; return 1; }
    done
  done
}
images_are_unprivileged() {
  local image settings
  [ -n "$images" ] || { echo "error: there are no images"; return 1; }
  for image in $images; do
    settings=$(inside nix eval --impure --json ".#$image.config") || return 1
    jq -e '.User == "65534:65534"' <<< "$settings" || { echo "error: $image does not run as 65534:65534"; return 1; }
    jq -e '.Cmd[0] // .Entrypoint[0] | startswith("/nix/store/")' <<< "$settings" || { echo "error: the program of $image is not a store path"; return 1; }
    jq -e '[.Env[]? | select(test("^[^=]*(TOKEN|SECRET|PASSWORD|KEY|_URL)"))] == []' <<< "$settings" || { echo "error: a secret in the environment of $image"; return 1; }
  done
}
is_ready() { [ "$(inside nix eval --impure --json .#default.isReady 2> /dev/null)" = true ]; }
build_says_what_is_missing() {
  local attr
  for attr in $packages $images $collection; do
    if inside nix build --no-link ".#$attr" > "$work/build.log" 2>&1; then echo "error: $attr was built"; return 1; fi
    cat "$work/build.log"
    grep -q 'nix/hashes.json\|package-lock.json' "$work/build.log" || { echo "error: the message does not name the file"; return 1; }
    grep -q 'Run your build again' "$work/build.log" || { echo "error: the message does not say what to do"; return 1; }
  done
}
make_ready() { # what the message says
  if [ -f "$work/p/nix/hashes.json" ]; then
    local hash lock
    hash=$(dependency_hash)
    [ -n "$hash" ] || { echo "error: no hash mismatch"; return 1; }
    if grep -q pnpmLock "$work"/p/nix/*.nix; then
      # The hash of another lock file counts for nothing, and can be asked for again.
      printf '{ "pnpmDeps": "%s", "pnpmLock": "%064d" }\n' "$hash" 0 > "$work/p/nix/hashes.json"
      ! is_ready || { echo "error: the hash of another lock file is taken"; return 1; }
      build_says_what_is_missing || return 1
      [ "$(dependency_hash)" = "$hash" ] || { echo "error: no hash mismatch when the hash is out of date"; return 1; }
      if inside nix flake check --impure; then echo "error: nix flake check passes although the hash is out of date"; return 1; fi
      lock=$(sha256sum "$work/p/pnpm-lock.yaml" | cut -d ' ' -f 1)
      printf '{ "pnpmDeps": "%s", "pnpmLock": "%s" }\n' "$hash" "$lock" > "$work/p/nix/hashes.json"
      is_ready || { echo "error: not ready with the digest of the lock file"; return 1; }
    fi
    printf '{ "pnpmDeps": "%s" }\n' "$hash" > "$work/p/nix/hashes.json"
  else
    inside npm install --package-lock-only --ignore-scripts --no-audit --no-fund || return 1
    git -C "$work/p" add package-lock.json
  fi
  is_ready || { echo "error: still not ready"; return 1; }
}
dependency_hash() { inside nix build --no-link .#default.pnpmDeps 2>&1 | sed -n 's/^ *got: *//p'; }
built() { # NAME: builds it and prints its store path
  inside nix build --no-link --json ".#$1" | jq -r '.[0].outputs.out'
}
packages_run() {
  local out attr name
  for attr in $packages; do
    out=$(built "$attr") || return 1
    [ -z "$keep" ] || ln -sfn "$out" "$keep/$attr"
    name=$(inside nix eval --impure --raw ".#$attr.meta.mainProgram") || return 1
    [ -x "$out/bin/$name" ] || { echo "error: no bin/$name in the package"; return 1; }
    [ -z "$(find "$out" -xtype l)" ] || { echo "error: links to nowhere:"; find "$out" -xtype l; return 1; }
    if [ -d "$work/p/apps" ]; then
      [ -z "$tools" ] || answers "$out/bin/$name" || return 1
    else
      [ -n "$(find "$out" -name node_modules -prune -o -name package.json -print)" ] || { echo "error: the bot is below node_modules, where Node strips no types"; return 1; }
      [ -z "$tools" ] || gets_to_its_own_code "$out/bin/$name" || return 1
    fi
  done
}
gets_to_its_own_code() { # PROGRAM: started without any setting
  inside timeout 20 "$1" > "$work/run.log" 2>&1
  cat "$work/run.log"
  ! grep -q 'ERR_\|SyntaxError\|Cannot find' "$work/run.log" || { echo "error: the bot does not start"; return 1; }
}
# PROGRAM: started in a folder it cannot write to, as nobody, it answers over HTTP
# and ends when it is told to.  (503: the database it is told of does not exist.)
answers() {
  local port status='' deadline=$((SECONDS + 30)) pid rc=0
  port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
  (cd / && exec setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH= HOST=127.0.0.1 HOSTNAME=127.0.0.1 PORT="$port" NODE_ENV=production \
    DATABASE_URL=postgresql://nobody@127.0.0.1:9/app REDIS_URL=redis://127.0.0.1:9 "$1") > "$work/run.log" 2>&1 &
  pid=$!
  while [ "$SECONDS" -lt "$deadline" ] && kill -0 "$pid" 2> /dev/null; do
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 "http://127.0.0.1:$port/health")
    case $status in 200 | 503) break ;; esac
  done
  kill -TERM "$pid" 2> /dev/null
  wait "$pid" || rc=$?
  cat "$work/run.log"
  case $status in 200 | 503) ;; *) echo "error: $1 does not answer ($status)"; return 1 ;; esac
  case $rc in 0 | 143) ;; *) echo "error: $1 ended with $rc when it was told to end"; return 1 ;; esac
}
images_are_whole() {
  local image out path archive=$work/archive layer
  for image in $images; do
    out=$(built "$image") || return 1
    [ -z "$keep" ] || ln -sfn "$out" "$keep/$image"
    for path in $(inside nix eval --impure --json ".#$image.config" | jq -r '.Cmd[] | select(startswith("/"))'); do
      [ -e "$path" ] || { echo "error: the command of $image names $path, which does not exist"; return 1; }
    done
    rm -rf "$archive"; mkdir "$archive"
    if [ -x "$out" ]; then "$out"; else gzip -dc "$out"; fi | tar -C "$archive" -xf - || { echo "error: $image is no archive"; return 1; }
    # A folder that is named twice would be two versions of itself.
    for layer in $(jq -r '.[0].Layers[]' "$archive/manifest.json"); do tar -tf "$archive/$layer" || return 1; done > "$work/names"
    for path in $(inside nix eval --impure --json ".#$image.config" | jq -r '.Cmd[] | select(startswith("/"))'); do
      grep -qx "\\(\\./\\)\\?${path#/}/\\?" "$work/names" || { echo "error: $path is not in $image"; return 1; }
    done
    # (Nix takes every store hash it finds in a file for a need of that file.)
    ! grep -x '\(\./\)\?nix/store/[^/]*-\(source\|pnpm-deps\)/\?' "$work/names" || { echo "error: $image holds what only its build needs"; return 1; }
    grep -qx './tmp/' "$work/names" || [ ! -d "$work/p/apps" ] || { echo "error: $image has no folder for temporary files"; return 1; }
  done
}
collection_holds_everything() {
  local out name
  [ -n "$collection" ] || return 0
  out=$(built "$collection") || return 1
  for name in $packages $images; do [ -e "$out/$name" ] || { echo "error: nix build leaves out $name"; return 1; }; done
}
direnv_loads() {
  local got app file
  echo 'NIXVERIFY_CANARY=1' >> "$work/p/.env"
  got=$(inside sh -c 'direnv allow . && direnv exec . sh -c "echo \$NIXVERIFY_CANARY \$DEVENV_ROOT"') || return 1
  [ "$got" = "1 $work/p" ] || { echo "error: the shell printed: $got"; return 1; }
  inside grep -q 'devenv.nix' .envrc || { echo "error: .envrc does not watch devenv.nix"; return 1; }
  for app in "$work"/p/apps/*/; do
    [ -d "$app" ] || continue
    app=$(basename "$app")
    file=.env
    [ ! -f "$work/p/apps/$app/next.config.ts" ] || file=.env.local
    echo "NIXVERIFY_APP=$app" >> "$work/p/apps/$app/$file"
    got=$(inside sh -c 'direnv allow "apps/$1" && cd "apps/$1" && PWD=$(pwd) direnv exec . sh -c "echo \$NIXVERIFY_CANARY \$NIXVERIFY_APP \$DEVENV_FLAKE_SHELL \$DEVENV_ROOT"' _ "$app") || return 1
    [ "$got" = "1 $app dev-$app $work/p" ] || { echo "error: in apps/$app the shell printed: $got"; return 1; }
    inside grep -q '\.\./devenv.nix' "apps/$app/.envrc" || { echo "error: .envrc of $app does not watch devenv.nix"; return 1; }
  done
}

inside nix --version
if [ -f "$work/p/flake.lock" ]; then step 'shipped lock' shipped_lock_is_complete; fi
step lock inside bash "$here/offline-lock.sh" "$work/p" "$trees" || exit 1
step check inside nix flake check --impure
step show inside nix flake show --impure
shells=$(inside nix eval --impure --raw ".#devShells.$system" --apply 's: builtins.concatStringsSep " " (builtins.attrNames s)' 2> /dev/null || echo default)
for s in $shells; do step "shell $s" enter "$s"; done
if [ -d "$work/p/apps" ]; then step processes processes_are_the_shells_own; fi
if [ -d "$work/p/nix" ] && step outputs list_outputs; then
  step store store_holds_no_secrets
  if [ -d "$work/p/apps" ]; then step sources sources_are_their_own; fi
  step image images_are_unprivileged
  if ! is_ready; then
    step 'not ready' build_says_what_is_missing
    if [ -n "$package" ]; then step 'make ready' make_ready; fi
  fi
  if [ -n "$package" ]; then
    step package packages_run
    step 'image build' images_are_whole
    step collection collection_holds_everything
    step 'check again' inside nix flake check --impure
  fi
fi
for b in ${builds[@]+"${builds[@]}"}; do step "build $b" inside nix build --no-link ".#$b"; done
if [ -f "$work/p/.envrc" ]; then step direnv direnv_loads; fi
exit $failed
