//! ROUTE: paths that are read in two ways, asked for as a stranger, byte for byte.

pub(in crate::checks) mod answered;
pub(in crate::checks) mod asked;
pub(in crate::checks) mod cached;
pub(in crate::checks) mod claimed;
pub(in crate::checks) mod early;
mod path;
pub(in crate::checks) mod smuggled;
pub(in crate::checks) mod versions;

use path::{Asked, Odd, Thing};

use super::spelled;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::Mode;
use crate::session::Session;
use crate::verdict::Answer;

/// What mends a path that somebody decides on and somebody else reads.
const ONE_PATH: &str = "decide on the path that is served: in the registry itself, or in a gate that refuses whatever is not written plainly and forwards what it decided on";

/// What passes and what fails, for all of them.
const JUDGEMENT: &str =
    "Pass: 400, 401, 403, 404, 405, 421, or the connection closes. Fail: content of R by its hash, or private names";

/// A name, and how the path is written instead: see [`path`].
type Spelling = (&'static str, &'static str);

pub(super) static CHECKS: [Check; 8] = [
    Check {
        id: "ROUTE-01",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a slash at the end opens nothing",
        request: "GET /v2/_catalog/, /v2/R/manifests/T/, /v2/R/blobs/B/ and /v2/R/tags/list/",
        judgement: JUDGEMENT,
        why: "a rule for the path without the slash may not hold for the one with it, and the registry serves both",
        remedy: ONE_PATH,
        references: &["CVE-2020-29662"],
        needs: &[],
        requests: 20,
        run: |session| {
            spelled_paths(
                session,
                &[("a slash at the end", "/{path}/")],
                &[Thing::Manifest, Thing::Layer, Thing::Catalog, Thing::Tags],
            )
        },
    },
    Check {
        id: "ROUTE-02",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "slashes too many open nothing",
        request: "manifest, layer and catalogue by //v2/R/..., /v2//R/..., /v2/R//manifests/T, /./v2/R/...",
        judgement: JUDGEMENT,
        why: "whether slashes are merged before or after the decision makes the difference",
        remedy: ONE_PATH,
        references: &[],
        needs: &[],
        requests: 48,
        run: |session| spelled_paths(session, &SLASHES, &ALL),
    },
    Check {
        id: "ROUTE-03",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "dot segments lead nowhere",
        request: "manifest, layer and catalogue by way of a public repository and back: /../, /%2e%2e/, /%2e./, ..%2f; and from /public/../",
        judgement: JUDGEMENT,
        why: "a rule for what is public is met by the beginning of a path that ends somewhere else",
        remedy: ONE_PATH,
        references: &[
            "CVE-2025-32431",
            "CVE-2025-47952",
            "CVE-2025-66490",
            "CVE-2026-40912",
            "CVE-2026-48020",
            "CVE-2026-65600",
            "CVE-2026-67309",
        ],
        needs: &[],
        requests: 60,
        run: |session| spelled_paths(session, &DOTS, &ALL),
    },
    Check {
        id: "ROUTE-04",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "percent signs open nothing",
        request: "manifest, layer and catalogue with %2f in the name, one letter encoded, /%76%32/, double encoding, overlong dots and slashes",
        judgement: JUDGEMENT,
        why: "whoever decodes after the decision serves another path than the one that was judged",
        remedy: ONE_PATH,
        references: &["CVE-2024-4956"],
        needs: &[],
        requests: 84,
        run: |session| spelled_paths(session, &PERCENT, &ALL),
    },
    Check {
        id: "ROUTE-05",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "upper case opens nothing",
        request: "manifest, layer and catalogue by /V2/, with R in upper case, with /Manifests/ and /Blobs/, with %5A and %5a for a letter",
        judgement: JUDGEMENT,
        why: "a rule that compares letters and a file system that does not see two paths in one",
        remedy: ONE_PATH,
        references: &["CVE-2026-27587"],
        needs: &[],
        requests: 60,
        run: |session| spelled_paths(session, &CASE, &ALL),
    },
    Check {
        id: "ROUTE-06",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "what hangs behind a path opens nothing",
        request: "manifest, layer and catalogue with ;x=1, ;.css, %00, %0a, %20, a fragment and %23 behind them",
        judgement: JUDGEMENT,
        why: "a rule for style sheets, or for another path, is met by what a later reader cuts off",
        remedy: ONE_PATH,
        references: &["CVE-2023-47106", "CVE-2026-41059"],
        needs: &[],
        requests: 96,
        run: |session| spelled_paths(session, &SUFFIXES, &ALL),
    },
    Check {
        id: "ROUTE-07",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a query opens nothing",
        request: "manifest, layer and catalogue with ?/healthz, ?x=/v2/ and ?path=/public",
        judgement: JUDGEMENT,
        why: "a rule that lets health checks through may look for their path anywhere in the target",
        remedy: ONE_PATH,
        references: &["CVE-2025-54576"],
        needs: &[],
        requests: 36,
        run: |session| spelled_paths(session, &QUERIES, &ALL),
    },
    Check {
        id: "ROUTE-08",
        group: Group::Route,
        mode: Mode::Active,
        severity: Severity::Critical,
        title: "a backslash is no slash",
        request: r"manifest, layer and catalogue by /v2\R\manifests\T, by way of a public repository and \..\, and with %5c",
        judgement: JUDGEMENT,
        why: "some readers take it for a slash, and some rules do not",
        remedy: ONE_PATH,
        references: &["CVE-2026-52844"],
        needs: &[],
        requests: 48,
        run: |session| spelled_paths(session, &BACKSLASHES, &ALL),
    },
];

const ALL: [Thing; 3] = [Thing::Manifest, Thing::Layer, Thing::Catalog];

static SLASHES: [Spelling; 4] = [
    ("two slashes in front", "//{path}"),
    ("two slashes behind v2", "/v2//{rest}"),
    ("two slashes behind the name", "/v2/{name}//{thing}"),
    ("a dot segment in front", "/./{path}"),
];

static DOTS: [Spelling; 5] = [
    ("dot segments", "/v2/{public}{/..}/{rest}"),
    ("encoded dot segments", "/v2/{public}{/%2e%2e}/{rest}"),
    ("half encoded dot segments", "/v2/{public}{/%2e.}/{rest}"),
    ("dot segments with an encoded slash", "/v2/{public}/{..%2f}{rest}"),
    ("dot segments behind a public prefix", "/public/../{path}"),
];

static PERCENT: [Spelling; 7] = [
    ("an encoded slash in the name", "/v2/{name%2f}/{thing}"),
    ("every slash encoded", "/v2/{rest%2f}"),
    ("an encoded letter", "/v2/{letter%}"),
    ("v2 encoded", "/%76%32/{rest}"),
    ("a letter encoded twice", "/v2/{letter%25}"),
    ("overlong dots", "/v2/{public}{/%c0%ae%c0%ae}/{rest}"),
    ("an overlong slash in the name", "/v2/{name%c0%af}/{thing}"),
];

static CASE: [Spelling; 5] = [
    ("V2", "/V2/{rest}"),
    ("the name in upper case", "/v2/{NAME}/{thing}"),
    ("the route in upper case", "/v2/{name}/{Thing}"),
    ("a letter encoded in upper case", "/v2/{letter%5A}"),
    ("a letter encoded in lower case", "/v2/{letter%5a}"),
];

static SUFFIXES: [Spelling; 8] = [
    ("a parameter", "/{path};x=1"),
    ("a parameter behind the name", "/v2/{name};x=1/{thing}"),
    ("the parameter of a style sheet", "/{path};.css"),
    ("NUL", "/{path}%00"),
    ("a line end", "/{path}%0a"),
    ("a space", "/{path}%20"),
    ("a fragment", "/{path}#x"),
    ("an encoded fragment", "/{path}%23"),
];

static QUERIES: [Spelling; 3] = [
    ("the path of a health check in the query", "/{path}?/healthz"),
    ("the path of the API in the query", "/{path}?x=/v2/"),
    ("a public path in the query", "/{path}?path=/public"),
];

static BACKSLASHES: [Spelling; 4] = [
    ("backslashes", r"/{path\}"),
    ("dot segments with backslashes", r"/v2/{public}{\..}\{rest\}"),
    ("encoded backslashes", "/{path%5c}"),
    ("dot segments with encoded backslashes", "/v2/{public}{%5c..}%5c{rest}"),
];

/// Asks for each of these things in each of these spellings.
fn spelled_paths(session: &mut Session<'_>, spellings: &[Spelling], things: &[Thing]) -> Result<Answer, Doubt> {
    let asked = Asked::all(session, things);
    let odd = asked.iter().flat_map(|asked| {
        let written = spellings.iter().filter_map(|(name, template)| Some((name, asked.spelled(template)?)));
        written.map(|(name, path)| asked.odd(name, asked.at(path)))
    });
    Ok(none_opens(session, odd, refuses))
}

/// Asks each of them.
fn none_opens<'a>(
    session: &mut Session<'_>,
    odd: impl IntoIterator<Item = Odd<'a>>,
    refusals: impl Fn(u16) -> bool,
) -> Answer {
    let named = odd.into_iter().map(|odd| (odd.name.clone(), odd));
    spelled::each(named, |odd| {
        spelled::refused(session, &odd.request, &odd.asked.plain(), &refusals, |seen| odd.asked.proof(seen))
    })
}

/// What refuses something that is odd in itself.
fn refuses(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 405 | 421)
}
