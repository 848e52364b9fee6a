//! What is kept of an answer that was for one alone, what lists tell page by page, and what refusals say.

use std::collections::BTreeSet;

use outbound::{Endpoint, Host, Origin};
use protocol::Repository;
use serde_json::Value;

use super::{judged, says::behind, told};
use crate::check::{Check, Group, Need, Severity};
use crate::controls::Content;
use crate::doubt::Doubt;
use crate::intent::{Mode, Role};
use crate::observation::Observation;
use crate::proof::{Proof, strings};
use crate::request::Request;
use crate::response::Response;
use crate::session::Session;
use crate::verdict::Answer;

pub(in crate::checks) static CHECKS: [Check; 3] = [
    Check {
        id: "LEAK-10",
        group: Group::Leak,
        mode: Mode::Active,
        severity: Severity::Medium,
        title: "no cache on the way keeps what is private",
        request: "as control: GET /v2/R/manifests/T and D, and blobs/C",
        judgement: "Pass: Cache-Control with private or no-store, or Vary with Authorization. Fail: 200 with neither",
        why: "a shared cache that was told nothing hands the answer to whoever asks next",
        remedy: "send `Cache-Control: private` or `Vary: Authorization` with everything that not everybody may read",
        references: &[],
        needs: &[Need::Identity(Role::Control)],
        requests: 6,
        run: leak_10,
    },
    Check {
        id: "LEAK-11",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Medium,
        title: "the pages of the catalog tell no more than its whole, and lead nowhere else",
        request: "GET /v2/_catalog, with n=1, and with n=1 and last=, the name that came",
        judgement: "Pass: refused, or names of the whole list. Fail: more names than it has, or a Link to a host that nobody declared",
        why: "pages are made by other code than the list, and a client follows Link with its credentials",
        remedy: "filter every page as the whole list, and write Link without a host",
        references: &[],
        needs: &[],
        requests: 3,
        run: leak_11,
    },
    Check {
        id: "LEAK-12",
        group: Group::Leak,
        mode: Mode::Passive,
        severity: Severity::Information,
        title: "a refusal repeats the request and says no more",
        request: "GET /v2/, /v2/_catalog, /v2/R/manifests/T, tags/list and blobs/B",
        judgement: "Pass: message and detail hold fixed words, what was asked, and the request id. Fail: another repository, digest, host, path or person",
        why: "whoever is refused reads the message too",
        remedy: "write the reason to the log under the request id, and a fixed sentence to the client",
        references: &[],
        needs: &[],
        requests: 5,
        run: leak_12,
    },
];

fn leak_10(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let scope = format!("repository:{}:pull", session.private().name);
    let control = session.known(Role::Control, &scope)?;
    let digest = session.digest().map(|digest| session.manifest(digest.as_str()));
    let config = session.content().and_then(|content: &Content| content.config.clone());
    let config = config.map(|config| Request::get(session.blob_target(&config.digest)).unkept());
    let requests = [Some(session.manifest(&session.private().reference())), digest, config];
    let mut answers = Vec::new();
    for request in requests.into_iter().flatten() {
        let seen = session.ask(&request.credential(control.credential()))?;
        let response = seen.response()?;
        answers.push(match (response.status, response.redirect()) {
            (200, _) if is_kept(response) => {
                let says = "200 for one alone, and caches are not told";
                judged(&seen, Proof::behaviour(&seen, says).map(Proof::aside))
            }
            (200, _) | (_, Some(_)) => Answer::AsIntended,
            (status, None) => {
                let why = format!("{} was answered with {status}", seen.line());
                Answer::Open(Doubt::ControlFailed { why })
            }
        });
    }
    Ok(Answer::all(answers))
}

/// Whether nothing keeps a shared cache from handing an answer to somebody else.
fn is_kept(response: &Response) -> bool {
    let has = |header, words: &[&str]| {
        let mut all = response.headers.all(header).flat_map(|value| value.split(','));
        all.any(|word| words.iter().any(|known| word.trim().eq_ignore_ascii_case(known)))
    };
    !has("cache-control", &["private", "no-store"]) && !has("vary", &["authorization", "*"])
}

fn leak_11(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let doors: Vec<Origin> = session.intent().doors.iter().map(|door| door.origin.clone()).collect();
    let whole = session.ask(&Request::get("/v2/_catalog"))?;
    let all = Page::of(&whole);
    let mut answer = judged(&whole, elsewhere(&whole, &doors));
    let mut last = None;
    for _ in 0..2 {
        let from = last.map(|last: Repository| format!("&last={last}")).unwrap_or_default();
        let seen = session.ask(&Request::get(format!("/v2/_catalog?n=1{from}")))?;
        let page = Page::of(&seen);
        let more =
            page.more_than(&all).and_then(|name| Proof::data(&seen, format!("a page names {name}, the list does not")));
        answer = answer.and(judged(&seen, elsewhere(&seen, &doors).or(more)));
        if seen.response()?.is_success() && !page.is_list {
            answer = answer.and(Answer::Open(Doubt::Proofless { status: seen.response()?.status }));
        }
        last = page.names.iter().find_map(|name| name.parse().ok());
    }
    Ok(answer)
}

/// A page of the catalog.
struct Page {
    names: BTreeSet<String>,
    is_list: bool,
    goes_on: bool,
}

impl Page {
    /// Whatever is no list has no names.
    fn of(seen: &Observation) -> Self {
        let response = seen.response().ok().filter(|response| response.is_success());
        let list = response.and_then(|response| serde_json::from_slice::<Value>(response.whole()?).ok());
        let names = list.as_ref().and_then(|list| list.get("repositories")?.as_array());
        Self {
            is_list: names.is_some(),
            goes_on: response.is_some_and(|response| response.headers.get("link").is_some()),
            names: names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    /// A name that the whole list should have, and has not.
    fn more_than(&self, whole: &Self) -> Option<&String> {
        self.names.iter().find(|name| !whole.goes_on && !whole.names.contains(*name))
    }
}

/// A `Link` to a host that no door has.
fn elsewhere(seen: &Observation, doors: &[Origin]) -> Option<Proof> {
    let links = seen.response().ok()?.headers.all("link").flat_map(|value| value.split(','));
    let targets = links.filter_map(|link| link.trim().strip_prefix('<')?.split('>').next());
    let origins = targets.filter_map(|target| Endpoint::relative_to(&seen.origin, target).ok()).map(|next| next.origin);
    let foreign = origins.into_iter().find(|origin| !doors.contains(origin))?;
    Proof::behaviour(seen, format!("`link` leads to `{foreign}`"))
}

fn leak_12(session: &mut Session<'_>) -> Result<Answer, Doubt> {
    let names = session.private_names();
    let first = session.first()?;
    let name = session.private().name.to_string();
    let layer = session.content().and_then(|content| content.layer().map(|layer| session.blob_target(&layer.digest)));
    let targets = ["/v2/".to_owned(), "/v2/_catalog".to_owned(), format!("/v2/{name}/tags/list")];
    let others = targets.into_iter().chain(layer).map(Request::get).collect::<Vec<_>>();
    let others = others.iter().map(|request| told(session, request, |seen| says_more(seen, &names)));
    let others = Answer::all(others.collect::<Vec<_>>());
    Ok(judged(&first, says_more(&first, &names)).and(others))
}

/// A word in the message or the detail of a refusal that the request does not hold.
fn says_more(seen: &Observation, private: &[String]) -> Option<Proof> {
    let response = seen.response().ok().filter(|response| (400..500).contains(&response.status))?;
    let body: Value = serde_json::from_slice(response.whole()?).ok()?;
    let asked = Asked {
        request: format!("{} {}", seen.sent, seen.origin),
        id: response.headers.get("x-request-id").unwrap_or_default(),
        private,
        door: seen.origin.host(),
    };
    let errors = body.get("errors").and_then(Value::as_array);
    let members = |name: &'static str| errors.into_iter().flatten().filter_map(move |error| error.get(name));
    let messages = members("message").flat_map(strings).find_map(|text| asked.more_in(text));
    let details = || members("detail").flat_map(strings).find_map(|text| asked.more_in_detail(text));
    let word = messages.or_else(details)?;
    Proof::behaviour(seen, format!("the refusal says `{word}`, and nobody asked about that"))
}

/// What a refusal may repeat.
struct Asked<'a> {
    request: String,
    id: &'a str,
    private: &'a [String],
    door: &'a Host,
}

impl Asked<'_> {
    /// A word of a sentence that names something which was not asked.
    fn more_in(&self, text: &str) -> Option<String> {
        let trimmed = |word: &str| word.trim_matches(|letter: char| ",.;:()[]<>\"'`".contains(letter)).to_owned();
        text.split_whitespace().map(trimmed).find(|word| self.is_more(word))
    }

    /// The same for a detail, in which a single word is a value and no prose.
    fn more_in_detail(&self, text: &str) -> Option<String> {
        const WORDS: [&str; 10] =
            ["repository", "registry", "catalog", "manifest", "blob", "tag", "pull", "push", "delete", "*"];
        let is_value = !text.contains(char::is_whitespace) && !text.is_empty();
        match is_value && !WORDS.contains(&text) && !self.has(text) {
            true => Some(text.to_owned()),
            false => self.more_in(text),
        }
    }

    fn has(&self, word: &str) -> bool {
        self.request.contains(word) || word == self.id
    }

    fn is_more(&self, word: &str) -> bool {
        let is_path = word.len() > 1 && word.starts_with('/');
        let is_person = word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
        let is_private = self.private.iter().any(|name| word.contains(name.as_str()));
        let names_something = is_path || is_person || is_private || word.contains("sha256:");
        (names_something && !self.has(word)) || behind(word, self.door).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::{Body, Ended, Headers};

    #[test]
    fn a_cache_must_be_told() {
        let kept = |lines: &[(&str, &str)]| {
            let headers = lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect::<Headers>();
            is_kept(&Response {
                status: 200,
                interim: Vec::new(),
                headers,
                body: Body { bytes: Vec::new(), ended: Ended::Whole },
            })
        };
        assert!(kept(&[]) && kept(&[("Cache-Control", "max-age=31536000")]) && kept(&[("Vary", "Accept")]));
        assert!(!kept(&[("Cache-Control", "max-age=1, Private")]) && !kept(&[("Vary", "Accept, authorization")]));
    }

    #[test]
    fn a_refusal_may_repeat_what_was_asked() {
        let private = ["team/app".to_owned(), "team/other".to_owned()];
        let asked = Asked {
            request: "GET /v2/team/app/manifests/1.0 HTTP/1.1 https://registry.example".to_owned(),
            id: "id-1",
            private: &private,
            door: &"registry.example".parse().unwrap(),
        };
        for (message, more) in [
            ("authentication required (pullgate why id-1)", None),
            ("unauthorized to access repository: team/app, action: pull: wrong user/password", None),
            ("see https://docs.example.com/why", None),
            ("/v2/team/app/manifests/1.0 is closed", None),
            ("owned by ann@people.example.", Some("ann@people.example")),
            ("a fork of team/other", Some("team/other")),
            ("no policy in /etc/gate.toml", Some("/etc/gate.toml")),
            ("asked http://registry.internal:5000", Some("http://registry.internal:5000")),
        ] {
            assert_eq!(asked.more_in(message).as_deref(), more, "{message}");
        }
        for (detail, more) in [("team/app", false), ("pull", false), ("id-1", false), ("", false), ("platform", true)] {
            assert_eq!(asked.more_in_detail(detail).is_some(), more, "{detail}");
        }
    }
}
