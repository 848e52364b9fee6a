//! What a registry tells about what it holds, for whoever writes down what should be closed. It judges nothing.

use outbound::Dialer;
use protocol::{Repository, Tag};
use serde::Deserialize;

use crate::doubt::Doubt;
use crate::error::ProbeError;
use crate::intent::{Door, Identity, Intent, Known, Login, Role, Target};
use crate::plan::Plan;
use crate::reception::MAX_BODY;
use crate::request::Request;
use crate::run::{Budget, Clock, Run};
use crate::session::{Caller, Session};

/// The most requests of a survey.
const REQUESTS: usize = 300;

/// Asks one door, with a login or as nobody, as often as a run may ask, and as slowly.
#[derive(Debug)]
pub struct Survey {
    run: Run,
    intent: Intent,
}

impl Survey {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// [`ProbeError`] where the system has no randomness or no sockets.
    pub fn new(door: Door, login: Option<Login>, dialer: Dialer, clock: Clock) -> Result<Self, ProbeError> {
        let budget = Budget { requests: REQUESTS, bytes: REQUESTS * MAX_BODY };
        let run = Run::new(dialer, clock, budget, &Plan::of_nothing())?;
        let target = Target { origin: door.origin.clone(), private: Vec::new() };
        let show_to = vec![door.name.clone()];
        let control =
            |login| Identity { role: Role::Control, login, show_to, owns: None, may: Vec::new(), revoke: None };
        let identities = login.map(control).into_iter().collect();
        Ok(Self { run, intent: Intent { doors: vec![door], identities, ..Intent::of_target(target) } })
    }

    /// The first names that the registry lists, at most so many. What is no name is left out.
    ///
    /// # Errors
    /// [`Doubt`] where it gives no list.
    pub fn repositories(&mut self, most: usize) -> Result<Vec<Repository>, Doubt> {
        #[derive(Deserialize)]
        struct Catalog {
            repositories: Vec<String>,
        }
        let nobodys = Known::private(some_name()?, None);
        let request = Request::get(format!("/v2/_catalog?n={most}"));
        let catalog: Catalog = self.read(&nobodys, "registry:catalog:*", &request)?;
        Ok(catalog.repositories.iter().filter_map(|name| name.parse().ok()).take(most).collect())
    }

    /// A tag of a repository: `latest` or else the last in the list; none where it has none.
    ///
    /// # Errors
    /// [`Doubt`] where it gives no list.
    pub fn tag(&mut self, name: &Repository) -> Result<Option<Tag>, Doubt> {
        #[derive(Deserialize)]
        struct Tags {
            tags: Option<Vec<String>>,
        }
        let request = Request::get(format!("/v2/{name}/tags/list"));
        let scope = format!("repository:{name}:pull");
        let listed: Tags = self.read(&Known::private(name.clone(), None), &scope, &request)?;
        let mut tags: Vec<Tag> = listed.tags.unwrap_or_default().iter().filter_map(|tag| tag.parse().ok()).collect();
        let latest = tags.iter().position(|tag| tag.as_str() == "latest");
        Ok(latest.map(|place| tags.swap_remove(place)).or_else(|| tags.pop()))
    }

    fn read<T: for<'de> Deserialize<'de>>(
        &mut self,
        about: &Known,
        scope: &str,
        request: &Request,
    ) -> Result<T, Doubt> {
        let Some(door) = self.intent.doors.first() else { return Err(missing("nowhere to ask")) };
        let mut session = Session::new(&mut self.run, &self.intent, door, about);
        let caller = caller(&mut session, scope)?;
        let seen = session.ask(&request.clone().credential(caller.credential()))?;
        let response = seen.response()?;
        match response.whole() {
            _ if response.status != 200 => Err(missing(&format!("the list was answered with {}", response.status))),
            None => Err(Doubt::NotWhole { status: response.status }),
            Some(body) => serde_json::from_slice(body).map_err(|_| missing("the answer is not a list")),
        }
    }
}

/// Somebody with what the door asks for.
fn caller(session: &mut Session<'_>, scope: &str) -> Result<Caller, Doubt> {
    if session.login(Role::Control).is_some() {
        return session.known(Role::Control, scope);
    }
    let Some(realm) = session.realm()? else { return Ok(Caller::Nobody) };
    Ok(session.exchange(&realm, &[scope], None)?.token().map_or(Caller::Nobody, Caller::Stranger))
}

/// A name that nobody has: what is asked for first, to learn how the door sends for tokens.
fn some_name() -> Result<Repository, Doubt> {
    Session::decoy_like("survey")?.parse().map_err(|_| missing("a name that nobody has"))
}

fn missing(why: &str) -> Doubt {
    Doubt::Missing { why: why.to_owned() }
}
