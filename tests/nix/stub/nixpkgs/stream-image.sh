#!/bin/bash
# stream-image.sh PARTS: writes what image-parts.sh has collected to standard
# output, as an archive that `docker load` and skopeo take.
set -euo pipefail
parts=$1
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir "$work/image"

layers='' digests=''
layer() { # TAR-ARGUMENTS... : adds a layer
  local digest
  tar --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --hard-dereference --format=gnu -cf "$work/layer.tar" "$@"
  digest=$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
  [ ! -d "$work/image/$digest" ] || return 0
  mkdir "$work/image/$digest"
  mv "$work/layer.tar" "$work/image/$digest/layer.tar"
  layers=$layers,\"$digest/layer.tar\"
  digests=$digests,\"sha256:$digest\"
}
while read -r path; do layer -C / "${path#/}"; done < "$parts/paths"
cp -R "$parts/root" "$work/root"
chmod -R u+w "$work/root"
while read -r mode folder; do chmod "$mode" "$work/root/$folder"; done < "$parts/modes"
layer -C "$work/root" .

printf '{"created":"1970-01-01T00:00:01+00:00","architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]}}' \
  "$(cat "$parts/architecture")" "$(cat "$parts/config.json")" "${digests#,}" > "$work/config.json"
config=$(sha256sum "$work/config.json" | cut -d ' ' -f 1).json
mv "$work/config.json" "$work/image/$config"
printf '[{"Config":"%s","RepoTags":["%s"],"Layers":[%s]}]' "$config" "$(cat "$parts/name")" "${layers#,}" > "$work/image/manifest.json"
tar -C "$work/image" --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --format=gnu -c .
