//! Who and what else there is: somebody who is known and entitled to little, a second private repository, other doors.

use std::time::Duration;

use outbound::{Origin, Reach, Scheme};

use super::{Caller, Session};
use crate::controls::{self, Content};
use crate::doubt::Doubt;
use crate::intent::{Cargo, Door, Hook, Identity, Intent, Known, Login, Mode, Role};
use crate::observation::{ObservationId, Seen};
use crate::request::Request;
use crate::token::{self, Exchanged, Realm, Token, TokenRequest};
use crate::verdict::Answer;

/// What is found out about them, each at most once.
#[derive(Debug, Default)]
pub(super) struct Others {
    low: Option<Result<Caller, Doubt>>,
    second: Option<Result<Content, Doubt>>,
    /// What came of taking somebody back, where more than one check judges by it.
    revocation: Option<(Result<Answer, Doubt>, Vec<ObservationId>)>,
}

impl<'run> Session<'run> {
    /// What the run judges by.
    #[must_use]
    pub fn intent(&self) -> &'run Intent {
        self.intent
    }

    /// The identity of a role, if it may be shown here.
    #[must_use]
    pub fn identity(&self, role: Role) -> Option<&'run Identity> {
        self.intent.identity(role, self.door)
    }

    /// S: another private repository; R itself where it is the only one.
    #[must_use]
    pub fn second(&self) -> &'run Known {
        self.intent.second(self.private)
    }

    /// P: what anybody may pull.
    ///
    /// # Errors
    /// [`Doubt::Missing`] where the intent names none; a check that needs it is then not selected.
    pub fn public(&self) -> Result<&'run Known, Doubt> {
        self.intent.public().ok_or_else(|| missing("the intent names no public repository"))
    }

    /// M: the name of what *low* owns.
    ///
    /// # Errors
    /// [`Doubt::Missing`] where the intent names none; a check that needs it is then not selected.
    pub fn owned(&self) -> Result<&'run str, Doubt> {
        let owned = self.identity(Role::Low).and_then(|identity| identity.owns.as_ref());
        owned.map(|name| name.as_str()).ok_or_else(|| missing("the intent names nothing that `low` owns"))
    }

    /// The login of *low*.
    ///
    /// # Errors
    /// As [`Session::owned`].
    pub fn low_login(&self) -> Result<&'run Login, Doubt> {
        self.login(Role::Low).ok_or_else(|| missing("the intent names no identity `low`"))
    }

    /// Asks for the tags of a repository: what shows that somebody may pull there, and needs no name of a tag.
    #[must_use]
    pub fn tags(&self, name: &str) -> Request {
        Request::get(format!("/v2/{name}/tags/list"))
    }

    /// The crate that is private behind the door.
    ///
    /// # Errors
    /// [`Doubt::Missing`] where the intent names none; a check that needs it is then not selected.
    pub fn cargo(&self) -> Result<&'run Cargo, Doubt> {
        self.intent.cargo_at(self.door).ok_or_else(|| missing("the intent names no crate here"))
    }

    /// How far the run goes: for a question that asks more where it may.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.run.mode()
    }

    /// Every other door that an identity may be shown to.
    pub fn other_doors(&self, role: Role) -> impl Iterator<Item = &'run Door> + use<'run> {
        let (intent, here) = (self.intent, self.door);
        intent.doors.iter().filter(move |door| door.name != here.name && intent.login(role, door).is_some())
    }
}

impl<'run> Session<'run> {
    /// Somebody with what the door asks for: a token of this scope, or the login itself.
    ///
    /// # Errors
    /// [`Doubt`] where no token came.
    pub fn known(&mut self, role: Role, scope: &str) -> Result<Caller, Doubt> {
        let login = self.login(role).ok_or_else(|| missing("the intent names no such identity here"))?;
        token::log_in(self, login, scope)
    }

    /// A token of the control's for pulling R; none where the door asks for no token.
    ///
    /// # Errors
    /// As [`Session::known`].
    pub fn control_token(&mut self) -> Result<Option<Token>, Doubt> {
        match self.known(Role::Control, &format!("repository:{}:pull", self.private.name))? {
            Caller::Holder(token) => Ok(Some(token)),
            Caller::Nobody | Caller::Stranger(_) | Caller::Imposter | Caller::Known(_) => Ok(None),
        }
    }

    /// *low* with a token for pulling M, shown to be somebody: M was answered. What *low* is refused means nothing without
    /// that, because a wrong password is refused too.
    ///
    /// # Errors
    /// [`Doubt`] where nothing shows it.
    pub fn low(&mut self) -> Result<Caller, Doubt> {
        if let Some(low) = &self.others.low {
            return low.clone();
        }
        let low = self.find_low();
        self.others.low = Some(low.clone());
        low
    }

    fn find_low(&mut self) -> Result<Caller, Doubt> {
        let name = self.owned()?;
        let caller = self.known(Role::Low, &format!("repository:{name}:pull"))?;
        let seen = self.ask(&self.tags(name).credential(caller.credential()))?;
        let granted = matches!(&caller, Caller::Holder(token) if token.grants(name, "pull"));
        match seen.response()?.status {
            200 => Ok(caller),
            // Nothing was pushed there yet.
            404 if granted => Ok(caller),
            status => Err(missing(&format!(
                "`low` could not be shown to be valid: its own {name} was answered with {status}"
            ))),
        }
    }

    /// What is behind S, pulled by the control.
    ///
    /// # Errors
    /// [`Doubt`] where the control could not pull it.
    pub fn second_content(&mut self) -> Result<Content, Doubt> {
        if let Some(content) = &self.others.second {
            return content.clone();
        }
        let content = match (self.second() == self.private, self.content()) {
            (true, Some(content)) => Ok(content.clone()),
            _ => self.find_second(),
        };
        self.others.second = Some(content.clone());
        content
    }

    fn find_second(&mut self) -> Result<Content, Doubt> {
        let second = self.second();
        let control = self.known(Role::Control, &format!("repository:{}:pull", second.name))?;
        controls::pull(self, second, &control)
    }

    /// Where the door sends for tokens; none where it asks for no Bearer token.
    ///
    /// # Errors
    /// [`Doubt`] where no token may be asked for there.
    pub fn realm(&mut self) -> Result<Option<Realm>, Doubt> {
        let first = self.first()?;
        token::realm(self, &first.response()?.headers)
    }

    /// Asks for a token of these scopes, as nobody in particular or with a login.
    ///
    /// # Errors
    /// [`Doubt`] where the exchange itself stays open.
    pub fn exchange(&mut self, realm: &Realm, scopes: &[&str], login: Option<&Login>) -> Result<Exchanged, Doubt> {
        let asking = realm.asking(scopes);
        self.redeem(&login.map_or(asking.clone(), |login| asking.login(login)))
    }

    /// Asks for a token.
    ///
    /// # Errors
    /// [`Doubt`] where the exchange itself stays open.
    pub fn redeem(&mut self, asking: &TokenRequest) -> Result<Exchanged, Doubt> {
        token::redeem(self, asking)
    }

    /// Takes an identity back, which happens once in a run.
    ///
    /// # Errors
    /// [`Doubt::Hook`]: then nobody knows whether it was taken back.
    pub fn revoke(&mut self, hook: &Hook) -> Result<(), Doubt> {
        self.run.revoke(hook)
    }

    /// Keeps what came of that for whoever asks the same, with what the running check has seen since then.
    pub(crate) fn share_revocation(&mut self, answer: &Result<Answer, Doubt>, since: usize) {
        let seen = self.touched.iter().skip(since).copied().collect();
        self.others.revocation = Some((answer.clone(), seen));
    }

    /// What came of it, if another check has asked.
    pub(crate) fn shared_revocation(&mut self) -> Option<Result<Answer, Doubt>> {
        let (answer, seen) = self.others.revocation.as_ref()?;
        self.touched.extend(seen);
        Some(answer.clone())
    }

    /// Lets the user do something in the middle of the run.
    ///
    /// # Errors
    /// [`Doubt::Hook`]: then nobody knows whether it was done.
    pub fn act(&self, hook: &Hook) -> Result<(), Doubt> {
        self.run.act(hook)
    }

    /// What *low* may do has changed: it must be shown anew.
    pub(crate) fn forget_low(&mut self) {
        self.others.low = None;
    }

    /// Whether an identity was taken back in this run.
    #[must_use]
    pub fn has_revoked(&self) -> bool {
        self.run.has_revoked()
    }

    /// Waits between two questions.
    pub(crate) fn pause(&self, time: Duration) {
        self.run.pause(time);
    }

    /// The clock that only goes forward.
    pub(crate) fn tick(&self) -> Duration {
        self.run.now().tick
    }

    /// Where the door would be over plain HTTP; none where it is there itself.
    #[must_use]
    pub fn in_the_clear(&self) -> Option<Origin> {
        let door = &self.door.origin;
        let port = if door.port() == Scheme::Https.port() { Scheme::Http.port() } else { door.port() };
        (door.scheme() == Scheme::Https).then(|| door.at(Scheme::Http, port))
    }

    /// Asks the host of the door, or of one of its realms, in another way than it was declared, as nobody.
    ///
    /// # Errors
    /// As [`Session::ask`]; another host is not asked.
    pub fn ask_beside(&mut self, origin: &Origin, request: &Request) -> Result<Seen, Doubt> {
        let mut declared = [&self.door.origin].into_iter().chain(&self.door.realms);
        match declared.find(|known| known.host() == origin.host()) {
            Some(known) => self.send(origin, self.door.reach(known), request),
            None => Err(self.undeclared_storage(origin.clone())),
        }
    }

    /// The first other door of this vantage that answers.
    pub fn another_door(&mut self) -> Option<&'run Door> {
        let (intent, here) = (self.intent, self.door);
        let others = intent.doors.iter().filter(|door| door.name != here.name && door.vantage == here.vantage);
        let answers =
            |door: &&Door| self.elsewhere(door, |other| other.first().is_ok_and(|seen| seen.response().is_ok()));
        others.take(MAX_DOORS).find(answers)
    }

    /// Asks at another declared door about the same, with what is known already.
    pub(crate) fn elsewhere<T>(&mut self, door: &Door, ask: impl FnOnce(&mut Session<'_>) -> T) -> T {
        let mut other = Session::new(self.run, self.intent, door, self.private);
        other.memory.content = self.memory.content.clone();
        other.memory.decoy = self.memory.decoy.clone();
        let answer = ask(&mut other);
        let touched = other.take_touched();
        self.touched.extend(touched);
        answer
    }

    /// Asks another declared door. A credential that is not bound to it does not leave.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn ask_door(&mut self, door: &Door, request: &Request) -> Result<Seen, Doubt> {
        self.send(&door.origin, Reach::Typed, request)
    }
}

/// So many other doors are tried until one answers.
const MAX_DOORS: usize = 4;

fn missing(why: &str) -> Doubt {
    Doubt::Missing { why: why.to_owned() }
}
