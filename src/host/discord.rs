//! Asks Discord whether a token and the ids beside it belong together. Only when somebody says so.

use secrecy::{ExposeSecret, SecretString};

use super::http::{self, Call, Trust};
use crate::env_vars;
use crate::error::{Error, Result};
use crate::secret::online::{Answer, Expected, Verdict, judge};

/// Where Discord answers.
const API: &str = "https://discord.com/api/v10";
/// What we call ourselves, in the form that Discord asks for: an address and a version.
fn user_agent() -> String {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let address = if repository.is_empty() { "https://nixstart.example" } else { repository };
    format!("DiscordBot ({address}, {})", env!("CARGO_PKG_VERSION"))
}

/// Asks each endpoint once, and nothing more after the first answer that says so.
pub fn ask(token: &SecretString, expected: &Expected) -> Result<Vec<Verdict>> {
    let base = env_vars::get(env_vars::DISCORD_API).unwrap_or_else(|| API.to_owned());
    let base = base.trim_end_matches('/');
    let trust = Trust { allow_loopback_http: true, ..Trust::from_environment() };
    let authorization = SecretString::from(format!("Bot {}", token.expose_secret()));
    let mut verdicts = Vec::new();
    for endpoint in expected.endpoints() {
        let url = format!("{base}{}", endpoint.path());
        let call = Call { url: &url, authorization: &authorization, user_agent: &user_agent(), trust: &trust };
        let (verdict, status) = match http::call(&call) {
            Ok(reply) => {
                let answer = Answer { status: reply.status, retry_after: reply.retry_after, body: reply.body };
                (judge(&endpoint, &answer, expected), reply.status)
            }
            Err(error @ http::HttpError::Insecure { .. }) => {
                let hint = format!("`{}` takes https, and http on this machine only", env_vars::DISCORD_API);
                return Err(Error::from(error).hint(hint));
            }
            Err(error) => (Verdict::NotChecked(error.to_string()), 0),
        };
        let is_last = verdict.is_last(status);
        verdicts.push(verdict);
        if is_last {
            break;
        }
    }
    Ok(verdicts)
}
