{
  git,
  installShellFiles,
  lib,
  pkg-config,
  rustPlatform,
}:
rustPlatform.buildRustPackage {
  pname = "nixstart";
  inherit ((lib.importTOML ../Cargo.toml).package) version;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../Cargo.lock
      ../Cargo.toml
      ../CONTRIBUTING.md
      ../INSTALLING-NIX.md
      ../README.md
      ../LICENSE-APACHE
      ../LICENSE-MIT
      ../assets
      ../benches
      ../build.rs
      ../clippy.toml
      ../docs
      ../src
      ../templates
      ../tests
    ];
  };

  cargoLock.lockFile = ../Cargo.lock;

  nativeBuildInputs = [
    installShellFiles
    pkg-config
  ];
  # The tests compare what nixstart stages with what git says.
  nativeCheckInputs = [ git ];

  postInstall = ''
    installShellCompletion --cmd nixstart \
      --bash <($out/bin/nixstart completions bash) \
      --zsh <($out/bin/nixstart completions zsh) \
      --fish <($out/bin/nixstart completions fish)
    $out/bin/nixstart man > nixstart.1
    installManPage nixstart.1
  '';

  meta = {
    description = "From a bare machine to a running project whose environment is reproducible with Nix";
    license = [
      lib.licenses.mit
      lib.licenses.asl20
    ];
    mainProgram = "nixstart";
  };
}
