//! Mounts: a blob that is somewhere else already need not be sent again, if whoever asks may read it there.

use outbound::Endpoint;
use protocol::Descriptor;

use super::{SHARED, layer_of_second};
use crate::alike::Shape;
use crate::check::{Check, Group, Need, Severity};
use crate::checks::anon::blob_proof;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Seen;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::{Caller, Session};
use crate::verdict::Answer;

/// What mends a mount that takes what it must not.
const MEND: &str = "mount only from a repository that is named once, in the query, and that the caller may read";

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "BIND-04",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "a mount without a source searches nowhere",
        request: "as low: POST /v2/M/blobs/uploads/?mount=B(S)",
        judgement: "Pass: 202, an upload like any other, which is cancelled; or refused. Fail: 201",
        why: "a registry that finds the blob wherever it is copies it to whoever knows its digest",
        remedy: MEND,
        references: &["OCI distribution-spec, mounting a blob"],
        needs: &[Need::Owned],
        requests: 64,
        run: bind_04,
    },
    Check {
        id: "BIND-05",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "a mount from what the caller may not read is no mount",
        request: "as low: POST /v2/M/blobs/uploads/?mount=B(S)&from=S",
        judgement: "Pass: 202, an upload like any other, which is cancelled; or refused. Fail: 201",
        why: "a mount reads its source",
        remedy: MEND,
        references: &["OCI distribution-spec, mounting a blob"],
        needs: &[Need::Owned],
        requests: 64,
        run: bind_05,
    },
    Check {
        id: "BIND-06",
        group: Group::Bind,
        mode: Mode::Write,
        severity: Severity::Critical,
        title: "the source of a mount is read in one way",
        request: "as low: POST /v2/M/blobs/uploads/?mount=B(S) with from=S&from=M, from=M&from=S, FROM=S, from=M/../S, from=S in a form; GET with from=S",
        judgement: "Pass: 202, an upload like any other, which is cancelled; or refused, with 400 or 404 too where a source that nobody has is refused alike. Fail: 201",
        why: "a handler that checks one reading of the parameter and uses another checks nothing",
        remedy: MEND,
        references: &[],
        needs: &[Need::Owned],
        requests: 102,
        run: bind_06,
    },
];

fn bind_04(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    Mounting::each(session, &|mounting, _| vec![mounting.post("")])
}

fn bind_05(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    Mounting::each(session, &|mounting, source| vec![mounting.post(&format!("&from={source}"))])
}

fn bind_06(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    Mounting::each(session, &|mounting, source| {
        let owned = &mounting.owned;
        vec![
            mounting.post(&format!("&from={source}&from={owned}")),
            mounting.post(&format!("&from={owned}&from={source}")),
            mounting.post(&format!("&FROM={source}")),
            mounting.post(&format!("&from={owned}/../{source}")),
            Request::form(mounting.target(""), &format!("from={source}"), None),
            Request::get(mounting.target(&format!("&from={source}"))),
        ]
    })
}

/// A layer of S that *low* would like to have in M.
struct Mounting {
    owned: String,
    layer: Descriptor,
    low: Caller,
}

impl Mounting {
    /// Sends each request and cleans up behind it. `requests` makes them for a source, which is S.
    fn each(session: &mut Session<'_>, requests: &dyn Fn(&Self, &str) -> Vec<Request>) -> Result<Answer, Doubt> {
        let owned = session.owned()?.to_owned();
        session.low()?;
        let Some((_, layer)) = layer_of_second(session)? else { return Ok(SHARED) };
        let low = session.known(Role::Low, &format!("repository:{owned}:pull,push,delete"))?;
        let mounting = Self { owned, layer, low };
        let (second, nobodys) = (session.second().name.as_str(), Session::decoy_like(session.second().name.as_str())?);
        let asked = requests(&mounting, second).into_iter().zip(requests(&mounting, &nobodys));
        let answers = asked.map(|(request, of_nobody)| match mounting.mount(session, &request) {
            Err(doubt @ Doubt::OtherRefusal { status: 400 | 404 }) => {
                mounting.refused_oddly(session, [(&request, second), (&of_nobody, &nobodys)], doubt)
            }
            answer => answer,
        });
        Ok(Answer::all(answers.map(|answer| answer.unwrap_or_else(Answer::Open))))
    }

    fn target(&self, from: &str) -> String {
        format!("/v2/{}/blobs/uploads/?mount={}{from}", self.owned, self.layer.digest)
    }

    fn post(&self, from: &str) -> Request {
        Request::new("POST", self.target(from)).header("Content-Length", "0")
    }

    fn mount(&self, session: &mut Session<'_>, request: &Request) -> Result<Answer, Doubt> {
        let seen = session.ask(&request.clone().credential(self.low.credential()))?;
        match seen.response()?.status {
            201 => self.mounted(session, &seen),
            202 => {
                cancel(session, &self.low, &seen);
                Ok(Answer::AsIntended)
            }
            // There is no such method there.
            405 => Ok(Answer::AsIntended),
            _ => session.refusal(&seen, &self.low),
        }
    }

    /// What is odd in itself may be refused before anybody looks at its source, if a source that nobody has is refused alike.
    fn refused_oddly(
        &self,
        session: &mut Session<'_>,
        sources: [(&Request, &str); 2],
        doubt: Doubt,
    ) -> Result<Answer, Doubt> {
        let [ours, nobodys] = sources.map(|(request, source)| {
            let seen = session.ask(&request.clone().credential(self.low.credential()))?;
            if seen.response()?.status == 202 {
                cancel(session, &self.low, &seen);
            }
            Shape::of(&seen, source)
        });
        if ours?.difference(&nobodys?).is_none() { Ok(Answer::AsIntended) } else { Err(doubt) }
    }

    /// What was mounted is read, so that its bytes show it, and taken away again.
    fn mounted(&self, session: &mut Session<'_>, seen: &Seen) -> Result<Answer, Doubt> {
        let target = format!("/v2/{}/blobs/{}", self.owned, self.layer.digest);
        let read = Request::get(target.as_str()).header("Range", "bytes=0-1023").unkept();
        let decoy = session.decoy().clone();
        let read = session.refused(&read, &self.low, |seen| blob_proof(seen, &self.layer, &decoy));
        delete(session, &self.low, &target);
        match read {
            Ok(Answer::Wrong(proof)) => Ok(Answer::Wrong(proof.after([seen.id]).aside())),
            _ => {
                let proof = Proof::behaviour(seen, "201: it was mounted without a right to its source");
                proof.map(Answer::Wrong).ok_or(Doubt::Proofless { status: 201 })
            }
        }
    }
}

/// Closes an upload that was opened, where it is at this door.
pub(in crate::checks) fn cancel(session: &mut Session<'_>, low: &Caller, seen: &Seen) {
    let location = seen.response().ok().and_then(|response| response.headers.get("location"));
    let at = location.and_then(|location| Endpoint::relative_to(&seen.origin, location).ok());
    match at.filter(|at| at.origin == seen.origin) {
        Some(at) => delete(session, low, &at.target),
        None => session.note("left behind", &format!("an upload of {} that has no location here", seen.line())),
    }
}

fn delete(session: &mut Session<'_>, low: &Caller, target: &str) {
    let delete = Request::new("DELETE", target).credential(low.credential());
    let gone = session.tidy(&delete).is_ok_and(|seen| seen.response().is_ok_and(|gone| gone.is_success()));
    if !gone {
        session.note("left behind", &format!("{target} could not be deleted"));
    }
}
