//! Pages beside the API that strangers get: metrics, debuggers, consoles.

use outbound::{Endpoint, Host};
use serde_json::Value;

use super::told;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Observation;
use crate::proof::{Proof, strings};
use crate::random;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "LEAK-09",
    group: Group::Leak,
    mode: Mode::Passive,
    severity: Severity::High,
    title: "metrics, debuggers and consoles are closed to strangers",
    request: "GET of /metrics, /debug/pprof/, /debug/vars, /debug/health, /v2/_zot/pprof/, /swagger/, /admin and /.well-known/openid-configuration",
    judgement: "Pass: refused, or not there. Fail: 200 with data; of the last one only if it names internal hosts. Medium for metrics, health, swagger and hosts",
    why: "metrics name repositories and users, and a profile of the memory holds secrets",
    remedy: "serve them on an address of their own that only operators reach",
    references: &["zot #1864", "zot #1895"],
    needs: &[],
    requests: 9,
    run: leak_09,
}];

/// A page, what stands on it if it is what its path says, and how bad that is.
const PAGES: [(&str, &[&str], Severity); 7] = [
    ("/metrics", &["# TYPE ", "# HELP "], Severity::Medium),
    ("/debug/pprof/", &["goroutine", "heap"], Severity::High),
    ("/debug/vars", &["memstats", "cmdline"], Severity::High),
    ("/debug/health", &["{"], Severity::Medium),
    ("/v2/_zot/pprof/", &["goroutine", "heap"], Severity::High),
    ("/swagger/", &["swagger", "openapi"], Severity::Medium),
    ("/admin", &[], Severity::High),
];

fn leak_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let nowhere = random::bytes::<8>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
    let nowhere = session.ask(&Request::get(format!("/{}", random::hex(&nowhere))))?;
    // A console that answers every path with its own page says nothing with it.
    let answers_everything = nowhere.response()?.is_success();
    let pages = PAGES.map(|(path, marks, severity)| {
        told(session, &Request::get(path), |seen| {
            let is_it = has_one(seen, marks) || (!answers_everything && marks.is_empty());
            let says = format!("`{path}` is open to strangers");
            is_it.then(|| Proof::data(seen, says)).flatten().map(|proof| proof.graded(severity))
        })
    });
    let hosts = told(session, &Request::get("/.well-known/openid-configuration"), |seen| {
        let host = internal_host(seen)?;
        Proof::data(seen, format!("it names the internal host `{host}`")).map(|proof| proof.graded(Severity::Medium))
    });
    Ok(Answer::all(pages).and(hosts))
}

fn has_one(seen: &Observation, marks: &[&str]) -> bool {
    let Ok(response) = seen.response() else { return false };
    let text = String::from_utf8_lossy(&response.body.bytes);
    marks.iter().any(|mark| text.contains(mark))
}

/// A host that only machines inside can reach, in a document that anybody gets.
fn internal_host(seen: &Observation) -> Option<String> {
    let document: Value = serde_json::from_slice(seen.response().ok()?.whole()?).ok()?;
    let urls = strings(&document).into_iter().filter_map(|text| text.parse::<Endpoint>().ok());
    let mut hosts = urls.map(|url| url.origin.host().clone()).filter(|host| *host != *seen.origin.host());
    hosts.find(is_internal).map(|host| host.to_string())
}

/// Names and addresses that nobody outside can use.
pub(in crate::checks) fn is_internal(host: &Host) -> bool {
    let endings = [".local", ".internal", ".svc", ".lan", ".corp", ".localhost"];
    match host {
        Host::Name(name) => !name.contains('.') || endings.iter().any(|ending| name.ends_with(ending)),
        Host::Address(address) => !outbound::is_public(*address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_only_machines_inside_reach() {
        for (text, internal) in [
            ("keycloak", true),
            ("keycloak.auth.svc", true),
            ("keycloak.auth.svc.cluster.local", true),
            ("10.0.0.7", true),
            ("auth.example.com", false),
            ("1.1.1.1", false),
        ] {
            assert_eq!(is_internal(&text.parse().unwrap()), internal, "{text}");
        }
    }
}
