//! The kinds of secrets that have a validator of their own.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::did_you_mean;

/// What a value is, which decides how it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// The token a Discord bot logs in with.
    DiscordBotToken,
    /// The id of a Discord application, which is also the id of its bot.
    DiscordApplicationId,
    /// The id of a Discord server ("guild").
    DiscordGuildId,
    /// A token of GitHub, personal or of an application.
    GithubToken,
    /// A password for a container registry.
    RegistryPassword,
    /// The token that logs in to Cachix.
    CachixToken,
    /// A public key of SSH.
    SshPublicKey,
    /// The URL of a database, with user and password.
    DatabaseUrl,
    /// A URL.
    Url,
    /// The number of a port.
    Port,
    /// An e-mail address.
    Email,
    /// Yes or no.
    Boolean,
    /// Bytes in hexadecimal.
    Hex,
    /// Bytes in base64.
    Base64,
    /// A UUID.
    Uuid,
    /// Any text.
    #[default]
    Text,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::DiscordBotToken,
        Self::DiscordApplicationId,
        Self::DiscordGuildId,
        Self::GithubToken,
        Self::RegistryPassword,
        Self::CachixToken,
        Self::SshPublicKey,
        Self::DatabaseUrl,
        Self::Url,
        Self::Port,
        Self::Email,
        Self::Boolean,
        Self::Hex,
        Self::Base64,
        Self::Uuid,
        Self::Text,
    ];

    /// The word for it in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiscordBotToken => "discord/bot-token",
            Self::DiscordApplicationId => "discord/application-id",
            Self::DiscordGuildId => "discord/guild-id",
            Self::GithubToken => "github/token",
            Self::RegistryPassword => "registry/password",
            Self::CachixToken => "cachix/auth-token",
            Self::SshPublicKey => "ssh/public-key",
            Self::DatabaseUrl => "database/url",
            Self::Url => "url",
            Self::Port => "port",
            Self::Email => "email",
            Self::Boolean => "boolean",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Uuid => "uuid",
            Self::Text => "text",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::ALL.into_iter().find(|kind| kind.name() == word).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            let hint = did_you_mean(&word, names).unwrap_or_else(|| format!("known kinds: {}", names.join(", ")));
            serde::de::Error::custom(format!("unknown kind `{word}`; {hint}"))
        })
    }
}
