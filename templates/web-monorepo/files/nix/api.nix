# An API as a package: what its build has made and its production dependencies.
# It reads its settings from the environment, never from a file.
{
  app,
  lib,
  nodejs-slim_24,
  workspace,
}:
workspace.buildApp {
  inherit app;

  installPhase = ''
    runHook preInstall

    target=$out/share/$pname
    mkdir -p "$out/share"
    # Packages of the workspace are copied (injected) and versions taken from the
    # lock file.  `--legacy` would ask the registry for them again.
    pnpm --offline --config.inject-workspace-packages=true --filter ./apps/${app} \
      deploy --prod --ignore-scripts "$target"
    # Notes about the machine that built this, and programs that nobody calls.
    rm -f "$target"/{pnpm-lock.yaml,node_modules/{.modules.yaml,.pnpm-workspace-state-v1.json}}
    find "$target" -type d -name .bin -prune -exec rm -r {} +
    makeWrapper ${lib.getExe nodejs-slim_24} "$out/bin/$pname" \
      --set-default NODE_ENV production \
      --add-flags "$target/dist/index.js"
    if [ -f "$target/dist/migrate.js" ]; then
      makeWrapper ${lib.getExe nodejs-slim_24} "$out/bin/$pname-migrate" \
        --set-default NODE_ENV production \
        --add-flags "$target/dist/migrate.js"
    fi

    runHook postInstall
  '';

  image = {
    main = "dist/index.js";
    environment = [ "HOST=0.0.0.0" ];
  };
}
