//! Product packs: what each product tells strangers on paths of its own. A pack is data, chosen by the fingerprint.

use serde_json::Value;

use super::beside::closed;
use crate::check::{Check, Group, Severity};
use crate::doubt::Doubt;
use crate::intent::{Intent, Known, Mode, Visibility};
use crate::observation::Observation;
use crate::product::Product;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 1] = [Check {
    id: "INGR-15",
    group: Group::Ingr,
    mode: Mode::Passive,
    severity: Severity::High,
    title: "the product's own API tells strangers nothing private",
    request: "the pages of the product that was recognised (Harbor, Quay, Nexus, Artifactory, Gitea, GitLab, zot), or of all and of kellnr where none was",
    judgement: "Pass: refused, not there, or nothing private in it. Fail: a private name, or what only operators should see; medium for numbers, low for health and configuration",
    why: "the console asks its own API, and that decides by itself what strangers see",
    remedy: "make the project private in the product too, and switch off what it shows to strangers",
    references: &["CVE-2022-46463"],
    needs: &[],
    requests: 4 * PACKS.len(),
    run: ingr_15,
}];

/// One page: a name, where it is, what must not stand on it.
struct Page {
    id: &'static str,
    /// Whose page it is; a product that no fingerprint tells is asked where none was recognised.
    product: Option<Product>,
    /// With `{name}` for R, `{escaped}` for the same as one segment, `{owner}` for its first part, `{rest}` for what follows,
    /// `{last}` for its last part.
    target: &'static str,
    mark: Mark,
    severity: Severity,
}

/// What must not stand on a page.
enum Mark {
    /// One of these parts of R, as a whole string.
    Strings(&'static [Part]),
    /// Owner and rest of R, as two members of one object.
    Pair(&'static str, &'static str),
    /// A member of this name with something in it.
    Member(&'static str),
}

/// A part of R.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it, or another private name.
    Name,
    /// The first part, unless something public has it too.
    Owner,
    /// What follows.
    Rest,
    /// What stands above the last part, if that is not the owner alone.
    Above,
    /// The last part.
    Last,
}

const fn page(id: &'static str, product: Product, target: &'static str, mark: Mark, severity: Severity) -> Page {
    Page { id, product: Some(product), target, mark, severity }
}

use Mark::{Member, Pair, Strings};
use Part::{Above, Last, Name, Owner, Rest};
use Product::{Artifactory, GitLab, Gitea, Harbor, Nexus, Quay, Zot};
use Severity::{High, Low, Medium};

static PACKS: [Page; 23] = [
    page("harbor-projects", Harbor, "/api/v2.0/projects?page_size=100", Strings(&[Owner]), High),
    page("harbor-search", Harbor, "/api/v2.0/search?q={last}", Strings(&[Name]), High),
    page("harbor-statistics", Harbor, "/api/v2.0/statistics", Member("private_repo_count"), Medium),
    page("harbor-systeminfo", Harbor, "/api/v2.0/systeminfo", Member("registry_storage_provider_name"), Low),
    page("harbor-repositories", Harbor, "/api/v2.0/repositories?page_size=100", Strings(&[Name]), High),
    page("harbor-project", Harbor, "/api/v2.0/projects/{owner}/repositories", Strings(&[Name]), High),
    page("quay-public", Quay, "/api/v1/repository?public=true", Pair("namespace", "name"), High),
    page("quay-namespace", Quay, "/api/v1/repository?namespace={owner}", Pair("namespace", "name"), High),
    page("quay-health", Quay, "/health/instance", Member("services"), Low),
    page("nexus-components", Nexus, "/service/rest/v1/components?repository={owner}", Strings(&[Name, Rest]), High),
    page("nexus-search", Nexus, "/service/rest/v1/search?format=docker", Strings(&[Name]), High),
    page("nexus-repositories", Nexus, "/service/rest/v1/repositories", Strings(&[Owner]), High),
    page("artifactory-deploy", Artifactory, "/artifactory/ui/repodata?deploy=true", Member("repoList"), High),
    page("artifactory-repositories", Artifactory, "/artifactory/api/repositories", Strings(&[Owner]), High),
    page(
        "artifactory-catalog",
        Artifactory,
        "/artifactory/api/docker/{owner}/v2/_catalog",
        Strings(&[Name, Rest]),
        High,
    ),
    page("gitea-packages", Gitea, "/api/v1/packages/{owner}?type=container", Strings(&[Rest]), High),
    page("gitea-search", Gitea, "/api/v1/repos/search?q={last}", Strings(&[Name]), High),
    page("gitlab-projects", GitLab, "/api/v4/projects?search={last}", Strings(&[Name, Above]), High),
    page("gitlab-images", GitLab, "/api/v4/projects/{escaped}/registry/repositories", Strings(&[Name]), High),
    page("zot-mgmt", Zot, "/v2/_zot/ext/mgmt", Strings(&[Name]), High),
    page(
        "zot-search",
        Zot,
        "/v2/_zot/ext/search?query=%7BRepoListWithNewestImage%7BResults%7BName%7D%7D%7D",
        Strings(&[Name]),
        High,
    ),
    page("zot-userprefs", Zot, "/v2/_zot/ext/userprefs", Strings(&[Name]), High),
    Page {
        id: "kellnr-crates",
        product: None,
        target: "/api/v1/crates?q={last}",
        mark: Strings(&[Last]),
        severity: High,
    },
];

fn ingr_15(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let product = session.product();
    let pages: Vec<&Page> = pack(product).collect();
    if pages.is_empty() {
        return Ok(Answer::NotApplicable("the product that was recognised has no pages of its own"));
    }
    let (intent, known) = (session.intent(), session.private());
    let answers = pages.into_iter().map(|page| {
        let request = Request::get(page.target_for(known));
        let answer = closed(session, &request, |seen| page.proof(intent, known, seen));
        answer.unwrap_or_else(Answer::Open).named(page.id)
    });
    Ok(Answer::all(answers))
}

/// The pages of a product, or every page.
fn pack(product: Option<Product>) -> impl Iterator<Item = &'static Page> {
    PACKS.iter().filter(move |page| product.is_none() || page.product == product)
}

impl Page {
    fn target_for(&self, known: &Known) -> String {
        let name = known.name.as_str();
        let values = [
            ("{name}", name.to_owned()),
            ("{escaped}", name.replace('/', "%2F")),
            ("{owner}", Part::Owner.of(name).to_owned()),
            ("{rest}", Part::Rest.of(name).to_owned()),
            ("{last}", Part::Last.of(name).to_owned()),
        ];
        values.into_iter().fold(self.target.to_owned(), |target, (word, value)| target.replace(word, &value))
    }

    fn proof(&self, intent: &Intent, known: &Known, seen: &Observation) -> Option<Proof> {
        let found = match &self.mark {
            Strings(parts) => {
                Proof::listing(seen, &parts.iter().flat_map(|part| part.texts(intent, known)).collect::<Vec<_>>())
            }
            Pair(owner, rest) => {
                let name = known.name.as_str();
                let is_it = |object: &Value| {
                    object.get(owner).and_then(Value::as_str) == Some(Part::Owner.of(name))
                        && object.get(rest).and_then(Value::as_str) == Some(Part::Rest.of(name))
                };
                any(&document(seen)?, &is_it)
                    .then(|| Proof::data(seen, format!("a list came that names {name}")))
                    .flatten()
            }
            Member(name) => {
                let has = |object: &Value| object.get(name).is_some_and(is_something);
                any(&document(seen)?, &has).then(|| Proof::data(seen, format!("`{name}` is told"))).flatten()
            }
        };
        found.map(|proof| proof.graded(self.severity))
    }
}

impl Part {
    fn of(self, name: &str) -> &str {
        match self {
            Self::Name => name,
            Self::Owner => name.split('/').next().unwrap_or(name),
            Self::Rest => name.split_once('/').map_or(name, |(_, rest)| rest),
            Self::Above => name.rsplit_once('/').map_or(name, |(above, _)| above),
            Self::Last => name.rsplit('/').next().unwrap_or(name),
        }
    }

    /// What gives a private repository away; nothing where something public would look the same.
    fn texts(self, intent: &Intent, known: &Known) -> Vec<String> {
        let part = self.of(known.name.as_str());
        let public = intent.repositories.iter().filter(|known| known.visibility == Visibility::Public);
        let is_public = public.map(|known| self.of(known.name.as_str())).any(|public| public == part);
        match self {
            Self::Name => intent.private().map(|known| known.name.to_string()).collect(),
            Self::Above if !part.contains('/') => Vec::new(),
            Self::Owner | Self::Rest | Self::Above | Self::Last if is_public => Vec::new(),
            Self::Owner | Self::Rest | Self::Above | Self::Last => vec![part.to_owned()],
        }
    }
}

fn document(seen: &Observation) -> Option<Value> {
    serde_json::from_slice(seen.response().ok()?.whole()?).ok()
}

/// Whether something holds of an object, or of one in it.
fn any(value: &Value, holds: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| any(value, holds)),
        Value::Object(members) => holds(value) || members.values().any(|value| any(value, holds)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(said) => *said,
        Value::Number(number) => number.as_u64() != Some(0),
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::intent::Target;

    fn intent(names: &[&str]) -> Intent {
        let names: Vec<String> = names.iter().map(|name| format!("{name}:1")).collect();
        Intent::of_target(Target::read(&["https://r.example".to_owned()], &names).unwrap().unwrap())
    }

    #[test]
    fn a_product_is_asked_for_its_own_pages() {
        assert_eq!(PACKS.iter().map(|page| page.id).collect::<BTreeSet<_>>().len(), PACKS.len());
        assert_eq!(pack(None).count(), PACKS.len());
        assert!(pack(Some(Product::Quay)).all(|page| page.id.starts_with("quay")));
        assert_eq!(pack(Some(Product::Distribution)).count(), 0);
        assert!(PACKS.iter().all(|page| page.target.starts_with('/')));
    }

    #[test]
    fn a_target_is_made_for_a_name() {
        let known = |name: &str| intent(&[name]).repositories[0].clone();
        let target = |target: &'static str, name: &str| {
            page("x", Product::Quay, target, Member("x"), Low).target_for(&known(name))
        };
        assert_eq!(target("/{owner}/{rest}/{last}/{escaped}", "a/b/c"), "/a/b/c/c/a%2Fb%2Fc");
        assert_eq!(target("/{owner}/{rest}?{name}", "a"), "/a/a?a");
    }

    #[test]
    fn what_something_public_has_too_gives_nothing_away() {
        let mut intent = intent(&["a/b/c", "d/e"]);
        let first = intent.repositories[0].clone();
        let texts = |intent: &Intent, part: Part| part.texts(intent, &first);
        assert_eq!(texts(&intent, Owner), ["a"]);
        assert_eq!(texts(&intent, Above), ["a/b"]);
        intent.repositories[1] =
            Known { name: "a/x".parse().unwrap(), visibility: Visibility::Public, ..first.clone() };
        assert!(texts(&intent, Owner).is_empty());
        assert_eq!(texts(&intent, Name), ["a/b/c"]);
        assert!(Above.texts(&intent, &intent.repositories[1]).is_empty());
    }

    #[test]
    fn a_member_has_something_in_it() {
        let is =
            |text: &str| any(&serde_json::from_str(text).unwrap(), &|object| object.get("x").is_some_and(is_something));
        assert!(is(r#"{"x":1}"#) && is(r#"[{"y":{"x":"a"}}]"#) && is(r#"{"x":{"a":null}}"#));
        assert!(!is(r#"{"x":0}"#) && !is(r#"{"x":[]}"#) && !is(r#"{"x":null}"#) && !is(r#"["x"]"#));
    }
}
