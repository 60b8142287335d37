#!/usr/bin/env bash
# Prints the digest of the image that the registry has under a tag, and writes it
# to .image-digest too:
#
#   REGISTRY=ghcr.io/example TAG=v1 scripts/print-digest.sh web
#
# The variables are explained in registry.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=registry.sh
source "$(dirname "${BASH_SOURCE[0]}")/registry.sh"

read_settings "${1:-}"
log_in
ask skopeo inspect ${login[@]+"${login[@]}"} --tls-verify="$tls" --no-tags --format '{{.Digest}}' "docker://$reference:$TAG" > "$private/digest"
keep_digest
