#!/bin/bash
# offline-lock.sh PROJECT TREES
# Writes PROJECT/flake.lock so that every later nix command on the project
# works without a network and without flags: each root input is locked to a
# plain folder below TREES, while "original" keeps the URL the flake names
# (Nix keeps overrides that were written to the lock file).
# An existing lock file is replaced: with it, Nix would keep the old nodes of
# devenv's own inputs and try to fetch those.
# shellcheck disable=SC2016 # the expression is Nix's
set -euo pipefail
project=$1 trees=$2
nix=(nix --extra-experimental-features 'nix-command flakes' --option flake-registry '' --option substituters '' --option warn-dirty false)
cd "$project"
args=()
override() { args+=(--override-input "$1" "path:$trees/$2"); }
inputs=$("${nix[@]}" eval --impure --raw --expr '
  let f = import (builtins.toPath "'"$PWD"'/flake.nix"); i = f.inputs or { }; in
  builtins.concatStringsSep "" (map (n: "${n} ${i.${n}.url or ""}\n") (builtins.attrNames i))')
while IFS=' ' read -r name url; do
  case $url in
    '') ;; # an input that only "follows"
    github:NixOS/nixpkgs* | github:nixos/nixpkgs* | github:cachix/devenv-nixpkgs* | nixpkgs*) override "$name" nixpkgs ;;
    github:cachix/devenv | github:cachix/devenv/*)
      override "$name" devenv
      if grep -q git-hooks "$trees/devenv/flake.nix"; then override "$name/git-hooks" git-hooks; else override "$name/nixpkgs" nixpkgs; fi ;;
    github:cachix/git-hooks.nix*) override "$name" git-hooks ;;
    github:hercules-ci/flake-parts*) override "$name" flake-parts ;;
    github:numtide/flake-utils*) override "$name" flake-utils; override "$name/systems" systems ;;
    github:nix-systems/default*) override "$name" systems ;;
    github:nlewo/nix2container*) override "$name" nix2container ;;
    github:rrbutani/nix-mk-shell-bin*) override "$name" mk-shell-bin ;;
    file+file:* | path:*) ;;
    *) echo "offline-lock: no local tree for input $name ($url)" >&2; exit 2 ;;
  esac
done <<< "$inputs"
rm -f flake.lock
"${nix[@]}" flake lock "${args[@]}"
if git rev-parse --git-dir > /dev/null 2>&1; then git add -f --intent-to-add flake.lock; fi
