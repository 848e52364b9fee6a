//! Why a question stays open. None of these is a denial.

use outbound::Origin;

use crate::challenge::RealmFault;

/// What stands between an answer and a verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Nobody was named who may pull: a refusal may mean that the name is wrong.
    #[error("nothing shows that it exists: nobody was named who may pull it")]
    NoControl,
    /// Somebody was named who may pull, and did not get it.
    #[error("the control could not pull it: {why}")]
    ControlFailed {
        /// What happened.
        why: String,
    },
    /// It could be had at the beginning, and not at the end.
    #[error("the control could pull it at the beginning and not at the end: {why}")]
    Interfered {
        /// What happened at the end.
        why: String,
    },
    /// The question about a name that nobody has was not answered.
    #[error("it is not known how a name that does not exist is answered: {why}")]
    NoDecoy {
        /// What happened.
        why: String,
    },
    /// Not even a connection, or one that was dropped.
    #[error("not reachable from here: {why}")]
    Unreachable {
        /// What happened.
        why: String,
    },
    /// No answer that can be read.
    #[error("no answer: {why}")]
    NoAnswer {
        /// What happened.
        why: String,
    },
    /// 429, also after waiting.
    #[error("429: too many requests, also after waiting as long as was asked")]
    RateLimited,
    /// 5xx.
    #[error("{status}: the registry failed")]
    ServerFailed {
        /// The status.
        status: u16,
    },
    /// Half an answer, or more of one than is read.
    #[error("{status}, and the answer is not whole")]
    NotWhole {
        /// The status.
        status: u16,
    },
    /// Refused, and not in a way that the intent accepts.
    #[error("{status} is no refusal that the intent accepts")]
    OtherRefusal {
        /// The status.
        status: u16,
    },
    /// 401 without a challenge: no registry speaks so.
    #[error("401 without a challenge: something in front of the registry may have answered")]
    NoChallenge,
    /// Two answers to one question.
    #[error("the same question was answered in two ways: {why}")]
    Unsteady {
        /// How they differ.
        why: String,
    },
    /// Success without anything that shows the private content.
    #[error("{status}, and nothing in it shows the private content")]
    Proofless {
        /// The status.
        status: u16,
    },
    /// A redirect to somewhere that the user has not declared.
    #[error("a redirect to `{origin}`, which is not declared: add --storage {origin}")]
    UndeclaredStorage {
        /// Where it leads.
        origin: Origin,
    },
    /// A redirect that leads nowhere, or on and on.
    #[error("a redirect that cannot be followed: {why}")]
    Redirect {
        /// Why.
        why: String,
    },
    /// No token can be asked for there.
    #[error("{0}")]
    Realm(RealmFault),
    /// What the user wanted done did not happen, or nobody knows.
    #[error("the hook of the intent failed: {why}")]
    Hook {
        /// What happened.
        why: String,
    },
    /// A token that says nothing of itself.
    #[error("a token came that does not say what it grants, and using it would change something")]
    Opaque,
    /// The realm did not hand out a token to somebody who is known.
    #[error("the realm `{realm}` handed out no token: {status}")]
    NoToken {
        /// Where.
        realm: Origin,
        /// What it answered.
        status: u16,
    },
    /// The number of requests, or of bytes, that was announced is used up.
    #[error("the budget of the run is used up")]
    Budget,
    /// Somebody has stopped the run.
    #[error("the run was stopped before it was asked")]
    Stopped,
    /// What came may be had by the plain question too.
    #[error("it is open to the plain question too, so this one shows nothing")]
    OpenAnyway,
    /// Of one way to ask among others.
    #[error("{way}: {doubt}")]
    Named {
        /// Which.
        way: String,
        /// Why it stays open.
        doubt: Box<Self>,
    },
    /// What one question needs did not come from another.
    #[error("{why}")]
    Missing {
        /// What.
        why: String,
    },
}

impl Doubt {
    /// The same, for one way to ask among others, unless it has nothing to do with the way.
    pub(crate) fn named(self, way: &str) -> Self {
        let of_the_way = matches!(
            self,
            Self::OtherRefusal { .. }
                | Self::Proofless { .. }
                | Self::ServerFailed { .. }
                | Self::NotWhole { .. }
                | Self::NoChallenge
                | Self::NoAnswer { .. }
                | Self::Redirect { .. }
                | Self::UndeclaredStorage { .. }
                | Self::OpenAnyway
        );
        if of_the_way { Self::Named { way: way.to_owned(), doubt: Box::new(self) } } else { self }
    }
}
