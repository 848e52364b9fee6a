//! A run from its first question to its report: the controls, every selected check, the control again, then the verdicts.

use outbound::{Credential, Dialer};

use crate::check::{Check, Need, Severity};
use crate::controls::{self, Controls};
use crate::crash;
use crate::doubt::Doubt;
use crate::error::ProbeError;
use crate::intent::Intent;
use crate::observation::ObservationId;
use crate::plan::{CHECKS_PER_CONTROL, Cell, Plan};
use crate::proof::Proof;
use crate::report::{CheckResult, Report, Standing, State};
use crate::run::{Clock, Run};
use crate::session::Session;
use crate::triage;
use crate::verdict::{Answer, Verdict};

/// Where a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The name of the door.
    pub door: &'a str,
    /// What was asked.
    pub check: &'static Check,
    /// What shows that it is not as it should be, and how bad that is: a finding stands whatever comes after it.
    pub found: Option<(Severity, &'a Proof)>,
    /// How many checks are done, this one included.
    pub done: usize,
    /// Of how many.
    pub all: usize,
}

/// Asks everything that is planned. Blocks for as long as that takes, and must not be called on a thread that drives an
/// asynchronous runtime.
///
/// # Errors
/// [`ProbeError`]: then nothing was asked.
pub fn probe(
    intent: &Intent,
    plan: &Plan<'_>,
    dialer: Dialer,
    clock: Clock,
    mut tell: impl FnMut(Progress<'_>),
) -> Result<Report, ProbeError> {
    let budget = plan.budget();
    let mut run = Run::new(dialer, clock, budget, plan)?;
    // Whoever was shown a secret in an earlier run may say it before it is shown in this one.
    for door in &intent.doors {
        for login in intent.identities.iter().map(|identity| &identity.login) {
            run.keep_secret(&Credential::basic(&door.origin, &login.user, &login.secret));
        }
        for other in &intent.other_tokens {
            run.keep_secret(&Credential::bearer(&door.origin, &other.secret));
        }
    }
    let begin = run.now();
    let all = plan.cells.iter().map(|cell| cell.checks.len()).sum();
    let (mut results, mut standings, mut done) = (Vec::new(), Vec::new(), 0);
    for cell in &plan.cells {
        let mut session = Session::new(&mut run, intent, cell.door, cell.private);
        let mut asked = Vec::new();
        for (check, selected) in &cell.checks {
            let answer = ask(&mut session, check, selected);
            done += 1;
            tell(Progress { door: &cell.door.name, check, found: answer.found(), done, all });
            asked.push(answer);
            ask_control(&mut session, &asked);
        }
        let judge = |asked: Asked| {
            let controls = session.controls(asked.stretch);
            judge(asked, cell, &controls)
        };
        let judged: Vec<CheckResult> = asked.into_iter().map(judge).collect();
        standings.push(Standing::of(cell, &judged, &session.held(), session.evidence()));
        results.extend(judged);
    }
    let (run_id, spent, elapsed) = (run.id().to_owned(), run.spent(), run.now().tick.saturating_sub(begin.tick));
    let (evidence, discovered, notes) = run.close();
    let idle = triage::apply(&intent.triage, begin.wall, &mut results);
    Ok(Report {
        run: run_id,
        began: begin.wall,
        mode: plan.mode,
        standings,
        results,
        evidence,
        idle,
        drift: None,
        discovered,
        notes,
        budget,
        spent,
        elapsed,
    })
}

/// What came of one check, before anybody judges.
struct Asked {
    check: &'static Check,
    answer: Result<Answer, String>,
    seen: Vec<ObservationId>,
    /// Between which two controls.
    stretch: usize,
}

impl Asked {
    fn found(&self) -> Option<(Severity, &Proof)> {
        match &self.answer {
            Ok(Answer::Wrong(proof)) => Some((proof.severity().unwrap_or(self.check.severity), proof)),
            _ => None,
        }
    }
}

/// Asks the control in between, so that whoever is blocked half-way keeps what was seen before.
fn ask_control(session: &mut Session<'_>, asked: &[Asked]) {
    let since = asked.iter().filter(|asked| asked.stretch == session.stretch() && asked.answer.is_ok()).count();
    if since >= CHECKS_PER_CONTROL && session.began() {
        let held = controls::positive(session);
        session.again(held);
        session.take_touched();
        session.take_failed();
    }
}

fn ask(session: &mut Session<'_>, check: &'static Check, selected: &Result<(), String>) -> Asked {
    let stretch = session.stretch();
    let missing = check.needs.iter().find(|need| !is_known(session, **need));
    let answer = match (selected, missing) {
        (Err(why), _) => Err(why.clone()),
        (Ok(()), Some(need)) => Err(format!("nobody has seen the {}", need.name())),
        (Ok(()), None) => Ok((check.run)(session).unwrap_or_else(Answer::Open)),
    };
    let answer = answer.map(|answer| crash::found(session, check, answer));
    // What a target says may be a credential that it was shown.
    let answer = answer.map(|answer| answer.proved(|proof| proof.cleaned(|says| session.clean(says))));
    Asked { check, answer, seen: session.settle(), stretch }
}

fn is_known(session: &Session<'_>, need: Need) -> bool {
    match need {
        Need::Digest => session.digest().is_some(),
        Need::Config => session.content().is_some_and(|content| content.config.is_some()),
        Need::Layer => session.content().is_some_and(|content| content.layer().is_some()),
        Need::Identity(_)
        | Need::Public
        | Need::Owned
        | Need::Hook
        | Need::Reader
        | Need::Certificate
        | Need::Storage
        | Need::Peers
        | Need::Alias(_)
        | Need::Gate(_)
        | Need::RefusesSecrets
        | Need::Outage
        | Need::PushApart
        | Need::ForeignUpload
        | Need::Kept
        | Need::Beside
        | Need::Policy
        | Need::Remade
        | Need::TestKey
        | Need::OtherKind
        | Need::OtherEnvironment
        | Need::Leaf
        | Need::Federation
        | Need::Crate
        | Need::Canary
        | Need::Monitor => true,
    }
}

fn judge(asked: Asked, cell: &Cell<'_>, controls: &Result<Controls, Doubt>) -> CheckResult {
    let check = asked.check;
    let state = match asked.answer {
        Err(why) => State::NotSelected(why),
        Ok(answer) => match Verdict::of(answer, check.severity, controls) {
            Ok(verdict) => State::Judged(verdict),
            Err(why) => State::NotSelected(why.to_owned()),
        },
    };
    CheckResult {
        check,
        door: cell.door.name.clone(),
        origin: cell.door.origin.clone(),
        vantage: cell.door.vantage.clone(),
        repository: cell.private.name.clone(),
        reference: cell.private.to_string(),
        state,
        triage: None,
        change: None,
        seen: asked.seen,
        controls: controls.as_ref().map(|controls| controls.evidence().collect()).unwrap_or_default(),
    }
}
