//! What an answer means to a question that must be refused: the proof in it, the refusal that the intent accepts, or neither.

use std::sync::Arc;

use outbound::Endpoint;

use super::{Caller, Session};
use crate::alike::Shape;
use crate::doubt::Doubt;
use crate::observation::{Observation, Seen};
use crate::proof::Proof;
use crate::request::Request;
use crate::verdict::Answer;

/// The most redirects that one question follows.
pub(super) const MAX_REDIRECTS: usize = 3;

impl Session<'_> {
    /// Asks something that must be refused, follows redirects that may be followed, and judges what comes: wrong where
    /// `proof` finds one, as intended where it is refused as the intent says, else open.
    ///
    /// # Errors
    /// [`Doubt`] where the question stays open.
    pub fn refused(
        &mut self,
        request: &Request,
        caller: &Caller,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        let asked = self.ask(&request.clone().credential(caller.credential()))?;
        self.judge(&asked, request, caller, proof)
    }

    /// Asks something of R that is odd in itself: it may also be refused with 400, 404 or 421 before anybody asks who
    /// sent it, as long as a name that nobody has is refused in the same way. `request` makes it for a name.
    ///
    /// # Errors
    /// As [`Session::refused`].
    pub fn refused_oddly(
        &mut self,
        request: impl Fn(&str) -> Request,
        caller: &Caller,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        self.refused_oddly_of(self.private.name.as_str(), request, caller, proof)
    }

    /// [`Session::refused_oddly`] of another name.
    ///
    /// # Errors
    /// As [`Session::refused`].
    pub fn refused_oddly_of(
        &mut self,
        name: &str,
        request: impl Fn(&str) -> Request,
        caller: &Caller,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        let asked = self.ask(&request(name).credential(caller.credential()))?;
        self.judge_oddly(&asked, name, request, caller, proof)
    }

    /// [`Session::refused_oddly`] of another name, for an answer that came already.
    ///
    /// # Errors
    /// As [`Session::refused`].
    pub fn judge_oddly(
        &mut self,
        asked: &Seen,
        name: &str,
        request: impl Fn(&str) -> Request,
        caller: &Caller,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        let answer = self.judge(asked, &request(name), caller, proof);
        let early = |status| matches!(status, 400 | 404 | 421);
        if !matches!(answer, Err(Doubt::OtherRefusal { status }) if early(status)) {
            return answer;
        }
        let decoy = self.decoy_name()?;
        let other = self.ask(&request(&decoy).credential(caller.credential()))?;
        match Shape::of(asked, name)?.difference(&Shape::of(&other, &decoy)?) {
            None => Ok(Answer::AsIntended),
            Some(_) => answer,
        }
    }

    /// Judges an answer that came already; `request` is asked again where a redirect leads.
    ///
    /// # Errors
    /// As [`Session::refused`].
    pub fn judge(
        &mut self,
        asked: &Seen,
        request: &Request,
        caller: &Caller,
        proof: impl Fn(&Observation) -> Option<Proof>,
    ) -> Result<Answer, Doubt> {
        if let Some(proof) = proof(asked) {
            return Ok(Answer::Wrong(proof.after(caller.earlier())));
        }
        let last = self.follow(asked, request)?;
        match proof(&last) {
            Some(proof) => Ok(Answer::Wrong(proof.after(caller.earlier().into_iter().chain([asked.id])))),
            None => self.refusal(&last, caller),
        }
    }

    /// Whether an answer is a refusal that the intent accepts.
    pub(crate) fn refusal(&self, seen: &Observation, caller: &Caller) -> Result<Answer, Doubt> {
        let response = seen.response()?;
        let status = response.status;
        let accepted = match caller {
            Caller::Nobody => &self.intent.deny_anonymous,
            Caller::Stranger(_) | Caller::Imposter | Caller::Holder(_) | Caller::Known(_) => &self.intent.deny_known,
        };
        let bare_401 = status == 401 && response.headers.get("www-authenticate").is_none();
        match status {
            429 => Err(Doubt::RateLimited),
            500..=599 => Err(Doubt::ServerFailed { status }),
            200..=299 => Err(Doubt::Proofless { status }),
            _ if !accepted.contains(&status) => Err(Doubt::OtherRefusal { status }),
            _ if bare_401 => Err(Doubt::NoChallenge),
            _ if response.whole().is_none() => Err(Doubt::NotWhole { status }),
            _ => Ok(Answer::AsIntended),
        }
    }

    /// Where an answer leads; none where it leads nowhere.
    ///
    /// # Errors
    /// [`Doubt`] where that is no place, or a credential of ours would be sent elsewhere: somebody has put it back.
    pub(crate) fn led(&self, seen: &Observation) -> Result<Option<Endpoint>, Doubt> {
        let Some(location) = seen.response()?.redirect() else { return Ok(None) };
        let next = Endpoint::relative_to(&seen.origin, location);
        let next = next.map_err(|error| Doubt::Redirect { why: error.to_string() })?;
        match next.origin != seen.origin && self.clean(&next.target) != next.target {
            true => Err(Doubt::Redirect { why: format!("it carries a credential to `{}`", next.origin) }),
            false => Ok(Some(next)),
        }
    }

    /// Follows redirects to the door itself and to declared storage, without any credential.
    pub(crate) fn follow(&mut self, asked: &Seen, request: &Request) -> Result<Seen, Doubt> {
        let mut seen = Arc::clone(asked);
        for _ in 0..MAX_REDIRECTS {
            let Some(next) = self.led(&seen)? else { return Ok(seen) };
            seen = self.ask_at(&next.origin, &request.to(&next.target))?;
        }
        match seen.response()?.redirect() {
            Some(_) => Err(Doubt::Redirect { why: format!("more than {MAX_REDIRECTS}") }),
            None => Ok(seen),
        }
    }
}
