//! What strangers write.

use super::CLOSE;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::writing::denied;
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::session::writing::{MANIFEST, Place, Writing};
use crate::session::{Caller, Session};
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 2] = [
    Check {
        id: "ANON-15",
        group: Group::Anon,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "no stranger begins an upload",
        request: "POST /v2/M/blobs/uploads/ as low, and then without a credential and with the token that anybody gets for pushing to M; DELETE of what came of it",
        judgement: "Pass: refused. Fail: 202, or any other success",
        why: "whoever may push gives everybody who pulls what they like",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Owned],
        requests: 16,
        run: anon_15,
    },
    Check {
        id: "ANON-16",
        group: Group::Anon,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "no stranger pushes a manifest",
        request: "PUT /v2/M/manifests/<new tag> as low, and then another one without a credential and with the token that anybody gets for pushing to M; DELETE of what came of it",
        judgement: "Pass: refused. Fail: 201, or any other success",
        why: "blobs and manifests are received by two handlers, and a tag is what people pull",
        remedy: CLOSE,
        references: &[],
        needs: &[Need::Owned],
        requests: 36,
        run: anon_16,
    },
];

fn anon_15(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    writing.upload(&own, "", b"probe")?;
    let strangers = strangers(&mut writing, &own)?;
    Ok(Answer::first_wrong(&strangers, |stranger| {
        let opened = writing.open(&own, stranger, "")?;
        denied(writing.session(), &opened.seen, stranger, "a stranger has begun an upload")
    }))
}

fn anon_16(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let mut writing = Writing::begin(session);
    let own = writing.own()?;
    let parts = writing.parts(&own)?;
    writing.image(&own, &parts, &Writing::tag()?)?;
    let strangers = strangers(&mut writing, &own)?;
    Ok(Answer::first_wrong(&strangers, |stranger| {
        let tag = Writing::tag()?;
        let manifest = parts.named(&tag)?;
        let seen = writing.put(&own, stranger, &tag, (MANIFEST, &manifest.bytes))?;
        denied(writing.session(), &seen, stranger, "a stranger has pushed a manifest")
    }))
}

/// Nobody in particular: with nothing, and with the token that anybody gets for pushing there, if there is one.
fn strangers(writing: &mut Writing<'_, '_>, place: &Place) -> Result<Vec<Caller>, Doubt> {
    let session = writing.session();
    let scope = format!("repository:{}:pull,push", place.name);
    let token = match session.realm()? {
        Some(realm) => session.exchange(&realm, &[&scope], None)?.token(),
        None => None,
    };
    Ok([Caller::Nobody].into_iter().chain(token.map(Caller::Stranger)).collect())
}
