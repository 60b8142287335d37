# What `nix-env` reads; nixpkgs has this file, too.
{
  system ? builtins.currentSystem,
}:
((import ./flake.nix).outputs { }).legacyPackages.${system}
