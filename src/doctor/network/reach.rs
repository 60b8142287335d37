//! Judges whether caches answer.

use super::super::{FileEdit, Fix, Look, Problem, Verdict};
use crate::facts::network::Reply;
use crate::facts::network::reply::TroubleKind;
use crate::facts::{Facts, Unknown};

pub(super) fn has_names(facts: &Facts) -> Look {
    // What was fetched before works without a network, so this only warns, and keeps every other check from failing.
    if facts.network.is_connected.known() == Some(&false) {
        let problem = Problem::new("this machine is connected to no network");
        let problem =
            problem.detail("no route leads out of it, and no proxy is set; what was built or fetched before still works");
        return Ok(Verdict::Warn(problem.fix(Fix::by_hand("Connect to a network", &["ip route"]))));
    }
    let caches = facts.network.caches.get()?;
    let is_unknown = |reply: &&Reply| reply.obstacle() == Some(TroubleKind::UnknownHost);
    let unknown: Vec<&Reply> = caches.iter().filter(is_unknown).collect();
    let Some(first) = unknown.first() else {
        return Ok(Verdict::Pass(hosts(caches.iter())));
    };
    let problem = Problem::new(format!("{} has no address", hosts(unknown.iter().copied())));
    let problem = problem.detail(first.trouble.as_ref().map(|trouble| trouble.text.clone()).unwrap_or_default());
    Ok(if unknown.len() == caches.len() {
        Verdict::Fail(problem.fix(Fix::by_hand(
            "Connect to a network; when others work here, see which name servers are asked",
            &["cat /etc/resolv.conf", &format!("getent hosts {}", first.host())],
        )))
    } else {
        Verdict::Warn(problem.fix(Fix::by_hand("Mend the name, or take the cache out of `substituters`", &[])))
    })
}

fn hosts<'a>(replies: impl Iterator<Item = &'a Reply>) -> String {
    replies.map(|reply| format!("`{}`", reply.host())).collect::<Vec<_>>().join(", ")
}

pub(super) fn is_open(facts: &Facts) -> Look {
    let caches = facts.network.caches.get()?;
    let Some(page) = caches.iter().find(|reply| reply.is_a_page()) else {
        return Ok(Verdict::Pass("no page in place of an answer".to_owned()));
    };
    Ok(Verdict::Warn(
        Problem::new(format!("`{}` answers with a page for people", page.host()))
            .detail(
                page.body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().chars().take(70).collect::<String>(),
            )
            .fix(Fix::by_hand("Open any page in a browser and log in to the network", &[])),
    ))
}

/// How bad it is that a cache does not answer: the only one, or Nix's own, is what everything comes from.
pub(super) fn do_caches_answer(facts: &Facts) -> Look {
    let caches = facts.network.caches.get()?;
    let failing: Vec<(&Reply, String)> = caches.iter().filter_map(|reply| Some((reply, fault(reply)?))).collect();
    if failing.is_empty() {
        return over_ipv6(facts, caches);
    }
    let names = hosts(failing.iter().map(|(reply, _)| *reply));
    let summary = if failing.len() == 1 { format!("{names} is no help") } else { format!("{names} are no help") };
    let problem =
        failing.iter().fold(Problem::new(summary), |problem, (reply, why)| problem.detail(format!("`{}`: {why}", reply.address)));
    let problem = match failing.first() {
        Some((reply, _)) => problem.fix(way_out(reply)),
        None => problem,
    };
    let is_main = |reply: &Reply| reply.host() == "cache.nixos.org";
    let blocks = failing.len() == caches.len() || failing.iter().any(|(reply, _)| is_main(reply));
    Ok(if blocks { Verdict::Fail(problem) } else { Verdict::Warn(problem) })
}

/// What is wrong with an answer. A cache that asks who is there is there; Nix has the password, this check has not.
fn fault(reply: &Reply) -> Option<String> {
    if let Some(trouble) = &reply.trouble {
        return Some(trouble.text.clone());
    }
    match reply.status {
        _ if reply.is_of_a_cache() => None,
        Some(401 | 403 | 407) if !reply.is_a_page() => None,
        Some(200) if reply.is_a_page() => Some("a page for people in place of `nix-cache-info`".to_owned()),
        Some(200) => Some("an answer without `StoreDir:`".to_owned()),
        Some(status) => Some(format!("status {status}")),
        None => Some("no answer that can be read".to_owned()),
    }
}

fn way_out(reply: &Reply) -> Fix {
    let again = format!("curl -sS --max-time 5 {}", reply.address);
    match reply.obstacle() {
        Some(TroubleKind::Proxy) => {
            Fix::by_hand("See which proxy is set, and whether it wants a password", &["env | grep -i _proxy"])
        }
        Some(TroubleKind::NoConnection | TroubleKind::TimedOut) => {
            Fix::by_hand("Look for a firewall or proxy on the way, then ask again", &[&again])
        }
        Some(_) => Fix::by_hand("Ask again and read what curl says", &[&again]),
        None if reply.is_a_page() => Fix::by_hand("Open any page in a browser and log in to the network", &[]),
        None => Fix::by_hand("Mend the address in `substituters`, or take it out", &["grep -n substituters /etc/nix/nix.conf"]),
    }
}

fn over_ipv6(facts: &Facts, caches: &[Reply]) -> Look {
    let pass = Ok(Verdict::Pass(hosts(caches.iter())));
    let Some(trouble) = facts.network.over_ipv6.known().and_then(|reply| reply.trouble.as_ref()) else { return pass };
    // A name without an address for IPv6 is no fault of this machine.
    if trouble.kind == TroubleKind::UnknownHost {
        return pass;
    }
    let path = facts.network.user_settings.get().map_err(|why| Unknown::Failed(why.to_string()))?.clone();
    Ok(Verdict::Warn(Problem::new("IPv6 has an address and no way out, which Nix tries first").detail(trouble.text.clone()).fix(
        Fix::edit("Have Nix give up a connection after 5 s", vec![FileEdit::add(path, vec!["connect-timeout = 5".to_owned()])]),
    )))
}
