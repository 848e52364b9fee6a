//! The stranger outside: asks a registry for what it must not get, and says for each question whether the answer was
//! really no.
//!
//! An [`Intent`] says what is meant to be closed. A [`Plan`] chooses checks from the catalogue, and [`probe`] asks them:
//! each [`Check`] writes its own bytes through a [`Session`], which records every [`Observation`]. A check returns an
//! [`Answer`]; only together with the [`Controls`] does it become a [`Verdict`]. The [`Report`] says it all.
//!
//! A refusal proves nothing unless somebody who may gets the same content, at the beginning and at the end. A success
//! proves nothing unless the bytes do.

mod alike;
mod archive;
mod baseline;
mod canary;
mod challenge;
mod check;
mod checks;
mod controls;
mod crash;
mod doubt;
mod engine;
mod error;
mod forge;
mod hello;
mod http2;
mod intent;
mod made_up;
mod mapping;
mod observation;
mod plan;
mod product;
mod proof;
mod random;
mod reception;
mod remedy;
mod report;
mod request;
mod response;
mod run;
mod session;
mod strength;
mod survey;
mod token;
mod triage;
mod verdict;
mod wire;

pub use baseline::{Baseline, BaselineError, Change, Drift, Gone, Lifetime, Shape};
pub use challenge::{Challenge, RealmFault};
pub use check::{Check, Group, Need, Severity, SeverityError};
pub use checks::{catalogue, find};
pub use controls::{Content, Controls, Decoy, Held};
pub use doubt::Doubt;
pub use engine::{Progress, probe};
pub use error::ProbeError;
pub use intent::{
    Alias, AliasKind, Canary, Cargo, Door, Federation, Gate, GateImage, Hook, HookError, Identity, Intent, IntentError,
    KeyError, Keys, Known, Login, LoginError, Mode, ModeError, Monitor, OWNERS_MAY, OtherToken, OtherTokenError,
    Outage, OutageKind, Policy, Role, SigningKey, Source, Target, TargetError, TokenKind, Visibility, Write,
};
pub use mapping::{Csf, Mapping};
pub use observation::{Observation, ObservationId, Seen, Written};
pub use plan::{Cell, Plan, Settings};
pub use product::Product;
pub use proof::{Obtained, Proof};
pub use reception::{Garbled, MAX_BODY};
pub use remedy::on as product_remedy;
pub use report::{
    Answered, CheckResult, Outcome, Report, Standing, State, Thresholds, html, json, junit, markdown, sarif, text,
};
pub use request::{Keep, MANIFEST_TYPES, Request};
pub use response::{Body, Ended, Headers, Response};
pub use run::{Budget, Clock, Discovered, Note, Stop, Waits};
pub use session::{Caller, Session};
pub use survey::Survey;
pub use token::{Access, Exchanged, Jwt, Realm, Refresh, Token, TokenRequest};
pub use triage::{Borne, Triage, TriageState, Triaged};
pub use verdict::{Answer, Passed, Verdict};
pub use wire::WireError;
