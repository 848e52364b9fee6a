//! In how many ways a request can be read: one flaw for each.

use super::{Flaw, PUBLIC, REPOSITORY};

/// How the target is read when it is served.
pub(super) type Reading = fn(&str) -> String;

/// Whether the hosts that a client names are these.
pub(super) type Fits = fn(&[&str]) -> bool;

/// What is served in place of what was decided on.
pub(super) static READINGS: &[(Flaw, Reading)] = &[
    (Flaw::DropsLastSlash, |target| target.trim_end_matches('/').to_owned()),
    (Flaw::MergesSlashes, |target| merged(target)),
    (Flaw::DropsSingleDots, |target| target.replace("/./", "/")),
    (Flaw::ResolvesDots, |target| resolved(target)),
    (Flaw::ResolvesEncodedDots, |target| resolved(&target.replace("%2e%2e", ".."))),
    (Flaw::ResolvesHalfEncodedDots, |target| resolved(&target.replace("%2e.", ".."))),
    (Flaw::ResolvesDotsInHttp2, |target| resolved(target)),
    (Flaw::DecodesBeforeDots, |target| resolved(&target.replace("..%2f", "../"))),
    (Flaw::DecodesSlashes, |target| target.replace("%2f", "/")),
    (Flaw::DecodesOnce, |target| decoded(target)),
    (Flaw::DecodesTwice, |target| if target.contains("%25") { decoded(&decoded(target)) } else { target.to_owned() }),
    (Flaw::DecodesOverlongDots, |target| resolved(&target.replace("%c0%ae", "."))),
    (Flaw::DecodesOverlongSlashes, |target| target.replace("%c0%af", "/")),
    (Flaw::FoldsPrefix, |target| target.replace("/V2/", "/v2/")),
    (Flaw::FoldsNames, |target| target.replace(&REPOSITORY.to_uppercase(), REPOSITORY)),
    (Flaw::FoldsPaths, |target| target.to_lowercase()),
    (Flaw::DecodesUpperCase, |target| if target.contains("%6D") { decoded(target) } else { target.to_owned() }),
    (Flaw::DecodesLowerCase, |target| if target.contains("%6d") { decoded(target) } else { target.to_owned() }),
    (Flaw::CutsParameters, |target| target.replace(";x=1", "")),
    (Flaw::StyleSheetsAreOpen, |target| target.trim_end_matches(";.css").to_owned()),
    (Flaw::CutsAtNul, |target| before(target, "%00")),
    (Flaw::CutsAtLineEnd, |target| before(target, "%0a")),
    (Flaw::TrimsBlanks, |target| before(target, "%20")),
    (Flaw::CutsFragments, |target| before(target, "#")),
    (Flaw::CutsEncodedFragments, |target| before(target, "%23")),
    (Flaw::HealthAnywhere, |target| before(target, "?/healthz")),
    (Flaw::BaseAnywhere, |target| before(target, "?x=/v2/")),
    (Flaw::PublicAnywhere, |target| before(target, "?path=/public")),
    (Flaw::BackslashIsSlash, |target| resolved(&target.replace('\\', "/"))),
    (Flaw::EncodedBackslashIsSlash, |target| resolved(&target.replace("%5c", "/"))),
    (Flaw::MethodByQuery, |target| before(target, "?_method=GET")),
    (Flaw::AbsoluteFormIsOpen, |target| target.trim_start_matches("http://core").to_owned()),
    (Flaw::UploadsAreOpen, |target| before(target, "/blobs/uploads/")),
    (Flaw::ReadsFromTheLeft, |target| before(target, "/manifests/b")),
    (Flaw::TagsAreOpen, |target| before(target, "/tags/list")),
    (Flaw::CatalogIsPublic, |target| target.replace("/_catalog/", "/")),
    (Flaw::ReadsFromTheRight, |target| target.replace(&format!("/{PUBLIC}/manifests/"), "/")),
    (Flaw::PublicUploadsAreOpen, |target| target.replace(&format!("/{PUBLIC}/blobs/uploads/"), "/")),
    (Flaw::PublicTagsAreOpen, |target| target.replace(&format!("/{PUBLIC}/tags/list/"), "/")),
    (Flaw::DeepNamesAreOpen, |target| target.replace("a/", "")),
];

/// Headers of a client that are believed, and what must stand in them.
pub(super) static CLAIMS: &[(Flaw, &str, &str)] = &[
    (Flaw::MethodByOverride, "x-http-method-override", "GET"),
    (Flaw::MethodByShortOverride, "x-method-override", "GET"),
    (Flaw::MethodByForwarded, "x-forwarded-method", "OPTIONS"),
    (Flaw::JudgesOriginalUrl, "x-original-url", "/healthz"),
    (Flaw::JudgesRewriteUrl, "x-rewrite-url", "/healthz"),
    (Flaw::JudgesForwardedUri, "x-forwarded-uri", "/healthz"),
    (Flaw::JudgesForwardedPath, "x-forwarded-path", "/healthz"),
    (Flaw::TrustsForwardedUser, "x-forwarded-user", ""),
    (Flaw::TrustsXRemoteUser, "x-remote-user", ""),
    (Flaw::TrustsRemoteUser, "remote-user", ""),
    (Flaw::TrustsWebauthUser, "x-webauth-user", ""),
    (Flaw::TrustsAuthRequestUser, "x-auth-request-user", "admin"),
    (Flaw::TrustsUnderscores, "x_forwarded_user", ""),
    (Flaw::TrustsForwardedCertificate, "x-forwarded-client-cert", "Subject="),
    (Flaw::TrustsVerified, "x-ssl-client-verify", "SUCCESS"),
    (Flaw::TrustsSubject, "x-ssl-client-s-dn", "CN="),
    (Flaw::TrustsOidcData, "x-amzn-oidc-data", "."),
    (Flaw::ForgetsByConnection, "connection", "X-Forwarded-User"),
    (Flaw::TrustsForwardedFor, "x-forwarded-for", "127.0.0.1"),
    (Flaw::TrustsRealIp, "x-real-ip", "127.0.0.1"),
    (Flaw::TrustsForwarded, "forwarded", "for=127.0.0.1"),
    (Flaw::TrustsTrueClientIp, "true-client-ip", "127.0.0.1"),
    (Flaw::TrustsConnectingIp, "cf-connecting-ip", "127.0.0.1"),
    (Flaw::CloudChecksAreOpen, "user-agent", "GoogleHC/"),
    (Flaw::ClusterChecksAreOpen, "user-agent", "kube-probe/"),
    (Flaw::BalancerChecksAreOpen, "user-agent", "ELB-HealthChecker/"),
    (Flaw::ClientsAreOpen, "user-agent", "docker/"),
    (Flaw::LengthReads, "content-length", ""),
    (Flaw::ChunksRead, "transfer-encoding", "chunked"),
];

/// Headers whose value is served in place of `/`.
pub(super) static REWRITES: &[(Flaw, &str)] = &[
    (Flaw::ServesOriginalUrl, "x-original-url"),
    (Flaw::ServesRewriteUrl, "x-rewrite-url"),
    (Flaw::ServesForwardedUri, "x-forwarded-uri"),
    (Flaw::ServesForwardedPath, "x-forwarded-path"),
    (Flaw::ServesForwardedPrefix, "x-forwarded-prefix"),
];

/// Methods that nobody has a rule for.
pub(super) static METHODS: &[(Flaw, &str)] = &[
    (Flaw::OptionsRead, "OPTIONS"),
    (Flaw::TraceReads, "TRACE"),
    (Flaw::PropfindReads, "PROPFIND"),
    (Flaw::UnknownMethodsRead, "FOO"),
    (Flaw::LowerCaseReads, "get"),
];

/// Hosts that nobody has a rule for.
pub(super) static HOSTS: &[(Flaw, Fits)] = &[
    (Flaw::DefaultHostIsOpen, |hosts| hosts.is_empty()),
    (Flaw::FirstHostCounts, |hosts| matches!(hosts, ["localhost", _])),
    (Flaw::LastHostCounts, |hosts| matches!(hosts, [_, "localhost"])),
    (Flaw::DotOpens, |hosts| hosts.iter().any(|host| host.contains(".:"))),
    (Flaw::PortZeroOpens, |hosts| hosts.iter().any(|host| host.ends_with(":0"))),
    (Flaw::UpperCaseHostOpens, |hosts| hosts.iter().any(|host| host.starts_with("LOCALHOST"))),
    (Flaw::LocalhostIsOpen, |hosts| hosts == ["localhost"]),
    (Flaw::RegistryIsOpen, |hosts| hosts == ["registry"]),
    (Flaw::CoreIsOpen, |hosts| hosts == ["core"]),
];

/// Whether a client came over TLS, or not, and names these hosts.
pub(super) type FitsHttp2 = fn(bool, &[&str]) -> bool;

/// What nobody has a rule for in HTTP/2.
pub(super) static HTTP_2: &[(Flaw, FitsHttp2)] = &[
    (Flaw::Http2IsOpen, |secure, _| secure),
    (Flaw::PriorKnowledgeIsOpen, |secure, _| !secure),
    (Flaw::UpgradesAreOpen, |secure, _| !secure),
    (Flaw::AuthorityOpens, |_, hosts| matches!(hosts, ["core"])),
    (Flaw::HostHidesAuthority, |_, hosts| matches!(hosts, [_, "core"])),
];

/// Conditions that are answered before anybody decides, and how.
pub(super) static CONDITIONS: &[(Flaw, &str, &str, u16)] = &[
    (Flaw::AnswersFirstBytes, "range", "bytes=0-0", 206),
    (Flaw::AnswersLastBytes, "range", "bytes=-1", 416),
    (Flaw::AnswersRanges, "range", ",", 206),
    (Flaw::AnswersIfRange, "if-range", "sha256:", 206),
    (Flaw::AnswersIfNoneMatch, "if-none-match", "sha256:", 304),
];

/// What stands before the first of these.
pub(super) fn before(text: &str, mark: &str) -> String {
    text.split(mark).next().unwrap_or(text).to_owned()
}

fn merged(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// A path after its dot segments.
fn resolved(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A text after its percent signs.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => done + &char::from(byte).to_string() + &part[2..],
            None => done + "%" + part,
        }
    })
}
