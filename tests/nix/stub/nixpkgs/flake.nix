# A stand-in for nixpkgs: assemble.sh puts our small lib next to this file as ./lib;
# every package is a small derivation built with /bin/bash.
{
  description = "offline stand-in for nixpkgs (small lib, stub packages)";

  outputs = { self }:
    let
      lib = import ./lib;
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      pkgsFor = system: import ./default.nix { inherit system; };
    in
    {
      # nixpkgs' flake adds nixosSystem to lib; a template that needs it gets
      # a tiny version which only evaluates the modules it is given.
      lib = lib // {
        nixosSystem = args: import ./nixos.nix ({ inherit lib pkgsFor; } // args);
      };
      legacyPackages = lib.genAttrs systems pkgsFor;
    };
}
