//! What a stranger asks for, and its path in other words.
//!
//! A template is a path in which words in braces stand for a part of the plain one, `v2/R/manifests/T`:
//!
//! | word | stands for |
//! |---|---|
//! | `{path}`, `{rest}`, `{name}`, `{thing}` | all of it, what is behind `v2/`, `R`, `manifests/T` |
//! | `{path%2f}` | the same with other slashes: whatever stands behind the word |
//! | `{letter%}`, `{letter%25}` | the rest with its first letter encoded, and with the percent sign encoded too |
//! | `{letter%5A}`, `{letter%5a}` | the rest with a letter encoded whose digits have a case, in this case |
//! | `{NAME}`, `{Thing}` | the name in upper case, the thing with an upper-case first letter |
//! | `{public}` | a public repository |
//! | `{long}`, `{deep}` | a component, and components, beyond what a name may have |
//! | `{/..}` and whatever else has two dots, or stands for them | as often as it leads back out of the public repository |

use std::fmt;

use protocol::{Descriptor, Digest};

use crate::controls::Decoy;
use crate::observation::Observation;
use crate::proof::Proof;
use crate::request::Request;
use crate::session::Session;

/// What a repository is called that is public, where the user knows of none.
const SOME_PUBLIC: &str = "public";
/// Ways out of a folder, or into the one above.
const OUT: [&str; 7] = ["/..", "/%2e%2e", "/%2e.", "..%2f", "/%c0%ae%c0%ae", r"\..", "%5c.."];

/// A name may have 255 characters.
const LONG: usize = 256;
/// So many components are more than anybody needs.
const DEEP: usize = 64;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Manifest,
    Layer,
    Catalog,
    Tags,
}

impl fmt::Display for Thing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Manifest => "the manifest",
            Self::Layer => "the layer",
            Self::Catalog => "the catalogue",
            Self::Tags => "the tags",
        })
    }
}

/// One thing, and what shows that it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) thing: Thing,
    /// R, and what is asked for in it; of the catalogue there is only the latter.
    name: Option<String>,
    within: String,
    public: String,
    shows: Shows,
}

#[derive(Clone, Debug)]
enum Shows {
    Manifest(Digest),
    Layer(Descriptor, Decoy),
    Names(Vec<String>),
    Tags(Option<protocol::Tag>, Decoy),
}

/// A request that is odd, and what it asks for.
#[derive(Clone, Debug)]
pub(super) struct Odd<'a> {
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) asked: &'a Asked,
}

impl Asked {
    /// Each of these things, as far as it is known.
    pub(super) fn all(session: &Session<'_>, things: &[Thing]) -> Vec<Self> {
        things.iter().filter_map(|thing| Self::one(session, *thing)).collect()
    }

    fn one(session: &Session<'_>, thing: Thing) -> Option<Self> {
        let private = session.private();
        let public = session.public().map_or_else(|_| SOME_PUBLIC.to_owned(), |known| known.name.to_string());
        let (within, shows) = match thing {
            Thing::Manifest => (format!("manifests/{}", private.reference()), Shows::Manifest(session.digest()?)),
            Thing::Layer => {
                let layer = session.content()?.layer()?.clone();
                (format!("blobs/{}", layer.digest), Shows::Layer(layer, session.decoy().clone()))
            }
            Thing::Catalog => ("_catalog".to_owned(), Shows::Names(session.private_names())),
            Thing::Tags => ("tags/list".to_owned(), Shows::Tags(private.tag.clone(), session.decoy().clone())),
        };
        let name = (thing != Thing::Catalog).then(|| private.name.to_string());
        Some(Self { thing, name, within, public, shows })
    }

    /// The plain path.
    pub(super) fn path(&self) -> String {
        format!("/v2/{}", self.rest())
    }

    /// The plain question.
    pub(super) fn plain(&self) -> Request {
        self.at(self.path())
    }

    /// The question at another path.
    pub(super) fn at(&self, path: impl Into<Vec<u8>>) -> Request {
        self.as_method("GET", path)
    }

    /// The question with another method.
    pub(super) fn as_method(&self, method: &str, path: impl Into<Vec<u8>>) -> Request {
        let request = Request::new(method, path);
        match self.thing {
            Thing::Manifest => request.accepting_manifests(),
            Thing::Layer => request.header("Range", "bytes=0-1023").unkept(),
            Thing::Catalog | Thing::Tags => request,
        }
    }

    /// The question in an odd way that has a name.
    pub(super) fn odd(&self, name: &str, request: Request) -> Odd<'_> {
        Odd { name: format!("{name}, for {}", self.thing), request, asked: self }
    }

    /// The digest of what is asked for, if it has one.
    pub(super) fn digest(&self) -> Option<&Digest> {
        match &self.shows {
            Shows::Manifest(digest) => Some(digest),
            Shows::Layer(layer, _) => Some(&layer.digest),
            Shows::Names(_) | Shows::Tags(..) => None,
        }
    }

    /// What shows that it came.
    pub(super) fn proof(&self, seen: &Observation) -> Option<Proof> {
        match &self.shows {
            Shows::Manifest(digest) => Proof::bytes(seen, digest),
            Shows::Layer(layer, decoy) => {
                Proof::bytes(seen, &layer.digest).or_else(|| Proof::part_of(seen, layer.size, decoy))
            }
            Shows::Names(names) => Proof::listing(seen, names),
            Shows::Tags(tag, decoy) => Proof::tags(seen, tag.as_ref(), decoy),
        }
    }

    fn rest(&self) -> String {
        self.name.as_ref().map_or_else(|| self.within.clone(), |name| format!("{name}/{}", self.within))
    }

    /// The path by a template; none where that is the plain one, or speaks of something that this path does not have.
    pub(super) fn spelled(&self, template: &str) -> Option<String> {
        self.filled(template).filter(|path| *path != self.path())
    }

    /// A template with this path in it; none where it speaks of something that this path does not have.
    pub(super) fn filled(&self, template: &str) -> Option<String> {
        let mut path = String::new();
        let mut left = template;
        while let Some((plain, after)) = left.split_once('{') {
            let (word, after) = after.split_once('}')?;
            path.push_str(plain);
            path.push_str(&self.word(word)?);
            left = after;
        }
        path.push_str(left);
        Some(path)
    }

    fn word(&self, word: &str) -> Option<String> {
        if OUT.contains(&word) {
            return Some(word.repeat(self.public.split('/').count()));
        }
        match word {
            "letter%" => encoded(&self.rest(), "%", |digits| digits),
            "letter%25" => encoded(&self.rest(), "%25", |digits| digits),
            "letter%5A" => cased(&self.rest(), |digits| digits.to_uppercase()),
            "letter%5a" => cased(&self.rest(), |digits| digits),
            "NAME" => self.name.as_ref().map(|name| name.to_uppercase()),
            "long" => Some("a".repeat(LONG)),
            "deep" => Some(vec!["a"; DEEP].join("/")),
            "Thing" => self.name.as_ref().and_then(|_| capital(&self.within)),
            _ => self.part(word),
        }
    }

    /// A part of the plain path, perhaps with something else for its slashes.
    fn part(&self, word: &str) -> Option<String> {
        let at = word.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(word.len());
        let (part, slash) = word.split_at_checked(at)?;
        let text = match part {
            "path" => self.path().trim_start_matches('/').to_owned(),
            "rest" => self.rest(),
            "name" => self.name.clone()?,
            "thing" => self.name.as_ref().map(|_| self.within.clone())?,
            "public" => self.public.clone(),
            _ => return None,
        };
        match slash {
            "" => Some(text),
            // Without a slash there is nothing to write differently.
            slash => text.contains('/').then(|| text.replace('/', slash)),
        }
    }
}

/// With the first letter encoded.
fn encoded(text: &str, percent: &str, digits: fn(String) -> String) -> Option<String> {
    let mut letters = text.chars();
    let first = letters.next().filter(char::is_ascii)?;
    Some(format!("{percent}{}{}", digits(format!("{:02x}", u32::from(first))), letters.as_str()))
}

/// With the first letter encoded whose digits are not all decimal.
fn cased(text: &str, digits: fn(String) -> String) -> Option<String> {
    let has_case = |letter: char| letter.is_ascii() && (u32::from(letter) & 0xf) > 9;
    let (front, back) = text.split_at_checked(text.find(has_case)?)?;
    Some(format!("{front}{}", encoded(back, "%", digits)?))
}

fn capital(text: &str) -> Option<String> {
    let mut letters = text.chars();
    let first = letters.next()?;
    Some(format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: Option<&str>, within: &str) -> Asked {
        Asked {
            thing: Thing::Manifest,
            name: name.map(str::to_owned),
            within: within.to_owned(),
            public: "public/base".to_owned(),
            shows: Shows::Names(Vec::new()),
        }
    }

    #[test]
    fn a_path_in_other_words() {
        let manifest = asked(Some("team/app"), "manifests/1.0");
        for (template, path) in [
            ("/v2/{name}//{thing}", "/v2/team/app//manifests/1.0"),
            ("/v2/{public}{/..}/{rest}", "/v2/public/base/../../team/app/manifests/1.0"),
            ("/v2/{public}/{..%2f}{rest}", "/v2/public/base/..%2f..%2fteam/app/manifests/1.0"),
            ("/v2/{name%2f}/{thing}", "/v2/team%2fapp/manifests/1.0"),
            ("/v2/{letter%}", "/v2/%74eam/app/manifests/1.0"),
            ("/v2/{letter%25}", "/v2/%2574eam/app/manifests/1.0"),
            ("/v2/{letter%5A}", "/v2/tea%6D/app/manifests/1.0"),
            ("/v2/{letter%5a}", "/v2/tea%6d/app/manifests/1.0"),
            ("/v2/{NAME}/{thing}", "/v2/TEAM/APP/manifests/1.0"),
            ("/v2/{name}/{Thing}", "/v2/team/app/Manifests/1.0"),
            (r"/{path\}", r"/v2\team\app\manifests\1.0"),
            (r"/v2/{public}{\..}\{rest\}", r"/v2/public/base\..\..\team\app\manifests\1.0"),
            ("/{path%5c}", "/v2%5cteam%5capp%5cmanifests%5c1.0"),
        ] {
            assert_eq!(manifest.spelled(template).as_deref(), Some(path), "{template}");
        }
    }

    #[test]
    fn what_a_path_does_not_have_is_not_spelled() {
        let catalog = asked(None, "_catalog");
        assert_eq!(catalog.spelled("/v2/{letter%}").as_deref(), Some("/v2/%5fcatalog"));
        for template in ["/v2/{name}/{thing}", "/v2/{rest%2f}", "/v2/{nothing}", "/{path}", "/{path"] {
            assert_eq!(catalog.spelled(template), None, "{template}");
        }
    }

    #[test]
    fn every_template_can_be_filled() {
        use super::super::{BACKSLASHES, CASE, DOTS, PERCENT, QUERIES, SLASHES, SUFFIXES, answered::NAMES};
        let manifest = asked(Some("team/app"), "manifests/1.0");
        let tables: [&[(&str, &str)]; 8] =
            [&SLASHES, &DOTS, &PERCENT, &CASE, &SUFFIXES, &QUERIES, &BACKSLASHES, &NAMES];
        for (name, template) in tables.into_iter().flatten() {
            assert!(manifest.spelled(template).is_some(), "{name}: {template}");
        }
    }
}
