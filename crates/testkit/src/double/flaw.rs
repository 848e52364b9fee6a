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
    /// HEAD of a layer is open.
    OpenLayerHead => "ANON-07" Fails,
    /// Tags are listed.
    OpenTags => "ANON-08" Fails,
    /// Tags are listed where the page has no length that makes sense.
    OpenTagsByPage => "ANON-08" Fails,
    /// Referrers are listed, and there are none.
    OpenReferrers => "ANON-09" Fails,
    /// Referrers are listed where a type is asked for.
    OpenReferrersByType => "ANON-09" Fails,
    /// The SBOM is open by its fallback tag.
    OpenFallbackTag => "ANON-10" Fails,
    /// Repositories are listed.
    OpenCatalog => "ANON-11" Fails,
    /// Repositories are listed from somewhere on.
    OpenCatalogByPage => "ANON-11" Fails,
    /// An extension of the whole registry names repositories.
    OpenDiscovery => "ANON-12" Fails,
    /// An extension of one repository says where it is.
    OpenOwnDiscovery => "ANON-12" Fails,
    /// A search finds repositories.
    OpenSearch => "ANON-12" Fails,
    /// `Bearer null` pulls.
    AdmitsNull => "ANON-13" Fails,
    /// A user `anonymous` without a password pulls.
    AdmitsAnonymous => "ANON-13" Fails,
    /// Two credentials pull that cannot be read.
    AdmitsTwo => "ANON-13" Fails,
    /// The manifest is open in its oldest form.
    OpenSchema1 => "ANON-14" Fails,
    /// DELETE looks for the manifest before it looks at the caller.
    DeletesFirst => "ANON-17" Fails,
    /// The manifest is open for whoever says `ns=`.
    OpenToMirrors => "ANON-19" Fails,
    /// A digest that is none is 404 in a repository that exists, and 401 elsewhere.
    ReadsDigestsFirst => "ANON-20" Fails,
    /// The challenge names no service.
    NoService => "TOK-01" Fails,
    /// Anybody gets a token that pulls.
    TokenForAnybody => "TOK-02" Fails,
    /// Anybody gets a token that pulls, and it does not say so.
    OpaqueTokenForAnybody => "TOK-02" Fails,
    /// What does not exist is 404, and what is private 401.
    TellsWhatExists => "LEAK-01" Fails,
    /// The refusal of what exists has one header more.
    TellsByHeader => "LEAK-01" Fails,
    /// The refusal of what exists says more than its name.
    TellsByBody => "LEAK-01" Fails,
    /// Somebody who is known is told what does not exist.
    TellsWhoIsKnown => "LEAK-02" Fails,
    /// No token is handed out for what does not exist.
    TellsAtRealm => "LEAK-03" Fails,
    /// What exists is looked up before it is refused.
    TellsByTime => "LEAK-04" Fails,
    /// The realm is built from `Host`.
    RealmFromHost => "LEAK-05" Fails,
    /// The realm is built from `X-Forwarded-Host`.
    RealmFromForwarded => "LEAK-05" Fails,
    /// Anybody gets the metrics.
    OpenMetrics => "LEAK-09" Fails,
    /// Anybody gets a profile of the memory.
    OpenProfiles => "LEAK-09" Fails,
    /// Anybody gets the console.
    OpenConsole => "LEAK-09" Fails,
    /// The description of the login names a host inside.
    NamesHostInside => "LEAK-09" Fails,
}
