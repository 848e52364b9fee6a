//! The control of a session: asked at the beginning, now and then, and at the end. What is asked between two of them rests
//! on both, so that a block half-way takes back nothing of what was seen before it.

use super::Session;
use crate::controls::{Controls, Decoy, Held};
use crate::doubt::Doubt;

/// What the control has found, time after time.
#[derive(Debug)]
pub(super) struct Control {
    /// At the beginning.
    begin: Result<Held, Doubt>,
    /// At last.
    last: Result<Held, Doubt>,
    /// What every PASS between two of them rests on, in order.
    between: Vec<Result<Controls, Doubt>>,
}

impl Default for Control {
    fn default() -> Self {
        Self { begin: Err(Doubt::NoControl), last: Err(Doubt::NoControl), between: Vec::new() }
    }
}

impl Session<'_> {
    /// What the control found at the beginning.
    pub(crate) fn begin(&mut self, held: Result<Held, Doubt>) {
        if let Ok(held) = &held {
            self.memory.content = Some(held.content().clone());
        }
        self.control.begin.clone_from(&held);
        self.control.last = held;
    }

    /// What the control found later: what was asked since it was last asked rests on both.
    pub(crate) fn again(&mut self, held: Result<Held, Doubt>) {
        let controls = Controls::hold(self.control.last.clone(), held.clone(), &self.memory.decoy);
        self.control.between.push(controls);
        self.control.last = held.map_err(|doubt| Doubt::Interfered { why: doubt.to_string() });
    }

    /// How the decoy was answered.
    pub(crate) fn set_decoy(&mut self, decoy: Decoy) {
        self.memory.decoy = decoy;
    }

    /// Between which two controls is asked now.
    pub(crate) fn stretch(&self) -> usize {
        self.control.between.len()
    }

    /// What every PASS of a stretch rests on.
    pub(crate) fn controls(&self, stretch: usize) -> Result<Controls, Doubt> {
        let not_again = || Err(Doubt::Interfered { why: "it was not asked again".to_owned() });
        let begin = self.control.begin.clone();
        self.control.between.get(stretch).cloned().unwrap_or_else(|| begin.and_then(|_| not_again()))
    }

    /// Whether all of them hold.
    pub(crate) fn held(&self) -> Result<Controls, Doubt> {
        let broken = self.control.between.iter().find_map(|controls| controls.as_ref().err().cloned());
        broken.map_or_else(|| self.controls(0), Err)
    }

    /// Whether the control held at the beginning.
    pub(crate) fn began(&self) -> bool {
        self.control.begin.is_ok()
    }
}
