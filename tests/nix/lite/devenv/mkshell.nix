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
  config = lib.recursiveUpdate { devenv = { flakesIntegration = true; root = builtins.getEnv "PWD"; }; dotenv.enable = false; processes = { }; tasks = { }; env = { }; packages = [ ]; enterShell = ""; } given;
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
      [ { bad = !(p ? exec) && !(config.services.${n}.enable or false); why = "processes.${n} has no exec"; } ]
      ++ map (d: { bad = !(suffixOk [ "started" "ready" "completed" ] d); why = "processes.${n}: invalid suffix in dependency `${d}'"; }) afters
      ++ map (d: { bad = !(known d); why = "processes.${n}: there is no `${d}'"; }) afters
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
  # `name' or `name@suffix' of a task; processes are tasks called devenv:processes:NAME.
  bare = d: builtins.head (lib.splitString "@" d);
  suffixOk = suffixes: d: let parts = lib.splitString "@" d; in builtins.length parts == 1 || (builtins.length parts == 2 && builtins.elem (lib.last parts) suffixes);
  known = d: builtins.elem (bare d) ([ "devenv:enterShell" "devenv:enterTest" ] ++ builtins.attrNames config.tasks ++ map (n: "devenv:processes:${n}") (builtins.attrNames config.processes ++ builtins.attrNames (config.services or { })));
  broken = builtins.filter (r: r.bad) rules;
  checked = builtins.deepSeq [ (builtins.attrNames given) (map (n: builtins.attrNames config.processes.${n}) (builtins.attrNames config.processes)) config.processes config.tasks ] (if broken != [ ] then throw "Failed assertions: ${lib.concatMapStringsSep "; " (r: r.why) broken}" else true);
  deep = builtins.deepSeq (lib.filterAttrs (n: _: !(builtins.elem n [ "packages" "_module" "overlays" ])) (strip given));
  strip = v: if lib.isDerivation v then v.name else if builtins.isAttrs v then lib.mapAttrs (_: strip) v else if builtins.isList v then map strip v else if builtins.isFunction v then "function" else v;
  name = (config._module.args or { }).name or "default";
  compose = pkgs.writeText "process-compose.yaml" (builtins.toJSON { version = "0.5"; processes = lib.mapAttrs (_: p: lib.recursiveUpdate ({ command = p.exec; } // lib.optionalAttrs (p ? cwd) { working_dir = p.cwd; }) (p.process-compose or { })) config.processes; });
  shell = pkgs.mkShell ({
    name = config.name or "devenv-shell";
    packages = config.packages ++ lib.optional (js.enable or false) (js.package or pkgs.nodejs-slim) ++ lib.optional (on [ "pnpm" ]) js.pnpm.package
      ++ [ (pkgs.writeShellScriptBin "devenv" ''case "$1" in up) exec process-compose --config=${compose} up "''${@:2}" ;; test) ${config.enterTest or ":"} ;; version) echo "devenv: contract" ;; *) exit 1 ;; esac'') pkgs.process-compose ];
    shellHook = ''
      mkdir -p "$DEVENV_STATE"
      ${config.enterShell}
    '';
    DEVENV_ROOT = config.devenv.root; DEVENV_DOTFILE = "${config.devenv.root}/.devenv"; DEVENV_STATE = "${config.devenv.root}/.devenv/state"; DEVENV_FLAKE_SHELL = name; PC_CONFIG_FILES = "${compose}";
  } // lib.mapAttrs (_: toString) config.env);
in
builtins.seq checked (deep shell) // { inherit config; }
