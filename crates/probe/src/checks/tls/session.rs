//! What a handshake settles for everything that follows: who was shown to be there, and which protocol is spoken.

use std::sync::Arc;

use outbound::Scheme;

use super::NO_TLS;
use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Came;
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::verdict::Answer;
use crate::wire::WireError;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "TLS-06",
        group: Group::Tls,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a session that a certificate has begun does not go on under another name",
        request: "GET /v2/ with the certificate, and again in the same session with another name in the handshake",
        judgement: "Pass: the session does not go on, or 421. Fail: it goes on, and an answer comes",
        why: "a certificate that opens one virtual host then opens another, which would not have taken it",
        remedy: "keep the keys of tickets apart for each virtual host, or resume no sessions where certificates are demanded",
        references: &["RFC 6066 section 3", "CVE-2025-23419"],
        needs: &[Need::Certificate],
        requests: 2,
        run: tls_06,
    },
    Check {
        id: "TLS-09",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::Low,
        title: "HTTP/2 is decided as HTTP/1.1 is",
        request: "GET /v2/R/manifests/T over HTTP/2, where the door takes it, and over HTTP/1.1",
        judgement: "Pass: the same status. Fail: another one; critical where the manifest came",
        why: "the rule in front may know one protocol, and pass the other on",
        remedy: "end both protocols at the same proxy, and decide behind it",
        references: &[],
        needs: &[],
        requests: 2,
        run: tls_09,
    },
];

/// A name that no door has.
const OTHER: &str = "other.invalid";

fn tls_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let certificate = session.door().certificate.as_ref().map(Arc::clone);
    let certificate =
        certificate.ok_or_else(|| Doubt::Missing { why: "the door has no certificate of ours".to_owned() })?;
    let seen = session.resume(&certificate, OTHER)?;
    let status = match seen.came()? {
        Came::Answer(response) => response.status,
        Came::Bytes(_) | Came::Chain(_) => return Ok(Answer::AsIntended),
    };
    match status {
        429 => Err(Doubt::RateLimited),
        421 => Ok(Answer::AsIntended),
        status => {
            let proof =
                Proof::behaviour(&seen, format!("{status} in the session of a certificate, under another name"));
            proof.map(Answer::Wrong).ok_or(Doubt::OtherRefusal { status })
        }
    }
}

fn tls_09(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    if session.door().origin.scheme() == Scheme::Http {
        return Ok(NO_TLS);
    }
    let manifest = session.manifest(&session.private().reference());
    // Asked anew: what blocks a run half-way blocks both.
    let older = session.ask(&manifest)?;
    let older_status = older.response()?.status;
    let seen = session.ask(&manifest.http_2())?;
    if seen.failure().is_some_and(WireError::is_no_http_2) {
        return Ok(Answer::NotApplicable("the door does not take HTTP/2"));
    }
    let status = seen.response()?.status;
    let content = Proof::manifest_of(&seen, session.digest().as_ref(), session.decoy());
    let proof = content.map(|proof| proof.graded(Severity::Critical));
    match (proof, status) {
        (Some(proof), _) => Ok(Answer::Wrong(proof)),
        (None, 429) => Err(Doubt::RateLimited),
        (None, 500..=599) => Err(Doubt::ServerFailed { status }),
        (None, _) if status == older_status => session.refusal(&seen, &Caller::Nobody),
        (None, _) => {
            let says = format!("{status} over HTTP/2, and {older_status} over HTTP/1.1");
            let proof = Proof::behaviour(&seen, says).map(|proof| proof.after([older.id]));
            proof.map(Answer::Wrong).ok_or(Doubt::OtherRefusal { status })
        }
    }
}
