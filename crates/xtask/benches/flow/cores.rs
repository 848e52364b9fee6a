//! One core for the server, another for the load.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Two different CPUs that this process may use.
#[derive(Debug)]
pub(crate) struct Cores {
    /// The server's.
    pub(crate) server: u32,
    /// Ours.
    pub(crate) load: u32,
}

impl Cores {
    /// Chooses two and moves this process to its own.
    pub(crate) fn pinned() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("the kernel tells");
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("the kernel tells");
        let allowed = cpus(list.trim());
        let [server, load, ..] = allowed.as_slice() else {
            panic!("the load needs a core of its own, and there is only one");
        };
        let cores = Self { server: *server, load: *load };
        let moved = Command::new("taskset")
            .args(["--all-tasks", "--cpu-list", "--pid", &cores.load.to_string(), &std::process::id().to_string()])
            .output()
            .expect("`taskset` of util-linux is there");
        assert!(moved.status.success(), "taskset: {}", String::from_utf8_lossy(&moved.stderr));
        cores
    }

    /// A command that runs on the server's core.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.server.to_string()]).arg(program);
        command
    }
}

/// The numbers of a list such as `0-2,5`.
fn cpus(list: &str) -> Vec<u32> {
    let number = |text: &str| text.parse::<u32>().expect("the kernel writes numbers");
    let ranges = list.split(',').map(|part| part.split_once('-').unwrap_or((part, part)));
    ranges.flat_map(|(first, last)| number(first)..=number(last)).collect()
}
