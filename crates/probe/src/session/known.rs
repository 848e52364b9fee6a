//! Who and what else there is: somebody who is known and entitled to little, a second private repository, other doors.

use outbound::Reach;

use super::{Caller, Session};
use crate::controls::{self, Content};
use crate::doubt::Doubt;
use crate::intent::{Door, Identity, Intent, Known, Login, Role};
use crate::observation::Seen;
use crate::request::Request;
use crate::token::{self, Exchanged, Realm, TokenRequest};

/// What is found out about them, each at most once.
#[derive(Debug, Default)]
pub(super) struct Others {
    low: Option<Result<Caller, Doubt>>,
    second: Option<Result<Content, Doubt>>,
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

    /// Every other door that an identity may be shown to.
    pub fn other_doors(&self, role: Role) -> impl Iterator<Item = &'run Door> + use<'run> {
        let (intent, here) = (self.intent, self.door);
        intent.doors.iter().filter(move |door| door.name != here.name && intent.login(role, door).is_some())
    }
}

impl Session<'_> {
    /// Somebody with what the door asks for: a token of this scope, or the login itself.
    ///
    /// # Errors
    /// [`Doubt`] where no token came.
    pub fn known(&mut self, role: Role, scope: &str) -> Result<Caller, Doubt> {
        let login = self.login(role).ok_or_else(|| missing("the intent names no such identity here"))?;
        token::log_in(self, login, scope)
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
        let seen = self.ask(&tags(name).credential(caller.credential()))?;
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

    /// Asks another declared door. A credential that is not bound to it does not leave.
    ///
    /// # Errors
    /// As [`Session::ask`].
    pub fn ask_door(&mut self, door: &Door, request: &Request) -> Result<Seen, Doubt> {
        self.send(&door.origin, Reach::Typed, request)
    }
}

/// The names of a repository's tags.
fn tags(name: &str) -> Request {
    Request::get(format!("/v2/{name}/tags/list"))
}

fn missing(why: &str) -> Doubt {
    Doubt::Missing { why: why.to_owned() }
}
