//! `DATA/admin.sock`: one line of JSON in, one out. Whoever may open the socket may administrate; the kernel says who.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use protocol::Now;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::command::{Actor, Command, Via};
use crate::handle::{Admin, AdminError};
use crate::reply::Reply;

/// The name of the socket in the data folder.
pub const SOCKET: &str = "admin.sock";
/// Longest command, in bytes.
const COMMAND_BYTES: u64 = 256 * 1024;
/// Longest reply, in bytes: every grant of a large registry.
const REPLY_BYTES: u64 = 1 << 30;
/// Until a command must have come.
const PATIENCE: Duration = Duration::from_secs(5);
/// Until a reply must have come.
const REPLY_PATIENCE: Duration = Duration::from_secs(60);

/// Why a command was not done, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What and why.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The command itself is wrong, and nothing was asked.
    pub usage: bool,
}

/// A command that did not reach a server, or did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No server listens there.
    #[error("no server listens on `{path}`")]
    Nobody {
        /// The socket.
        path: PathBuf,
    },
    /// The connection failed.
    #[error("cannot speak to the server over `{path}`")]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server answered something else than a reply: it is of another version.
    #[error("the server's reply cannot be read: it is of another version")]
    Reply(#[source] serde_json::Error),
    /// The server refused.
    #[error("{}", .0.message)]
    Refused(Failure),
}

/// Asks the server that runs on a data folder.
///
/// # Errors
/// [`CallError::Nobody`] where none runs.
pub fn call(data: &Path, command: &Command) -> Result<Reply, CallError> {
    let path = data.join(SOCKET);
    let stream = match BlockingStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Err(CallError::Nobody { path });
        }
        Err(source) => return Err(CallError::Io { path, source }),
    };
    let line = exchange(stream, command).map_err(|source| CallError::Io { path, source })?;
    let reply: Result<Reply, Failure> = serde_json::from_slice(&line).map_err(CallError::Reply)?;
    reply.map_err(CallError::Refused)
}

fn exchange(mut stream: BlockingStream, command: &Command) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(REPLY_PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut reply = Vec::new();
    BufReader::new(stream.take(REPLY_BYTES)).read_until(b'\n', &mut reply)?;
    Ok(reply)
}

/// The server's end.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Listens in the data folder, whose lock the caller holds: a socket that is left there belongs to nobody.
    ///
    /// # Errors
    /// Where the socket cannot be made.
    pub fn bind(data: &Path) -> io::Result<Self> {
        let path = data.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // The folder is 0700, so nobody else gets as far as the socket before its mode is set.
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Handles commands one after the other until told to stop: changes go one at a time.
    pub async fn run(self, admin: Admin, now: impl Fn() -> Now, mut shutdown: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => break,
                accepted = self.listener.accept() => {
                    // A caller that goes away or says nothing leaves nothing half done.
                    if let Ok((stream, _)) = accepted {
                        let _ = serve(stream, &admin, &now).await;
                    }
                }
            }
        }
        // The next start removes it otherwise.
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve(stream: UnixStream, admin: &Admin, now: &impl Fn() -> Now) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let actor = Actor { uid, working_as: uid, via: Via::Socket };
    let mut stream = BufStream::new(stream);
    let mut line = Vec::new();
    let mut limited = (&mut stream).take(COMMAND_BYTES);
    tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await??;
    let reply = match serde_json::from_slice::<Command>(&line) {
        Ok(command) => admin.handle(command, actor, now()).await.map_err(|error| error.failure()),
        Err(_) => Err(AdminError::Command.failure()),
    };
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    tokio::time::timeout(PATIENCE, async {
        stream.write_all(&line).await?;
        stream.flush().await
    })
    .await?
}
