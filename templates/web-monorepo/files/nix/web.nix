# The web app as a package: the server that `next build` leaves for it, with no
# more of node_modules than it reads.
#
# Two builds of the same sources give the same files but for the keys of draft mode
# and of server actions, which Next.js makes at random: a key that follows from the
# sources could be computed by everybody who has them.
{
  lib,
  nodejs-slim_24,
  workspace,
}:
workspace.buildApp {
  app = "web";

  # Next.js names each build at random unless it is told how; this way the same
  # sources have the same name.  (Not by their own hash: where Nix finds that, it
  # takes the sources for something that the app needs.)
  preBuild = ''
    NEXT_BUILD_ID=$(printf '%s' "$src" | sha256sum | cut -c 1-20)
    export NEXT_BUILD_ID
  '';

  installPhase = ''
    runHook preInstall

    app=$out/share/$pname
    mkdir -p "$app"
    cp -R apps/web/.next/standalone/. "$app/"
    # (Next.js leaves these two to a content delivery network.)
    cp -R apps/web/.next/static "$app/apps/web/.next/"
    if [ -d apps/web/public ]; then cp -R apps/web/public "$app/apps/web/"; fi
    makeWrapper ${lib.getExe nodejs-slim_24} "$out/bin/$pname" \
      --set-default NODE_ENV production \
      --add-flags "$app/apps/web/server.js"

    runHook postInstall
  '';

  image = {
    main = "apps/web/server.js";
    environment = [
      "HOSTNAME=0.0.0.0"
      "NEXT_TELEMETRY_DISABLED=1"
    ];
  };
}
