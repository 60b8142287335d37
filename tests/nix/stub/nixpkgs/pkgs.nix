{ lib, self, system, config }:
let
  platform = lib.systems.elaborate system;

  # ---- derivations ---------------------------------------------------------
  # (The trailing `exit 0` matters: without it bash execs the last command in
  # its own place, and a coreutils program closes stdout before it exits, which
  # Nix takes for the end of the build and answers with SIGKILL - a race that
  # fails one build in ten.)
  drv = args0: let args = args0 // {
    args = if builtins.head args0.args == "-ec" then [ "-ec" "${builtins.elemAt args0.args 1}\nexit 0\n" ] else args0.args;
  }; in builtins.derivation ({
    inherit system;
    builder = "/bin/bash";
    PATH = "/usr/local/bin:/usr/bin:/bin";
  } // args // { name = lib.strings.sanitizeDerivationName args.name; });

  withExtras = { d, passthru ? { }, meta ? { }, pname, version, outputs ? [ "out" ] }:
    let
      one = o: (if o == "out" then d else d.${o}) // { outputName = o; };
      self' = d // passthru // {
        inherit pname version meta;
        outputs = outputs;
        overrideAttrs = _: self';
        override = _: self';
        inherit passthru;
      } // lib.genAttrs outputs (o: d.${o} // { outputSpecified = true; inherit meta version pname; });
    in
    self';

  # A tool: each program hands over to the same-named program of the machine
  # when there is one, and otherwise says what it is and succeeds.
  tool = pname: { version ? "0.0.0", bins ? [ pname ], mainProgram ? builtins.head bins, outputs ? [ "out" ], passthru ? { }, say ? null, rc ? 0, standIn ? null }:
    let
      script = b: ''
        #!/bin/bash
        for d in ${toString (import ./tools.nix)} ${if standIn == null then "/usr/local/bin /usr/bin /bin" else ""}; do
          if [ -x "$d/${b}" ]; then exec "$d/${b}" "$@"; fi
        done
        case "''${1:-}" in
          --version|-v|version) echo "${if say == null then "${b} ${version} (stub)" else say}" ;;
          *) ${if standIn == null then ''echo "stub: ${b} $*" >&2; exit ${toString rc}'' else ''exec /bin/bash ${standIn} "$@"''} ;;
        esac
      '';
      d = drv {
        name = "${pname}-${version}";
        inherit pname version outputs;
        args = [
          "-ec"
          (lib.concatStringsSep "\n" (map (o: "mkdir -p \"\$${o}\"") outputs
            ++ [ "mkdir -p $out/bin $out/share/man" ]
            ++ map (b: "printf '%s' ${lib.escapeShellArg (script b)} > $out/bin/${b}; chmod +x $out/bin/${b}") bins))
        ];
      };
    in
    withExtras {
      inherit d pname version outputs passthru;
      meta = { inherit mainProgram; broken = false; available = true; unsupported = false; description = "stub of ${pname}"; outputsToInstall = [ (builtins.head outputs) ]; };
    };

  # With real tools this is the real program, for what is put into an image has
  # to run there.
  realNode = stub:
    let tools = import ./tools.nix; in
    if tools == null then stub
    else stub // rec {
      out = drv {
        inherit (stub) name;
        args = [ "-ec" "mkdir -p $out/bin; cp -L ${tools}/node $out/bin/node" ];
      } // { inherit (stub) meta pname version; outputSpecified = true; };
      inherit (out) drvPath outPath;
      bin = out;
    };

  # ---- trivial builders ----------------------------------------------------
  writeTextFile = { name, text, executable ? false, destination ? "", checkPhase ? "", meta ? { }, ... }@a:
    withExtras {
      pname = name; version = "0"; inherit meta;
      passthru = a.passthru or { };
      d = drv {
        inherit name text;
        passAsFile = [ "text" ];
        args = [ "-ec" ''
          target=$out${destination}
          mkdir -p "''${target%/*}"
          cp "$textPath" "$target"
          ${if executable then ''chmod +x "$target"'' else ""}
        '' ];
      };
    };

  runCommandWith = { name, derivationArgs ? { } }: script:
    self.stdenv.mkDerivation (derivationArgs // { inherit name; buildCommand = script; });

  stdenvFor = let
    mkDerivation = fnOrAttrs:
      let
        raw = if builtins.isFunction fnOrAttrs then lib.fix (final: fnOrAttrs (final // { finalPackage = pkg; })) else fnOrAttrs;
        pname = raw.pname or (raw.name or "unnamed");
        version = raw.version or "0";
        outputs = raw.outputs or [ "out" ];
        clean = builtins.removeAttrs raw [ "meta" "passthru" "pos" "buildInputs" "nativeBuildInputs" "propagatedBuildInputs" "checkInputs" "nativeCheckInputs" "env" ];
        d = drv (clean // (raw.env or { }) // {
          name = raw.name or "${pname}-${version}";
          stdenv = stdenvDrv;
          realTools = toString (import ./tools.nix);
          inherit outputs; # `nix develop` writes the environment to each of $outputs
          args = [ "-e" ./builder.sh ];
          buildInputs = map (x: if lib.isDerivation x then lib.getDev x else x) (lib.flatten (raw.buildInputs or [ ]));
          nativeBuildInputs = lib.flatten (raw.nativeBuildInputs or [ ]);
          propagatedBuildInputs = lib.flatten (raw.propagatedBuildInputs or [ ]);
        });
        pkg = withExtras {
          inherit d pname version outputs;
          passthru = raw.passthru or { };
          meta = raw.meta or { };
        } // { overrideAttrs = f: mkDerivation (raw // (if builtins.isFunction f then f raw else f)); };
      in
      pkg;
    stdenvDrv = drv {
      name = "stdenv-stub";
      args = [ "-ec" "mkdir -p $out; cp ${./setup.sh} $out/setup" ];
    };
    base = stdenvDrv // {
      inherit mkDerivation;
      inherit system;
      hostPlatform = platform; buildPlatform = platform; targetPlatform = platform;
      isLinux = platform.isLinux; isDarwin = platform.isDarwin; isx86_64 = platform.isx86_64; isAarch64 = platform.isAarch64;
      cc = self.gcc;
      shell = "${self.bash}/bin/bash";
      override = _: base;
      overrideDerivation = _: base;
      passthru = { };
      meta = { };
    };
  in base;

  # Fetchers never fetch.  The two trees devenv's own modules ask for while a
  # flake shell is evaluated (its locked nixpkgs and rust-overlay) are answered
  # with this stub and an empty overlay: as plain paths, or, with
  # NIXSTART_STUB_IFD=1 (impure evaluation), as derivations, which makes
  # reading them import-from-derivation as it is with the real fetchers.
  fetched = what:
    let tree = p: if builtins.getEnv "NIXSTART_STUB_IFD" == "1" then self.runCommand "source" { } "cp -R ${p} $out" else p; in
    if what == "devenv-nixpkgs" then tree ./.
    else if what == "rust-overlay" then tree ./empty-overlay
    else self.runCommand "source-${what}" { } "mkdir -p $out; echo stub > $out/STUB";

  # An SRI hash, an empty string, or null: anything else is a typing mistake.
  checkHash = h:
    if h == null || h == "" || builtins.match "sha(256-[A-Za-z0-9+/]{43}=|512-[A-Za-z0-9+/]{86}==)" h != null
    then true else throw "not an SRI hash: ${h}";

  simple = names: lib.genAttrs names (n: tool n { });
in
{
  inherit lib system config;
  pkgs = self;
  inherit (stdenvFor) hostPlatform buildPlatform;
  targetPlatform = platform;
  stdenv = stdenvFor;
  stdenvNoCC = stdenvFor;
  path = ./.;
  callPackage = f: args:
    let
      fn = if builtins.isFunction f then f else import f;
      wanted = builtins.functionArgs fn;
      # A package this stub does not have is an error only where it is used.
      absent = lib.mapAttrs (n: _: throw "the stub nixpkgs has no ${n}")
        (lib.filterAttrs (n: optional: !optional && !(self ? ${n}) && !(args ? ${n})) wanted);
    in
    lib.makeOverridable fn (absent // builtins.intersectAttrs wanted self // args);
  newScope = extra: f: args: self.callPackage f (extra // args);
  formats = import ./formats.nix { inherit lib; inherit (self) writeText; };

  inherit writeTextFile;
  writeText = name: text: writeTextFile { inherit name text; };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile { inherit name text; executable = true; destination = "/bin/${name}"; meta.mainProgram = name; };
  writeShellScript = name: text: self.writeScript name "#!${self.runtimeShell}\n${text}\n";
  writeShellScriptBin = name: text: self.writeScriptBin name "#!${self.runtimeShell}\n${text}\n";
  writeShellApplication = { name, text, runtimeInputs ? [ ], runtimeEnv ? { }, meta ? { }, ... }:
    self.writeScriptBin name ''
      #!${self.runtimeShell}
      set -o errexit -o nounset -o pipefail
      export PATH="${lib.makeBinPath runtimeInputs}:$PATH"
      ${lib.concatStrings (lib.mapAttrsToList (n: v: "export ${n}=${lib.escapeShellArg (toString v)}\n") runtimeEnv)}
      ${text}
    '';
  writeTextDir = path: text: writeTextFile { name = baseNameOf path; inherit text; destination = "/${path}"; };
  concatTextFile = { name, files, ... }: self.runCommand name { } "cat ${toString files} > $out";
  runCommand = name: env: runCommandWith { inherit name; derivationArgs = env; };
  runCommandLocal = self.runCommand;
  runCommandNoCC = self.runCommand;
  runCommandCC = self.runCommand;
  inherit runCommandWith;
  buildEnv = { name, paths, postBuild ? "", pathsToLink ? [ "/" ], extraPrefix ? "", ignoreSingleFileOutputs ? false, meta ? { }, passthru ? { }, ... }:
    self.runCommand name { inherit meta passthru; } ''
      mkdir -p $out
      ${lib.concatMapStrings (p: ''
        if [ -f "${p}" ] && [ -z "${if ignoreSingleFileOutputs then "1" else ""}" ]; then
          echo "${p} is a file and cannot be merged into ${name} (use linkFarm)" >&2; exit 1
        fi
        if [ -d "${p}" ]; then cp -rsfT --no-preserve=mode "${p}" "$out${extraPrefix}" 2>/dev/null || (cd "${p}" && find . -type d -exec mkdir -p "$out${extraPrefix}/{}" \; && find . ! -type d -exec ln -sf "${p}/{}" "$out${extraPrefix}/{}" \;); fi
      '') (lib.flatten paths)}
      ${postBuild}
    '';
  symlinkJoin = { name ? "${pname}-${version}", pname ? "joined", version ? "0", paths, postBuild ? "", meta ? { }, passthru ? { }, ... }:
    self.buildEnv { inherit name paths postBuild meta passthru; };
  linkFarm = name: entries:
    self.runCommand name { } ("mkdir -p $out\n" + lib.concatMapStrings (e: ''
      mkdir -p "$out/$(dirname ${lib.escapeShellArg e.name})"
      ln -s ${e.path} $out/${lib.escapeShellArg e.name}
    '') (if builtins.isAttrs entries then lib.mapAttrsToList (name: path: { inherit name path; }) entries else entries));
  emptyFile = self.writeText "empty" "";
  emptyDirectory = self.runCommand "empty-directory" { } "mkdir -p $out";
  runtimeShell = "${self.bash}/bin/bash";
  replaceVars = src: _: src;
  substituteAll = a: a.src;
  makeWrapper = tool "make-wrapper" { bins = [ "makeWrapper" "wrapProgram" ]; };
  makeBinaryWrapper = self.makeWrapper;
  makeSetupHook = a: _: tool a.name { };

  mkShell = lib.makeOverridable ({ stdenv ? self.stdenv }:
    { name ? "nix-shell", packages ? [ ], inputsFrom ? [ ], nativeBuildInputs ? [ ], buildInputs ? [ ], shellHook ? "", ... }@a:
    stdenv.mkDerivation (builtins.removeAttrs a [ "packages" "inputsFrom" ] // {
      inherit name;
      buildInputs = buildInputs ++ lib.concatMap (x: x.buildInputs or [ ]) inputsFrom;
      nativeBuildInputs = packages ++ nativeBuildInputs ++ lib.concatMap (x: x.nativeBuildInputs or [ ]) inputsFrom;
      shellHook = lib.concatStringsSep "\n" (lib.catAttrs "shellHook" (lib.reverseList inputsFrom ++ [ a ]));
      buildCommand = "declare -x > $out";
    })) { };
  mkShellNoCC = self.mkShell;

  # ---- sources and language builders --------------------------------------
  fetchFromGitHub = { owner ? "", repo, ... }: fetched (if repo == "nixpkgs" || repo == "devenv-nixpkgs" then "devenv-nixpkgs" else repo);
  fetchFromGitLab = { repo, ... }: fetched repo;
  fetchurl = { name ? "file", ... }: fetched name;
  fetchzip = { name ? "source", ... }: fetched name;
  fetchgit = { name ? "git", ... }: fetched name;
  fetchNpmDeps = { name ? "npm-deps", hash ? throw "fetchNpmDeps: hash is missing", src ? null, ... }: builtins.seq (checkHash hash) (fetched name);
  # Nothing is fetched, but the result is a fixed-output derivation as the real
  # one is: its hash follows the lock file and the flags, an empty hash stops at
  # a mismatch that names the right one.
  fetchPnpmDeps = { pname, src, hash ? "", pnpm ? self.pnpm, fetcherVersion ? null, pnpmInstallFlags ? [ ], ... }@a:
    builtins.seq (checkHash hash) (
      if a ? pnpmWorkspace then throw "fetchPnpmDeps: use pnpmWorkspaces"
      else if ! builtins.elem fetcherVersion [ 3 4 ] then throw "fetchPnpmDeps: fetcherVersion must be 3 or 4"
      else if fetcherVersion == 3 && lib.versionAtLeast pnpm.version "11" then throw "fetchPnpmDeps: fetcherVersion 3 is not supported with pnpm 11 and later"
      else if fetcherVersion == 4 && lib.versionOlder pnpm.version "11" then throw "fetchPnpmDeps: fetcherVersion 4 is for pnpm 11 and later"
      else if ! builtins.pathExists (src + "/pnpm-lock.yaml") then throw "fetchPnpmDeps: no pnpm-lock.yaml in src"
      else withExtras {
        pname = "${pname}-pnpm-deps"; version = "0";
        d = drv {
          name = "${pname}-pnpm-deps";
          src = "${src}";
          flags = toString pnpmInstallFlags;
          outputHash = hash; outputHashAlgo = "sha256"; outputHashMode = "recursive";
          args = [ "-ec" "mkdir -p $out; cp $src/pnpm-lock.yaml $out/; echo \"$flags\" > $out/flags" ];
        };
      });
  pnpmConfigHook = tool "pnpm-config-hook" { };
  npmHooks = { npmConfigHook = tool "npm-config-hook" { }; npmBuildHook = tool "npm-build-hook" { }; npmInstallHook = tool "npm-install-hook" { }; };
  importNpmLock = {
    __functor = _: { npmRoot ? throw "importNpmLock: npmRoot is missing", package ? lib.importJSON (npmRoot + "/package.json"), packageLock ? lib.importJSON (npmRoot + "/package-lock.json"), pname ? "", version ? "", fetcherOpts ? { }, packageSourceOverrides ? { } }:
      # As the real one does: both files are read while evaluating, and what is
      # fetched needs its hash there.
      let bare = lib.filterAttrs (_: m: lib.hasPrefix "http" (m.resolved or "") && !(m ? integrity)) packageLock.packages; in
      if bare != { } then throw "importNpmLock: no integrity for ${toString (builtins.attrNames bare)}"
      else self.writeText "npm-deps" (builtins.toJSON { inherit package packageLock; }) // { isImportedLock = true; };
    npmConfigHook = tool "import-npm-lock-config-hook" { };
    linkNodeModulesHook = tool "link-node-modules-hook" { };
    buildNodeModules = { npmRoot, nodejs, ... }: self.emptyDirectory;
  };
  buildNpmPackage = a: self.stdenv.mkDerivation (
    let raw = if builtins.isFunction a then lib.fix a else a; imported = raw.npmDeps.isImportedLock or false; in
    if !(raw ? name) && !(raw ? pname && raw ? version) then throw "buildNpmPackage: pname and version are missing"
    else if !(raw ? npmDeps || raw ? npmDepsHash) then throw "buildNpmPackage: npmDepsHash or npmDeps is missing"
    else if imported && (raw.npmConfigHook or null) != self.importNpmLock.npmConfigHook then throw "buildNpmPackage: importNpmLock needs npmConfigHook = importNpmLock.npmConfigHook"
    else if !(raw.dontNpmBuild or false) && !(raw ? buildPhase) && !((lib.importJSON (raw.src + "/package.json")).scripts or { } ? ${raw.npmBuildScript or "build"}) then throw "buildNpmPackage: package.json has no build script (dontNpmBuild?)"
    else if !(raw.dontNpmBuild or false) && builtins.elem "--omit=dev" (raw.npmInstallFlags or [ ]) then throw "buildNpmPackage: the build script would run without the tools that --omit=dev leaves out (dontNpmBuild?)"
    else builtins.removeAttrs raw [ "npmConfigHook" "npmBuildHook" "npmInstallHook" "nodejs" ] // {
      npmDeps = raw.npmDeps or raw.npmDepsHash;
      nativeBuildInputs = (raw.nativeBuildInputs or [ ]) ++ [ (raw.nodejs or self.nodejs) (raw.npmConfigHook or self.npmHooks.npmConfigHook) ];
      installPhase = raw.installPhase or ''mkdir -p "$out/lib/node_modules/${raw.pname or "app"}"; cp -R . "$out/lib/node_modules/${raw.pname or "app"}/"'';
    });
  buildGoModule = lib.makeOverridable ({ go ? self.go }: a0: let a = if builtins.isFunction a0 then lib.fix a0 else a0; in builtins.seq (if a ? vendorHash then true else throw "buildGoModule: vendorHash is missing") (self.stdenv.mkDerivation (builtins.removeAttrs a [ "ldflags" ]))) { };
  rustPlatform = {
    rustLibSrc = self.emptyDirectory;
    buildRustPackage = a:
      builtins.seq (if a ? cargoLock || a ? cargoHash || a ? cargoDeps then true else throw "buildRustPackage: cargoLock or cargoHash is missing")
      (self.stdenv.mkDerivation (builtins.removeAttrs a [ "cargoLock" ] // lib.optionalAttrs (a.cargoLock ? lockFile) { cargoLockText = builtins.readFile a.cargoLock.lockFile; }));
    importCargoLock = { lockFile, ... }: self.writeText "cargo-vendor" (builtins.readFile lockFile);
  };
  maven = tool "maven" { bins = [ "mvn" ]; passthru.buildMavenPackage = a: builtins.seq (a.mvnHash) (self.stdenv.mkDerivation a); };

  # Valid archives, with a layer for each store path of the closure.  With real
  # tools the root also holds the machine's own loader and libraries, because the
  # real Node comes from outside of the store: what an image weighs and how its
  # layers are cut is not to be learned here.
  dockerTools = let
    image = kind: a:
      let
        layered = [ "name" "tag" "fromImage" "contents" "config" "architecture" "created" "mtime" "uid" "gid" "uname" "gname" "maxLayers" "extraCommands" "fakeRootCommands" "enableFakechroot" "includeStorePaths" "includeNixDB" "layeringPipeline" "debug" "passthru" "meta" ];
        known = {
          streamLayeredImage = layered;
          buildLayeredImage = layered ++ [ "compressor" ];
          buildImage = [ "name" "tag" "fromImage" "fromImageName" "fromImageTag" "copyToRoot" "contents" "keepContentsDirlinks" "config" "architecture" "diskSize" "buildVMMemorySize" "runAsRoot" "extraCommands" "uid" "gid" "created" "compressor" "includeNixDB" "passthru" "meta" ];
        }.${kind};
        settings = [ "Cmd" "Entrypoint" "Env" "User" "ExposedPorts" "Volumes" "WorkingDir" "Labels" "StopSignal" "Healthcheck" "OnBuild" "Shell" "ArgsEscaped" ];
        strange = lib.subtractLists settings (builtins.attrNames (a.config or { }));
        unknown = lib.subtractLists known (builtins.attrNames a);
        roots = lib.toList (a.contents or [ ]) ++ lib.toList (a.copyToRoot or [ ]);
        confJson = builtins.toJSON (a.config or { });
        parts = drv {
          name = "image-parts-${baseNameOf a.name}";
          inherit confJson;
          passAsFile = [ "confJson" ];
          exportReferencesGraph = [ "closure" (self.writeText "config.json" confJson) ];
          imageName = "${a.name}:${if a.tag or null == null then "stub" else a.tag}";
          architecture = a.architecture or { x86_64 = "amd64"; aarch64 = "arm64"; }.${builtins.head (lib.splitString "-" system)};
          roots = map (x: "${x}") (builtins.filter (x: x != null) roots);
          extraCommands = a.extraCommands or "";
          loader = if import ./tools.nix == null then "" else "${import ./tools.nix}/node";
          args = [ "-ec" "source ${./image-parts.sh}" ];
        };
        stream = "exec /bin/bash ${./stream-image.sh} ${parts}";
      in
      if unknown != [ ] then throw "dockerTools.${kind}: unknown argument(s) ${toString unknown}"
      else if strange != [ ] then throw "dockerTools.${kind}: unknown setting(s) ${toString strange}"
      else if lib.toLower a.name != a.name then throw "dockerTools.${kind}: an image name is lower-case: ${a.name}"
      else withExtras {
        pname = a.name; version = a.tag or "stub"; meta = a.meta or { };
        passthru = { imageName = a.name; imageTag = a.tag or "stub"; config = a.config or { }; } // (a.passthru or { });
        d = drv {
          name = if kind == "streamLayeredImage" then "stream-${baseNameOf a.name}" else "docker-image-${baseNameOf a.name}.tar.gz";
          args = [ "-ec" (if kind == "streamLayeredImage" then "printf '#!/bin/bash\n%s\n' '${stream}' > $out; chmod +x $out" else "(${stream}) | gzip -n > $out") ];
        };
      };
  in {
    buildImage = image "buildImage";
    buildLayeredImage = image "buildLayeredImage";
    streamLayeredImage = image "streamLayeredImage";
    buildImageWithNixDb = image "buildImage";
    buildLayeredImageWithNixDb = image "buildLayeredImage";
    caCertificates = tool "docker-ca" { };
    binSh = tool "docker-binsh" { };
    usrBinEnv = tool "docker-usrbinenv" { };
    fakeNss = tool "docker-fakenss" { };
    pullImage = a: fetched "image";
  };

  # ---- packages ------------------------------------------------------------
  bash = tool "bash" { version = "5.3"; };
  bashInteractive = tool "bash-interactive" { version = "5.3"; bins = [ "bash" ]; outputs = [ "out" "man" "doc" "info" ]; };
  bashNonInteractive = self.bash;
  coreutils = tool "coreutils" { version = "9.8"; bins = [ "cat" "cksum" "cut" "ls" "readlink" "timeout" "mkdir" "sort" "env" ]; mainProgram = "ls"; };
  coreutils-full = self.coreutils;
  gitMinimal = tool "git-minimal" { bins = [ "git" ]; };
  nodejs_22 = tool "nodejs" { version = "22.23.3"; bins = [ "node" "npm" "npx" ]; passthru.pkgs = { }; };
  nodejs_24 = tool "nodejs" { version = "24.21.0"; bins = [ "node" "npm" "npx" ]; };
  nodejs = self.nodejs_24;
  nodejs-slim = realNode (tool "nodejs-slim" { version = "24.21.0"; bins = [ "node" ]; outputs = [ "out" "npm" "corepack" ]; });
  nodejs-slim_22 = tool "nodejs-slim" { version = "22.23.3"; bins = [ "node" ]; outputs = [ "out" "npm" "corepack" ]; };
  nodejs-slim_24 = self.nodejs-slim;
  # The unversioned pnpm follows current nixpkgs, whose override takes
  # nodejs-slim and refuses nodejs (devenv before 2.3.3 passes nodejs, so a
  # template must set languages.javascript.pnpm.package itself).
  # NIXSTART_STUB_LENIENT=1 (impure evaluation) accepts both.
  pnpm = let p = self.pnpm_12; in p // lib.optionalAttrs (builtins.getEnv "NIXSTART_STUB_LENIENT" != "1") {
    override = a: if builtins.isAttrs a && a ? nodejs then throw "pnpm.override: unexpected argument 'nodejs'" else p;
  };
  pnpm_9 = tool "pnpm" { version = "9.15.9"; bins = [ "pnpm" "pnpx" ]; };
  pnpm_10 = tool "pnpm" { version = "10.34.9"; bins = [ "pnpm" "pnpx" ]; standIn = ./pnpm.sh; };
  pnpm_11 = tool "pnpm" { version = "11.28.11"; bins = [ "pnpm" "pnpx" ]; };
  pnpm_12 = tool "pnpm" { version = "12.21.0"; bins = [ "pnpm" "pnpx" ]; };
  corepack = tool "corepack" { bins = [ "corepack" "pnpm" "yarn" ]; };
  corepack_22 = self.corepack; corepack_24 = self.corepack;
  postgresql = tool "postgresql" { version = "18.1"; bins = [ "postgres" "initdb" "pg_ctl" "psql" "pg_isready" "createdb" ]; mainProgram = "psql"; passthru = { psqlSchema = "18"; withPackages = f: self.postgresql; }; };
  postgresql_16 = self.postgresql; postgresql_17 = self.postgresql; postgresql_18 = self.postgresql;
  redis = tool "redis" { bins = [ "redis-server" "redis-cli" ]; };
  libressl = tool "libressl" { outputs = [ "out" "nc" "bin" ]; };
  glibcLocalesUtf8 = tool "glibc-locales-utf8" { };
  glibcLocales = tool "glibc-locales" { };
  gcc = tool "gcc" { bins = [ "gcc" "cc" ]; };
  cacert = tool "cacert" { };
  python3 = tool "python3" { version = "3.13.9"; bins = [ "python3" "python" ]; passthru = { buildEnv = self.python3; override = _: self.python3; interpreter = "${self.bash}/bin/bash"; isPy3 = true; executable = "python3"; sitePackages = "lib/python3.13/site-packages"; pkgs = self.python3Packages; withPackages = f: builtins.seq (map (p: p.name) (f self.python3Packages)) self.python3; pythonVersion = "3.13"; }; };
  python313 = self.python3; python312 = self.python3;
  python3Packages = lib.genAttrs [ "setuptools" "hatchling" "wheel" "pip" "flask" "django" "gunicorn" "uvicorn" "requests" ] (n: tool "python3.13-${n}" { }) // {
    buildPythonApplication = a: builtins.seq (if a ? pyproject || a ? format then true else throw "buildPythonApplication: pyproject is missing") (self.stdenv.mkDerivation (builtins.removeAttrs a [ "build-system" "dependencies" ] // { nativeBuildInputs = a.build-system or [ ]; propagatedBuildInputs = a.dependencies or [ ]; }));
    buildPythonPackage = self.python3Packages.buildPythonApplication;
  };
  llvmPackages = { bintools = tool "llvm-bintools" { }; clang = self.clang; stdenv = self.stdenv; };
  buildPackages = self; targetPackages = self;
  go = tool "go" { version = "1.26.3"; }; rustc = tool "rustc" { }; cargo = tool "cargo" { };
  jdk = tool "openjdk" { version = "25"; bins = [ "java" "javac" ]; passthru.home = "/stub-java-home"; }; jdk21 = self.jdk; jdk25 = self.jdk;
  uv = tool "uv" { version = "0.9.9"; };
  nginx = tool "nginx" { }; s6 = tool "s6" { bins = [ "s6-svscan" "s6-svscanctl" "s6-supervise" "s6-log" ]; }; execline = tool "execline" { bins = [ "execlineb" ]; };
  fakeNss = tool "fake-nss" { };
  # devenv's task runner: see devenv-tasks.pl for the little that it does.
  devenv-tasks = self.runCommand "devenv-tasks-stub" { meta.mainProgram = "devenv-tasks"; } ''
    mkdir -p $out/bin
    cp ${./devenv-tasks.pl} $out/bin/devenv-tasks
    chmod +x $out/bin/devenv-tasks
  '';
  socat = tool "socat" { rc = 1; }; # nobody is ever listening
  devenv = tool "devenv" { version = "2.3.0"; };
  nixfmt = tool "nixfmt" { version = "1.1.0"; };
  nixfmt-rfc-style = self.nixfmt;
  nixfmt-tree = tool "nixfmt-tree" { bins = [ "treefmt" ]; };
  "prek" = tool "prek" { };
  pre-commit = tool "pre-commit" { };
} // lib.genAttrs [ "delve" "gopls" "gotools" "golangci-lint" "go-tools" "gomodifytags" "impl" "gotests" "iferr" ] (n:
  let p = tool n { }; in p // { override = { __functor = _: _: p; __functionArgs = { buildGoModule = false; }; }; })
// simple [
  "git" "jq" "skopeo" "curl" "gnused" "gnugrep" "gnutar" "gzip" "findutils" "gawk" "which" "hello" "pkg-config"
  "process-compose" "turbo" "yarn" "bun" "deno" "typescript-language-server" "typescript" "nixd" "nil" "statix" "deadnix" "vulnix"
  "nixpkgs-fmt" "alejandra" "shellcheck" "shfmt" "actionlint" "eslint" "prettier" "umoci" "dive" "docker" "docker-compose"
  "kubectl" "kompose" "gnumake" "cmake" "ninja" "pip" "poetry" "gradle" "openssl" "zlib" "sqlite" "qemu" "qemu_kvm" "cloud-utils" "cdrkit"
  "busybox" "tini" "dumb-init" "envsubst" "direnv" "nix-direnv" "nix" "cachix" "openssh" "ripgrep" "fd" "just" "watchexec" "tzdata" "iana-etc" "vips"
  "mailcap" "pyright" "basedpyright" "mold-wrapped" "ruff" "poetry-core" "clang" "clang-tools" "jdt-language-server" "gdb" "lldb" "ccls" "valgrind" "rustPackages" "libclang" "apple-sdk" "apple-sdk_15" "rust-analyzer" "rustfmt" "clippy" "installShellFiles" "sops" "age" "gnupg" "mariadb" "mongodb" "minio" "mailpit" "caddy" "util-linux" "procps" "ncurses" "less" "nodemon" "overmind" "hivemind" "honcho" "mprocs"
]
