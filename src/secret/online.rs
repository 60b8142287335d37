//! Judges what Discord's API says of a token and of the ids beside it. Who asks, and how, is the business of the edge.
//!
//! An answer of 401, 403 or 429 counts towards a ban of the address, so each endpoint is asked once and nothing is asked
//! after the first 401.

use serde_json::Value;

use crate::diagnostic::Severity;

/// What is asked for, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Who the token belongs to.
    User,
    /// Which application it belongs to.
    Application,
    /// A server that the bot should be in.
    Guild {
        /// Its id.
        id: String,
    },
}

impl Endpoint {
    /// The path below the base of the API.
    pub fn path(&self) -> String {
        match self {
            Self::User => "/users/@me".to_owned(),
            Self::Application => "/applications/@me".to_owned(),
            Self::Guild { id } => format!("/guilds/{id}"),
        }
    }
}

/// What is known of the values that belong together. Ids are public.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The variable of the token.
    pub token: String,
    /// The variable of the application's id, and its value.
    pub application: Option<(String, String)>,
    /// The variable of the server's id, and its value.
    pub guild: Option<(String, String)>,
}

impl Expected {
    /// What is to be asked, in order.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let guild = self.guild.as_ref().map(|(_, id)| Endpoint::Guild { id: id.clone() });
        [Endpoint::User, Endpoint::Application].into_iter().chain(guild).collect()
    }
}

/// An answer of the API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// When it may be asked again, in seconds.
    pub retry_after: Option<String>,
    /// The body, when it is JSON.
    pub body: Value,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be; said as a fragment.
    Fine(String),
    /// Something is wrong with the value of a variable.
    Wrong {
        /// The variable.
        key: String,
        /// How bad it is.
        severity: Severity,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// It could not be checked, and nothing more is asked.
    NotChecked(String),
}

impl Verdict {
    /// Whether nothing more is asked.
    pub const fn is_last(&self, status: u16) -> bool {
        matches!(self, Self::NotChecked(_)) || status == 401
    }
}

/// Judges one answer.
pub fn judge(endpoint: &Endpoint, answer: &Answer, expected: &Expected) -> Verdict {
    match (answer.status, endpoint) {
        (200, Endpoint::User) => user(answer, expected),
        (200, Endpoint::Application) => application(answer, expected),
        (200, Endpoint::Guild { .. }) => Verdict::Fine("the bot is in the server".to_owned()),
        (401, _) => Verdict::Wrong {
            key: expected.token.clone(),
            severity: Severity::Error,
            message: "Discord does not accept this token: it is wrong or was reset".to_owned(),
            hint: "reset it (open your application, Bot → Reset Token) and set the new one".to_owned(),
        },
        (429, _) => {
            let after = answer.retry_after.as_ref().map(|seconds| format!("; try again in {seconds} s")).unwrap_or_default();
            Verdict::NotChecked(format!("Discord asks to be left alone{after}"))
        }
        (403 | 404, Endpoint::Guild { .. }) => not_in_guild(answer, expected),
        (status @ 300..=399, _) => {
            Verdict::NotChecked(format!("the answer leads elsewhere (status {status}), which is not followed"))
        }
        (status, _) => Verdict::NotChecked(format!("the answer has status {status}")),
    }
}

fn user(answer: &Answer, expected: &Expected) -> Verdict {
    if answer.body.get("bot").and_then(Value::as_bool) != Some(true) {
        return Verdict::NotChecked("the answer is not one of Discord's about a bot".to_owned());
    }
    let name = answer.body.get("username").and_then(Value::as_str).unwrap_or_default();
    let name: String = name.chars().filter(|character| !character.is_control()).take(40).collect();
    Verdict::Fine(format!("{} belongs to the bot `{name}`", expected.token))
}

fn application(answer: &Answer, expected: &Expected) -> Verdict {
    let id = answer.body.get("id").and_then(Value::as_str).filter(|id| id.chars().all(|digit| digit.is_ascii_digit()));
    let Some(id) = id else { return Verdict::NotChecked("the answer is not one of Discord's about an application".to_owned()) };
    match &expected.application {
        Some((key, value)) if value != id => Verdict::Wrong {
            key: key.clone(),
            severity: Severity::Error,
            message: format!("it is {value}, but {} belongs to the application {id}", expected.token),
            hint: format!("set it to {id}, or take the token of the application {value}"),
        },
        Some((key, _)) => Verdict::Fine(format!("{key} is the application of {}", expected.token)),
        None => Verdict::Fine(format!("the application is {id}")),
    }
}

fn not_in_guild(answer: &Answer, expected: &Expected) -> Verdict {
    let (key, id) = expected.guild.clone().unwrap_or_default();
    let is_known = answer.body.get("code").and_then(Value::as_u64).is_some_and(|code| matches!(code, 10004 | 50001));
    if !is_known {
        return Verdict::NotChecked(format!("the answer about the server has status {}", answer.status));
    }
    let client = expected.application.as_ref().map_or("APPLICATION_ID", |(_, id)| id.as_str());
    Verdict::Wrong {
        key,
        severity: Severity::Error,
        message: format!("the bot is not in the server {id}, or there is no such server"),
        hint: format!("invite it: https://discord.com/oauth2/authorize?client_id={client}&scope=bot%20applications.commands"),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    fn expected() -> Expected {
        Expected {
            token: "BOT_TOKEN".into(),
            application: Some(("CLIENT_ID".into(), "11".into())),
            guild: Some(("GUILD_ID".into(), "22".into())),
        }
    }

    fn said(endpoint: &Endpoint, status: u16, body: Value) -> String {
        let answer = Answer { status, retry_after: (status == 429).then(|| "3".to_owned()), body };
        match judge(endpoint, &answer, &expected()) {
            Verdict::Fine(text) => format!("fine: {text}"),
            Verdict::Wrong { key, message, .. } => format!("{key}: {message}"),
            Verdict::NotChecked(why) => format!("not checked: {why}"),
        }
    }

    #[test]
    fn every_answer_is_understood() {
        let guild = Endpoint::Guild { id: "22".into() };
        assert_eq!(
            said(&Endpoint::User, 200, json!({"bot": true, "username": "ping\u{1b}"})),
            "fine: BOT_TOKEN belongs to the bot `ping`"
        );
        assert_eq!(
            said(&Endpoint::User, 401, Value::Null),
            "BOT_TOKEN: Discord does not accept this token: it is wrong or was reset"
        );
        assert_eq!(said(&Endpoint::Application, 200, json!({"id": "11"})), "fine: CLIENT_ID is the application of BOT_TOKEN");
        assert_eq!(
            said(&Endpoint::Application, 200, json!({"id": "12"})),
            "CLIENT_ID: it is 11, but BOT_TOKEN belongs to the application 12"
        );
        assert_eq!(said(&guild, 200, json!({})), "fine: the bot is in the server");
        for (status, code) in [(404, 10004), (403, 50001)] {
            assert_eq!(
                said(&guild, status, json!({"code": code})),
                "GUILD_ID: the bot is not in the server 22, or there is no such server"
            );
        }
        assert_eq!(said(&guild, 403, Value::Null), "not checked: the answer about the server has status 403");
        assert_eq!(said(&Endpoint::User, 429, Value::Null), "not checked: Discord asks to be left alone; try again in 3 s");
        assert_eq!(
            said(&Endpoint::User, 302, Value::Null),
            "not checked: the answer leads elsewhere (status 302), which is not followed"
        );
        assert_eq!(said(&Endpoint::User, 200, json!({})), "not checked: the answer is not one of Discord's about a bot");
        assert_eq!(said(&Endpoint::User, 500, Value::Null), "not checked: the answer has status 500");
    }
}
