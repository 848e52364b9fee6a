//! Sessions: what was shown to begin one is not shown again when it goes on.

use std::sync::Arc;

use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::observation::Came;
use crate::proof::Proof;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
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
}];

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
