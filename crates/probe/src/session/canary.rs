//! The listener, for whoever plants a URL and waits for a call.

use outbound::Reach;

use super::Session;
use crate::canary::{Bait, Call, Listener, Reply};
use crate::doubt::Doubt;
use crate::intent::Canary;
use crate::observation::Seen;
use crate::random;
use crate::request::Request;

impl Session<'_> {
    /// A new URL that leads to the listener, and what is to be had there.
    ///
    /// # Errors
    /// [`Doubt::Missing`] where nothing listens.
    pub(crate) fn plant(&mut self, reply: Reply) -> Result<Bait, Doubt> {
        let random = random::bytes::<16>().map_err(|error| missing(error.to_string()))?;
        let bait = Bait { origin: self.canary()?.at.clone(), path: format!("/{}", random::hex(&random)) };
        self.listener()?.put(&bait.path, reply);
        Ok(bait)
    }

    /// The first call of a path since it was last asked for.
    ///
    /// # Errors
    /// As [`Session::plant`].
    pub(crate) fn called(&self, path: &str) -> Result<Option<Call>, Doubt> {
        Ok(self.listener()?.take(path).into_iter().next())
    }

    /// Every call of a path since it was last asked for.
    ///
    /// # Errors
    /// As [`Session::plant`].
    pub(crate) fn calls(&self, path: &str) -> Result<Vec<Call>, Doubt> {
        Ok(self.listener()?.take(path))
    }

    /// Whether a call of our own arrives through the URL that the intent gives: that nobody called means nothing without it.
    ///
    /// # Errors
    /// [`Doubt`] where it does not.
    pub(crate) fn hears(&mut self) -> Result<(), Doubt> {
        let bait = self.plant(Reply::default())?;
        let seen = self.send(&bait.origin, Reach::Typed, &Request::get(bait.path.as_str()))?;
        match self.called(&bait.path)? {
            Some(_) => Ok(()),
            None => Err(missing(unheard(&bait, &seen))),
        }
    }

    /// Whether nobody has tried an alarm in this run; now somebody has.
    pub(crate) fn tries_alarm(&mut self) -> bool {
        self.run.tries_alarm()
    }

    fn canary(&self) -> Result<&Canary, Doubt> {
        self.intent.canary.as_ref().ok_or_else(|| missing("the intent names no `canary_listener`".to_owned()))
    }

    fn listener(&self) -> Result<&Listener, Doubt> {
        self.run.listener().map_err(|why| missing(format!("the canary listener could not listen: {why}")))
    }
}

fn unheard(bait: &Bait, seen: &Seen) -> String {
    let came = seen.status().map_or_else(
        || seen.failure().map(ToString::to_string).unwrap_or_default(),
        |status| format!("it was answered with {status}"),
    );
    format!("a call of our own to `{}` did not arrive at the canary listener: {came}", bait.origin)
}

fn missing(why: String) -> Doubt {
    Doubt::Missing { why }
}
