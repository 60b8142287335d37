# Stub stdenv setup: PATH from the inputs, nothing else.
export PATH=/usr/local/bin:/usr/bin:/bin
for _p in ${buildInputs:-} ${nativeBuildInputs:-} ${propagatedBuildInputs:-}; do
  if [ -d "$_p/bin" ]; then PATH="$_p/bin:$PATH"; fi
done
unset _p
export SOURCE_DATE_EPOCH=315532800
substituteInPlace() { :; }
wrapProgram() { :; }
makeWrapper() { # makeWrapper PROGRAM TARGET OPTION...
  local program=$1 target=$2; shift 2
  mkdir -p "${target%/*}"
  { echo '#!/bin/bash'
    local flags=
    while [ $# -gt 0 ]; do case $1 in
      --set) printf 'export %s=%q\n' "$2" "$3"; shift 3 ;;
      --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3"; shift 3 ;;
      --unset) printf 'unset %s\n' "$2"; shift 2 ;;
      --prefix) printf 'export %s=%q%s"$%s"\n' "$2" "$4" "$3" "$2"; shift 4 ;;
      --add-flags) flags="$flags $2"; shift 2 ;;
      --add-flag) flags="$flags $(printf %q "$2")"; shift 2 ;;
      *) echo "makeWrapper: unknown option $1" >&2; return 1 ;;
    esac; done
    printf 'exec %q%s "$@"\n' "$program" "$flags"
  } > "$target"
  chmod +x "$target"
}
