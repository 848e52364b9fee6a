//! Which process listens on a port: as far as `/proc` tells, which is all for root and one's own for others.

use std::fmt;
use std::fs;
use std::path::Path;

/// Hexadecimal state of a socket that listens (`TCP_LISTEN` of the kernel's `tcp_states.h`).
const LISTENS: &str = "0A";

/// A process that listens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Occupant {
    name: String,
    process: u32,
}

impl Occupant {
    /// Who listens on the port, if it can be told.
    pub(super) fn of(port: u16) -> Option<Self> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
        let sockets: Vec<String> =
            tables.iter().flat_map(|table| inodes(table, port)).map(|inode| format!("socket:[{inode}]")).collect();
        let mut processes = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| number(&entry.path()));
        let process = processes.find(|process| holds(*process, &sockets))?;
        let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?.trim_end().to_owned();
        Some(Self { name, process })
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` (process {})", self.name, self.process)
    }
}

/// The sockets that listen on a port, in a table of the kernel (proc_net_tcp.txt): columns local address, remote
/// address, state, and six further on the inode.
fn inodes(table: &str, port: u16) -> impl Iterator<Item = &str> {
    let suffix = format!(":{port:04X}");
    table.lines().skip(1).filter_map(move |line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let listens = columns.next()?.ends_with(&suffix) && columns.nth(1)? == LISTENS;
        columns.nth(5).filter(|_| listens)
    })
}

/// The number of a process; the folder has other entries too, `self` among them.
fn number(entry: &Path) -> Option<u32> {
    entry.file_name()?.to_str()?.parse().ok()
}

fn holds(process: u32, sockets: &[String]) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    let mut targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
    targets.any(|target| target.to_str().is_some_and(|target| sockets.iter().any(|socket| socket == target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_kernel_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100
   1: 0100007F:1388 0100007F:A001 01 00000000:00000000 00:00000000 00000000  1000        0 12346 1 0000000000000000 20
   2: 0100007F:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12347 1 0000000000000000 100
";
        assert_eq!(inodes(table, 5000).collect::<Vec<_>>(), ["12345"]);
        assert_eq!(inodes(table, 80).count(), 0);
        assert_eq!(inodes("", 80).count(), 0);
    }

    #[test]
    fn nobody_listens_on_port_zero() {
        assert_eq!(Occupant::of(0), None);
    }
}
