# An app made with Next.js as a package: the server that `next build` leaves for it, with no
# more of node_modules than it reads.
#
# Two builds of the same sources give the same files but for the keys of draft mode
# and of server actions, which Next.js makes at random: a key that follows from the
# sources could be computed by everybody who has them.
{
  app,
  lib,
  nodejs-slim_24,
  workspace,
}:
workspace.buildApp {
  inherit app;

  # Next.js names each build at random unless it is told how; this way the same
  # sources have the same name.  (Not by their own hash: where Nix finds that, it
  # takes the sources for something that the app needs.)
  preBuild = ''
    NEXT_BUILD_ID=$(printf '%s' "$src" | sha256sum | cut -c 1-20)
    export NEXT_BUILD_ID
  '';

  installPhase = ''
    runHook preInstall

    target=$out/share/$pname
    mkdir -p "$target"
    cp -R apps/${app}/.next/standalone/. "$target/"
    # (Next.js leaves these two to a content delivery network.)
    cp -R apps/${app}/.next/static "$target/apps/${app}/.next/"
    if [ -d apps/${app}/public ]; then cp -R apps/${app}/public "$target/apps/${app}/"; fi
    makeWrapper ${lib.getExe nodejs-slim_24} "$out/bin/$pname" \
      --set-default NODE_ENV production \
      --add-flags "$target/apps/${app}/server.js"

    runHook postInstall
  '';

  image = {
    main = "apps/${app}/server.js";
    environment = [
      "HOSTNAME=0.0.0.0"
      "NEXT_TELEMETRY_DISABLED=1"
    ];
  };
}
