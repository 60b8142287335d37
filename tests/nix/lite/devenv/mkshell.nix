{ inputs, pkgs, modules }:
let
  inherit (pkgs) lib;
  options = import ./options.nix;
  show = p: lib.concatStringsSep "." p;
  args = { inherit pkgs lib config inputs; inherit (inputs) self; };
  call = m:
    let v = if builtins.isPath m || builtins.isString m then import m else m; in
    if builtins.isFunction v then v (if builtins.functionArgs v == { } then args else builtins.intersectAttrs (builtins.functionArgs v) args) else v;
  load = m: let v = call m; body = v.config or (builtins.removeAttrs v [ "imports" "config" "options" "_file" ]); in lib.concatMap load (v.imports or [ ]) ++ [ body ];
  all = lib.concatMap load modules;
  # One definition to a list of { when, prio, value }.
  expand = when: prio: v:
    let t = if builtins.isAttrs v then v._type or null else null; in
    if t == "if" then expand (when && v.condition) prio v.content
    else if t == "merge" then lib.concatMap (expand when prio) v.contents
    else if t == "override" then expand when v.priority v.content
    else [ { inherit when prio; value = v; } ];
  isLeaf = builtins.isString;
  ok = type: v:
    if lib.hasSuffix "?" type then v == null || ok (lib.removeSuffix "?" type) v
    else {
      bool = builtins.isBool v; int = builtins.isInt v; string = builtins.isString v || builtins.isPath v || lib.isDerivation v; lines = builtins.isString v;
      list = builtins.isList v; package = lib.isDerivation v; packages = builtins.isList v && builtins.all lib.isDerivation v;
      strings = builtins.isAttrs v && builtins.all builtins.isString (builtins.attrValues v); any = true;
    }.${type} or (builtins.elem v (lib.splitString "|" type));
  merge = path: type: defs0:
    let
      defs = builtins.filter (d: d.when) defs0;
      top = lib.foldl' (a: d: if d.prio < a then d.prio else a) 9999 defs;
      vs = map (d: d.value) (builtins.filter (d: d.prio == top) defs);
      bad = builtins.filter (v: !(ok type v)) vs;
    in
    if bad != [ ] then throw "devenv option `${show path}': expected ${type}"
    else if type == "lines" then lib.concatStringsSep "\n" vs
    else if type == "list" || type == "packages" then lib.concatLists vs
    else if type == "any" || type == "strings" then plain (if builtins.all builtins.isAttrs vs && !(builtins.any lib.isDerivation vs) then lib.foldl' lib.recursiveUpdate { } vs else lib.last vs)
    else if builtins.length (lib.unique vs) > 1 && type != "package" then throw "devenv option `${show path}' has conflicting definitions"
    else builtins.head vs;
  # mkForce and mkDefault inside a value of any shape.
  plain = v:
    if !(builtins.isAttrs v) || lib.isDerivation v then v
    else if v._type or null == "override" then plain v.content
    else lib.mapAttrs (_: plain) v;
  walk = path: tree: defs:
    let
      names = lib.unique (lib.concatMap (d: if builtins.isAttrs d.value then builtins.attrNames d.value else throw "devenv option `${show path}' is a group of options") defs);
      child = n: tree.${n} or (tree."*" or (throw "devenv option `${show (path ++ [ n ])}' does not exist"));
      sub = n: lib.concatMap (d: if d.value ? ${n} then expand d.when d.prio d.value.${n} else [ ]) defs;
    in
    lib.genAttrs names (n: let t = child n; ds = sub n; in
      if isLeaf t then merge (path ++ [ n ]) t ds else walk (path ++ [ n ]) t (builtins.filter (d: d.when) ds));
  given = walk [ ] options (lib.concatMap (expand true 100) all);
  config = merged // { processes = lib.mapAttrs (_: lib.recursiveUpdate { start.enable = true; }) merged.processes; };
  merged = lib.recursiveUpdate { devenv = { flakesIntegration = true; root = builtins.getEnv "PWD"; }; dotenv.enable = false; processes = lib.mapAttrs (_: s: s.process) services; tasks = { }; env = lib.foldl' (a: s: a // s.env) { } (lib.attrValues services); packages = [ ]; enterShell = ""; } given;
  # What a service that is switched on adds: a process, variables, its programs.
  services = lib.filterAttrs (n: _: given.services.${n}.enable or false) {
    postgres = let s = given.services.postgres; in {
      packages = [ (s.package or pkgs.postgresql) ];
      env = { PGDATA = "${state}/postgres"; PGHOST = if (s.listen_addresses or "") == "" then "${state}/run/postgres" else s.listen_addresses; PGPORT = toString (s.port or 5432); };
      process = { exec = "start-postgres"; ready = { exec = "pg_isready -d template1"; initial_delay = 2; probe_timeout = 4; failure_threshold = 5; }; process-compose.shutdown.signal = 2; };
    };
    redis = let s = given.services.redis; in {
      packages = [ (s.package or pkgs.redis) ];
      env.REDISDATA = "${state}/redis";
      process = { exec = "start-redis"; ready = { exec = "redis-cli -p ${toString (s.port or 6379)} ping"; initial_delay = 2; probe_timeout = 4; failure_threshold = 5; }; };
    };
  };
  state = "${config.devenv.root}/.devenv/state";
  js = config.languages.javascript or { };
  on = p: lib.attrByPath (p ++ [ "enable" ]) false js;
  rules = [
    { bad = config.devenv.root == ""; why = "devenv was not able to determine the current directory (use --impure)"; }
    # (devenv 2.2 copies the values into the shell's derivation, later ones refuse it in a flake.)
    { bad = config.dotenv.enable; why = "dotenv.enable puts secrets into the Nix store"; }
    { bad = on [ "pnpm" "install" ] && !on [ "pnpm" ]; why = "languages.javascript.pnpm.install.enable needs pnpm.enable"; }
    { bad = on [ "npm" "install" ] && !on [ "npm" ]; why = "languages.javascript.npm.install.enable needs npm.enable"; }
    { bad = on [ "pnpm" ] && !(js.pnpm ? package); why = "set languages.javascript.pnpm.package (the default breaks with current nixpkgs)"; }
  ] ++ lib.concatMap
    (n:
      let p = config.processes.${n}; afters = (p.after or [ ]) ++ (p.before or [ ]); in
      [ { bad = !(p ? exec); why = "processes.${n} has no exec"; } ]
      ++ map (d: { bad = !(suffixOk [ "started" "ready" "completed" ] d); why = "processes.${n}: invalid suffix in dependency `${d}'"; }) afters
      ++ map (d: { bad = !(known d); why = "processes.${n}: there is no `${d}'"; }) afters
      # (devenv asks process-compose to be strict.)
      ++ map (d: { bad = p.start.enable && !config.processes.${process d}.start.enable; why = "processes.${n}: `${d}' is disabled"; }) (builtins.filter (d: isProcess d && known d) afters)
      # (process-compose ends a process that waits for the health of one without a probe.)
      ++ map (d: { bad = condition d == "process_healthy" && !(config.processes.${process d} ? ready); why = "processes.${n}: `${d}' has no readiness probe"; }) (builtins.filter (d: isProcess d && known d) afters)
      ++ map (d: { bad = !(config.processes ? ${d}); why = "processes.${n}: process-compose knows no process `${d}'"; }) (builtins.attrNames (p.process-compose.depends_on or { })))
    (builtins.attrNames config.processes)
  ++ lib.concatMap
    (n:
      let t = config.tasks.${n}; in
      [
        { bad = builtins.match "[a-zA-Z0-9_-]+(:[a-zA-Z0-9_-]+)+" n == null; why = "tasks.${n}: a task name has the form namespace:name"; }
        { bad = (t.status or null) != null && (t.execIfModified or [ ]) != [ ]; why = "tasks.${n}: status and execIfModified exclude each other"; }
      ]
      ++ map (d: { bad = !(suffixOk [ "started" "ready" "succeeded" "completed" ] d && known d); why = "tasks.${n}: there is no `${d}'"; }) ((t.after or [ ]) ++ (t.before or [ ])))
    (builtins.attrNames config.tasks);
  isProcess = d: lib.hasPrefix "devenv:processes:" d;
  process = d: lib.removePrefix "devenv:processes:" (bare d);
  condition = d: { started = "process_started"; completed = "process_completed"; }.${if bare d == d then "" else lib.last (lib.splitString "@" d)} or "process_healthy";
  # `name' or `name@suffix' of a task; processes are tasks called devenv:processes:NAME.
  bare = d: builtins.head (lib.splitString "@" d);
  suffixOk = suffixes: d: let parts = lib.splitString "@" d; in builtins.length parts == 1 || (builtins.length parts == 2 && builtins.elem (lib.last parts) suffixes);
  known = d: builtins.elem (bare d) ([ "devenv:enterShell" "devenv:enterTest" ] ++ builtins.attrNames config.tasks ++ map (n: "devenv:processes:${n}") (builtins.attrNames config.processes));
  broken = builtins.filter (r: r.bad) rules;
  checked = builtins.deepSeq [ (builtins.attrNames given) (map (n: builtins.attrNames config.processes.${n}) (builtins.attrNames config.processes)) config.processes config.tasks ] (if broken != [ ] then throw "Failed assertions: ${lib.concatMapStringsSep "; " (r: r.why) broken}" else true);
  deep = builtins.deepSeq (lib.filterAttrs (n: _: !(builtins.elem n [ "packages" "_module" "overlays" ])) (strip given));
  strip = v: if lib.isDerivation v then v.name else if builtins.isAttrs v then lib.mapAttrs (_: strip) v else if builtins.isList v then map strip v else if builtins.isFunction v then "function" else v;
  name = (config._module.args or { }).name or "default";
  # As devenv 2.2.2 writes it, except that a process is not started through its task runner.
  compose = pkgs.writeText "process-compose.yaml" (builtins.toJSON { version = "0.5"; is_strict = true; processes = lib.mapAttrs composed config.processes; });
  composed = _: p:
    let r = p.ready; own = builtins.removeAttrs (p.process-compose or { }) [ "environment" ]; in
    lib.recursiveUpdate
      ({
        command = p.exec;
        availability = { restart = { never = "no"; }.${p.restart.on or "on_failure"} or p.restart.on or "on_failure"; max_restarts = p.restart.max or 5; };
        depends_on = builtins.listToAttrs (map (d: lib.nameValuePair (process d) { condition = condition d; }) (builtins.filter isProcess (p.after or [ ])));
      } // lib.optionalAttrs (p ? ready) {
        readiness_probe = lib.optionalAttrs (r ? exec) { exec.command = r.exec; } // lib.optionalAttrs (r ? http) { http_get = { host = "127.0.0.1"; scheme = "http"; path = "/"; } // r.http.get; }
          // { initial_delay_seconds = r.initial_delay or 0; period_seconds = r.period or 10; success_threshold = r.success_threshold or 1; failure_threshold = r.failure_threshold or 3; };
      })
      own
    // { environment = lib.mapAttrsToList (k: v: "${k}=${v}") (p.env or { }) ++ p.process-compose.environment or [ ]; }
    // lib.optionalAttrs (!p.start.enable) { disabled = true; };
  # Runs the named tasks, always and without what they come after.
  runTasks = pkgs.writeShellScriptBin "devenv-flake-tasks" ''
    [ "$1" = run ] || exit 1
    for task in "''${@:2}"; do case $task in
      ${lib.concatStrings (lib.mapAttrsToList (n: t: "${n}) (cd ${lib.escapeShellArg (t.cwd or config.devenv.root)} && ${t.exec or ":"}) || exit 1 ;;\n") config.tasks)}
      *) echo "there is no task $task" >&2; exit 1 ;;
    esac; done
  '';
  shell = pkgs.mkShell ({
    name = config.name or "devenv-shell";
    packages = config.packages ++ lib.concatMap (s: s.packages) (lib.attrValues services) ++ lib.optional (js.enable or false) (js.package or pkgs.nodejs-slim) ++ lib.optional (on [ "pnpm" ]) js.pnpm.package
      ++ [ (pkgs.writeShellScriptBin "devenv" ''case "$1" in up) exec process-compose --config=${compose} up "''${@:2}" ;; test) ${config.enterTest or ":"} ;; version) echo "devenv: contract" ;; *) exit 1 ;; esac'')
        # What `devenv up` runs when it is in the shell already; arguments go to process-compose.
        (pkgs.writeShellScriptBin "devenv-flake-up" ''exec process-compose --config=${compose} --disable-dotenv --keep-project --unix-socket "$PC_SOCKET_PATH" -t="''${PC_TUI_ENABLED:-1}" up "$@"'')
        runTasks pkgs.process-compose ];
    # Its directory for sockets is named after the digest of `.devenv`, as modules since 2.2 have it.
    shellHook = ''
      mkdir -p "$DEVENV_STATE"
      export DEVENV_RUNTIME=/tmp/devenv-$(printf %s "$DEVENV_DOTFILE" | sha256sum | cut -c 1-7)
      mkdir -p -m 700 "$DEVENV_RUNTIME"
      ln -sfn "$DEVENV_RUNTIME" "$DEVENV_DOTFILE/run"
      export PC_SOCKET_PATH=$DEVENV_RUNTIME/pc.sock
      ${config.enterShell}
    '';
    DEVENV_ROOT = config.devenv.root; DEVENV_DOTFILE = "${config.devenv.root}/.devenv"; DEVENV_STATE = "${config.devenv.root}/.devenv/state"; DEVENV_FLAKE_SHELL = name; PC_CONFIG_FILES = "${compose}";
  } // lib.mapAttrs (_: toString) config.env);
in
builtins.seq checked (deep shell) // { inherit config; }
