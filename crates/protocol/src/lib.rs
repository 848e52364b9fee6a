//! What a registry client may say, as types: names, digests, scopes, challenges and whole requests.
//!
//! This room is pure: it reads no clock, no file and no socket, and draws no random numbers. A request is parsed
//! here once; whoever decides, records or serves works on the parsed [`Request`] and never on the raw path again.

mod access;
mod challenge;
mod conditional;
mod digest;
mod head;
mod manifest;
mod media_type;
mod name;
mod now;
mod problem;
mod query;
mod render;
mod request;
mod route;
mod scope;
mod secret;
mod token_request;

pub use access::{Access, Accesses, Action, Group};
pub use challenge::{Challenge, ChallengeError};
pub use conditional::{ByteRange, ContentRange, EntityTags, Span};
pub use digest::{Algorithm, Digest};
pub use head::{Form, Head, Repeated};
pub use manifest::{Descriptor, Manifest, ManifestError, Shape};
pub use media_type::MediaType;
pub use name::{NameError, Reference, Repository, Tag, UploadId};
pub use now::Now;
pub use problem::{ErrorCode, Problem};
pub use render::Rendered;
pub use request::{Malformed, Mount, Oci, Operation, Page, Reading, Request};
pub use route::Route;
pub use scope::{Scope, ScopeActions, WireAction};
pub use secret::Secret;
pub use token_request::{PasswordGrant, TokenRequest};
