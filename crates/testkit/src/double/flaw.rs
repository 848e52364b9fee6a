//! What can be wrong with a registry: one switch for each flaw, and the check that must see it.

/// What a flaw does to its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The check fails.
    Fails,
    /// The question stays open.
    LeavesOpen,
}

macro_rules! flaws {
    ($($(#[$what:meta])* $name:ident => $check:literal $effect:ident,)*) => {
        /// One planted flaw.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Flaw {
            $($(#[$what])* $name,)*
        }

        impl Flaw {
            /// Every flaw.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The id of the check that is made for it.
            pub fn check(self) -> &'static str {
                match self { $(Self::$name => $check,)* }
            }

            /// What the check then says.
            pub fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)* }
            }
        }
    };
}

flaws! {
    /// Nobody may pull, whatever is shown: nothing that rests on the control can pass.
    ControlRefused => "CTL-01" LeavesOpen,
    /// Every name is answered with a page.
    AnswersEverything => "CTL-02" LeavesOpen,
    /// The base of the API is somewhere else.
    BaseElsewhere => "CTL-03" Fails,
    /// The connection is dropped where a product would be recognised.
    DropsSystemInfo => "CTL-04" LeavesOpen,
    /// After a while everybody is refused.
    BlocksHalfWay => "CTL-05" LeavesOpen,
    /// `GET /v2/` is open.
    OpenBase => "ANON-01" Fails,
    /// The manifest is open by its tag.
    OpenTag => "ANON-02" Fails,
    /// The manifest is open by its digest.
    OpenDigest => "ANON-03" Fails,
    /// The refusal of HEAD carries the digest.
    HeadTellsDigest => "ANON-04" Fails,
    /// HEAD is not refused at all.
    HeadIsOpen => "ANON-04" Fails,
    /// Layers are open.
    OpenLayer => "ANON-05" Fails,
    /// Layers are behind a redirect that anybody gets.
    RedirectedLayer => "ANON-05" Fails,
    /// The configuration is open.
    OpenConfig => "ANON-06" Fails,
    /// The challenge names no service.
    NoService => "TOK-01" Fails,
    /// Anybody gets a token that pulls.
    TokenForAnybody => "TOK-02" Fails,
    /// Anybody gets a token that pulls, and it does not say so.
    OpaqueTokenForAnybody => "TOK-02" Fails,
}
