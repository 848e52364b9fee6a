//! The decision: how the accesses of a request combine into one permit or one denial.

use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Access, Accesses, Action, Group, Now, Repository, Scope, WireAction};

use crate::engine::{Answer, Engine, PolicyError, PolicyText, Verdict};
use crate::grant::GrantIndex;
use crate::pattern::Pattern;
use crate::permit::{Condition, Denial, Permit, Refusal, Revision, RuleId, Standing};
use crate::question::{Bound, Question, Reach};
use crate::repository::{RepositoryRule, Settings};
use crate::visible::Visible;

/// Everything that decides, grants aside.
#[derive(Debug)]
pub struct Policy {
    pub(crate) engine: Arc<Engine>,
}

impl Policy {
    /// Builds a policy from the configuration and the texts of the operator's files.
    ///
    /// # Errors
    /// [`PolicyError`] names the file and the place: an invalid policy refuses the start.
    pub fn build(
        settings: &Settings,
        repositories: Vec<RepositoryRule>,
        texts: &[PolicyText],
    ) -> Result<Self, PolicyError> {
        Engine::new(settings, repositories, texts).map(|engine| Self { engine: Arc::new(engine) })
    }

    /// Which policy this is.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.engine.revision
    }

    /// Decides a whole request.
    ///
    /// # Errors
    /// [`Denial`] says which kind of no it is. A rule that cannot be evaluated denies.
    pub fn decide(&self, question: &Arc<Question>, grants: &GrantIndex, now: Now) -> Result<Permit, Box<Denial>> {
        let mut asking = Asking { policy: self, question, grants, now: now.wall, rules: Vec::new(), valid_until: None };
        match (question.bound(), question.accesses()) {
            (Bound::Nothing, Accesses::Scopes(_)) if !self.engine.anonymous() => asking.unauthenticated(),
            (_, Accesses::Scopes(scopes)) => asking.token(&scopes),
            (Bound::Nothing, _) => asking.unauthenticated(),
            (_, Accesses::Identity) => Ok(asking.permit(Vec::new())),
            (_, Accesses::Every(every)) => asking.every(every).or_else(|denial| asking.confirmation(denial)),
            (_, Accesses::Narrowing { every, wish }) => asking.narrowing(every, wish),
            (_, Accesses::Filter(action)) => asking.filter(action),
        }
    }

    /// Whether what a transfer rests on still holds. It writes nothing and permits nothing.
    #[must_use]
    pub fn reaffirm(&self, standing: &Standing, grants: &GrantIndex, now: Now) -> bool {
        let question = &standing.question;
        let holds = |access: &Access| {
            self.engine.ask(question.principal(), access, question.context(), grants, now.wall).answer == Answer::Allow
        };
        standing.granted.iter().all(holds)
    }
}

/// One decision under way.
struct Asking<'a> {
    policy: &'a Policy,
    question: &'a Arc<Question>,
    grants: &'a GrantIndex,
    now: Timestamp,
    /// What allowed the accesses so far.
    rules: Vec<RuleId>,
    valid_until: Option<Timestamp>,
}

impl Asking<'_> {
    fn unauthenticated(&self) -> Result<Permit, Box<Denial>> {
        Err(self.denial(Refusal::Unauthenticated, Vec::new(), Vec::new()))
    }

    fn every(&mut self, every: Vec<Access>) -> Result<Permit, Box<Denial>> {
        self.all(&every)?;
        let conditions = self.conditions(&every)?;
        Ok(Permit { conditions, ..self.permit(every) })
    }

    /// A HEAD after an upload asks whether it arrived. Who may not read is told so of what they brought themselves: it
    /// belongs to the writing, and some clients take anything else for a failure.
    fn confirmation(&mut self, denial: Box<Denial>) -> Result<Permit, Box<Denial>> {
        match (denial.refusal, denial.refused.as_slice()) {
            (Refusal::Refused { may_push: true }, [access]) if self.question.context().is_own_blob => {
                self.every(vec![Access::new(Action::WriteBlob, &access.repository)]).map_err(|_no_more| denial)
            }
            _ => Err(denial),
        }
    }

    /// What is wished for and refused is gone from the request, whatever the reason was.
    fn narrowing(&mut self, mut every: Vec<Access>, wish: Access) -> Result<Permit, Box<Denial>> {
        self.all(&every)?;
        let within = self.question.bound().reach(&wish) == Reach::Within;
        if within && self.allows(&wish)? {
            every.push(wish);
            return Ok(self.permit(every));
        }
        let request = self.question.request().clone().without_wish();
        Ok(Permit { request, refused: vec![wish], ..self.permit(every) })
    }

    /// What a list holds is not known here: the permit carries what decides it name by name, while the list is read.
    fn filter(&mut self, action: Action) -> Result<Permit, Box<Denial>> {
        let no = |asking: &Self, refusal| Err(asking.denial(refusal, Vec::new(), Vec::new()));
        let reach = self.question.bound().reach_catalog();
        if !self.policy.engine.catalog() {
            return no(self, Refusal::SwitchedOff);
        }
        if reach == Reach::Absent {
            return no(self, Refusal::ScopeAbsent);
        }
        let areas = self.areas_of_list(action);
        if areas.is_empty() {
            return no(self, Refusal::Refused { may_push: false });
        }
        if reach == Reach::Narrower {
            return no(self, Refusal::ScopeNarrower);
        }
        self.rules = areas.iter().map(|(_, rule)| rule.clone()).collect();
        self.rules.sort();
        self.rules.dedup();
        let areas = areas.into_iter().map(|(area, _)| area).collect();
        let visible = Visible::new(&self.policy.engine, self.question, self.grants, self.now, action, areas);
        Ok(Permit { visible: Some(visible), ..self.permit(Vec::new()) })
    }

    /// Where a list may show something, and what allows to list there: it shows what may be pulled, too.
    fn areas_of_list(&self, action: Action) -> Vec<(Pattern, RuleId)> {
        let areas =
            |actions: &[Action]| self.policy.engine.areas(self.question.principal(), actions, self.grants, self.now);
        let pulled = areas(Group::Pull.members());
        let listed = areas(&[action]).into_iter();
        let both = listed.flat_map(|(listed, rule)| {
            let common = pulled.iter().filter_map(move |(pulled, _)| listed.common(pulled).cloned());
            common.map(move |area| (area, rule.clone()))
        });
        both.collect()
    }

    /// Each word of each scope is granted where any action that it stands for is: the gate decides finely later.
    fn token(&mut self, scopes: &[Scope]) -> Result<Permit, Box<Denial>> {
        let scopes: Result<Vec<Scope>, Box<Denial>> = scopes.iter().map(|scope| self.scope(scope)).collect();
        Ok(Permit { scopes: scopes?, ..self.permit(Vec::new()) })
    }

    fn scope(&mut self, scope: &Scope) -> Result<Scope, Box<Denial>> {
        let (name, actions) = match scope {
            Scope::Repository { name, actions } => (name, actions),
            Scope::Catalog { granted: asked } => {
                let lists = || self.policy.engine.catalog() && !self.areas_of_list(Action::ListRepositories).is_empty();
                return Ok(Scope::Catalog { granted: *asked && lists() });
            }
        };
        let mut allowed = Vec::new();
        for wire in actions.iter() {
            if self.allows_any(wire, name)? {
                allowed.push(wire);
            }
        }
        Ok(Scope::of(name, &allowed))
    }

    fn allows_any(&mut self, wire: WireAction, repository: &Repository) -> Result<bool, Box<Denial>> {
        for action in wire.group().members() {
            let verdict = self.ask_of_some_tag(&Access::new(*action, repository))?;
            if verdict.answer == Answer::Allow {
                self.remember(verdict);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All accesses or a denial. The kind of no matters: it decides whether a client asks again.
    fn all(&mut self, every: &[Access]) -> Result<(), Box<Denial>> {
        let bound = self.question.bound();
        if every.iter().any(|access| bound.reach(access) == Reach::Absent) {
            return Err(self.denial(Refusal::ScopeAbsent, every.to_vec(), Vec::new()));
        }
        let (mut refused, mut forbidding) = (Vec::new(), Vec::new());
        for access in every {
            let verdict = self.ask(access)?;
            match verdict.answer {
                Answer::Allow => self.remember(verdict),
                Answer::Deny | Answer::Broken => {
                    refused.push(access.clone());
                    add_new(&mut forbidding, verdict.rules);
                }
            }
        }
        if let Some(first) = refused.first() {
            let may_push = self.may_push(&first.repository.clone())?;
            return Err(self.denial(Refusal::Refused { may_push }, refused, forbidding));
        }
        if every.iter().any(|access| bound.reach(access) == Reach::Narrower) {
            return Err(self.denial(Refusal::ScopeNarrower, every.to_vec(), Vec::new()));
        }
        if !self.question.is_upload_owner() {
            return Err(self.denial(Refusal::ForeignUpload, every.to_vec(), Vec::new()));
        }
        Ok(())
    }

    /// Whether who asks may push there. How far the token reaches does not matter: before a push some clients ask with one
    /// for pulling alone.
    fn may_push(&self, repository: &Repository) -> Result<bool, Box<Denial>> {
        Ok(self.ask(&Access::new(Action::WriteBlob, repository))?.answer == Answer::Allow)
    }

    /// A tag that may be created and not moved must still be absent when it is written, and the other way round; a
    /// manifest deleted by digest must not take a protected tag with it.
    fn conditions(&self, every: &[Access]) -> Result<Vec<Condition>, Box<Denial>> {
        let mut conditions = Vec::new();
        for access in every {
            let other = |action| self.ask(&Access { action, ..access.clone() }).map(|verdict| verdict.answer);
            match (access.action, &access.tag) {
                (Action::CreateTag, Some(tag)) if other(Action::MoveTag)? != Answer::Allow => {
                    conditions.push(Condition::TagAbsent(tag.clone()));
                }
                (Action::MoveTag, Some(tag)) if other(Action::CreateTag)? != Answer::Allow => {
                    conditions.push(Condition::TagPresent(tag.clone()));
                }
                (Action::DeleteManifest, _) => {
                    let protected = self.policy.engine.protected_tags(&access.repository);
                    conditions.extend((!protected.is_empty()).then_some(Condition::NoProtectedTag(protected)));
                }
                _ => {}
            }
        }
        Ok(conditions)
    }

    fn allows(&mut self, access: &Access) -> Result<bool, Box<Denial>> {
        let verdict = self.ask(access)?;
        let allowed = verdict.answer == Answer::Allow;
        if allowed {
            self.remember(verdict);
        }
        Ok(allowed)
    }

    fn remember(&mut self, verdict: Verdict) {
        add_new(&mut self.rules, verdict.rules);
        self.valid_until = [self.valid_until, verdict.valid_until].into_iter().flatten().min();
    }

    fn ask(&self, access: &Access) -> Result<Verdict, Box<Denial>> {
        let (principal, context) = (self.question.principal(), self.question.context());
        let engine = &self.policy.engine;
        self.known(access, engine.ask(principal, access, context, self.grants, self.now))
    }

    fn ask_of_some_tag(&self, access: &Access) -> Result<Verdict, Box<Denial>> {
        let (principal, context) = (self.question.principal(), self.question.context());
        let engine = &self.policy.engine;
        self.known(access, engine.ask_of_some_tag(principal, access, context, self.grants, self.now))
    }

    fn known(&self, access: &Access, verdict: Verdict) -> Result<Verdict, Box<Denial>> {
        match verdict.answer {
            Answer::Allow | Answer::Deny => Ok(verdict),
            Answer::Broken => Err(self.denial(Refusal::Broken, vec![access.clone()], verdict.rules)),
        }
    }

    fn permit(&mut self, granted: Vec<Access>) -> Permit {
        Permit {
            question: self.question.clone(),
            request: self.question.request().clone(),
            granted,
            refused: Vec::new(),
            scopes: Vec::new(),
            rules: std::mem::take(&mut self.rules),
            conditions: Vec::new(),
            visible: None,
            revision: self.policy.revision().clone(),
            valid_until: self.valid_until,
        }
    }

    fn denial(&self, refusal: Refusal, refused: Vec<Access>, rules: Vec<RuleId>) -> Box<Denial> {
        let revision = self.policy.revision().clone();
        Box::new(Denial { question: self.question.clone(), refusal, refused, rules, revision })
    }
}

/// Adds the rules that are not there: one that speaks of several accesses is named once.
fn add_new(rules: &mut Vec<RuleId>, more: Vec<RuleId>) {
    for rule in more {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
}

#[cfg(test)]
mod tests;
