//! The server of the demonstration: the same binary, in a folder that goes away with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::clock;
use crate::data_folder::Listening;
use crate::house::JOURNAL;
use crate::output::Failure;

const START_PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);

/// A running server; ended and removed when it goes out of use.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    data: PathBuf,
    folder: TempDir,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(super) fn start() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::no)?;
        let data = folder.path().join("data");
        let child = Command::new(env::current_exe().map_err(Failure::no)?)
            .args(["serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data"])
            .arg(&data)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).map_err(Failure::no)?)
            .spawn()
            .map_err(Failure::no)?;
        let mut server = Self { child, data, folder, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The data folder.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The folder of the journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.data().join(JOURNAL)
    }

    /// Asks it to end and waits until it has.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).map_err(|error| Failure::no(std::io::Error::from(error)))?;
        }
        self.child.wait().map_err(Failure::no)?;
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let end = clock::now().tick.saturating_add(START_PATIENCE);
        while clock::now().tick < end {
            if let Some(address) = Listening::read(&self.data).and_then(|listening| listening.listen.first().copied()) {
                self.address = address;
                return Ok(());
            }
            if self.child.try_wait().map_err(Failure::no)?.is_some() {
                break;
            }
            sleep(PAUSE);
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        Err(Failure::no(format!("the server did not start: {}", log.trim())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where the demonstration went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
