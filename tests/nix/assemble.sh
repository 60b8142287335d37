#!/bin/bash
# Lays out the inputs a generated flake asks for as plain folders, from our own files only: a small nixpkgs lib,
# a contract of devenv's options, and a stub package set.
#   assemble.sh DEST [TOOLS]
# TOOLS is a folder of real programs (node, pnpm, npm) to use behind the stub packages; builds then install from
# the registry.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dest=${1:?usage: assemble.sh DEST [TOOLS]} tools=${2:-}
[ -z "$tools" ] || tools=$(cd "$tools" && pwd)
mkdir -p "$dest"
find "$dest" -mindepth 1 -delete
cp -R "$here"/stub/. "$dest/"
cp -R "$here"/lite/lib "$dest/nixpkgs/lib"
cp -R "$here"/lite/devenv "$dest/"
if [ -n "$tools" ]; then echo "\"$tools\""; else echo null; fi > "$dest/nixpkgs/tools.nix"
for name in git-hooks systems flake-utils flake-parts; do
  mkdir "$dest/$name"
  echo '{ outputs = { self, ... }: { }; }' > "$dest/$name/flake.nix"
done
echo '[ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ]' > "$dest/systems/default.nix"
find "$dest" -exec touch -h -d @315532800 {} + # the same narHash every time
