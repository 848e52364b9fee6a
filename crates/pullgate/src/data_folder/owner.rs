//! Root leaves no files of its own: its verbs go on as the owner of the data folder.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{geteuid, getuid};

use super::{DataFolder, DataFolderError};
use crate::config::Environment;

/// This program, whatever became of its file and its folders since it was started.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Who does something on the command line.
///
/// What a verb of root says about itself can be said by everybody who may work as the owner of the folder; so the
/// record names both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// The user id it began with.
    pub(crate) uid: u32,
    /// The user id it works with.
    pub(crate) working_as: u32,
}

impl Actor {
    /// Who this process works for; `began_as` is what the configuration found in the environment.
    pub(crate) fn of(began_as: Option<u32>) -> Self {
        let uid = getuid().as_raw();
        Self { uid: began_as.unwrap_or(uid), working_as: uid }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uid == self.working_as {
            true => write!(formatter, "uid {}", self.uid),
            false => write!(formatter, "uid {} as uid {}", self.uid, self.working_as),
        }
    }
}

/// Lets root go on as the owner of the folder, by starting the same verb again in this process; everybody else goes
/// on as they are. Call it before anything is opened, read or written.
///
/// # Errors
/// [`DataFolderError::Io`] when the verb cannot be started again.
pub(crate) fn go_on_as_owner(folder: &DataFolder) -> Result<(), DataFolderError> {
    let (owner, group) = folder.owner()?;
    if !geteuid().is_root() || owner == 0 {
        return Ok(());
    }
    let words = std::env::args_os().skip(1);
    let source = again(words, owner, group, getuid().as_raw()).exec();
    Err(DataFolderError::Io { path: PathBuf::from(THIS_PROGRAM), source })
}

/// Group before user, and no further groups: the standard library sees to both.
fn again(words: impl Iterator<Item = OsString>, owner: u32, group: u32, actor: u32) -> Command {
    let mut command = Command::new(THIS_PROGRAM);
    command.arg0("pullgate").args(words).uid(owner).gid(group).env(Environment::ACTOR, actor.to_string());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_is_started_again_with_its_words_and_its_actor() {
        let words = ["robot", "list"].map(OsString::from);
        let command = again(words.into_iter(), 1000, 1000, 0);
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["robot", "list"]);
        let actor = command.get_envs().find(|(name, _)| *name == Environment::ACTOR);
        assert_eq!(actor.and_then(|(_, value)| value), Some("0".as_ref()));
    }

    #[test]
    fn who_works_as_somebody_else_is_named_with_both() {
        let own = Actor::of(None);
        assert_eq!(own.uid, own.working_as);
        assert_eq!(Actor::of(Some(7)), Actor { uid: 7, ..own });
        assert_eq!(Actor { uid: 0, working_as: 1000 }.to_string(), "uid 0 as uid 1000");
        assert_eq!(Actor { uid: 1000, working_as: 1000 }.to_string(), "uid 1000");
    }
}
