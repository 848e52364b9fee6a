//! GATE: conditions beside the right to pull, asked with images that the intent names and as somebody who may pull them.

mod hiding;
pub(super) mod limits;
pub(super) mod outage;
pub(super) mod secrets;
pub(super) mod stream;

use protocol::{Digest, Repository};

use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::missing;
use crate::doubt::Doubt;
use crate::intent::{GateImage, Mode, Role};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

/// What mends a gate that looks at less than it should.
const VERIFY: &str =
    "verify on every request for a manifest, over the bytes that are returned, and refuse where nothing verifies";

/// The word of a refusal, unless the intent says another one.
const REASON: &str = "signature";

const UNSIGNED: &[GateImage] = &[GateImage::Unsigned];
const WRONG: &[GateImage] =
    &[GateImage::OtherKey, GateImage::OtherIdentity, GateImage::OtherIssuer, GateImage::OtherDigest];
const ATTESTED: &[GateImage] = &[GateImage::AttestedOnly];
const STRIPPED: &[GateImage] = &[GateImage::Stripped, GateImage::StrippedChild];
const LARGE: &[GateImage] = &[GateImage::ManyReferrers, GateImage::HugeBundle];

pub(super) static CHECKS: [Check; 5] = [
    Check {
        id: "GATE-01",
        group: Group::Gate,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "what nobody has signed is not handed out",
        request: "as control: GET of the manifest `unsigned` of the intent by its digest, and of `signed`",
        judgement: "Pass: refused with the reason, while the signed one is handed out. Fail: its bytes",
        why: "a condition that nobody tried may never have been switched on",
        remedy: VERIFY,
        references: &[],
        needs: &[Need::Identity(Role::Control), Need::Gate(UNSIGNED)],
        requests: 12,
        run: gate_01,
    },
    Check {
        id: "GATE-02",
        group: Group::Gate,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "a signature of somebody else is none",
        request: "as control: GET of `other-key`, `other-identity`, `other-issuer` and `other-digest`, whichever the intent names, and of `signed`",
        judgement: "Pass: refused, while the signed one is handed out. Fail: its bytes",
        why: "that there is a signature says nothing about whose it is, and of what",
        remedy: VERIFY,
        references: &[],
        needs: &[Need::Identity(Role::Control), Need::Gate(WRONG)],
        requests: 24,
        run: gate_02,
    },
    Check {
        id: "GATE-03",
        group: Group::Gate,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "an attestation is no signature",
        request: "as control: GET of `attested-only`, and of `signed`",
        judgement: "Pass: refused, while the signed one is handed out. Fail: its bytes",
        why: "a bill of materials by the right identity says what is in an image, and not that it may run",
        remedy: VERIFY,
        references: &["CVE-2022-35929"],
        needs: &[Need::Identity(Role::Control), Need::Gate(ATTESTED)],
        requests: 12,
        run: gate_03,
    },
    Check {
        id: "GATE-04",
        group: Group::Gate,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "a signature that was deleted verifies nothing any more",
        request: "as control: GET by digest of `stripped` and `stripped-child`, whichever the intent names, and of `signed`",
        judgement: "Pass: refused, while the signed one is handed out. Fail: its bytes",
        why: "a verdict that is kept outlives what it rested on, and a child by its digest goes around its parent",
        remedy: VERIFY,
        references: &[],
        needs: &[Need::Identity(Role::Control), Need::Gate(STRIPPED)],
        requests: 16,
        run: gate_04,
    },
    Check {
        id: "GATE-05",
        group: Group::Gate,
        mode: Mode::Write,
        severity: Severity::High,
        title: "whoever hangs too much from an image does not get it through",
        request: "as control: GET of `many-referrers` and `huge-bundle`, whichever the intent names, and of `signed`",
        judgement: "Pass: refused in time, while the signed one is handed out. Fail: its bytes",
        why: "a verifier that runs out of time or memory must not let go",
        remedy: "bound the number and the size of what is looked at, and refuse beyond",
        references: &["CVE-2023-33958", "CVE-2024-45395", "CVE-2024-29902", "CVE-2024-29903"],
        needs: &[Need::Identity(Role::Control), Need::Gate(LARGE)],
        requests: 16,
        run: gate_05,
    },
];

fn gate_01(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    none_of(session, UNSIGNED, |session, seen| {
        let said = session.intent().gate.reason.as_deref().unwrap_or(REASON).to_lowercase();
        let text = String::from_utf8_lossy(&seen.response()?.body.bytes).to_lowercase();
        let why = format!("it was refused, and `{said}` is not in the refusal: it may be for another reason");
        text.contains(&said).then_some(()).ok_or(Doubt::Missing { why })
    })
}

fn gate_02(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    none_of(session, WRONG, |_, _| Ok(()))
}

fn gate_03(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    none_of(session, ATTESTED, |_, _| Ok(()))
}

fn gate_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    none_of(session, STRIPPED, |_, _| Ok(()))
}

fn gate_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    none_of(session, LARGE, |_, _| Ok(()))
}

/// Of these images none is handed out, and the signed one is. `reason` looks at each refusal.
fn none_of(
    session: &mut Session<'_>,
    images: &[GateImage],
    reason: impl Fn(&Session<'_>, &Seen) -> Result<(), Doubt>,
) -> Result<Answer, Doubt> {
    let known = &session.intent().gate.images;
    let (name, digest) = known.get(&GateImage::Signed).ok_or_else(|| missing("an image that is signed"))?;
    let (seen, answer) = pull(session, name, digest)?;
    if !matches!(answer, Ok(Answer::Wrong(_))) {
        let why = format!("the signed image was answered with {}", seen.status().unwrap_or_default());
        return Err(Doubt::ControlFailed { why });
    }
    let declared = images.iter().filter_map(|image| known.get(image));
    Ok(Answer::first_wrong(declared, |(name, digest)| {
        let (seen, answer) = pull(session, name, digest)?;
        let answer = answer?;
        let shown = if answer.is_refusal() { reason(session, &seen) } else { Ok(()) };
        Ok(answer.given(shown).named(&format!("{name}@{digest}")))
    })
    .aside())
}

/// Asks for a manifest by its digest, as *control*; wrong where it comes.
fn pull(session: &mut Session<'_>, name: &Repository, digest: &Digest) -> Result<(Seen, Result<Answer, Doubt>), Doubt> {
    let control = session.known(Role::Control, &format!("repository:{name}:pull"))?;
    let request = Request::get(format!("/v2/{name}/manifests/{digest}")).accepting_manifests();
    let seen = session.ask(&request.clone().credential(control.credential()))?;
    let answer = session.judge(&seen, &request, &control, |seen| Proof::bytes(seen, digest));
    Ok((seen, answer))
}
