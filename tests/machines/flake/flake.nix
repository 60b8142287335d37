{
  description = "A dev shell of one raw derivation: it needs neither nixpkgs nor a network";

  outputs =
    { ... }:
    {
      devShells = builtins.listToAttrs (
        map
          (system: {
            name = system;
            value.default = derivation {
              name = "offline";
              inherit system;
              # Nix makes shells only of derivations whose builder is called `bash`.
              builder = "${./bin}/bash";
              outputs = [ "out" ];
              stdenv = ./stdenv;
              GREETING = "hello from the dev shell";
              shellHook = "export HOOKED=yes";
            };
          })
          [
            "x86_64-linux"
            "aarch64-linux"
          ]
      );
    };
}
