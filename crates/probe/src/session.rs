//! How a check asks: one door, one private reference, and what is known about them so far.
//!
//! A check writes a [`Request`] and gives it to [`Session::ask`], or to [`Session::refused`], which also follows
//! redirects and judges. What several checks need is asked once and remembered here: the first refusal with its
//! challenge, the token that anybody gets, what the control has learned.

mod caller;
mod canary;
mod control;
mod handshake;
mod judging;
mod known;
mod stream;
pub(crate) mod writing;

use std::sync::Arc;
use std::time::Duration;

use outbound::{Credential, Origin, Reach};
use protocol::Digest;

use crate::challenge::RealmFault;
use crate::controls::{Content, Decoy};
use crate::doubt::Doubt;
use crate::intent::{Door, Intent, Known, Login, Role, Visibility};
use crate::observation::{ObservationId, Seen};
use crate::product::Product;
use crate::request::Request;
use crate::run::{Discovered, Run};
use crate::token::Token;
use crate::verdict::Answer;

pub use caller::Caller;

/// What a session has found out, each at most once.
#[derive(Debug)]
struct Memory {
    first: Option<Seen>,
    stranger: Option<Option<Token>>,
    content: Option<Content>,
    decoy: Decoy,
}

/// One door and one private reference, in one run.
#[derive(Debug)]
pub struct Session<'run> {
    run: &'run mut Run,
    intent: &'run Intent,
    door: &'run Door,
    private: &'run Known,
    memory: Memory,
    others: known::Others,
    control: control::Control,
    /// What the running check has seen.
    touched: Vec<ObservationId>,
    /// The first question of the running check on which the door failed.
    failed: Option<Failed>,
}

/// A question on which a door failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// The question.
    pub(crate) request: Request,
    /// 5xx.
    pub(crate) status: u16,
}

impl<'run> Session<'run> {
    pub(crate) fn new(run: &'run mut Run, intent: &'run Intent, door: &'run Door, private: &'run Known) -> Self {
        let memory = Memory {
            first: None,
            stranger: None,
            content: None,
            decoy: Decoy::Open(Doubt::Missing { why: "it was not asked".to_owned() }),
        };
        let (others, control) = (known::Others::default(), control::Control::default());
        Self { run, intent, door, private, memory, others, control, touched: Vec::new(), failed: None }
    }

    /// Where is asked.
    #[must_use]
    pub fn door(&self) -> &'run Door {
        self.door
    }

    /// What should be closed: R and T.
    #[must_use]
    pub fn private(&self) -> &'run Known {
        self.private
    }

    /// The login of a role, if it may be shown here.
    #[must_use]
    pub fn login(&self, role: Role) -> Option<&'run Login> {
        self.intent.login(role, self.door)
    }

    /// What is behind the reference, as far as somebody has seen it.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        self.memory.content.as_ref()
    }

    /// D: from the intent, or from whoever has seen the manifest.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.private.digest.clone().or_else(|| self.content().map(|content| content.digest.clone()))
    }

    /// How a name that nobody has is answered here.
    #[must_use]
    pub fn decoy(&self) -> &Decoy {
        &self.memory.decoy
    }

    /// The names of everything that is meant to be closed.
    #[must_use]
    pub fn private_names(&self) -> Vec<String> {
        self.intent.private().map(|known| known.name.to_string()).collect()
    }

    /// The names of everything that is meant to be open.
    #[must_use]
    pub fn public_names(&self) -> Vec<String> {
        let public = self.intent.repositories.iter().filter(|known| known.visibility == Visibility::Public);
        public.map(|known| known.name.to_string()).collect()
    }

    /// A GET for a manifest of R, of any type.
    #[must_use]
    pub fn manifest(&self, reference: &str) -> Request {
        self.private.manifest(reference)
    }

    /// The target of a manifest of R.
    #[must_use]
    pub fn manifest_target(&self, reference: &str) -> String {
        self.private.manifest_target(reference)
    }

    /// The target of a blob of R.
    #[must_use]
    pub fn blob_target(&self, digest: &Digest) -> String {
        self.private.blob_target(digest)
    }

    /// X: a random name of R's shape.
    pub(crate) fn decoy_name(&self) -> Result<String, Doubt> {
        Self::decoy_like(self.private.name.as_str())
    }

    /// A random name of another one's shape.
    pub(crate) fn decoy_like(name: &str) -> Result<String, Doubt> {
        let random = crate::random::bytes::<8>().map_err(|error| Doubt::Missing { why: error.to_string() })?;
        let random = crate::random::hex(&random);
        Ok(name.rsplit_once('/').map_or_else(|| random.clone(), |(above, _)| format!("{above}/{random}")))
    }
}

impl Session<'_> {
    /// Asks the door.
    ///
    /// # Errors
    /// [`Doubt`] where nothing was sent, and after 429.
    pub fn ask(&mut self, request: &Request) -> Result<Seen, Doubt> {
        let origin = self.door.origin.clone();
        self.ask_at(&origin, request)
    }

    /// Asks the door, one of its realms, its storage or its peers; what the user has not declared is not asked.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn ask_at(&mut self, origin: &Origin, request: &Request) -> Result<Seen, Doubt> {
        if !self.door.has_realm(origin) && !self.door.has_storage(origin) && !self.door.has_peer(origin) {
            return Err(self.undeclared_storage(origin.clone()));
        }
        self.send(origin, self.door.reach(origin), request)
    }

    fn send(&mut self, origin: &Origin, reach: Reach, request: &Request) -> Result<Seen, Doubt> {
        let door = self.intent.doors.iter().find(|door| door.origin == *origin);
        let request = request.or_showing(door.and_then(|door| door.certificate.as_ref()));
        let seen = self.run.ask(origin, reach, &request)?;
        self.touched.push(seen.id);
        let failed = seen.status().filter(|status| *status >= 500 && *origin == self.door.origin);
        if let (Some(status), None) = (failed, &self.failed) {
            self.failed = Some(Failed { request, status });
        }
        Ok(seen)
    }

    /// The first thing that a stranger asks: the manifest by its reference, with nothing in hand.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn first(&mut self) -> Result<Seen, Doubt> {
        if let Some(seen) = &self.memory.first {
            self.touched.push(seen.id);
            return Ok(Arc::clone(seen));
        }
        let seen = self.ask(&self.manifest(&self.private.reference()))?;
        self.memory.first = Some(Arc::clone(&seen));
        Ok(seen)
    }

    /// The token that anybody gets for pulling R, asked for once; none where none is handed out.
    ///
    /// # Errors
    /// [`Doubt`] where the exchange itself stays open.
    pub fn stranger(&mut self) -> Result<Option<Token>, Doubt> {
        if let Some(known) = &self.memory.stranger {
            return Ok(known.clone());
        }
        let scope = format!("repository:{}:pull", self.private.name);
        let token = match self.realm()? {
            None => None,
            Some(realm) => self.exchange(&realm, &[&scope], None)?.token(),
        };
        self.memory.stranger = Some(token.clone());
        Ok(token)
    }

    /// Asks the same as everybody who is nobody in particular: with nothing, and with the token that anybody gets. The
    /// worst answer counts, and an open question does not keep the next from being asked.
    ///
    /// # Errors
    /// None: what stays open is an answer.
    pub fn as_strangers(
        &mut self,
        mut ask: impl FnMut(&mut Self, &Caller) -> Result<Answer, Doubt>,
    ) -> Result<Answer, Doubt> {
        let bare = ask(self, &Caller::Nobody).unwrap_or_else(Answer::Open);
        // Where the exchange stays open TOK-02 says so.
        let Ok(Some(token)) = self.stranger() else { return Ok(bare) };
        let with_token = ask(self, &Caller::Stranger(token)).unwrap_or_else(Answer::Open);
        Ok(bare.and(with_token))
    }

    /// Writes down a name that was found and not contacted, with the flag that adds it.
    pub(crate) fn discovered(&mut self, origin: Origin, flag: &'static str) {
        self.run.discover(Discovered { door: self.door.name.clone(), origin, flag });
    }

    fn undeclared_storage(&mut self, origin: Origin) -> Doubt {
        self.discovered(origin.clone(), "--storage");
        Doubt::UndeclaredStorage { origin }
    }

    pub(crate) fn undeclared_realm(&mut self, fault: RealmFault) -> Doubt {
        if let RealmFault::Undeclared { origin } | RealmFault::Foreign { origin } = &fault {
            self.discovered(origin.clone(), "--realm");
        }
        Doubt::Realm(fault)
    }
}

impl Session<'_> {
    /// Asks the door whatever is left of the run: what was written must be taken away again.
    pub(crate) fn tidy(&mut self, request: &Request) -> Result<Seen, Doubt> {
        self.run.tidying(true);
        let seen = self.ask(request);
        self.run.tidying(false);
        seen
    }

    pub(crate) fn keep_secret(&mut self, credential: &Credential) {
        self.run.keep_secret(credential);
    }

    /// A text without credentials.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.run.clean(text)
    }

    /// What the running check has seen so far.
    pub(crate) fn touched(&self) -> &[ObservationId] {
        &self.touched
    }

    /// The same, for the check that has ended.
    pub(crate) fn settle(&mut self) -> Vec<ObservationId> {
        let touched = self.take_touched();
        self.run.forget_bodies(&touched);
        touched
    }

    /// The same in the middle of a check.
    pub(crate) fn take_touched(&mut self) -> Vec<ObservationId> {
        std::mem::take(&mut self.touched)
    }

    /// The question on which the door failed first, for the check that has ended.
    pub(crate) fn take_failed(&mut self) -> Option<Failed> {
        self.failed.take()
    }

    /// Somebody has seen what is behind the reference.
    pub(crate) fn know(&mut self, content: Content) {
        self.memory.content.get_or_insert(content);
    }

    /// Writes down what was learned about the door.
    pub(crate) fn note(&mut self, name: &'static str, value: &str) {
        let (door, value) = (self.door.name.clone(), self.run.clean(value));
        self.run.note(crate::run::Note { door, name, value });
    }

    /// The product that answers at the door, if it was recognised.
    pub(crate) fn product(&self) -> Option<Product> {
        self.run.product(&self.door.name)
    }

    /// Everything that was asked so far.
    pub(crate) fn evidence(&self) -> impl Iterator<Item = &Seen> {
        self.run.evidence()
    }

    /// Waits as long as a check must.
    ///
    /// # Errors
    /// [`Doubt`] where that is longer than a run waits.
    pub(crate) fn wait(&mut self, time: Duration) -> Result<(), Doubt> {
        self.run.wait_for(time)
    }

    /// Whether a check may wait so long.
    pub(crate) fn may_wait(&self, time: Duration) -> bool {
        self.run.may_wait(time)
    }

    /// The time at which the run began; for comparing a `Date`.
    pub(crate) fn wall(&self) -> jiff::Timestamp {
        self.run.now().wall
    }
}
