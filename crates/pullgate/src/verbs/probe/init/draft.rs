//! An intent as it is written: TOML that the probe reads, with a word on what to add.

use std::path::Path;

use outbound::Origin;
use probe::{Source, Visibility};
use protocol::{Reference, Repository};

/// Everything that the file says.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) doors: Vec<DraftDoor>,
    pub(super) lines: Vec<Line>,
    /// How it came about, for whoever reads the file.
    pub(super) remarks: Vec<String>,
    pub(super) credential: Option<Source>,
}

/// A door, named by its host and port.
#[derive(Debug)]
pub(super) struct DraftDoor {
    pub(super) origin: Origin,
    pub(super) realms: Vec<Origin>,
    pub(super) storage: Vec<Origin>,
    /// Whether the control's credential belongs to it.
    pub(super) shown: bool,
}

/// A repository.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: Repository,
    pub(super) reference: Option<Reference>,
    pub(super) visibility: Visibility,
}

impl DraftDoor {
    pub(super) fn new(origin: Origin, shown: bool) -> Self {
        Self { origin, realms: Vec::new(), storage: Vec::new(), shown }
    }
}

impl Line {
    pub(super) fn word(visibility: Visibility) -> &'static str {
        match visibility {
            Visibility::Private => "private",
            Visibility::Public => "public",
        }
    }
}

impl Draft {
    /// The file.
    pub(super) fn text(&self) -> String {
        let mut text =
            "# What should be closed, and for whom: `pullgate probe --intent` asks whether it is.\n".to_owned();
        text.extend(self.remarks.iter().map(|remark| format!("# {remark}\n")));
        text.extend(self.doors.iter().map(door));
        text.extend(self.lines.iter().map(repository));
        text + &self.identity()
    }

    /// What stands in it, for the person who had it written.
    pub(super) fn told(&self, path: &Path) -> String {
        let count = |wanted| self.lines.iter().filter(|line| line.visibility == wanted).count();
        let (private, public) = (count(Visibility::Private), count(Visibility::Public));
        let remarks: String = self.remarks.iter().map(|remark| format!("{remark}\n")).collect();
        format!(
            "{remarks}wrote `{}`: {private} private and {public} public, doors: {}",
            path.display(),
            self.doors.len()
        )
    }

    fn identity(&self) -> String {
        let shown = self.doors.iter().filter(|door| door.shown).map(|door| quoted(&door.origin.to_string()));
        let shown = shown.collect::<Vec<_>>().join(", ");
        let source = match &self.credential {
            Some(Source::DockerLogin) => "as = \"docker-login\"".to_owned(),
            Some(Source::File(file)) => format!("credential_file = {}", quoted(&file.to_string_lossy())),
            Some(Source::Environment(name)) => format!("credential_env = {}", quoted(name)),
            None => {
                return "\n# Without somebody who may pull, a refusal proves nothing: add an [[identity]] of role \"control\".\n"
                    .to_owned();
            }
        };
        format!("\n[[identity]]\nrole = \"control\"\n{source}\nshow_to = [{shown}]\n")
    }
}

fn door(door: &DraftDoor) -> String {
    let url = quoted(&door.origin.to_string());
    let others = [("realms", &door.realms), ("storage", &door.storage)].into_iter().filter(|(_, all)| !all.is_empty());
    let others = others.map(|(key, all)| {
        let all: Vec<String> = all.iter().map(|origin| quoted(&origin.to_string())).collect();
        format!("{key} = [{}]\n", all.join(", "))
    });
    format!("\n[[door]]\nname = {url}\nurl = {url}\n{}", others.collect::<String>())
}

fn repository(line: &Line) -> String {
    let reference = match &line.reference {
        Some(Reference::Tag(tag)) => format!("tag = {}\n", quoted(tag.as_str())),
        Some(Reference::Digest(digest)) => format!("digest = {}\n", quoted(digest.as_str())),
        None => String::new(),
    };
    let (name, word) = (quoted(line.name.as_str()), Line::word(line.visibility));
    format!("\n[[repository]]\nname = {name}\n{reference}visibility = \"{word}\"\n")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
