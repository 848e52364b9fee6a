//! Question to decision. This room is the only maker of a [`Permit`], and the only one that knows Cedar.
//!
//! It is pure: no clock, no files, no logging. Time, grants and the texts of the operator's policies are arguments.
//! Absence is never permission: nobody's question is denied by default, an anonymous principal is somebody, and a rule
//! that cannot be evaluated denies.

mod decide;
mod engine;
mod explain;
#[cfg(test)]
mod fixture;
mod grant;
mod pattern;
mod permit;
mod principal;
mod question;
mod repository;
mod visible;

pub use decide::Policy;
pub use engine::{Mistake, Place, PolicyError, PolicyText};
pub use explain::{Explanation, Finding, Lack, NearMiss, Outcome, remedy};
pub use grant::{ActionSet, Grant, GrantId, GrantIndex};
pub use pattern::{Pattern, PatternError, TagPattern};
pub use permit::{Condition, Denial, Permit, Refusal, Revision, RuleId, Standing};
pub use principal::{Epoch, Principal, PrincipalId, PrincipalName, PrincipalNameError, Robot};
pub use question::{Bound, Context, Question, UploadOwner};
pub use repository::{RepositoryRule, Settings, Visibility};
pub use visible::{Undecided, Visible};
