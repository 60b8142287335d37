# devenv 2.2.2's options as far as templates use them.  A leaf is the name of a
# type; "*" stands for any attribute name.
let
  enable = { enable = "bool"; };
  tool = enable // { package = "package"; };
  installing = tool // { install = enable; };
  lsp = tool;
  process = {
    exec = "string"; cwd = "string?"; env = "strings"; after = "list"; before = "list"; start = enable;
    ready = { exec = "string?"; notify = "bool"; timeout = "int?"; probe_timeout = "int"; initial_delay = "int"; period = "int"; success_threshold = "int"; failure_threshold = "int"; http.get = { host = "string"; port = "int"; path = "string"; scheme = "string"; }; };
    restart = { on = "never|always|on_failure"; max = "int?"; window = "int?"; };
    watch = { paths = "list"; extensions = "list"; ignore = "list"; };
    ports."*".allocate = "int"; process-compose = "any";
  };
  task = { exec = "string?"; status = "string?"; execIfModified = "list"; after = "list"; before = "list"; env = "strings"; cwd = "string?"; description = "string"; exports = "list"; input = "any"; binary = "string?"; showOutput = "bool"; package = "package"; };
in
{
  name = "string?"; packages = "packages"; env = "any"; enterShell = "lines"; enterTest = "lines"; overlays = "list"; inputsFrom = "packages"; unsetEnvVars = "list";
  assertions = "list"; warnings = "list"; infoSections = "any";
  devenv = { root = "string"; flakesIntegration = "bool"; warnOnNewVersion = "bool"; debug = "bool"; };
  _module.args = "any";
  dotenv = { enable = "bool"; filename = "any"; disableHint = "bool"; };
  processes."*" = process; tasks."*" = task;
  process.manager = { implementation = "native|process-compose|overmind|honcho|hivemind|mprocs"; before = "lines"; after = "lines"; };
  scripts."*" = { exec = "any"; description = "string"; package = "package"; packages = "packages"; };
  files."*" = { text = "string"; json = "any"; yaml = "any"; toml = "any"; source = "any"; executable = "bool"; };
  git-hooks = { hooks."*" = { enable = "bool"; name = "string"; entry = "string"; files = "string"; types = "any"; excludes = "list"; pass_filenames = "bool"; settings = "any"; stages = "list"; package = "package"; }; enable = "bool"; };
  languages = {
    javascript = tool // { directory = "string"; nodejs = enable; npm = installing; pnpm = installing; yarn = installing; bun = installing; corepack = enable; inherit lsp; };
    typescript = enable // { inherit lsp; };
    nix = enable // { inherit lsp; };
    python = tool // { version = "string?"; directory = "string"; venv = enable // { requirements = "any"; quiet = "bool"; }; uv = tool // { sync = enable // { allExtras = "bool"; allGroups = "bool"; extras = "list"; groups = "list"; }; }; poetry = installing; inherit lsp; };
    rust = enable // { channel = "nixpkgs|stable|beta|nightly"; version = "string"; components = "list"; targets = "list"; toolchain = "any"; inherit lsp; };
    go = tool // { version = "string?"; enableHardeningWorkaround = "bool"; inherit lsp; };
    java = enable // { jdk.package = "package"; maven = tool; gradle = tool; inherit lsp; };
    c = enable; cplusplus = enable;
  };
  services = {
    postgres = tool // { port = "int"; listen_addresses = "string"; initialDatabases = "list"; initialScript = "string?"; initdbArgs = "list"; hbaConf = "string?"; settings = "any"; extensions = "any"; createDatabase = "bool"; };
    redis = tool // { port = "int"; bind = "string?"; extraConfig = "lines"; };
    nginx = tool // { httpConfig = "lines"; eventsConfig = "lines"; configFile = "any"; };
    mysql = tool // { initialDatabases = "list"; ensureUsers = "list"; settings = "any"; };
    mailpit = tool // { additionalArgs = "list"; httpListenAddress = "string"; smtpListenAddress = "string"; };
    caddy = tool // { config = "lines"; virtualHosts = "any"; };
  };
}
