//! A server process of a test: started, awaited, measured, ended.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything awaited may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);
/// Clock ticks per second in `/proc`: 100 on every Linux that Rust's standard library supports.
const TICKS: u32 = 100;
/// How much of a server's output a failed test shows.
const LAST_LINES: usize = 40;

/// A running process. Its output goes to a file and is part of every panic; dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    output: PathBuf,
}

impl Server {
    /// Starts `command`, standard output and standard error going to the file `output`.
    pub fn start(mut command: Command, output: &Path) -> Self {
        let file = File::create(output).expect("the file for the output is made");
        let copy = file.try_clone().expect("the file is shared");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self { child, output: output.to_owned() }
    }

    /// Waits until `condition` holds; panics with the output when the process ends before, or after a minute.
    pub fn wait_until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        let start = Instant::now();
        while !condition() {
            let ended = self.child.try_wait().expect("the state of a child can be read");
            if let Some(status) = ended {
                panic!("ended with {status} before {what}:\n{}", last_lines(&self.output()));
            }
            assert!(start.elapsed() < PATIENCE, "still waiting for {what}:\n{}", last_lines(&self.output()));
            thread::sleep(PAUSE);
        }
    }

    /// Waits until a file exists.
    pub fn wait_for_file(&mut self, file: &Path) {
        self.wait_until(&file.display().to_string(), || file.exists());
    }

    /// Waits until something accepts connections at `address`.
    pub fn wait_for_port(&mut self, address: SocketAddr) {
        self.wait_until(&address.to_string(), || TcpStream::connect(address).is_ok());
    }

    /// What the process has written so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// The process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, and waits for the end.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be awaited");
    }

    /// Sends a signal, such as `Signal::TERM`.
    pub fn signal(&self, signal: Signal) {
        kill_process(pid(&self.child), signal).expect("a child can be signalled");
    }

    /// SIGTERM, and waits for the end; panics with the output when it has not come after a minute.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for the end; panics with the output when it has not come after a minute.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the state of a child can be read") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "does not end:\n{}", last_lines(&self.output()));
            thread::sleep(PAUSE);
        }
    }

    /// Memory as the kernel counts it.
    pub fn memory(&self) -> Memory {
        memory(self.id()).expect("the process runs")
    }

    /// CPU time of all its threads, user and system, in steps of 10 ms.
    pub fn cpu_time(&self) -> Duration {
        cpu_time(self.id()).expect("the process runs")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill, and nothing to say.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the last lines of {}\n{}", self.output.display(), last_lines(&self.output()));
        }
    }
}

fn last_lines(text: &str) -> &str {
    let start = text.trim_end().rmatch_indices('\n').nth(LAST_LINES).map_or(0, |(newline, _)| newline + 1);
    &text[start..]
}

/// What a command did that ran to its end.
#[derive(Debug)]
pub struct Measured {
    /// How it ended, and what it wrote.
    pub output: Output,
    /// How long it took.
    pub took: Duration,
    /// Its memory when it had begun to write. None where it wrote less than a pipe holds, and was gone before anybody could
    /// look.
    pub memory: Option<Memory>,
    /// Its CPU time then, in steps of 10 ms.
    pub cpu: Option<Duration>,
}

/// Runs a command to its end; panics when it takes longer than `limit`.
///
/// Whoever writes more to standard output than a pipe holds waits for its reader, and is looked at meanwhile.
pub fn measured(command: &mut Command, limit: Duration) -> Measured {
    let start = Instant::now();
    let mut errors = tempfile::tempfile().expect("a file for standard error");
    let copy = errors.try_clone().expect("the file is shared");
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(copy).spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let (ended, end) = mpsc::channel::<()>();
    let process = pid(&child);
    let guard = thread::spawn(move || {
        let late = end.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        late && kill_process(process, Signal::KILL).is_ok()
    });
    let mut pipe = child.stdout.take().expect("standard output is piped");
    let (mut stdout, mut stderr) = (vec![0], Vec::new());
    let read = pipe.read(&mut stdout).expect("standard output is read");
    stdout.truncate(read);
    let (memory, cpu) = (memory(child.id()), cpu_time(child.id()));
    pipe.read_to_end(&mut stdout).expect("standard output is read");
    let status = child.wait().expect("a child can be awaited");
    let took = start.elapsed();
    drop(ended);
    let late = guard.join().expect("the guard does not panic");
    errors.rewind().and_then(|()| errors.read_to_end(&mut stderr)).expect("standard error is read");
    assert!(!late, "did not end within {limit:?}: {}", last_lines(&String::from_utf8_lossy(&stderr)));
    Measured { output: Output { status, stdout, stderr }, took, memory, cpu }
}

fn pid(child: &Child) -> Pid {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process ID is a positive number")
}

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// `VmRSS`: resident now.
    pub resident: u64,
    /// `VmHWM`: the most that was resident.
    pub peak: u64,
}

/// Of a process; none once it has ended.
pub fn memory(id: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    Some(Memory { resident: field(&status, "VmRSS:")?, peak: field(&status, "VmHWM:")? })
}

fn cpu_time(id: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the name in parentheses and may hold blanks; utime and stime are the 14th and 15th.
    let (_, after_name) = stat.rsplit_once(')')?;
    let ticks: u32 = after_name.split_whitespace().skip(11).take(2).map(number).sum();
    Some(Duration::from_secs(1) * ticks / TICKS)
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes = line.split_whitespace().next().expect("a number follows");
    Some(u64::from(number(kibibytes)) * 1024)
}

fn number(text: &str) -> u32 {
    text.parse().expect("the kernel writes numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Server {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder);
        Server::start(command, &folder.join("output"))
    }

    #[test]
    fn a_server_is_awaited_measured_and_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = "trap 'echo bye; exit 3' TERM; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; \
                      touch ready; while true; do sleep 0.01; done";
        let mut server = shell(script, folder.path());
        server.wait_for_file(&folder.path().join("ready"));
        assert!(server.cpu_time() >= Duration::from_millis(10), "{:?}", server.cpu_time());
        let memory = server.memory();
        assert!(memory.resident > 100_000 && memory.peak >= memory.resident, "{memory:?}");
        assert_eq!(server.terminate().code(), Some(3));
        assert_eq!(server.output(), "bye\n");
    }

    #[test]
    fn a_command_is_measured_while_somebody_has_yet_to_read() {
        let script = "head -c 100000 /dev/zero; echo said >&2; exit 3";
        let ran = measured(Command::new("sh").args(["-c", script]), PATIENCE);
        assert_eq!((ran.output.status.code(), ran.output.stdout.len()), (Some(3), 100_000));
        assert_eq!(ran.output.stderr, b"said\n");
        assert!(ran.memory.is_some_and(|memory| memory.peak > 100_000), "{:?}", ran.memory);
        let silent = measured(Command::new("sh").args(["-c", "exit 0"]), PATIENCE);
        assert!(silent.output.stdout.is_empty());
    }

    #[test]
    #[should_panic(expected = "did not end within")]
    fn a_command_that_hangs_is_ended() {
        measured(Command::new("sleep").arg("60"), Duration::from_millis(50));
    }

    #[test]
    #[should_panic(expected = "before the sun rises:\nno sun")]
    fn an_early_end_is_told_with_the_output() {
        let folder = tempfile::tempdir().expect("a folder");
        shell("echo no sun", folder.path()).wait_until("the sun rises", || false);
    }
}
