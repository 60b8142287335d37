//! How direnv is hooked into each shell, and how a running shell says whether it is.

use super::ShellKind;

impl ShellKind {
    /// The lines that hook direnv into this shell.
    pub const fn direnv_lines(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["eval \"$(direnv hook bash)\""],
            Self::Zsh => &["eval \"$(direnv hook zsh)\""],
            Self::Fish => &["direnv hook fish | source"],
            // direnv makes PATH one text, and Nushell wants a list. Tried with Nushell 0.115.
            Self::Nushell => &[
                "$env.config.hooks.env_change.PWD = ($env.config.hooks.env_change.PWD? | default [] | append {||",
                "    if (which direnv | is-not-empty) {",
                "        direnv export json | from json | default {} | load-env",
                "        $env.PATH = ($env.PATH | split row (char esep))",
                "    }",
                "})",
            ],
            // What `direnv hook elvish` prints is a module, and before 2.33 one that Elvish 0.19 and later refuse
            // (`except`); this is the same in one place. Tried with direnv 2.32.1 and Elvish 0.21.
            Self::Elvish => &[
                "set edit:before-readline = [$@edit:before-readline {",
                "    if (has-external direnv) {",
                "        nop ?(direnv export elvish | from-json | each {|changes|",
                "            keys $changes | each {|name|",
                "                if $changes[$name] { set-env $name $changes[$name] } else { unset-env $name }",
                "            }",
                "        })",
                "    }",
                "}]",
            ],
            Self::Tcsh => &["eval `direnv hook tcsh`"],
            Self::Pwsh => &["Invoke-Expression \"$(direnv hook pwsh)\""],
            Self::Murex => &["direnv hook murex -> source"],
        }
    }

    /// The arguments with which this shell, started as a person starts it, says by its exit code or its output whether
    /// direnv's hook is there.
    pub const fn hook_question(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Bash => Some(["-ic", "declare -F _direnv_hook"]),
            Self::Zsh => Some(["-ic", "(( $+functions[_direnv_hook] ))"]),
            Self::Fish => Some(["-ic", "functions -q __direnv_export_eval"]),
            Self::Tcsh => Some(["-ic", "alias precmd"]),
            Self::Nushell | Self::Elvish | Self::Pwsh | Self::Murex => None,
        }
    }
}
