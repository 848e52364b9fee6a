//! What can be wrong with a registry: one switch for each flaw, and the check that must see it.

/// Checks that ask the door over TLS, because nothing else has what they ask for.
const OVER_TLS: [&str; 21] = [
    "ROUTE-23", "ROUTE-24", "TOK-19", "INGR-02", "INGR-03", "INGR-04", "INGR-08", "INGR-09", "INGR-10", "INGR-12",
    "CARGO-08", "TLS-01", "TLS-02", "TLS-03", "TLS-04", "TLS-05", "TLS-06", "TLS-07", "TLS-08", "TLS-09", "TLS-10",
];

impl Flaw {
    /// Whether it is to be seen at the door over TLS alone.
    pub fn is_over_tls(self) -> bool {
        matches!(
            self,
            Self::SchemeFromForwarded
                | Self::UpperCaseHostOpens
                | Self::ResolvesDotsInHttp2
                | Self::AuthorityOpens
                | Self::HostHidesAuthority
                | Self::CachesRedirects
                | Self::OtherPortIsPlain
                | Self::OtherPortIsOpenOverTls
        ) || OVER_TLS.contains(&self.check())
    }
}

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
    /// Anybody begins uploads.
    AnybodyUploads => "ANON-15" Fails,
    /// Anybody gets a token that pushes to what somebody owns.
    AnybodyGetsPushTokens => "ANON-15" Fails,
    /// Anybody pushes manifests.
    AnybodyPuts => "ANON-16" Fails,
    /// The account of the installation has the password of the manual.
    DefaultPassword => "ANON-18" Fails,
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
    /// Anybody gets a token for the list of repositories.
    CatalogForAnybody => "TOK-03" Fails,
    /// Anybody gets a token that lists repositories, and it does not say so.
    OpaqueCatalogForAnybody => "TOK-03" Fails,
    /// Anybody gets a token that pushes to what exists.
    AnybodyPushes => "TOK-04" Fails,
    /// Anybody gets a token for what does not exist yet.
    AnybodyCreates => "TOK-04" Fails,
    /// Anybody gets a token that pushes to a cache.
    AnybodyFillsCaches => "TOK-04" Fails,
    /// Names are taken for patterns, in scopes and in tokens.
    NamesAreGlobs => "TOK-05" Fails,
    /// Whoever asks for every action gets it.
    StarIsGranted => "TOK-05" Fails,
    /// The first scope is judged, and all are granted.
    FirstScopeCounts => "TOK-06" Fails,
    /// Of several scopes in one parameter the first is judged.
    FirstWordCounts => "TOK-06" Fails,
    /// Whoever has a login gets a token for everything.
    KnownIsEnough => "TOK-07" Fails,
    /// A token that grants nothing reads.
    EmptyTokenReads => "TOK-07" Fails,
    /// Whoever may do something may do anything that they ask for.
    CopiesActions => "TOK-08" Fails,
    /// A token grants everything that its owner may do.
    GrantsEverything => "TOK-09" Fails,
    /// Tokens are made for any service.
    CopiesService => "TOK-10" Fails,
    /// Without a service a token is for nobody in particular.
    NoServiceIsAnybody => "TOK-11" Fails,
    /// A token for an empty service is for everybody.
    EmptyServiceIsAnybody => "TOK-11" Fails,
    /// Of two services the last one counts, whichever it is.
    LastServiceCounts => "TOK-11" Fails,
    /// The beginning of a name is judged, and dot segments are resolved later.
    JudgesPrefixes => "TOK-12" Fails,
    /// Names that do not exist are granted, and upper case is folded later.
    FoldsCase => "TOK-12" Fails,
    /// What is no repository is granted, and the kind is dropped later.
    ForgetsKind => "TOK-13" Fails,
    /// Whoever asks by POST gets everything.
    PostGrantsMore => "TOK-14" Fails,
    /// Whoever says so is an administrator.
    AccountIsLogin => "TOK-15" Fails,
    /// Whoever names an account may do what that one may.
    AccountIsTrusted => "TOK-15" Fails,
    /// A refresh token never ends.
    EndlessRefresh => "TOK-16" Fails,
    /// Tokens are good for two hours.
    TokensLastHours => "TOK-17" Fails,
    /// Tokens are good for a little too long, by `expires_in` alone.
    TokensLastLonger => "TOK-17" Fails,
    /// Tokens may be kept by every cache on the way.
    TokensAreCached => "TOK-18" Fails,
    /// The token service looks at passwords in URLs.
    RealmReadsUrls => "TOK-19" Fails,
    /// The token service looks at passwords over plain HTTP.
    RealmInTheClear => "TOK-19" Fails,
    /// Whoever exists is refused in another way.
    TellsUsersApart => "TOK-21" Fails,
    /// Whoever exists is refused later.
    TellsUsersByTime => "TOK-21" Fails,
    /// Tokens are made with the key that verifies them.
    SharedKey => "TOK-22" Fails,
    /// Tokens are counted.
    CountsTokens => "TOK-22" Fails,
    /// Tokens have no name of their own.
    NamesNoToken => "TOK-22" Fails,
    /// The address of a person stands in the token.
    NamesPeople => "TOK-22" Fails,
    /// Tokens are made with no key at all.
    EmptyKey => "TOK-23" Fails,
    /// Tokens are made with a key that anybody guesses.
    GuessableKey => "TOK-23" Fails,
    /// Whoever has a token reads what it does not name.
    TokenIsNotRead => "TOK-24" Fails,
    /// The other door takes tokens that were made for the first.
    MirrorTakesEverything => "TOK-24" Fails,
    /// The other door takes any token for everything.
    MirrorForgetsScopes => "TOK-24" Fails,
    /// Tokens are good until they end, whoever was taken back.
    TokensOutliveRevocation => "TOK-26" Fails,
    /// Whoever was taken back gets new tokens.
    LoginOutlivesRevocation => "TOK-26" Fails,
    /// A key in the place of a token opens everything.
    KeyIsBearer => "TOK-27" Fails,
    /// A key in the place of a password opens everything, whoever shows it.
    KeyIsPassword => "TOK-27" Fails,
    /// A login without an exchange opens everything.
    LoginReadsAll => "TOK-28" Fails,
    /// Whoever has a token reads every manifest by its tag.
    KnownReadsTags => "AUTHZ-01" Fails,
    /// Whoever has a token reads every manifest by its digest.
    KnownReadsDigests => "AUTHZ-01" Fails,
    /// Whoever has a token gets the head of every manifest.
    KnownReadsHeads => "AUTHZ-01" Fails,
    /// Whoever has a token reads every layer.
    KnownReadsLayers => "AUTHZ-01" Fails,
    /// Whoever has a token reads every configuration.
    KnownReadsConfigs => "AUTHZ-01" Fails,
    /// Whoever has a token lists all tags.
    KnownListsTags => "AUTHZ-01" Fails,
    /// Whoever has a token lists all referrers.
    KnownListsReferrers => "AUTHZ-01" Fails,
    /// Whoever has a token reads what hangs from an image.
    KnownReadsFallbackTags => "AUTHZ-01" Fails,
    /// Whoever has a token sees all repositories.
    CatalogForKnown => "AUTHZ-02" Fails,
    /// Whoever may pull begins uploads.
    PullTokenUploads => "AUTHZ-03" Fails,
    /// Whoever may pull pushes manifests.
    PullTokenPuts => "AUTHZ-03" Fails,
    /// Whoever may pull deletes tags.
    PullTokenDeletesTags => "AUTHZ-03" Fails,
    /// Whoever may pull deletes manifests.
    PullTokenDeletesManifests => "AUTHZ-03" Fails,
    /// Whoever may pull deletes blobs.
    PullTokenDeletesBlobs => "AUTHZ-03" Fails,
    /// Whoever may push reads.
    PushTokenReads => "AUTHZ-04" Fails,
    /// Whoever may push is told what does not exist.
    PushTokenTells => "AUTHZ-04" Fails,
    /// An upload goes on in whichever repository.
    UploadsAreShared => "AUTHZ-05" Fails,
    /// An upload is cancelled from whichever repository.
    UploadsAreCancelled => "AUTHZ-05" Fails,
    /// Whoever may add overwrites.
    CreatorOverwrites => "AUTHZ-06" Fails,
    /// Whoever may add overwrites `latest`.
    CreatorOverwritesLatest => "AUTHZ-06" Fails,
    /// Whoever may add overwrites tags that stand in the query.
    CreatorOverwritesByQuery => "AUTHZ-06" Fails,
    /// Tags are deleted where deletes are switched off.
    DeletesKeptTags => "AUTHZ-07" Fails,
    /// Whoever is known reads what is in a group.
    GroupIsOpen => "AUTHZ-08" Fails,
    /// A proxy without a credential uses the token of another one.
    ProxiesShareTokens => "AUTHZ-09" Fails,
    /// Rules about attributes are read and not applied.
    AttributesAreIgnored => "AUTHZ-10" Fails,
    /// Nobody looks at the signature.
    NoSignatureIsRead => "FORGE-01" Fails,
    /// A token may say that it is not signed.
    NoneIsAnAlgorithm => "FORGE-02" Fails,
    /// It may not, but in other letters it may.
    NoneIsFoundInLowerCase => "FORGE-02" Fails,
    /// An empty signature is taken for a good one.
    EmptySignatureFits => "FORGE-03" Fails,
    /// Without a second dot there is nothing to verify.
    TwoPartsAreEnough => "FORGE-03" Fails,
    /// The public key as PEM is good as a secret.
    PemIsSecret => "FORGE-04" Fails,
    /// The same without its last line end.
    TrimmedPemIsSecret => "FORGE-04" Fails,
    /// The public key as DER is good as a secret.
    DerIsSecret => "FORGE-04" Fails,
    /// The public key as JWK is good as a secret.
    JwkIsSecret => "FORGE-04" Fails,
    /// The certificate as PEM is good as a secret.
    CertificateIsSecret => "FORGE-04" Fails,
    /// The certificate as DER is good as a secret.
    DerCertificateIsSecret => "FORGE-04" Fails,
    /// The secret was never set.
    EmptySecret => "FORGE-05" Fails,
    /// The secret is the one of the example.
    SecretSecret => "FORGE-05" Fails,
    /// The secret is the name of the service.
    ServiceIsSecret => "FORGE-05" Fails,
    /// The secret is the issuer.
    IssuerIsSecret => "FORGE-05" Fails,
    /// The kid is compared, and then the key of the header is used.
    JwkBesideTheKid => "FORGE-06" Fails,
    /// A key of the header is trusted by the name that it gives itself.
    JwkOfTheKid => "FORGE-06" Fails,
    /// A certificate in a key of the header is trusted.
    CertificateInJwk => "FORGE-07" Fails,
    /// A certificate of the header is trusted, whoever signed it.
    AnyLeaf => "FORGE-08" Fails,
    /// The same where no kid is named.
    AnyLeafWithoutKid => "FORGE-08" Fails,
    /// A certificate that is known is enough, whoever signed the token.
    CertificateApartFromSignature => "FORGE-08" Fails,
    /// A certificate that is known is enough, wherever in the chain it stands.
    AuthorityAnywhere => "FORGE-08" Fails,
    /// The kid is a path, and an empty file an empty secret.
    KidIsPath => "FORGE-11" Fails,
    /// The kid becomes a piece of a query, which finds a key without a secret.
    KidIsQuery => "FORGE-11" Fails,
    /// The kid ends at %00 for whoever compares it, and not for whoever looks for the secret.
    KidEndsAtNul => "FORGE-11" Fails,
    /// The kid is fetched where it leads to, and what is found there is an empty secret.
    KidIsUrl => "FORGE-11" Fails,
    /// The secret of a kid that nobody has is empty.
    UnknownKidHasNoSecret => "FORGE-11" Fails,
    /// A kid that is too long is not looked up.
    LongKidHasNoSecret => "FORGE-11" Fails,
    /// With an extension that it does not know a verifier gives up, and lets pass.
    UnknownCritPasses => "FORGE-12" Fails,
    /// Claims that are not encoded are read and not verified.
    ReadsBareClaims => "FORGE-12" Fails,
    /// Compressed claims are read and not verified.
    ReadsCompressedClaims => "FORGE-12" Fails,
    /// A token of five parts is read as if it had been decrypted.
    ReadsFiveParts => "FORGE-12" Fails,
    /// A token inside of another is read and not verified.
    ReadsNestedToken => "FORGE-12" Fails,
    /// A signature of zeros fits everything.
    ZerosFit => "FORGE-13" Fails,
    /// The same where they are written as DER.
    ZerosFitAsDer => "FORGE-13" Fails,
    /// A signature as DER is not verified.
    DerIsNotVerified => "FORGE-13" Fails,
    /// A signature on another curve than that of the key is not verified.
    OtherCurveIsNotVerified => "FORGE-13" Fails,
    /// The first of two claims is verified and the last is used.
    LastAccessIsUsed => "FORGE-15" Fails,
    /// The last of two claims is verified and the first is used.
    FirstAccessIsUsed => "FORGE-15" Fails,
    /// Access that is an object is used and not verified.
    AccessIsObject => "FORGE-15" Fails,
    /// Access that is a text is used and not verified.
    AccessIsText => "FORGE-15" Fails,
    /// A claim under an escaped name is used and not verified.
    EscapedNameIsUsed => "FORGE-15" Fails,
    /// Of two algorithms the last must be known, and the first is used.
    FirstAlgorithmIsUsed => "FORGE-15" Fails,
    /// A signature is good that was once made, whatever it was made for.
    AnyRealSignature => "FORGE-14" Fails,
    /// Tokens are good for five minutes after their end.
    LeewayOfMinutes => "FORGE-17" Fails,
    /// A scheme in lower case goes around the verifier.
    LowerCaseIsNotVerified => "FORGE-21" Fails,
    /// Of two tokens the first is verified and the second is read.
    VerifiesTheFirstOfTwo => "FORGE-21" Fails,
    /// A token that is too long breaks the registry.
    FailsOnLongTokens => "FORGE-21" Fails,
    /// A token that was not handed out breaks the registry.
    FailsOnForgedTokens => "FORGE-01" Fails,
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
    /// The scheme of the realm is that of `X-Forwarded-Proto`.
    SchemeFromForwarded => "LEAK-05" Fails,
    /// Anybody gets the metrics.
    OpenMetrics => "LEAK-09" Fails,
    /// Anybody gets a profile of the memory.
    OpenProfiles => "LEAK-09" Fails,
    /// Anybody gets the console.
    OpenConsole => "LEAK-09" Fails,
    /// The description of the login names a host inside.
    NamesHostInside => "LEAK-09" Fails,
    /// A refusal carries the headers of the bucket behind it.
    NamesBucket => "LEAK-06" Fails,
    /// A public layer says what it was copied from.
    NamesCopySource => "LEAK-06" Fails,
    /// The server names its version with every answer.
    NamesVersion => "LEAK-07" Fails,
    /// A page of the server in front names its version.
    PageNamesVersion => "LEAK-07" Fails,
    /// System information is for everybody.
    OpenSystemInfo => "LEAK-07" Fails,
    /// A digest that cannot be read is answered with a stack trace.
    TracesDigests => "LEAK-08" Fails,
    /// A name that cannot be read ends in the database.
    QuotesSql => "LEAK-08" Fails,
    /// A token that cannot be read is answered with the name of the host that verifies it.
    NamesVerifier => "LEAK-08" Fails,
    /// A cache on the way is not told whose answer it is.
    CachesAreNotTold => "LEAK-10" Fails,
    /// The next page of the catalog is on a host inside.
    LinksInside => "LEAK-11" Fails,
    /// A page of the catalog names what the list leaves out.
    PageNamesMore => "LEAK-11" Fails,
    /// A refusal says whose repository it is.
    RefusalNamesOwner => "LEAK-12" Fails,
    /// A refusal says where the repository lies.
    RefusalNamesUpstream => "LEAK-12" Fails,
    /// The manifest is open over plain HTTP.
    OpenInTheClear => "INGR-02" Fails,
    /// Passwords are looked at over plain HTTP.
    LogsInInTheClear => "INGR-02" Fails,
    /// Whoever asks for the bare address gets the manifest.
    OpenByAddress => "INGR-03" Fails,
    /// Another door is named in `Link`, and open.
    NamesOpenDoor => "INGR-05" Fails,
    /// A redirect is good for an hour.
    LongRedirect => "INGR-08" Fails,
    /// A redirect does not end when it says.
    EndlessRedirect => "INGR-08" Fails,
    /// Nobody looks at the signature of a redirect.
    UnsignedRedirect => "INGR-09" Fails,
    /// Who asks for no name needs no certificate.
    NamelessNeedNoCertificate => "INGR-04" Fails,
    /// Who asks for another name needs no certificate.
    OthersNeedNoCertificate => "INGR-04" Fails,
    /// Under another name the manifest is open.
    OpenUnderOtherName => "INGR-04" Fails,
    /// Who asks in upper case needs no certificate.
    UpperCaseNeedsNoCertificate => "INGR-04" Fails,
    /// Whose ClientHello comes in pieces needs no certificate.
    PiecesNeedNoCertificate => "INGR-04" Fails,
    /// Who asks for the address needs no certificate.
    AddressNeedsNoCertificate => "INGR-04" Fails,
    /// Who asks with a last dot needs no certificate.
    LastDotNeedsNoCertificate => "INGR-04" Fails,
    /// The virtual host of a machine inside is open.
    OpenToMachines => "INGR-06" Fails,
    /// The virtual host of a cluster is open.
    OpenToCluster => "INGR-06" Fails,
    /// What somebody who may has fetched is handed to everybody.
    CachesBlobs => "INGR-07" Fails,
    /// The redirect that somebody who may has got is handed to everybody.
    CachesRedirects => "INGR-07" Fails,
    /// The signature of a redirect is good for every blob.
    AnyDigestIsSigned => "INGR-10" Fails,
    /// The signature of a redirect is good for every method.
    AnyMethodIsSigned => "INGR-10" Fails,
    /// The signature of a redirect does not cover its end.
    EndIsNotSigned => "INGR-10" Fails,
    /// Storage lists what is in it.
    BucketIsListed => "INGR-11" Fails,
    /// The same where it is asked in the newer way.
    BucketIsListedByType => "INGR-11" Fails,
    /// The same in the way of another cloud.
    ContainerIsListed => "INGR-11" Fails,
    /// Storage hands out every layer.
    BucketIsOpen => "INGR-11" Fails,
    /// A redirect names a host inside.
    NamesInternalStorage => "INGR-12" Fails,
    /// The first version of the API answers to a ping.
    FirstVersionAnswers => "INGR-13" Fails,
    /// Its search names what is private.
    FirstVersionSearches => "INGR-13" Fails,
    /// It lists images.
    FirstVersionListsImages => "INGR-13" Fails,
    /// It lists tags.
    FirstVersionListsTags => "INGR-13" Fails,
    /// The API is open under the prefix of Artifactory.
    OpenUnderArtifactory => "INGR-14" Fails,
    /// The API is open under the prefix of Nexus.
    OpenUnderNexus => "INGR-14" Fails,
    /// The API is open under a prefix of a proxy.
    OpenUnderRegistry => "INGR-14" Fails,
    /// Another port serves the registry to everybody.
    OtherPortIsOpen => "INGR-01" Fails,
    /// The same over TLS.
    OtherPortIsOpenOverTls => "INGR-01" Fails,
    /// Another port asks for passwords in the clear.
    OtherPortIsPlain => "INGR-01" Fails,
    /// Harbor names private projects.
    HarborListsProjects => "INGR-15" Fails,
    /// Harbor finds private repositories.
    HarborFinds => "INGR-15" Fails,
    /// Harbor counts private repositories.
    HarborCounts => "INGR-15" Fails,
    /// Harbor says where it stores.
    HarborTellsStorage => "INGR-15" Fails,
    /// Harbor lists every repository.
    HarborListsRepositories => "INGR-15" Fails,
    /// Harbor lists the repositories of a project.
    HarborListsOfProject => "INGR-15" Fails,
    /// Quay lists private repositories among public ones.
    QuayListsAll => "INGR-15" Fails,
    /// Quay lists a private namespace.
    QuayListsNamespace => "INGR-15" Fails,
    /// Quay tells how its parts are.
    QuayTellsHealth => "INGR-15" Fails,
    /// Nexus lists what is in a repository.
    NexusListsComponents => "INGR-15" Fails,
    /// Nexus finds every image.
    NexusFinds => "INGR-15" Fails,
    /// Nexus names its repositories.
    NexusListsRepositories => "INGR-15" Fails,
    /// Artifactory lets strangers deploy.
    ArtifactoryLetsDeploy => "INGR-15" Fails,
    /// Artifactory names its repositories.
    ArtifactoryListsRepositories => "INGR-15" Fails,
    /// Artifactory lists the images of a repository.
    ArtifactoryListsImages => "INGR-15" Fails,
    /// Gitea lists the images of an owner.
    GiteaListsPackages => "INGR-15" Fails,
    /// Gitea finds private repositories.
    GiteaFinds => "INGR-15" Fails,
    /// GitLab finds private projects.
    GitLabFinds => "INGR-15" Fails,
    /// GitLab lists the images of a private project.
    GitLabListsImages => "INGR-15" Fails,
    /// zot shows who may do what.
    ZotTellsRules => "INGR-15" Fails,
    /// zot lists the newest images.
    ZotFindsNewest => "INGR-15" Fails,
    /// zot shows which repositories people like.
    ZotTellsPreferences => "INGR-15" Fails,
    /// kellnr finds private crates.
    KellnrFinds => "INGR-15" Fails,
    /// A peer hands the manifest on.
    PeerIsOpen => "INGR-16" Fails,
    /// A peer hands it on to whoever asks as a node does.
    PeerIsOpenToNodes => "INGR-16" Fails,
    /// A peer hands it on to whoever names the registry in a header.
    PeerIsOpenByHeader => "INGR-16" Fails,
    /// A peer hands layers on.
    PeerHandsLayersOn => "INGR-16" Fails,
    /// An upload goes on at another host.
    UploadsElsewhere => "INGR-18" Fails,
    /// The other door is open.
    MirrorIsOpen => "INGR-17" Fails,
    /// The other door refuses everybody.
    MirrorIsClosed => "INGR-17" Fails,
    /// The certificate ends in three days.
    CertificateEnds => "TLS-01" Fails,
    /// The certificate is for another name.
    CertificateOfAnother => "TLS-01" Fails,
    /// The certificate is signed by nobody.
    CertificateOfNobody => "TLS-01" Fails,
    /// TLS 1.0 is spoken.
    SpeaksTls10 => "TLS-02" Fails,
    /// TLS 1.1 is spoken.
    SpeaksTls11 => "TLS-02" Fails,
    /// RC4 is spoken.
    SpeaksRc4 => "TLS-03" Fails,
    /// 3DES is spoken.
    Speaks3Des => "TLS-03" Fails,
    /// Nothing is encrypted where nothing is asked for.
    SpeaksNull => "TLS-03" Fails,
    /// Keys for export are spoken.
    SpeaksExport => "TLS-03" Fails,
    /// The certificate has an RSA key of 1024 bits.
    ShortRsaKey => "TLS-04" Fails,
    /// The certificate has a key on a curve of 224 bits.
    ShortCurveKey => "TLS-04" Fails,
    /// A session goes on under any name.
    ResumesUnderAnyName => "TLS-06" Fails,
    /// No answer tells browsers to use TLS.
    NoTransportPolicy => "TLS-07" Fails,
    /// The policy ends at once.
    TransportPolicyEnds => "TLS-07" Fails,
    /// The redirect to https carries the query on.
    RedirectCarriesQuery => "TLS-08" Fails,
    /// The redirect to https carries the token on.
    RedirectCarriesToken => "TLS-08" Fails,
    /// The manifest is open over HTTP/2.
    OpenOverHttp2 => "TLS-09" Fails,
    /// HTTP/2 is refused in another way.
    RefusesHttp2 => "TLS-09" Fails,
    /// The certificate is a shop's too.
    CertificateIsShared => "TLS-10" Fails,
    /// The certificate is for everything in a domain.
    CertificateIsWild => "TLS-10" Fails,
    /// A certificate may be shown, or not.
    CertificateIsOptional => "TLS-05" Fails,
    /// Any certificate will do.
    AnyCertificate => "TLS-05" Fails,
    /// A public repository hands out every layer.
    PublicHasAllLayers => "BIND-01" Fails,
    /// Everybody's own repository hands out every layer.
    OwnHasAllLayers => "BIND-02" Fails,
    /// HEAD in the own repository tells of every layer.
    OwnTellsAllLayers => "BIND-02" Fails,
    /// Everybody's own repository hands out every manifest.
    OwnHasAllManifests => "BIND-03" Fails,
    /// A mount without a source finds the blob wherever it is.
    MountsFromAnywhere => "BIND-04" Fails,
    /// A mount does not ask whether its source may be read.
    MountsFromAll => "BIND-05" Fails,
    /// A mount checks the last source and takes the first.
    MountsFromFirst => "BIND-06" Fails,
    /// A mount checks the first source and takes the last.
    MountsFromLast => "BIND-06" Fails,
    /// A mount reads its source in any case, and checks it in lower case.
    MountsFromUpperCase => "BIND-06" Fails,
    /// A mount resolves dots in its source after it was checked.
    MountsFromAbove => "BIND-06" Fails,
    /// A mount takes its source from a form, and does not check it there.
    MountsFromForm => "BIND-06" Fails,
    /// A mount is made for GET, and checked for POST.
    MountsByGet => "BIND-06" Fails,
    /// A manifest may name layers that are not there.
    TakesForeignLayers => "BIND-07" Fails,
    /// A layer that a manifest names may be read.
    NamingIsHaving => "BIND-07" Fails,
    /// An upload that says what it will be called is that.
    TakesNamedUploads => "BIND-08" Fails,
    /// An upload of nothing is what it is called in the end.
    TakesEmptyUploads => "BIND-08" Fails,
    /// A blob that was deleted comes back where another repository has it.
    DeletedBlobsComeBack => "BIND-09" Fails,
    /// Referrers are listed in every repository.
    ReferrersCross => "BIND-10" Fails,
    /// What is about an image is listed wherever that is.
    SubjectsCross => "BIND-10" Fails,
    /// What is pulled through is open to whoever is known.
    PulledThroughIsOpen => "BIND-12" Fails,
    /// Whoever says `ns=` comes under other rules.
    NamespaceSwitchesRules => "BIND-12" Fails,
    /// A manifest may be image and index.
    TakesBothKinds => "BIND-13" Fails,
    /// A manifest may come under another type.
    TakesOtherTypes => "BIND-13" Fails,
    /// A manifest may have a member twice.
    TakesMembersTwice => "BIND-13" Fails,
    /// Anybody gets the configuration of the index of crates.
    OpenCargoConfig => "CARGO-01" Fails,
    /// Crates are downloaded from a host that nobody named.
    CratesElsewhere => "CARGO-01" Fails,
    /// Anybody gets the index of a crate.
    OpenCrateIndex => "CARGO-02" Fails,
    /// Anybody downloads crates.
    OpenCrate => "CARGO-03" Fails,
    /// Whoever has a token downloads every crate.
    KnownReadsCrates => "CARGO-03" Fails,
    /// What is published is read before anybody asks who publishes.
    ReadsCratesFirst => "CARGO-04" Fails,
    /// A crate is looked up before anybody asks who yanks it.
    LooksCratesUpFirst => "CARGO-04" Fails,
    /// Anybody gets the owners of a crate.
    OpenOwners => "CARGO-04" Fails,
    /// The refusal waits for the body.
    WaitsForBodies => "CARGO-04" Fails,
    /// A token is no token as Bearer.
    BearerIsUnknown => "CARGO-05" Fails,
    /// A token as Bearer opens every crate.
    BearerReadsCrates => "CARGO-05" Fails,
    /// Names of crates are compared letter by letter, and found in any case.
    FindsCratesInAnyCase => "CARGO-06" Fails,
    /// Whoever has a token gets a crate under its other name.
    FindsCratesByHyphen => "CARGO-06" Fails,
    /// Nobody is told where to log in.
    NoLoginUrl => "CARGO-07" Fails,
    /// The redirect of a download is good for an hour.
    LongCrateRedirect => "CARGO-08" Fails,
    /// The redirect of a download does not end when it says.
    EndlessCrateRedirect => "CARGO-08" Fails,
    /// A slash at the end is dropped after the decision.
    DropsLastSlash => "ROUTE-01" Fails,
    /// A path that is written in another way breaks the registry.
    FailsOnOddPaths => "ROUTE-02" Fails,
    /// Slashes are merged after the decision.
    MergesSlashes => "ROUTE-02" Fails,
    /// Segments of one dot are dropped after the decision.
    DropsSingleDots => "ROUTE-02" Fails,
    /// Dot segments are resolved after the decision.
    ResolvesDots => "ROUTE-03" Fails,
    /// Encoded dot segments are resolved after the decision.
    ResolvesEncodedDots => "ROUTE-03" Fails,
    /// Dot segments of which one dot is encoded are resolved after the decision.
    ResolvesHalfEncodedDots => "ROUTE-03" Fails,
    /// Slashes are decoded after the decision, and then dot segments resolved.
    DecodesBeforeDots => "ROUTE-03" Fails,
    /// Slashes are decoded after the decision.
    DecodesSlashes => "ROUTE-04" Fails,
    /// Everything is decoded after the decision.
    DecodesOnce => "ROUTE-04" Fails,
    /// Everything is decoded twice after the decision.
    DecodesTwice => "ROUTE-04" Fails,
    /// Dots of two bytes are dots after the decision.
    DecodesOverlongDots => "ROUTE-04" Fails,
    /// Slashes of two bytes are slashes after the decision.
    DecodesOverlongSlashes => "ROUTE-04" Fails,
    /// The base of the API is found in any case.
    FoldsPrefix => "ROUTE-05" Fails,
    /// Repositories are found in any case.
    FoldsNames => "ROUTE-05" Fails,
    /// Paths are put in lower case after the decision.
    FoldsPaths => "ROUTE-05" Fails,
    /// What is encoded in upper case is decoded after the decision.
    DecodesUpperCase => "ROUTE-05" Fails,
    /// What is encoded in lower case is decoded after the decision.
    DecodesLowerCase => "ROUTE-05" Fails,
    /// Parameters of a path are cut off after the decision.
    CutsParameters => "ROUTE-06" Fails,
    /// What ends as style sheets do is open.
    StyleSheetsAreOpen => "ROUTE-06" Fails,
    /// Paths end at NUL after the decision.
    CutsAtNul => "ROUTE-06" Fails,
    /// Paths end with their line after the decision.
    CutsAtLineEnd => "ROUTE-06" Fails,
    /// Spaces at the end are trimmed after the decision.
    TrimsBlanks => "ROUTE-06" Fails,
    /// Fragments are cut off after the decision.
    CutsFragments => "ROUTE-06" Fails,
    /// Encoded fragments are cut off after the decision.
    CutsEncodedFragments => "ROUTE-06" Fails,
    /// What has the path of the health check in it is open.
    HealthAnywhere => "ROUTE-07" Fails,
    /// What has the base of the API in its query is open.
    BaseAnywhere => "ROUTE-07" Fails,
    /// What has a public path in its query is open.
    PublicAnywhere => "ROUTE-07" Fails,
    /// Backslashes are slashes after the decision.
    BackslashIsSlash => "ROUTE-08" Fails,
    /// Encoded backslashes are slashes after the decision.
    EncodedBackslashIsSlash => "ROUTE-08" Fails,
    /// OPTIONS reads.
    OptionsRead => "ROUTE-10" Fails,
    /// TRACE reads.
    TraceReads => "ROUTE-10" Fails,
    /// PROPFIND reads.
    PropfindReads => "ROUTE-10" Fails,
    /// A method that nobody knows reads.
    UnknownMethodsRead => "ROUTE-10" Fails,
    /// A method in lower case is served and not judged.
    LowerCaseReads => "ROUTE-10" Fails,
    /// A header changes the method after the decision.
    MethodByOverride => "ROUTE-10" Fails,
    /// A header without HTTP in its name changes the method after the decision.
    MethodByShortOverride => "ROUTE-10" Fails,
    /// The query changes the method after the decision.
    MethodByQuery => "ROUTE-10" Fails,
    /// HEAD of the tags is not refused.
    HeadOfTagsIsOpen => "ROUTE-11" Fails,
    /// `X-Original-URL` is served in place of what was asked for.
    ServesOriginalUrl => "ROUTE-12" Fails,
    /// `X-Rewrite-URL` is served in place of what was asked for.
    ServesRewriteUrl => "ROUTE-12" Fails,
    /// `X-Forwarded-Uri` is served in place of what was asked for.
    ServesForwardedUri => "ROUTE-12" Fails,
    /// `X-Forwarded-Path` is served in place of what was asked for.
    ServesForwardedPath => "ROUTE-12" Fails,
    /// `X-Forwarded-Prefix` is served in place of what was asked for.
    ServesForwardedPrefix => "ROUTE-12" Fails,
    /// `X-Forwarded-Prefix` is put in front after the decision.
    PutsPrefixInFront => "ROUTE-12" Fails,
    /// `X-Original-URL` is judged in place of what was asked for.
    JudgesOriginalUrl => "ROUTE-12" Fails,
    /// `X-Rewrite-URL` is judged in place of what was asked for.
    JudgesRewriteUrl => "ROUTE-12" Fails,
    /// `X-Forwarded-Uri` is judged in place of what was asked for.
    JudgesForwardedUri => "ROUTE-12" Fails,
    /// `X-Forwarded-Path` is judged in place of what was asked for.
    JudgesForwardedPath => "ROUTE-12" Fails,
    /// `X-Forwarded-Method` is judged in place of the method.
    MethodByForwarded => "ROUTE-12" Fails,
    /// Whoever names a user in `X-Forwarded-User` is that user.
    TrustsForwardedUser => "ROUTE-13" Fails,
    /// Whoever names a user in `X-Remote-User` is that user.
    TrustsXRemoteUser => "ROUTE-13" Fails,
    /// Whoever names a user in `Remote-User` is that user.
    TrustsRemoteUser => "ROUTE-13" Fails,
    /// Whoever names a user in `X-WEBAUTH-USER` is that user.
    TrustsWebauthUser => "ROUTE-13" Fails,
    /// Whoever says `admin` in `X-Auth-Request-User` is an administrator.
    TrustsAuthRequestUser => "ROUTE-13" Fails,
    /// A header that is taken from clients is trusted when it has underscores.
    TrustsUnderscores => "ROUTE-13" Fails,
    /// Whoever describes a certificate has shown it.
    TrustsForwardedCertificate => "ROUTE-13" Fails,
    /// Whoever says that a certificate was verified has shown one.
    TrustsVerified => "ROUTE-13" Fails,
    /// Whoever names the subject of a certificate has shown it.
    TrustsSubject => "ROUTE-13" Fails,
    /// Nobody looks at the signature of a load balancer.
    TrustsOidcData => "ROUTE-13" Fails,
    /// A header that the client names in `Connection` is missed by nobody.
    ForgetsByConnection => "ROUTE-13" Fails,
    /// Without a host everything is open.
    DefaultHostIsOpen => "ROUTE-16" Fails,
    /// The host of an absolute target has no rules.
    AbsoluteFormIsOpen => "ROUTE-16" Fails,
    /// Of two hosts the first is judged.
    FirstHostCounts => "ROUTE-16" Fails,
    /// Of two hosts the last is judged.
    LastHostCounts => "ROUTE-16" Fails,
    /// A host with a dot at its end has no rules.
    DotOpens => "ROUTE-16" Fails,
    /// A host with port 0 has no rules.
    PortZeroOpens => "ROUTE-16" Fails,
    /// A host in upper case has no rules.
    UpperCaseHostOpens => "ROUTE-16" Fails,
    /// `localhost` has no rules.
    LocalhostIsOpen => "ROUTE-16" Fails,
    /// `registry` has no rules.
    RegistryIsOpen => "ROUTE-16" Fails,
    /// `core` has no rules.
    CoreIsOpen => "ROUTE-16" Fails,
    /// Whoever says so in `X-Forwarded-For` asks from this machine.
    TrustsForwardedFor => "ROUTE-14" Fails,
    /// Whoever says so in `X-Real-IP` asks from this machine.
    TrustsRealIp => "ROUTE-14" Fails,
    /// Whoever says so in `Forwarded` asks from this machine.
    TrustsForwarded => "ROUTE-14" Fails,
    /// Whoever says so in `True-Client-IP` asks from this machine.
    TrustsTrueClientIp => "ROUTE-14" Fails,
    /// Whoever says so in `CF-Connecting-IP` asks from this machine.
    TrustsConnectingIp => "ROUTE-14" Fails,
    /// The health checks of a cloud are let in by their name.
    CloudChecksAreOpen => "ROUTE-15" Fails,
    /// The health checks of a cluster are let in by their name.
    ClusterChecksAreOpen => "ROUTE-15" Fails,
    /// The health checks of a load balancer are let in by their name.
    BalancerChecksAreOpen => "ROUTE-15" Fails,
    /// A client is let in by its name.
    ClientsAreOpen => "ROUTE-15" Fails,
    /// What ends as uploads do is open, and read from the left.
    UploadsAreOpen => "ROUTE-20" Fails,
    /// What ends as a manifest is judged from the right and read from the left.
    ReadsFromTheLeft => "ROUTE-20" Fails,
    /// What ends as lists of tags do is open, and read from the left.
    TagsAreOpen => "ROUTE-20" Fails,
    /// What begins as the catalogue does is open, and read from the right.
    CatalogIsPublic => "ROUTE-20" Fails,
    /// What begins as a public manifest does is open, and read from the right.
    ReadsFromTheRight => "ROUTE-20" Fails,
    /// What begins as uploads to a public repository do is open, and read from the right.
    PublicUploadsAreOpen => "ROUTE-20" Fails,
    /// What begins as public tags do is open, and read from the right.
    PublicTagsAreOpen => "ROUTE-20" Fails,
    /// Names of too many components are cut.
    DeepNamesAreOpen => "ROUTE-20" Fails,
    /// A read with a length is not judged.
    LengthReads => "ROUTE-25" Fails,
    /// A read in chunks is not judged.
    ChunksRead => "ROUTE-25" Fails,
    /// The refusal of HEAD alone has an `ETag`.
    HeadTellsEtag => "ROUTE-11" Fails,
    /// What ends as style sheets do is served without its end, and kept for everybody.
    KeepsStyleSheets => "ROUTE-09" Fails,
    /// What ends as pictures do is served without its end, and kept for everybody.
    KeepsPictures => "ROUTE-09" Fails,
    /// The first bytes of everything are there for everybody.
    AnswersFirstBytes => "ROUTE-19" Fails,
    /// A range is measured before anybody decides.
    AnswersLastBytes => "ROUTE-19" Fails,
    /// Several ranges are read before anybody decides.
    AnswersRanges => "ROUTE-19" Fails,
    /// A range with a condition is read before anybody decides.
    AnswersIfRange => "ROUTE-19" Fails,
    /// A condition is answered before anybody decides.
    AnswersIfNoneMatch => "ROUTE-19" Fails,
    /// A manifest is open as a blob.
    ManifestIsBlob => "ROUTE-21" Fails,
    /// A blob is open as a manifest.
    BlobIsManifest => "ROUTE-21" Fails,
    /// Whoever has a token reads every manifest as a blob.
    KnownReadsManifestAsBlob => "ROUTE-21" Fails,
    /// Every origin is allowed by its name.
    ReflectsOrigin => "ROUTE-22" Fails,
    /// Every origin is allowed by a star.
    AllowsEveryOrigin => "ROUTE-22" Fails,
    /// Whoever has a certificate of the authority signs tokens.
    AnyLeafOfAuthority => "FORGE-09" Fails,
    /// The same, where the token names the real key.
    AnyLeafBesideTheKid => "FORGE-09" Fails,
    /// A token without an end has none.
    NoEndIsForEver => "FORGE-18" Fails,
    /// An end that is a text is not read.
    TextsAreNoEnd => "FORGE-18" Fails,
    /// An end with a fraction is not read.
    FractionsAreNoEnd => "FORGE-18" Fails,
    /// A negative end is read without its sign.
    NegativeEndsWrap => "FORGE-18" Fails,
    /// An end beyond every number is far away.
    HugeEndsAreEnds => "FORGE-18" Fails,
    /// A token is good before it begins.
    NobodyReadsNbf => "FORGE-18" Fails,
    /// A token may come from the future.
    NobodyReadsIat => "FORGE-18" Fails,
    /// A token for any service is good.
    NobodyReadsAudience => "FORGE-19" Fails,
    /// A token for no service is for all.
    NoAudienceIsAll => "FORGE-19" Fails,
    /// The beginning of the audience will do.
    AudienceBegins => "FORGE-19" Fails,
    /// The audience may go on.
    AudienceEnds => "FORGE-19" Fails,
    /// A token for several services is for each.
    AudiencesAreLists => "FORGE-19" Fails,
    /// A token of any issuer is good.
    NobodyReadsIssuer => "FORGE-19" Fails,
    /// A slash at the end of the issuer is taken away.
    IssuerLosesSlash => "FORGE-19" Fails,
    /// The issuer is compared without its case.
    IssuerLosesCase => "FORGE-19" Fails,
    /// A token that is nobody's is good.
    NobodyIsSomebody => "FORGE-19" Fails,
    /// A star is every name.
    StarIsEveryName => "FORGE-20" Fails,
    /// The dots of a name are resolved.
    NamesArePaths => "FORGE-20" Fails,
    /// A name is a regular expression.
    NamesAreExpressions => "FORGE-20" Fails,
    /// No name is every name.
    NoNameIsEveryName => "FORGE-20" Fails,
    /// The type of an entry is not read.
    TypesAreNotRead => "FORGE-20" Fails,
    /// A star is every action.
    StarIsEveryAction => "FORGE-20" Fails,
    /// A refresh token is taken for a token.
    RefreshTokensOpen => "FORGE-16" Fails,
    /// Who somebody is tells what they may do.
    IdTokensOpen => "FORGE-16" Fails,
    /// What opens the API of the product opens everything.
    ApiTokensOpen => "FORGE-16" Fails,
    /// The cookie of the console opens everything.
    ConsoleCookiesOpen => "FORGE-16" Fails,
    /// What stands in the cookie of the console is a token.
    ConsoleTokensOpen => "FORGE-16" Fails,
    /// Nobody reads what type a token says that it is of.
    TypesOfTokensAreNotRead => "FORGE-16" Fails,
    /// `access_token` in the query is read.
    AccessTokensInQueries => "FORGE-22" Fails,
    /// `token` in the query is read.
    TokensInQueries => "FORGE-22" Fails,
    /// A cookie `access_token` is read.
    AccessTokensInCookies => "FORGE-22" Fails,
    /// A cookie `token` is read.
    TokensInCookies => "FORGE-22" Fails,
    /// `X-Registry-Auth` is read as `Authorization` is.
    RegistryAuthIsBearer => "FORGE-22" Fails,
    /// `X-Registry-Auth` is read as a Docker daemon reads it.
    RegistryAuthIsDecoded => "FORGE-22" Fails,
    /// `Proxy-Authorization` is read as `Authorization` is.
    ProxyAuthorizationIsOwn => "FORGE-22" Fails,
    /// Of two headers the first is verified and the last is used.
    LastHeaderIsUsed => "FORGE-23" Fails,
    /// Of two headers the last is verified and the first is used.
    FirstHeaderIsUsed => "FORGE-23" Fails,
    /// Of two headers the first is verified, and the last one says nothing more.
    LastHeaderMayBeEmpty => "FORGE-23" Fails,
    /// Of two headers the last is verified, and the first one says nothing more.
    FirstHeaderMayBeEmpty => "FORGE-23" Fails,
    /// Of two headers any good one is enough, for whatever.
    AnyHeaderOpens => "FORGE-23" Fails,
    /// A key of another environment is believed under the name of the real one.
    KidIsIdentity => "FORGE-24" Fails,
    /// A key of another environment is believed.
    KeysAreShared => "FORGE-24" Fails,
    /// The issuer of another environment is believed.
    IssuersAreShared => "FORGE-24" Fails,
    /// Tokens for anybody are exchanged.
    FederatesAnyAudience => "TOK-29" Fails,
    /// Tokens that say they are of any issuer are exchanged.
    FederatesAnyIssuer => "TOK-29" Fails,
    /// A slash at the end of the issuer is taken away.
    FederatesSlashes => "TOK-29" Fails,
    /// What stands in front of an `@` is the issuer.
    FederatesUserInfo => "TOK-29" Fails,
    /// An issuer is whoever it redirects to.
    FederatesRedirects => "TOK-29" Fails,
    /// Tokens are exchanged after their end.
    FederatesExpired => "TOK-29" Fails,
    /// Tokens are exchanged before they begin.
    FederatesEarly => "TOK-29" Fails,
    /// The end of the subject will do.
    FederatesEnds => "TOK-29" Fails,
    /// The beginning of the subject will do.
    FederatesBeginnings => "TOK-29" Fails,
    /// Every tenant of the issuer is let in.
    FederatesTenants => "TOK-29" Fails,
    /// A token is exchanged as often as it is shown.
    FederatesAgain => "TOK-29" Fails,
    /// Passwords can be guessed without end.
    CountsNoGuesses => "TOK-20" Fails,
    /// Who guesses locks the owner out.
    GuessesLockOut => "TOK-20" LeavesOpen,
    /// A token is good for whatever has the name of a repository that is gone.
    NamesAreIdentities => "TOK-25" Fails,
    /// A token is good for what the policy has taken away since.
    TokensOutlivePolicies => "TOK-30" Fails,
    /// A token is good after the window in which it was made.
    TokensOutliveWindows => "TOK-30" Fails,
    /// A body is asked for before anybody decides.
    ContinuesFirst => "ROUTE-25" Fails,
    /// What nobody has signed is handed out.
    HandsOutUnsigned => "GATE-01" Fails,
    /// Any key will do.
    AnyKeySigns => "GATE-02" Fails,
    /// Any identity of the issuer will do.
    AnyIdentitySigns => "GATE-02" Fails,
    /// Any issuer will do.
    AnyIssuerVouches => "GATE-02" Fails,
    /// A signature is good for any image.
    SignaturesFitAll => "GATE-02" Fails,
    /// An attestation is taken for a signature.
    AttestationsSign => "GATE-03" Fails,
    /// What was verified once is not verified again.
    VerdictsOutliveSignatures => "GATE-04" Fails,
    /// The child of an index needs no parent.
    ChildrenGoAroundParents => "GATE-04" Fails,
    /// Too many referrers are let through.
    GivesUpOnReferrers => "GATE-05" Fails,
    /// Too large a bundle is let through.
    GivesUpOnBundles => "GATE-05" Fails,
    /// Layers are not scanned.
    ScansNoLayers => "GATE-06" Fails,
    /// What is left in the end is scanned.
    ScansWhatIsLeft => "GATE-06" Fails,
    /// Variables are not scanned.
    ScansNoEnvironment => "GATE-06" Fails,
    /// Labels are not scanned.
    ScansNoLabels => "GATE-06" Fails,
    /// The history is not scanned.
    ScansNoHistory => "GATE-06" Fails,
    /// What cannot be unpacked is let through.
    KnowsNoZstandard => "GATE-06" Fails,
    /// Archives in layers are not scanned.
    ScansNoArchives => "GATE-06" Fails,
    /// Packages of the distribution are not scanned.
    TrustsPackages => "GATE-06" Fails,
    /// Tests are not scanned.
    TrustsTests => "GATE-06" Fails,
    /// Large files are not scanned.
    ScansNoLargeFiles => "GATE-06" Fails,
    /// Whatever takes too long is let through.
    GivesUpOnBombs => "GATE-06" Fails,
    /// A tag that must not change does.
    TagsMove => "GATE-07" Fails,
    /// A blob may have another digest than its own.
    TakesMisnamedBlobs => "GATE-07" Fails,
    /// A manifest may be of any length.
    TakesLongManifests => "GATE-07" Fails,
    /// A blob may be of any length.
    TakesLargeBlobs => "GATE-07" Fails,
    /// Without its upstream it goes on.
    ServesWithoutUpstream => "GATE-08" Fails,
    /// Without its policy it goes on.
    ServesWithoutPolicy => "GATE-08" Fails,
    /// It does not look at the clock.
    ServesWithoutTime => "GATE-08" Fails,
    /// What streams to somebody who is taken back goes on.
    StreamsOutliveRevocation => "GATE-09" Fails,
    /// What streams to somebody who is taken back is cut, and too late.
    StreamsEndLate => "GATE-09" Fails,
    /// Tokens of somebody who is taken back are good as long as something streams to them.
    StreamsKeepTokens => "GATE-09" Fails,
    /// Somebody who is taken back gets new tokens as long as something streams to them.
    StreamsKeepLogins => "GATE-09" Fails,
    /// Over HTTP/2 everything is open.
    Http2IsOpen => "ROUTE-23" Fails,
    /// Whoever offers HTTP/2 needs no certificate.
    Http2WantsNoCertificate => "ROUTE-23" Fails,
    /// What comes as early data is not judged.
    EarlyDataIsOpen => "ROUTE-24" Fails,
    /// What was sent as early data before is taken again, and not judged.
    ReplayedEarlyDataIsOpen => "ROUTE-24" Fails,
    /// HTTP/2 is spoken without TLS, and everything is open there.
    PriorKnowledgeIsOpen => "ROUTE-17" Fails,
    /// Connections are upgraded to HTTP/2, and what comes then is not judged.
    UpgradesAreOpen => "ROUTE-17" Fails,
    /// Dot segments are resolved after the decision, in HTTP/2 alone.
    ResolvesDotsInHttp2 => "ROUTE-17" Fails,
    /// An authority that is not the own one has no rules.
    AuthorityOpens => "ROUTE-17" Fails,
    /// `Host` is judged in place of the authority.
    HostHidesAuthority => "ROUTE-17" Fails,
    /// The first reader goes by the length and the second by the chunks.
    SecondReadsChunks => "ROUTE-18" Fails,
    /// The first reader goes by the chunks and the second by the length.
    SecondReadsLength => "ROUTE-18" Fails,
    /// The second reader takes more for chunked than the first.
    SecondReadsOddChunks => "ROUTE-18" Fails,
    /// The key of a token is fetched where `jku` says, and not used.
    FetchesKeys => "FORGE-10" Fails,
    /// The certificate of a token is fetched where `x5u` says, and not used.
    FetchesCertificates => "FORGE-10" Fails,
    /// A key that stands where `jku` says is believed.
    BelievesFetchedKeys => "FORGE-10" Fails,
    /// A certificate that stands where `x5u` says is believed.
    BelievesFetchedCertificates => "FORGE-10" Fails,
    /// A URL is trusted by what stands in front of its `@`.
    TrustsUserInfo => "FORGE-10" Fails,
    /// A URL without a scheme is fetched all the same.
    FetchesWithoutScheme => "FORGE-10" Fails,
    /// Where the key of a token cannot be fetched nothing is verified.
    FilesVerifyNothing => "FORGE-10" Fails,
    /// What `urls` of a layer names is fetched when the manifest is pushed.
    FetchesUrlsAtPush => "BIND-11" Fails,
    /// What `urls` of a layer names is fetched when the manifest is pulled.
    FetchesUrlsAtPull => "BIND-11" Fails,
    /// A foreign layer is taken, and fetched for whoever pulls it.
    ProxiesForeignLayers => "BIND-11" Fails,
    /// A scanner fetches every layer later.
    ScannerFetchesUrls => "BIND-11" Fails,
    /// Nobody is told of many refusals.
    NeverAlerts => "MON-01" Fails,
    /// Somebody is told the day after.
    AlertsTooLate => "MON-01" Fails,
    /// Somebody is told of the first refusal, and of nothing after it.
    AlertsOnce => "MON-01" LeavesOpen,
}
