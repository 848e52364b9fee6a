//! What is asked: by whom, how far the shown credential reaches, for what, and under which circumstances.

use std::net::IpAddr;
use std::sync::Arc;

use protocol::{Access, Accesses, Action, Request, Scope, ScopeActions, Tag, WireAction};

use crate::principal::{Epoch, Principal, PrincipalId};

/// How far the credential reaches: an upper bound, never a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// No credential was shown: good for asking for a token, and for nothing else.
    Nothing,
    /// An access token, and its scopes.
    Scopes(Arc<[Scope]>),
    /// A key: everything that its owner may do.
    Everything,
}

/// What a token says about an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It carries the scope.
    Within,
    /// It carries the resource without this action: asked and refused, or never asked.
    Narrower,
    /// It does not name the resource.
    Absent,
}

impl Bound {
    pub(crate) fn reach(&self, access: &Access) -> Reach {
        match (self, WireAction::of(access.action)) {
            (Self::Everything, _) => Reach::Within,
            (Self::Nothing, _) => Reach::Absent,
            (Self::Scopes(scopes), Some(wire)) => Self::reach_repository(scopes, access, wire),
            (Self::Scopes(_), None) => self.reach_catalog(),
        }
    }

    /// What it says about the list of repositories.
    pub(crate) fn reach_catalog(&self) -> Reach {
        let named = |scope: &Scope| match scope {
            Scope::Catalog { granted } => Some(*granted),
            Scope::Repository { .. } => None,
        };
        match self {
            Self::Everything => Reach::Within,
            Self::Nothing => Reach::Absent,
            Self::Scopes(scopes) => match scopes.iter().find_map(named) {
                None => Reach::Absent,
                Some(true) => Reach::Within,
                Some(false) => Reach::Narrower,
            },
        }
    }

    fn reach_repository(scopes: &[Scope], access: &Access, wire: WireAction) -> Reach {
        let named = |scope: &Scope| match scope {
            Scope::Repository { name, actions } if *name == access.repository => Some(*actions),
            Scope::Repository { .. } | Scope::Catalog { .. } => None,
        };
        match scopes.iter().filter_map(named).reduce(ScopeActions::union) {
            None => Reach::Absent,
            Some(actions) if actions.contains(wire) => Reach::Within,
            Some(_) => Reach::Narrower,
        }
    }
}

/// To whom an upload belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadOwner {
    /// Who opened it.
    pub principal: Option<PrincipalId>,
    /// At which epoch: a revoked robot's uploads are nobody's.
    pub epoch: Epoch,
}

/// What is known before the question is put.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who is at the other end, after trusted proxies.
    pub source: IpAddr,
    /// Which of the tags that the request names exist.
    pub existing_tags: Vec<Tag>,
    /// Whose upload the request continues; none where there is no such upload.
    pub upload_owner: Option<UploadOwner>,
    /// Whether the request asks with HEAD for a blob that who asks has brought there.
    pub is_own_blob: bool,
}

impl Context {
    /// What is known of a request that names neither tags nor uploads nor blobs.
    #[must_use]
    pub fn new(source: IpAddr) -> Self {
        Self { source, existing_tags: Vec::new(), upload_owner: None, is_own_blob: false }
    }
}

/// One question, put once.
#[derive(Clone, Debug)]
pub struct Question {
    principal: Principal,
    bound: Bound,
    request: Request,
    context: Context,
}

impl Question {
    /// Puts a question together.
    #[must_use]
    pub fn new(principal: Principal, bound: Bound, request: Request, context: Context) -> Self {
        Self { principal, bound, request, context }
    }

    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How far the credential reaches.
    #[must_use]
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    /// What is asked for, as it was asked.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Under which circumstances.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The accesses of the request, with each tag created or moved as the context tells.
    pub(crate) fn accesses(&self) -> Accesses {
        match self.request.accesses() {
            Accesses::Every(every) => {
                Accesses::Every(every.into_iter().map(|access| self.created_or_moved(access)).collect())
            }
            other @ (Accesses::Identity | Accesses::Narrowing { .. } | Accesses::Filter(_) | Accesses::Scopes(_)) => {
                other
            }
        }
    }

    fn created_or_moved(&self, mut access: Access) -> Access {
        let exists = access.tag.as_ref().is_some_and(|tag| self.context.existing_tags.contains(tag));
        if access.action == Action::CreateTag && exists {
            access.action = Action::MoveTag;
        }
        access
    }

    /// Whether the upload that the request continues, if it exists, belongs to who asks.
    pub(crate) fn is_upload_owner(&self) -> bool {
        let mine = UploadOwner { principal: self.principal.id().cloned(), epoch: self.principal.epoch() };
        self.context.upload_owner.as_ref().is_none_or(|owner| *owner == mine)
    }
}
