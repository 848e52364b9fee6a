//! TLS: whether the door can be told from another, and whom it lets in.

pub(super) mod plain;
pub(super) mod session;
pub(super) mod shown;

use std::time::Duration;

use outbound::Origin;

use crate::check::{Check, Group, Need, Severity};
use crate::doubt::Doubt;
use crate::hello::{self, Offer, Said};
use crate::intent::Mode;
use crate::made_up;
use crate::observation::{Came, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(super) static CHECKS: [Check; 4] = [
    Check {
        id: "TLS-01",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "the certificate is trusted, for this name, and for a while",
        request: "a TLS handshake with the door, its realms and its storage",
        judgement: "Pass: trusted for the name now and in 7 days. Fail: chain or name not valid, or less than 7 days to its end; below 30 days a note",
        why: "clients that are told to skip the check hand their password to whoever answers",
        remedy: "serve a certificate of a trusted authority for every name that clients use, and renew it by machine",
        references: &[],
        needs: &[],
        requests: 16,
        run: tls_01,
    },
    Check {
        id: "TLS-02",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::High,
        title: "TLS 1.0 and 1.1 are refused",
        request: "a ClientHello that offers nothing above TLS 1.0, and one for 1.1",
        judgement: "Pass: an alert, or the connection closes. Fail: a ServerHello of that version",
        why: "both have been withdrawn: their hashes and modes are broken",
        remedy: "allow TLS 1.2 and 1.3 alone",
        references: &["RFC 8996"],
        needs: &[],
        requests: 32,
        run: tls_02,
    },
    Check {
        id: "TLS-03",
        group: Group::Tls,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "weak suites are refused",
        request: "ClientHellos of TLS 1.2 that offer nothing but RC4, 3DES, suites without encryption or certificate, keys for export",
        judgement: "Pass: an alert, or the connection closes. Fail: a ServerHello",
        why: "what was recorded under them can be read, and what is sent under the worst can be changed",
        remedy: "allow suites with AES-GCM or ChaCha20-Poly1305 alone",
        references: &["RFC 7465", "RFC 9325", "CVE-2016-2183"],
        needs: &[],
        requests: 64,
        run: tls_03,
    },
    Check {
        id: "TLS-05",
        group: Group::Tls,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "where a certificate is demanded, no other one opens the connection",
        request: "GET /v2/ without a certificate, and with one that is self-signed, of another authority, expired, for servers, or of another SPIFFE id; with the right one before each",
        judgement: "Pass: the connection fails. Fail: an HTTP answer, other than 400, which leaves it open. The last four are signed by an authority of the probe's own",
        why: "a proxy that cannot load its authorities may let everybody in",
        remedy: "demand and verify the client's certificate, and refuse to start where the authorities cannot be read",
        references: &["CVE-2026-27586"],
        needs: &[Need::Certificate],
        requests: 12,
        run: tls_05,
    },
];

/// Why nothing is asked where nothing is spoken to over TLS.
const NO_TLS: Answer = Answer::NotApplicable("nothing of this door is spoken to over TLS");
/// A certificate must be good for so long.
const LEAST: Duration = Duration::from_secs(7 * 86_400);
/// And should be for so long.
const SOON: Duration = Duration::from_secs(30 * 86_400);

fn tls_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let origins = session.secure_origins();
    let answers = origins.iter().map(|origin| is_trusted(session, origin).unwrap_or_else(Answer::Open));
    Ok(answers.reduce(Answer::and).unwrap_or(NO_TLS))
}

fn is_trusted(session: &mut Session<'_>, origin: &Origin) -> Result<Answer, Doubt> {
    let seen = session.chain(origin)?;
    let Came::Chain(chain) = seen.came()? else { return Err(no_tls(origin)) };
    let times = [(Duration::ZERO, "it is not trusted"), (LEAST, "in 7 days it is not trusted any more")];
    for (from_now, says) in times {
        if let Err(distrust) = session.trusts(chain, origin, from_now) {
            let proof = Proof::certificate(&seen, format!("{says} for {}: {distrust}", origin.host()));
            return proof.map(Answer::Wrong).ok_or_else(|| no_tls(origin));
        }
    }
    if session.trusts(chain, origin, SOON).is_err() {
        session.note("certificate", &format!("{} needs another one within 30 days", origin.host()));
    }
    Ok(Answer::AsIntended)
}

fn tls_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    all_refused(session, &hello::OLD)
}

fn tls_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    all_refused(session, &hello::WEAK)
}

fn all_refused(session: &mut Session<'_>, offers: &[Offer]) -> Result<Answer, Doubt> {
    let origins = session.secure_origins();
    let offers = origins.iter().flat_map(|origin| offers.iter().map(move |offer| (origin, offer)));
    let answers = offers.map(|(origin, offer)| is_refused(session, origin, offer).unwrap_or_else(Answer::Open));
    Ok(answers.reduce(Answer::and).unwrap_or(NO_TLS))
}

fn is_refused(session: &mut Session<'_>, origin: &Origin, offer: &Offer) -> Result<Answer, Doubt> {
    let seen = session.offer(origin, offer)?;
    let Came::Bytes(bytes) = seen.came()? else { return Err(no_tls(origin)) };
    match hello::read(bytes, offer) {
        Said::Refused => Ok(Answer::AsIntended),
        Said::Nonsense => Err(no_tls(origin)),
        Said::Accepted => Proof::handshake(&seen, offer).map(Answer::Wrong).ok_or_else(|| no_tls(origin)),
    }
}

fn no_tls(origin: &Origin) -> Doubt {
    Doubt::NoAnswer { why: format!("`{origin}` answered the handshake with something else") }
}

fn tls_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let right = session.door().certificate.clone();
    let right = right.ok_or_else(|| Doubt::Missing { why: "the door has no certificate of ours".to_owned() })?;
    let made_up = made_up::certificates(&session.door().origin, &right);
    let made_up = made_up.map_err(|error| Doubt::Missing { why: error.to_string() })?;
    let shown = made_up.into_iter().map(|(what, certificate)| (what, Some(certificate)));
    let answers = std::iter::once(("no certificate", None)).chain(shown).map(|(what, certificate)| {
        // Who is not answered three times in a row is not asked again, and the right one shows that it is the certificate.
        let answered = session.ask(&Request::get("/v2/")).and_then(|seen| seen.response().map(drop));
        let asked = answered.and_then(|()| session.ask(&Request::get("/v2/").showing(certificate)));
        asked.and_then(|seen| fails(&seen, what)).unwrap_or_else(Answer::Open)
    });
    Ok(Answer::all(answers))
}

/// Whether no answer came because the connection was closed.
pub(super) fn fails(seen: &Seen, what: &str) -> Result<Answer, Doubt> {
    match seen.response() {
        Err(_) if seen.failure().is_some_and(crate::wire::WireError::is_hung_up) => Ok(Answer::AsIntended),
        Err(doubt) => Err(doubt),
        Ok(response) => match response.status {
            429 => Err(Doubt::RateLimited),
            // Some proxies make the connection, and then say so.
            status @ 400 => Err(Doubt::OtherRefusal { status }),
            status => {
                let proof = Proof::behaviour(seen, format!("{status} with {what}: the connection was made"));
                proof.map(Answer::Wrong).ok_or(Doubt::OtherRefusal { status })
            }
        },
    }
}
