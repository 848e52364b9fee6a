//! What a run would ask, before it asks anything.

use std::time::Duration;

use crate::check::{Check, Need};
use crate::checks::{LAST, catalogue, find};
use crate::intent::{Canary, Door, GateImage, Intent, Known, Mode, Role};
use crate::reception::{MAX_BODY, MAX_MANIFEST};
use crate::run::{Budget, Stop, Waits};

/// After so many checks the control is asked again.
pub(crate) const CHECKS_PER_CONTROL: usize = 25;

/// How a run is meant to go.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far it goes.
    pub mode: Mode,
    /// The ids of the intrusive checks that were asked for.
    pub intrusive: Vec<&'static str>,
    /// Asks only the doors of this vantage.
    pub vantage: Option<String>,
    /// How long one answer may take, from the first packet to the last byte.
    pub patience: Duration,
    /// How long it waits altogether, and how.
    pub waits: Waits,
    /// Ends the run early.
    pub stop: Stop,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            intrusive: Vec::new(),
            vantage: None,
            patience: Duration::from_secs(10),
            waits: Waits::default(),
            stop: Stop::default(),
        }
    }
}

/// What is asked at one door about one private reference.
#[derive(Debug)]
pub struct Cell<'a> {
    /// Where.
    pub door: &'a Door,
    /// About what.
    pub private: &'a Known,
    /// Every check of the catalogue, in order: asked, or not and why.
    pub checks: Vec<(&'static Check, Result<(), String>)>,
}

/// Everything that a run would ask, in order.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Its cells: door by door, reference by reference.
    pub cells: Vec<Cell<'a>>,
    /// How far it goes.
    pub mode: Mode,
    /// How long one answer may take.
    pub patience: Duration,
    /// How long it waits altogether, and how.
    pub waits: Waits,
    /// Ends the run early.
    pub stop: Stop,
    /// Where it listens for calls, if a check needs that.
    pub canary: Option<&'a Canary>,
    /// How many bytes of one answer may come that is not held.
    streamed: usize,
}

impl<'a> Plan<'a> {
    /// No check, for whoever asks without judging.
    pub(crate) fn of_nothing() -> Self {
        let Settings { mode, patience, waits, stop, .. } = Settings::default();
        Self { cells: Vec::new(), mode, patience, waits, stop, canary: None, streamed: 0 }
    }

    /// Chooses the checks. Nothing is asked for it.
    #[must_use]
    pub fn new(intent: &'a Intent, settings: &Settings) -> Self {
        let here = |door: &&Door| settings.vantage.as_ref().is_none_or(|vantage| *vantage == door.vantage);
        let cell = |door, private| {
            let checks = catalogue().map(|check| (check, selected(check, intent, door, settings))).collect();
            Cell { door, private, checks }
        };
        let doors = intent.doors.iter().filter(here);
        let cells: Vec<Cell<'_>> =
            doors.flat_map(|door| intent.private().map(move |private| cell(door, private))).collect();
        let calls = |cell: &Cell<'_>| cell.asked().any(|check| check.needs.contains(&Need::Canary));
        Self {
            canary: intent.canary.as_ref().filter(|_| cells.iter().any(calls)),
            cells,
            mode: settings.mode,
            patience: settings.patience,
            waits: settings.waits.clone(),
            stop: settings.stop.clone(),
            streamed: intent.gate.streamed,
        }
    }

    /// The most that the run sends and reads. A quarter more than the checks and the controls between them need is left for
    /// answers that ask to wait.
    #[must_use]
    pub fn budget(&self) -> Budget {
        let requests: usize = self.cells.iter().map(Cell::requests).sum();
        let requests = requests + requests / 4;
        // Each control may pull a manifest by its tag and by its digest that is longer than what is kept of any other answer.
        let controls: usize = self.cells.iter().map(|cell| 2 + cell.controls_between()).sum();
        // Somebody is taken back once in a run, and what streams to them meanwhile is read as far as it comes.
        let streams = self.cells.iter().flat_map(Cell::asked).any(|check| check.needs.contains(&Need::Reader));
        let streamed = if streams { self.streamed } else { 0 };
        Budget { requests, bytes: requests * MAX_BODY + 2 * controls * MAX_MANIFEST + streamed }
    }
}

impl Cell<'_> {
    /// The most requests of its checks, and of the controls between them.
    fn requests(&self) -> usize {
        let control = find(LAST).map_or(0, |check| check.requests);
        self.asked().map(|check| check.requests).sum::<usize>() + self.controls_between() * control
    }

    fn controls_between(&self) -> usize {
        self.asked().count() / CHECKS_PER_CONTROL
    }

    fn asked(&self) -> impl Iterator<Item = &'static Check> {
        self.checks.iter().filter(|(_, selected)| selected.is_ok()).map(|(check, _)| *check)
    }
}

fn selected(check: &Check, intent: &Intent, door: &Door, settings: &Settings) -> Result<(), String> {
    if check.mode > settings.mode {
        return Err(format!("it belongs to mode {}", check.mode));
    }
    if check.mode == Mode::Intrusive && !settings.intrusive.contains(&check.id) {
        return Err("it is intrusive, and nobody asked for it by its id".to_owned());
    }
    for need in check.needs {
        let there = match need {
            Need::Identity(role) => intent.login(*role, door).is_some(),
            Need::Certificate => door.certificate.is_some(),
            Need::Storage => !door.storage.is_empty(),
            Need::Peers => !door.peers.is_empty(),
            Need::Crate => intent.cargo_at(door).is_some(),
            Need::Public => intent.public().is_some(),
            Need::Hook => intent.identity(Role::Revoked, door).is_some_and(|leaver| leaver.revoke.is_some()),
            Need::Reader => {
                let leaver = intent.identity(Role::Revoked, door).filter(|leaver| leaver.revoke.is_some());
                let owned = intent.identity(Role::Low, door).and_then(|low| low.owns.as_ref());
                owned.is_some() && leaver.is_some_and(|leaver| leaver.owns.as_ref() == owned)
            }
            Need::Owned => intent.identity(Role::Low, door).is_some_and(|low| low.owns.is_some()),
            Need::Alias(kind) => intent.aliases.iter().any(|alias| alias.kind == *kind),
            Need::Gate(images) => {
                let known = |image: &GateImage| intent.gate.images.contains_key(image);
                known(&GateImage::Signed) && images.iter().any(known)
            }
            Need::RefusesSecrets => intent.gate.refuses_secrets,
            Need::Outage => !intent.gate.outages.is_empty(),
            Need::PushApart => intent.write.push_apart,
            Need::ForeignUpload => intent.write.foreign_upload.is_some(),
            Need::Kept => intent.write.kept.is_some(),
            Need::Beside => intent.write.beside.is_some(),
            Need::Policy => intent.policy.is_some(),
            Need::Remade => intent.write.remake.is_some(),
            Need::TestKey => intent.keys.test.is_some(),
            Need::OtherKind => {
                intent.keys.test.is_some()
                    || intent.login(Role::Control, door).is_some()
                    || intent.other_tokens_at(door).next().is_some()
            }
            Need::OtherEnvironment => intent.keys.other.is_some(),
            Need::Leaf => intent.keys.leaf.is_some(),
            Need::Federation => intent.federation.is_some(),
            Need::Canary => intent.canary.is_some(),
            Need::Monitor => intent.canary.as_ref().is_some_and(|canary| canary.monitor.is_some()),
            // Whether these are known shows while the run goes on.
            Need::Digest | Need::Config | Need::Layer => true,
        };
        if !there {
            return Err(format!("the intent names no {}", need.name()));
        }
    }
    Ok(())
}

impl Need {
    /// What is missing, in words.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Digest => "digest of the private manifest".to_owned(),
            Self::Config => "configuration of the private image".to_owned(),
            Self::Layer => "layer of the private image".to_owned(),
            Self::Identity(role) => format!("identity `{}` that may be shown here", format!("{role:?}").to_lowercase()),
            Self::Public => "public repository".to_owned(),
            Self::Hook => "identity `revoked`, which may be shown here, with a hook `revoke`".to_owned(),
            Self::Reader => "identity `revoked`, with a hook `revoke`, that `owns` what `low` owns".to_owned(),
            Self::Certificate => "certificate that this door demands".to_owned(),
            Self::Storage => "`storage` of this door".to_owned(),
            Self::Peers => "mirrors or peers, `peers` of this door".to_owned(),
            Self::Alias(kind) => format!("`[[alias]]` of kind `{}`", kind.as_str()),
            Self::Gate(images) => {
                let names: Vec<&str> = images.iter().map(|image| image.as_str()).collect();
                format!("`signed` and {} in `[gate.images]`", names.join(" or "))
            }
            Self::RefusesSecrets => "`refuses_secrets = true` in `[gate]`".to_owned(),
            Self::Outage => "`[[gate.outage]]` with hooks `begin` and `end`".to_owned(),
            Self::PushApart => {
                "`push_apart = true` in `[write]`: that a token for pushing alone must not read".to_owned()
            }
            Self::ForeignUpload => {
                "`foreign_upload` in `[write]`: an upload that is open in another repository".to_owned()
            }
            Self::Kept => "`kept` in `[write]`: a tag that `low` may delete, where deletes are switched off".to_owned(),
            Self::Beside => "`beside` in `[write]`: another repository that `low` owns".to_owned(),
            Self::Policy => {
                "`[policy]`: commands that take from `low` the right to pull what it owns, and give it back".to_owned()
            }
            Self::Remade => {
                "`remake` in `[write]`: a command that deletes the repository `beside` and makes it anew".to_owned()
            }
            Self::TestKey => "`[test_key]`: a key for tests that the issuer's tokens may be signed with".to_owned(),
            Self::OtherKind => {
                "`[[other_token]]` that may be shown here, `[test_key]`, or identity `control`: a token of another kind"
                    .to_owned()
            }
            Self::OtherEnvironment => {
                "`[other_environment]`: the key of an issuer that is not believed here".to_owned()
            }
            Self::Leaf => {
                "`[leaf]`: a certificate of the trusted authority for another purpose, with its key".to_owned()
            }
            Self::Federation => {
                "`[federation]`: an issuer whose tokens are exchanged here, with a key of it".to_owned()
            }
            Self::Canary => {
                "`canary_listener`: a URL at which the target reaches the probe, with `canary_bind` where that is \
                 no plain address of this machine"
                    .to_owned()
            }
            Self::Monitor => {
                "`[monitor]`: the path of the alarm's webhook at the canary listener, and how soon it calls".to_owned()
            }
            Self::Crate => "`[cargo]` with a private crate behind this door".to_owned(),
            Self::Owned => "repository that an identity `low`, which may be shown here, owns".to_owned(),
        }
    }
}
