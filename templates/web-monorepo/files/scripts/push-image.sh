#!/usr/bin/env bash
# Pushes an image that has been built, without Docker:
#
#   nix build .#image-web --out-link result-image-web
#   REGISTRY=ghcr.io/example TAG=$(git rev-parse HEAD) scripts/push-image.sh web
#
#   push-image.sh APP [IMAGE]     APP is a folder below apps/; IMAGE is what was
#                                 built, when it is not result-image-APP
#
# Prints the digest, and writes it to .image-digest too: deploy that, for a tag
# can be moved.  The variables are explained in registry.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=registry.sh
source "$(dirname "${BASH_SOURCE[0]}")/registry.sh"

read_settings "${1:-}"

image=${2:-}
if [ -z "$image" ]; then
  for image in "$root/result-image-$app" "$root/result/image-$app"; do
    [ ! -e "$image" ] || break
  done
fi
[ -e "$image" ] || fail "the image of $app is not built" "nix build .#image-$app --out-link result-image-$app"

log_in

# What Nix has built is a program that writes the image, or the image itself.
# (skopeo reads an archive more than once, so it needs a file.)
archive=$image
if [ -x "$image" ]; then
  archive=$private/image.tar
  "$image" > "$archive" 2> "$private/said" || fail "the image of $app cannot be written: $(tail -n 1 "$private/said")"
fi

# The policy of this machine is about images that others have signed.  In OCI's
# format the digest is the same wherever the image is copied to.
ask skopeo --insecure-policy copy ${login[@]+"${login[@]}"} --dest-tls-verify="$tls" --format oci \
  --digestfile "$private/digest" "docker-archive:$archive" "docker://$reference:$TAG" > /dev/null

printf 'pushed %s:%s\n' "$reference" "$TAG" >&2
keep_digest
