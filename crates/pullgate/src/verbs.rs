//! The verbs, one module for each noun.

pub(crate) mod administration;
pub(crate) mod journal;
pub(crate) mod probe;
pub(crate) mod why;
