{
  description = "What stands for nixpkgs where there is no network: each package is the folder of its name";

  outputs =
    { ... }:
    {
      legacyPackages = builtins.listToAttrs (
        map
          (system: {
            name = system;
            value = builtins.mapAttrs (
              pname: version:
              derivation {
                name = "${pname}-${version}";
                inherit pname version;
                # Nix itself is the builder that needs no other program.
                system = "builtin";
                builder = "builtin:buildenv";
                # Active, priority 5, one path.
                derivations = "true 5 1 ${./. + "/${pname}"}";
                manifest = ./flake.nix;
              }
            ) {
              nix-direnv = "3.1.0";
              devenv = "2.2.2";
              direnv = "2.37.1";
            };
          })
          [
            "x86_64-linux"
            "aarch64-linux"
          ]
      );
    };
}
