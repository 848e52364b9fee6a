//! `pullgate probe init`: writes an intent from the running policy, or by asking a registry, and whoever runs it.

mod draft;
mod found;
mod questions;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use probe::{Source, Visibility};
use tempfile::NamedTempFile;

use self::draft::Draft;
use self::questions::Questions;
use super::{CREDENTIAL, of_text, source};
use crate::cli::Init;
use crate::config::Configuration;
use crate::output::{Exit, Failure, note};

/// Writes the file, which the probe itself has read before.
pub(super) fn init(configuration: &Configuration, flags: &Init) -> Result<Exit, Failure> {
    if flags.output.symlink_metadata().is_ok() {
        return Err(exists(&flags.output));
    }
    let mut questions = Questions::new(flags.ask);
    let mut doors = found::doors(configuration, flags)?;
    let credential = credential(flags, &mut questions)?;
    let found = match &flags.registry {
        None => found::by_policy(configuration, flags)?,
        Some(_) => found::by_registry(flags, &doors, credential.as_ref(), &mut questions)?,
    };
    if !found.lines.iter().any(|line| line.visibility == Visibility::Private) {
        let hint = "name what is private: --private team/app:1.0".to_owned();
        return Err(Failure::unknown("nothing was found that is meant to be closed")
            .hints(found.remarks)
            .hints([hint]));
    }
    for door in &mut doors {
        door.realms.extend(flags.around.realm.iter().cloned());
        door.storage.extend(flags.around.storage.iter().cloned());
    }
    let draft = Draft { doors, lines: found.lines, remarks: found.remarks, credential };
    write(flags, &draft)?;
    Ok(Exit::Yes)
}

/// Where the control's secret comes from: a flag, the environment, or the operator's word.
fn credential(flags: &Init, questions: &mut Questions) -> Result<Option<Source>, Failure> {
    let said = match source(&flags.around) {
        Some(source) => Some(source),
        None => {
            let answer = questions.ask("who may pull what is private? `docker-login`, or a file with user:secret")?;
            answer.map(|word| match word.as_str() {
                "docker-login" => Source::DockerLogin,
                file => Source::File(file.into()),
            })
        }
    };
    if said.is_none() {
        note(&format!(
            "nobody is named who may pull, so a run can prove no more than that something is exposed: \
             add --as docker-login, --credential-file FILE or {CREDENTIAL}\n"
        ));
    }
    Ok(said.map(|source| match source {
        Source::File(file) => Source::File(beside(&file, &flags.output)),
        source @ (Source::Environment(_) | Source::DockerLogin) => source,
    }))
}

/// A file as an intent names it, whose names are relative to its own folder.
fn beside(file: &Path, intent: &Path) -> PathBuf {
    match intent.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
        _ => file.to_owned(),
    }
}

fn write(flags: &Init, draft: &Draft) -> Result<(), Failure> {
    let (text, path) = (draft.text(), flags.output.as_path());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    of_text(&text, path.parent().unwrap_or(Path::new(""))).map_err(Failure::usage)?;
    match persist(folder, path, &text) {
        Ok(()) => {
            note(&format!("{}\nasks: pullgate probe --intent {}\n", draft.told(path), path.display()));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(Failure::usage(format!("cannot write `{}`: {}", path.display(), error.kind()))),
    }
}

/// The whole file or nothing, and nothing that was there before is lost.
fn persist(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn exists(path: &Path) -> Failure {
    let hint = "it is never overwritten: name another with --output".to_owned();
    Failure::usage(format!("`{}` is there already", path.display())).hints([hint])
}
