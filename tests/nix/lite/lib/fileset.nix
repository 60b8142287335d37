# nixpkgs' lib.fileset: a file set is an attribute set whose names are the paths
# of its files.
{ lib }:
let
  b = builtins;
  text = p: b.unsafeDiscardStringContext (toString p);
  kind = p: (b.readDir (dirOf p)).${baseNameOf p} or null;
  exists = p: b.pathExists p || throw "lib.fileset: ${toString p} does not exist (is it tracked by git?)";
  under = p: if b.readDir p == { } then { } else lib.foldl' (a: n: a // (if (b.readDir p).${n} == "directory" then under (p + "/${n}") else { ${text (p + "/${n}")} = true; })) { } (b.attrNames (b.readDir p));
  set = x:
    if x ? _fileset then x._fileset
    else if !(b.isPath x) then throw "lib.fileset: expected a path or a file set, got a ${b.typeOf x}"
    else b.seq (exists x) (if kind x == "directory" then under x else { ${text x} = true; });
  make = s: { _type = "fileset"; _fileset = s; };
in
rec {
  toSource = { root, fileset }:
    let
      files = set fileset;
      outside = b.filter (f: !(lib.hasPrefix "${text root}/" f)) (b.attrNames files);
    in
    if outside != [ ] then throw "lib.fileset.toSource: ${b.head outside} is not below the root"
    else lib.cleanSourceWith {
      src = root;
      filter = p: type: if type == "directory" then b.any (lib.hasPrefix "${p}/") (b.attrNames files) else files ? ${p};
    };
  unions = xs: make (lib.foldl' (a: x: a // set x) { } xs);
  union = x: y: unions [ x y ];
  intersection = x: y: make (b.intersectAttrs (set x) (set y));
  difference = x: y: make (b.removeAttrs (set x) (b.attrNames (set y)));
  maybeMissing = p: if b.pathExists p then p else make { };
  fileFilter = keep: p: make (lib.filterAttrs (f: _: keep { name = baseNameOf f; type = "regular"; hasExt = e: lib.hasSuffix ".${e}" f; }) (set p));
  gitTracked = p: make (under p);
  fromSource = s: throw "the small lib has no fileset.fromSource";
  trace = _: x: x; traceVal = x: x;
}
