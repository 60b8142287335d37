#!/bin/bash
# Stands in for pnpm where there is no real one: leaves the files that a build of
# a Next.js app or a Node program would leave, so that install phases find them.
case " $* " in
  *" build "*)
    for app in apps/*; do
      case " $* " in *"$app"*) ;; *) continue ;; esac
      mkdir -p "$app/dist" "$app/.next/standalone/$app/.next" "$app/.next/static"
      echo '// a stand-in' | tee "$app/dist/index.js" "$app/dist/migrate.js" > "$app/.next/standalone/$app/server.js"
    done ;;
  *" deploy "*)
    folder=
    for argument; do case $argument in ./apps/*) folder=$argument ;; esac; done
    [ -n "$folder" ] || exit 1
    mkdir -p "$argument/node_modules/.bin" # (the last one)
    cp -R "$folder/package.json" "$folder/dist" "$argument/" ;;
  *) echo "stub: pnpm $*" >&2 ;;
esac
