//! What there is: doors and repositories, from the configuration and the policy in force, or from a registry itself.

use admin::{Command, Reply, Who};
use outbound::{Dialer, Origin};
use probe::{Door, Source, Survey, Visibility};
use protocol::{Reference, Repository};

use super::draft::{DraftDoor, Line};
use super::questions::Questions;
use crate::cli::{ImageReference, Init};
use crate::clock;
use crate::config::Configuration;
use crate::data_folder::{DataFolder, Listening};
use crate::output::Failure;
use crate::probing;
use crate::verbs::administration;

/// The most repositories that are looked at.
const MOST: u32 = 1000;

/// Repositories, and what is to be said about how they were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) lines: Vec<Line>,
    pub(super) remarks: Vec<String>,
}

impl Found {
    /// Leaves out what is private and cannot be asked for, since no reference is known. What a flag names is not left out.
    fn leave_out_unknown(&mut self, flags: &Init, why: &str) -> Result<(), Failure> {
        let is_unknown = |line: &Line| line.visibility == Visibility::Private && line.reference.is_none();
        for line in self.lines.iter().filter(|line| is_unknown(line)) {
            if flags.private.iter().any(|named| named.repository == line.name) {
                let hint = format!("name a tag: --private {}:1.0", line.name);
                return Err(Failure::unknown(format!("`{}` cannot be asked for: {why}", line.name)).hints([hint]));
            }
            self.remarks.push(format!("{} is left out: {why}", line.name));
        }
        self.lines.retain(|line| !is_unknown(line));
        Ok(())
    }

    /// Leaves so many of each kind.
    fn cut(&mut self, limit: usize) {
        for visibility in [Visibility::Private, Visibility::Public] {
            let mut left = limit;
            let all = self.lines.len();
            self.lines.retain(|line| {
                let stays = line.visibility != visibility || left > 0;
                left = left.saturating_sub(usize::from(line.visibility == visibility));
                stays
            });
            if self.lines.len() < all {
                let (word, out) = (Line::word(visibility), all - self.lines.len());
                self.remarks.push(format!("{out} more {word} repositories are left out: --limit takes more"));
            }
        }
    }
}

/// The doors: what was typed first, or the names under which our own server is reached. They may see the credential;
/// those of `--door` may not before somebody says so in the file.
pub(super) fn doors(configuration: &Configuration, flags: &Init) -> Result<Vec<DraftDoor>, Failure> {
    let own = match &flags.registry {
        Some(origin) => vec![origin.clone()],
        None => ours(configuration)?,
    };
    let shown = own.into_iter().map(|origin| DraftDoor::new(origin, true));
    let mut doors: Vec<DraftDoor> = shown.collect();
    for origin in &flags.around.door {
        if !doors.iter().any(|door| door.origin == *origin) {
            doors.push(DraftDoor::new(origin.clone(), false));
        }
    }
    Ok(doors)
}

fn ours(configuration: &Configuration) -> Result<Vec<Origin>, Failure> {
    let listening = Listening::read(&configuration.data).map(|listening| listening.listen).unwrap_or_default();
    let doors = probing::own(configuration, &listening)?;
    if doors.is_empty() { Err(nowhere()) } else { Ok(doors) }
}

fn nowhere() -> Failure {
    let hint = "start the server, set `public_urls`, or name a registry: pullgate probe init registry.example.com";
    Failure::usage("no door is known: neither `public_urls` nor a running server names one").hints([hint.to_owned()])
}

/// What the store holds, and what the policy in force lets anonymous read of it.
pub(super) fn by_policy(configuration: &Configuration, flags: &Init) -> Result<Found, Failure> {
    let data = DataFolder::existing(&configuration.data)?;
    let held = origin::outline(&data.path().join("store"), MOST).map_err(Failure::no)?;
    let mut lines = named(&flags.private, &flags.public);
    for line in lines.iter_mut().filter(|line| line.reference.is_none()) {
        let known = held.iter().find(|held| held.repository == line.name);
        line.reference = known.map(|held| held.reference.clone());
    }
    for held in held {
        if lines.iter().all(|line| line.name != held.repository) {
            let visibility = visibility(configuration, &data, &held.repository)?;
            lines.push(Line { name: held.repository, reference: Some(held.reference), visibility });
        }
    }
    let remark = "public is what anonymous may read, as the policy says it to a caller of this machine";
    let mut found = Found { lines, remarks: vec![remark.to_owned()] };
    found.leave_out_unknown(flags, "the store holds nothing of it")?;
    found.cut(flags.limit);
    Ok(found)
}

/// What flags name.
fn named(private: &[ImageReference], public: &[ImageReference]) -> Vec<Line> {
    let line = |named: &ImageReference, visibility| Line {
        name: named.repository.clone(),
        reference: named.reference.clone(),
        visibility,
    };
    let private = private.iter().map(|named| line(named, Visibility::Private));
    private.chain(public.iter().map(|named| line(named, Visibility::Public))).collect()
}

fn visibility(configuration: &Configuration, data: &DataFolder, name: &Repository) -> Result<Visibility, Failure> {
    let command = Command::PolicyExplain {
        who: Who::Anonymous,
        action: "read-manifest".to_owned(),
        repository: name.to_string(),
        tag: None,
        from: None,
        at: None,
    };
    let may = matches!(administration::ask(configuration, data, &command)?, Reply::Explanation { allowed: true, .. });
    Ok(if may { Visibility::Public } else { Visibility::Private })
}

/// What was named, or else what the registry lists. What nobody calls public is taken for private.
pub(super) fn by_registry(
    flags: &Init,
    doors: &[DraftDoor],
    credential: Option<&Source>,
    questions: &mut Questions,
) -> Result<Found, Failure> {
    let Some(door) = doors.first() else { return Err(nowhere()) };
    let mut survey = survey(flags, door, credential)?;
    let (mut private, mut public, mut remarks) = (flags.private.clone(), flags.public.clone(), Vec::new());
    if private.is_empty() {
        private = listed(&mut survey, questions)?;
        if public.is_empty() {
            public = said(questions, &format!("which of these are meant to be public? {}", words(&private)))?;
        }
        private.retain(|named| public.iter().all(|open| open.repository != named.repository));
        remarks.push("what the registry lists is taken for private unless --public names it".to_owned());
    }
    let mut found = Found { lines: named(&private, &public), remarks };
    found.cut(flags.limit);
    for line in found.lines.iter_mut().filter(|line| line.reference.is_none()) {
        // What cannot be had now is left out below, or needs no reference.
        line.reference = survey.tag(&line.name).ok().flatten().map(Reference::Tag);
    }
    found.leave_out_unknown(flags, "no tag of it was listed")?;
    Ok(found)
}

fn survey(flags: &Init, door: &DraftDoor, credential: Option<&Source>) -> Result<Survey, Failure> {
    let mut asked = Door::new(door.origin.clone());
    asked.realms.extend(flags.around.realm.iter().cloned());
    let base = flags.output.parent().unwrap_or(std::path::Path::new(""));
    let login = credential.map(|source| crate::verbs::probe::find(base, source, &asked)).transpose();
    let dialer = Dialer::new().map_err(Failure::unknown)?;
    Survey::new(asked, login.map_err(Failure::usage)?, dialer, Box::new(clock::now)).map_err(Failure::unknown)
}

/// What the registry lists; or, where it lists nothing, what the operator names.
fn listed(survey: &mut Survey, questions: &mut Questions) -> Result<Vec<ImageReference>, Failure> {
    let why = match survey.repositories(MOST as usize) {
        Ok(names) if !names.is_empty() => {
            return Ok(names.into_iter().map(|repository| ImageReference { repository, reference: None }).collect());
        }
        Ok(_) => "the list is empty".to_owned(),
        Err(doubt) => doubt.to_string(),
    };
    let named = said(questions, "which are meant to be private, such as team/app:1.0?")?;
    match named.is_empty() {
        true => Err(Failure::unknown(format!("the registry lists no repositories: {why}"))
            .hints(["name what is private: --private team/app:1.0".to_owned()])),
        false => Ok(named),
    }
}

fn said(questions: &mut Questions, question: &str) -> Result<Vec<ImageReference>, Failure> {
    let answer = questions.ask(question)?.unwrap_or_default();
    let named = answer.split([' ', ',']).filter(|word| !word.is_empty());
    named.map(|word| word.parse().map_err(|error| Failure::usage(format!("`{word}` is {error}")))).collect()
}

fn words(listed: &[ImageReference]) -> String {
    let names: Vec<String> = listed.iter().map(|named| named.repository.to_string()).collect();
    names.join(" ")
}
