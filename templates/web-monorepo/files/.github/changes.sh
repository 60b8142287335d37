#!/usr/bin/env bash
# changes.sh [BASE]: which apps differ from the commit BASE, as outputs of a step.
#
#   base      BASE; empty when there is nothing to compare with
#   apps      JSON list of the folders below apps/ to build again that have an image
#   has-hash  whether nix/hashes.json holds the hash that Nix builds need
#
# There is nothing to compare with at the first push, and none that means anything
# after a forced one, which may have left BASE behind: then every app is built.
set -euo pipefail
base=${1:-}

if [ -n "$base" ] && ! git merge-base --is-ancestor "$base" HEAD 2> /dev/null; then
  echo "::notice::Everything is built: $base is not below this commit." >&2
  base=
fi

changed=()
everything() {
  changed=()
  for folder in apps/*/; do changed+=("$(basename "$folder")"); done
}

if [ -z "$base" ]; then
  everything
else
  # (Without renames, a file that has moved is named at both places.)
  while IFS= read -r -d '' file; do
    case $file in
      apps/*/*) app=${file#apps/}; changed+=("${app%%/*}") ;;
      *.md | .editorconfig | .gitignore | LICENSE*) ;;
      # Packages, dependencies, the build itself: everybody's business.
      *) everything; break ;;
    esac
  done < <(git diff --name-only --no-renames -z "$base" HEAD)
fi

# Each once, and only those that are still there and have an image.
apps=$(
  for app in ${changed[@]+"${changed[@]}"}; do
    if jq --exit-status .scripts.image "apps/$app/package.json" > /dev/null 2>&1; then printf '%s\n' "$app"; fi
  done | sort -u | jq --raw-input . | jq --slurp --compact-output .
)

has_hash=false
if grep -q '"pnpmDeps": *"sha256-' nix/hashes.json; then has_hash=true; fi

printf 'base=%s\napps=%s\nhas-hash=%s\n' "$base" "$apps" "$has_hash"
