# Builder of stub derivations: runs the phases a template may define.
set -e
source "$stdenv/setup"
if [ -n "${buildCommand:-}" ]; then eval "$buildCommand"; exit 0; fi
runHook() { local h="${!1:-}"; [ -z "$h" ] || eval "$h"; }
if [ -n "${src:-}" ] && [ -z "${dontUnpack:-}${withoutNetwork:-}" ]; then
  mkdir -p source
  if [ -d "$src" ]; then cp -R "$src"/. source/; else cp "$src" source/; fi
  chmod -R u+w source
  cd source
fi
# The real hooks install from what was fetched.  Here, where builds are not
# sandboxed, the package manager itself asks the registry, provided that the
# world was laid out with real tools (assemble.sh DEST TOOLS); otherwise
# node_modules stays empty.
install_dependencies() {
  mkdir -p node_modules
  [ -n "$realTools" ] || return 0
  export HOME=$NIX_BUILD_TOP/home CI=1 npm_config_cache=$NIX_BUILD_TOP/npm npm_config_store_dir=$NIX_BUILD_TOP/pnpm
  mkdir -p "$HOME"
  [ ! -e /etc/ssl/certs/ca-certificates.crt ] || export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  "$@"
}
[ -n "${withoutNetwork:-}" ] || case " ${nativeBuildInputs:-} " in
  *pnpm-config-hook*) install_dependencies pnpm install --frozen-lockfile --ignore-scripts ${pnpmInstallFlags:-} ;;
  *import-npm-lock-config-hook*) install_dependencies npm ci --ignore-scripts --no-audit --no-fund ${npmInstallFlags:-} ;;
esac
# Nor has the real builder a network, only a loopback device: from here on there
# is none, if this machine lets us do that.
if [ -n "$realTools" ] && [ -z "${withoutNetwork:-}" ] && unshare --net true 2> /dev/null; then
  export withoutNetwork=1
  exec unshare --net /bin/bash -ec 'ip link set lo up 2> /dev/null || :; exec /bin/bash -e "$0"' "$0"
fi
for phase in configurePhase buildPhase checkPhase; do
  case $phase in checkPhase) [ -n "${doCheck:-}" ] || continue ;; esac
  [ -z "${!phase:-}" ] || eval "${!phase}"
done
if [ -n "${installPhase:-}" ]; then eval "$installPhase"; fi
for o in ${outputs:-out}; do [ -e "${!o}" ] || mkdir -p "${!o}"; done
[ -z "${postInstall:-}" ] || eval "$postInstall"
[ -z "${postFixup:-}" ] || eval "$postFixup"
exit 0
