//! Redirects to storage: a signed URL is a credential that no gate sees again.

use std::time::Duration;

use jiff::Timestamp;
use outbound::{Endpoint, Origin};
use protocol::Descriptor;

use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::{blob_proof, missing};
use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "INGR-08",
        group: Group::Ingr,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "a redirect to storage ends soon, and really ends",
        request: "as control: GET /v2/R/blobs/B, then its Location 5 s after it ends, without a credential",
        judgement: "Pass: good for no longer than the intent allows, and refused afterwards. Fail: longer than that, or than 1200 s; high where it works after its end",
        why: "a signed URL opens the layer for everybody who sees it, outside of audit and revocation",
        remedy: "sign redirects for a minute or two, or serve blobs through the gate",
        references: &[],
        needs: &[Need::Layer, Need::Identity(Role::Control)],
        requests: 6,
        run: ingr_08,
    },
    Check {
        id: "INGR-09",
        group: Group::Ingr,
        mode: Mode::Active,
        severity: Severity::High,
        title: "storage wants the signature",
        request: "as control: GET /v2/R/blobs/B, then its Location without the query, and without its signature, without a credential",
        judgement: "Pass: refused. Fail: bytes",
        why: "a redirect that is not signed leads to storage that is open",
        remedy: "close the storage to everybody, and sign what the registry hands out",
        references: &[],
        needs: &[Need::Layer, Need::Identity(Role::Control)],
        requests: 10,
        run: ingr_09,
    },
];

/// Why nothing is asked where nothing is redirected.
pub(super) const SERVED: Answer = Answer::NotApplicable("the door serves layers itself");
/// Longer than this is too long whatever the intent says.
const CEILING: Duration = Duration::from_secs(1200);
/// So long after its end a redirect must not work any more.
const GRACE: Duration = Duration::from_secs(5);
/// A number of seconds that is larger than this is a date.
const EPOCH: i64 = 1_000_000_000;

/// Where somebody who may is sent for content.
pub(in crate::checks) struct Redirect {
    pub(super) seen: Seen,
    pub(super) to: Endpoint,
}

impl Redirect {
    /// The redirect of an answer; none where the content itself came.
    pub(in crate::checks) fn of(session: &Session<'_>, seen: &Seen) -> Result<Option<Self>, Doubt> {
        let response = seen.response()?;
        match session.led(seen)? {
            Some(to) => Ok(Some(Self { to, seen: Seen::clone(seen) })),
            None if response.is_success() => Ok(None),
            None => Err(Doubt::OtherRefusal { status: response.status }),
        }
    }

    /// What stands there now.
    pub(in crate::checks) fn now(&self, session: &mut Session<'_>) -> Result<Seen, Doubt> {
        session.ask_at(&self.to.origin, &first_of(&self.to.target))
    }

    /// Fetches what stands at a target of the same storage, as nobody.
    fn fetch(
        &self,
        session: &mut Session<'_>,
        target: &str,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        fetch(session, &self.to.origin, &first_of(target), proof)
    }

    /// Whether it ends as soon as it should, and as it says.
    pub(in crate::checks) fn ends(
        &self,
        session: &mut Session<'_>,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        let date = self.seen.response()?.headers.get("date").map(jiff::fmt::rfc2822::parse);
        let now = date.and_then(Result::ok).map_or_else(|| session.wall(), |date| date.timestamp());
        let lifetime = lifetime(&self.to.target, now);
        let lifetime =
            lifetime.ok_or_else(|| Doubt::Missing { why: "the redirect does not say when it ends".to_owned() })?;
        session.note("redirect", &format!("good for {} s", lifetime.as_secs()));
        if lifetime > session.intent().max_redirect_ttl.min(CEILING) {
            let says = format!("a redirect that is good for {} s", lifetime.as_secs());
            let proof = Proof::behaviour(&self.seen, says);
            return proof.map(Answer::Wrong).ok_or_else(|| missing("a redirect"));
        }
        session.wait(lifetime + GRACE)?;
        let answer = self.fetch(session, &self.to.target, proof)?;
        Ok(answer.proved(|proof| proof.after([self.seen.id]).graded(Severity::High)))
    }
}

/// Asks storage for something, as nobody.
pub(super) fn fetch(
    session: &mut Session<'_>,
    storage: &Origin,
    request: &Request,
    proof: impl Fn(&Observation) -> Option<Proof>,
) -> Result<Answer, Doubt> {
    let seen = session.ask_at(storage, request)?;
    match session.judge(&seen, request, &Caller::Nobody, proof) {
        // Storage refuses in its own way.
        Err(Doubt::OtherRefusal { status: 400..=499 } | Doubt::NoChallenge) => Ok(Answer::AsIntended),
        answer => answer,
    }
}

/// Asks for the first bytes.
pub(super) fn first_of(target: &str) -> Request {
    Request::get(target).header("Range", "bytes=0-1023").unkept()
}

/// Asks as the control for a layer; none where the door serves it itself.
pub(super) fn of_layer(session: &mut Session<'_>) -> Result<Option<(Redirect, Descriptor)>, Doubt> {
    let layer = session.content().and_then(Content::layer).cloned().ok_or_else(|| missing("a layer"))?;
    let scope = format!("repository:{}:pull", session.private().name);
    let control = session.known(Role::Control, &scope)?;
    let request = first_of(&session.blob_target(&layer.digest));
    let seen = session.ask(&request.credential(control.credential()))?;
    Ok(Redirect::of(session, &seen)?.map(|redirect| (redirect, layer)))
}

fn ingr_08(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some((redirect, layer)) = of_layer(session)? else { return Ok(SERVED) };
    let decoy = session.decoy().clone();
    redirect.ends(session, |seen| blob_proof(seen, &layer, &decoy))
}

fn ingr_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let Some((redirect, layer)) = of_layer(session)? else { return Ok(SERVED) };
    let (decoy, target) = (session.decoy().clone(), redirect.to.target.as_str());
    let path = target.split('?').next().unwrap_or(target);
    let mut targets = vec![path.to_owned(), unsigned(target)];
    targets.dedup();
    let answers = targets.iter().map(|target| {
        let found = redirect.fetch(session, target, |seen| blob_proof(seen, &layer, &decoy));
        found.unwrap_or_else(Answer::Open)
    });
    Ok(Answer::all(answers).proved(|proof| proof.after([redirect.seen.id])))
}

/// The parts of a query, each with its name in lower case and its value.
fn parts(target: &str) -> impl Iterator<Item = (&str, String, &str)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        Some((part, name.to_ascii_lowercase(), value))
    })
}

/// How long a signed URL is good for: S3, GCS, CloudFront and Azure say so in their query.
fn lifetime(target: &str, now: Timestamp) -> Option<Duration> {
    parts(target).find_map(|(_, name, value)| {
        let seconds = match name.as_str() {
            "x-amz-expires" | "x-goog-expires" => value.parse().ok()?,
            "expires" => value.parse().ok().map(|end: i64| if end > EPOCH { end - now.as_second() } else { end })?,
            "se" => {
                let end = value.replace("%3A", ":").replace("%3a", ":");
                end.parse::<Timestamp>().ok()?.as_second() - now.as_second()
            }
            _ => return None,
        };
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    })
}

/// A target without what signs it.
fn unsigned(target: &str) -> String {
    const SIGNATURES: [&str; 5] = ["x-amz-signature", "x-goog-signature", "signature", "sig", "key-pair-id"];
    let path = target.split('?').next().unwrap_or(target);
    let kept = parts(target).filter(|(_, name, _)| !SIGNATURES.contains(&name.as_str()));
    let rest = kept.map(|(part, ..)| part).collect::<Vec<_>>().join("&");
    if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_says_when_it_ends() {
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        for (query, seconds) in [
            ("X-Amz-Date=20300101T000000Z&X-Amz-Expires=1200&X-Amz-Signature=a", Some(1200)),
            ("X-Goog-Expires=60", Some(60)),
            ("Expires=1893456060&Signature=a&Key-Pair-Id=b", Some(60)),
            ("Expires=30", Some(30)),
            ("sv=2020&se=2030-01-01T00%3A05%3A00Z&sig=a", Some(300)),
            ("Expires=1893455000", Some(0)),
            ("token=a", None),
        ] {
            let found = lifetime(&format!("/blob?{query}"), now);
            assert_eq!(found, seconds.map(Duration::from_secs), "{query}");
        }
        assert_eq!(lifetime("/blob", now), None);
    }

    #[test]
    fn a_signature_is_taken_out() {
        assert_eq!(unsigned("/b?X-Amz-Expires=60&X-Amz-Signature=a&x=1"), "/b?X-Amz-Expires=60&x=1");
        assert_eq!(unsigned("/b?sig=a"), "/b");
        assert_eq!(unsigned("/b"), "/b");
    }
}
