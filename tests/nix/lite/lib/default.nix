# A small library with the names of nixpkgs' lib that templates and the stub
# packages use.  Written for the tests; anything missing fails by name.
let
  b = builtins;
  lib = rec {
    inherit (b) attrNames attrValues hasAttr isAttrs isList isFunction isString isInt isBool isPath elem elemAt filter map head tail length
      concatLists concatMap concatStringsSep genList listToAttrs mapAttrs intersectAttrs removeAttrs functionArgs pathExists readFile
      replaceStrings toJSON fromJSON substring stringLength seq deepSeq trace baseNameOf dirOf catAttrs foldl' match split sort all any partition groupBy;
    id = x: x; const = x: _: x; flip = f: x: y: f y x; pipe = foldl' (x: f: f x);
    fix = f: let x = f x; in x;
    extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
    filterAttrs = p: s: listToAttrs (concatMap (n: if p n s.${n} then [ (nameValuePair n s.${n}) ] else [ ]) (attrNames s));
    mapAttrs' = f: s: listToAttrs (map (n: f n s.${n}) (attrNames s));
    mapAttrsToList = f: s: map (n: f n s.${n}) (attrNames s);
    attrByPath = p: d: s: if p == [ ] then s else if isAttrs s && s ? ${head p} then attrByPath (tail p) d s.${head p} else d;
    hasAttrByPath = p: s: p == [ ] || (isAttrs s && s ? ${head p} && hasAttrByPath (tail p) s.${head p});
    setAttrByPath = p: v: if p == [ ] then v else { ${head p} = setAttrByPath (tail p) v; };
    recursiveUpdate = a: c: a // mapAttrs (n: v: if a ? ${n} && isAttrs v && isAttrs a.${n} && !(isDerivation v) then recursiveUpdate a.${n} v else v) c;
    isDerivation = x: isAttrs x && (x.type or null) == "derivation";
    optional = c: x: if c then [ x ] else [ ]; optionals = c: x: if c then x else [ ];
    optionalString = c: x: if c then x else ""; optionalAttrs = c: x: if c then x else { };
    toList = x: if isList x then x else [ x ];
    flatten = x: if isList x then concatMap flatten x else [ x ];
    unique = foldl' (acc: x: if elem x acc then acc else acc ++ [ x ]) [ ];
    subtractLists = e: filter (x: !(elem x e)); reverseList = xs: let n = length xs; in genList (i: elemAt xs (n - 1 - i)) n;
    last = xs: elemAt xs (length xs - 1); range = a: z: if a > z then [ ] else genList (i: a + i) (z - a + 1);
    concatMapStrings = f: xs: concatStringsSep "" (map f xs); concatMapStringsSep = s: f: xs: concatStringsSep s (map f xs);
    concatStrings = concatStringsSep ""; boolToString = x: if x then "true" else "false";
    splitString = sep: s: filter isString (split (escapeRegex sep) s);
    escapeRegex = s: let special = [ "\\" "^" "$" "." "|" "?" "*" "+" "(" ")" "[" "]" "{" "}" ]; in replaceStrings special (map (c: "\\" + c) special) s;
    hasPrefix = p: s: substring 0 (stringLength p) s == p;
    hasSuffix = p: s: let n = stringLength s; m = stringLength p; in n >= m && substring (n - m) m s == p;
    removePrefix = p: s: if hasPrefix p s then substring (stringLength p) (-1) s else s;
    removeSuffix = p: s: if hasSuffix p s then substring 0 (stringLength s - stringLength p) s else s;
    toLower = replaceStrings (chars "ABCDEFGHIJKLMNOPQRSTUVWXYZ") (chars "abcdefghijklmnopqrstuvwxyz");
    chars = s: genList (i: substring i 1 s) (stringLength s);
    escapeShellArg = x: "'" + replaceStrings [ "'" ] [ "'\\''" ] (toString x) + "'"; escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    versionOlder = a: c: b.compareVersions c a == 1; versionAtLeast = a: c: !(versionOlder a c);
    versions.major = v: head (splitString "." v);
    getOutput = o: p: if p.outputSpecified or false then p else p.${o} or p.out or p;
    getBin = getOutput "bin"; getDev = getOutput "dev"; getLib = getOutput "lib";
    getExe = p: "${getBin p}/bin/${p.meta.mainProgram or (p.pname or p.name)}"; getExe' = p: n: "${getBin p}/bin/${n}";
    makeBinPath = ps: concatMapStringsSep ":" (p: "${getBin p}/bin") (filter (p: p != null) ps);
    importJSON = f: fromJSON (readFile f); fileContents = f: removeSuffix "\n" (readFile f);
    importTOML = path: builtins.fromTOML (builtins.readFile path);
    cleanSourceWith = { src, filter ? _: _: true, name ? "source" }: { outPath = b.path { path = src.origSrc or src; inherit name filter; }; origSrc = src; inherit name filter; };
    cleanSource = src: cleanSourceWith { inherit src; filter = p: _: !(elem (baseNameOf p) [ ".git" ".svn" ".hg" ] || hasSuffix "~" p || hasPrefix "result" (baseNameOf p)); };
    sourceByRegex = src: rs: cleanSourceWith { inherit src; filter = p: _: any (r: match r (removePrefix (toString src + "/") p) != null) rs; };
    makeOverridable = f: args:
      let r = f args; over = a: makeOverridable f (args // (if isFunction a then a args else a)); in
      if isAttrs r then r // { override = over; } else if isFunction r then { override = over; __functor = _: r; __functionArgs = functionArgs r; } else r;
    throwIf = c: m: x: if c then throw m else x; throwIfNot = c: throwIf (!c); assertMsg = c: m: c || throw m; warn = m: trace "warning: ${m}"; warnIf = c: m: if c then warn m else id;
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; fakeSha256 = fakeHash;
    strings = { inherit concatStringsSep splitString escapeShellArg hasPrefix hasSuffix; sanitizeDerivationName = s: let r = concatMapStrings (c: if match "[A-Za-z0-9+._?=-]" c != null then c else "-") (chars (toString s)); in if hasPrefix "." r then "x${r}" else r; };
    attrsets = lib; lists = lib; trivial = lib; meta = { availableOn = _: _: true; };
    fileset = import ./fileset.nix { inherit lib; };
    systems = { flakeExposed = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ]; elaborate = s: let p = splitString "-" s; in rec { system = s; config = s; isLinux = elemAt p 1 == "linux"; isDarwin = !isLinux; isx86_64 = head p == "x86_64"; isAarch64 = head p == "aarch64"; }; };
    licenses = genAttrs [ "mit" "asl20" "gpl3Only" "bsd3" "unlicense" ] (n: { shortName = n; }); maintainers = { };
    mkIf = condition: content: { _type = "if"; inherit condition content; }; mkMerge = contents: { _type = "merge"; inherit contents; };
    mkOverride = priority: content: { _type = "override"; inherit priority content; }; mkDefault = mkOverride 1000; mkForce = mkOverride 50;
    mkOrder = _: x: x; mkBefore = x: x; mkAfter = x: x;
    types = { }; # the lite stub checks types itself
  };
in
lib
