//! What an operator changes while the registry runs, and what becomes of tokens that are out already; and who guesses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::token::Grant;
use super::{BESIDE, Double, Flaw, LOW, OWN, Registry, State};

/// So many different wrong passwords somebody may try.
const GUESSES: usize = 5;

/// What an operator does with the right of [`LOW`] to [`OWN`].
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Takes it away.
    Restrict,
    /// Lets it end so much later.
    Window(Duration),
    /// Gives it back, without an end.
    Restore,
}

/// What is no more as it was in the beginning.
#[derive(Debug, Default)]
pub(super) struct Changes {
    restricted: bool,
    /// When the window ends, in seconds since 1970.
    ends: Option<u64>,
    /// How often [`BESIDE`] was made anew.
    remade: usize,
    /// The wrong passwords that were tried, by name.
    guesses: BTreeMap<String, BTreeSet<String>>,
    /// The numbers of the tokens that were exchanged.
    redeemed: BTreeSet<String>,
}

impl Double {
    /// Changes what [`LOW`] may do.
    pub fn changer(&self, change: Change) -> impl Fn() + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move || {
            let now = state.now();
            let mut changes = state.changes();
            changes.restricted = matches!(change, Change::Restrict);
            changes.ends = if let Change::Window(time) = change { Some(now + time.as_secs()) } else { None };
        }
    }

    /// Deletes [`BESIDE`] with everything in it, and makes it anew.
    pub fn remaker(&self) -> impl Fn() + Send + Sync + use<> {
        let state = Arc::clone(&self.state);
        move || {
            state.changes().remade += 1;
            state.shelf.lock().expect("no handler has panicked").forget(BESIDE);
        }
    }
}

impl State {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().expect("no handler has panicked")
    }

    /// Whether a token of this number is exchanged for the first time.
    pub(super) fn redeem(&self, number: String) -> bool {
        self.changes().redeemed.insert(number)
    }

    /// How often [`BESIDE`] was made anew.
    pub(super) fn remade(&self) -> usize {
        self.changes().remade
    }
}

impl Registry {
    /// Whether the policy keeps [`LOW`] from [`OWN`] now.
    pub(super) fn is_restricted(&self) -> bool {
        let (now, changes) = (self.now(), self.state.changes());
        changes.restricted || changes.ends.is_some_and(|ends| now >= ends)
    }

    /// What is left of what was granted earlier.
    pub(super) fn as_of_now(&self, mut grant: Grant) -> Grant {
        let now = self.now();
        let changes = self.state.changes();
        let taken = changes.restricted && !self.has(Flaw::TokensOutlivePolicies);
        let over = changes.ends.is_some_and(|ends| now >= ends) && !self.has(Flaw::TokensOutliveWindows);
        let gone = grant.remade != changes.remade && !self.has(Flaw::NamesAreIdentities);
        let user = grant.user;
        let lost = |name: &str| (user == LOW && name == OWN && (taken || over)) || (name == BESIDE && gone);
        grant.access.retain(|entry| !lost(&entry.name));
        grant
    }

    /// Whether somebody has tried too many passwords already. The same one again is no guess.
    pub(super) fn is_guessing(&self, user: &str, password: &str) -> bool {
        let mut changes = self.state.changes();
        let tried = changes.guesses.entry(user.to_owned()).or_default();
        tried.insert(password.to_owned());
        tried.len() > GUESSES && !self.has(Flaw::CountsNoGuesses) && !self.has(Flaw::GuessesLockOut)
    }

    /// Whether so many passwords were tried that even the right one is refused.
    pub(super) fn is_locked_out(&self, user: &str) -> bool {
        let changes = self.state.changes();
        self.has(Flaw::GuessesLockOut) && changes.guesses.get(user).is_some_and(|tried| tried.len() > GUESSES)
    }
}
