//! The two answers: a permit, which only a decision can make, and a denial, which says which kind of no it is.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Access, Request, Scope, Tag};

use crate::pattern::TagPattern;
use crate::question::Question;
use crate::visible::Visible;

/// The name of a rule, as records and `policy show` print it: `grant:<id>`, the name of a shipped rule, or the `@id` of
/// one of the operator's, else the file and line that it begins in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleId(Arc<str>);

impl RuleId {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Which policy decided: a hash over everything but the grants, in 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Revision(Arc<str>);

impl Revision {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What must hold inside the transaction of a write, because it was decided on: it guards the race and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The tag still does not exist: it may be created and not moved.
    TagAbsent(Tag),
    /// The tag still exists: it may be moved and not created.
    TagPresent(Tag),
    /// The manifest that is deleted by digest has no tag like these.
    NoProtectedTag(Vec<TagPattern>),
}

/// The decision that a request may be served: proof of it, made by [`crate::Policy::decide`] alone.
///
/// It is neither cloned nor built by hand nor read from anywhere; whoever holds one holds the only one.
#[derive(Debug)]
pub struct Permit {
    pub(crate) question: Arc<Question>,
    pub(crate) request: Request,
    pub(crate) granted: Vec<Access>,
    pub(crate) refused: Vec<Access>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) rules: Vec<RuleId>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) visible: Option<Visible>,
    pub(crate) revision: Revision,
    pub(crate) valid_until: Option<Timestamp>,
}

impl Permit {
    /// What was asked.
    #[must_use]
    pub fn question(&self) -> &Arc<Question> {
        &self.question
    }

    /// What is served: the request without what was refused.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The accesses that were allowed.
    #[must_use]
    pub fn granted(&self) -> &[Access] {
        &self.granted
    }

    /// The accesses that were wished for and not allowed.
    #[must_use]
    pub fn refused(&self) -> &[Access] {
        &self.refused
    }

    /// The scopes of a token as far as they were allowed: refused ones stand there with no actions.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The rules that allowed it.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// What the origin must hold to inside its transaction.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// What a list may show; the origin asks before it pages.
    #[must_use]
    pub fn visible(&self) -> Option<&Visible> {
        self.visible.as_ref()
    }

    /// The policy that decided.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// What must go on holding while bytes flow.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { question: self.question.clone(), granted: self.granted.clone(), valid_until: self.valid_until }
    }
}

/// What a running transfer rests on. It permits nothing: it can only be asked whether it still holds.
#[derive(Clone, Debug)]
pub struct Standing {
    pub(crate) question: Arc<Question>,
    pub(crate) granted: Vec<Access>,
    pub(crate) valid_until: Option<Timestamp>,
}

impl Standing {
    /// When it must be asked again even if nothing has changed.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.valid_until
    }
}

/// Which kind of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody said who they are.
    Unauthenticated,
    /// The token does not name the resource: the client may ask for one that does.
    ScopeAbsent,
    /// The token carries less than policy would allow: the client may ask for more.
    ScopeNarrower,
    /// Policy says no.
    Refused {
        /// Whether who asks may push there: HEAD of a blob or manifest is then a 404, as clients need before a push.
        may_push: bool,
    },
    /// The upload belongs to somebody else.
    ForeignUpload,
    /// This registry does not offer it: it is off in the configuration.
    SwitchedOff,
    /// A rule could not be evaluated: nothing is known, so nothing is allowed.
    Broken,
}

/// The decision that a request may not be served.
#[derive(Clone, Debug)]
pub struct Denial {
    pub(crate) question: Arc<Question>,
    pub(crate) refusal: Refusal,
    pub(crate) refused: Vec<Access>,
    pub(crate) rules: Vec<RuleId>,
    pub(crate) revision: Revision,
}

impl Denial {
    /// What was asked.
    #[must_use]
    pub fn question(&self) -> &Arc<Question> {
        &self.question
    }

    /// Which kind of no.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The accesses that were missing.
    #[must_use]
    pub fn refused(&self) -> &[Access] {
        &self.refused
    }

    /// The rules that forbade it, or that could not be evaluated; none where nothing allowed it.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// The policy that decided.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.revision
    }
}
