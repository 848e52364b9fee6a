//! Logs for the tests of this crate.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use flate2::read::MultiGzDecoder;

use crate::checkpoint::{CheckpointKey, LogName};
use crate::error::{Broken, LogError, ReadError};
use crate::leaves::Leaves;
use crate::log::{Log, LogSettings};
use crate::recover::Recovered;
use crate::segment::Segment;
use crate::verify::{Report, verify};

pub(crate) fn key() -> CheckpointKey {
    CheckpointKey::new(LogName::new("example", "one").unwrap(), &[7; 32]).unwrap()
}

pub(crate) fn open(folder: &Path, segment_bytes: u64) -> Result<(Log, Recovered), LogError> {
    Log::open(LogSettings { folder: folder.to_owned(), segment_bytes }, key())
}

pub(crate) fn line(sequence: u64) -> Vec<u8> {
    format!(r#"{{"kind":"decision","number":{sequence}}}"#).into_bytes()
}

/// Appends up to `size` leaves, each synced, so that rotation happens at the same places every time.
pub(crate) fn fill(log: &Log, size: u64) {
    for sequence in log.size()..size {
        assert_eq!(log.append(&line(sequence)).unwrap(), sequence);
        wait(log.synced(sequence)).unwrap();
    }
}

/// A closed log of so many leaves.
pub(crate) fn closed(folder: &Path, size: u64, segment_bytes: u64) {
    let (log, _) = open(folder, segment_bytes).unwrap();
    fill(&log, size);
    assert_eq!(log.close().unwrap().size, size);
}

pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let limited = async { tokio::time::timeout(Duration::from_secs(30), future).await };
    runtime.block_on(limited).expect("in time")
}

pub(crate) fn eventually(condition: impl Fn() -> bool) {
    wait(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}

pub(crate) fn read(folder: &Path, from: u64) -> Vec<(u64, Vec<u8>)> {
    Leaves::new(folder, from).collect::<Result<_, _>>().unwrap()
}

pub(crate) fn check(folder: &Path) -> Result<Report, ReadError> {
    verify(folder, key().public(), None, |_, _| Ok::<_, String>(()))
}

pub(crate) fn broken<T: std::fmt::Debug>(result: Result<T, ReadError>) -> Broken {
    match result {
        Err(ReadError::Broken(broken)) => broken,
        other => panic!("not told to be broken: {other:?}"),
    }
}

pub(crate) fn refused(result: Result<(Log, Recovered), LogError>) -> Broken {
    match result {
        Err(LogError::Read(ReadError::Broken(broken))) => broken,
        other => panic!("opened, or refused for another reason: {other:?}"),
    }
}

pub(crate) fn copy(folder: &Path) -> tempfile::TempDir {
    let target = tempfile::tempdir().unwrap();
    for name in names(folder) {
        fs::copy(folder.join(&name), target.path().join(&name)).unwrap();
    }
    target
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Brings every segment but the last into one form, whatever the compressing thread came to.
pub(crate) fn settle(folder: &Path, compressed: bool) {
    let segments = Segment::list(folder).unwrap();
    for segment in &segments[..segments.len() - 1] {
        let plain = segment.path(folder);
        match (plain.exists(), compressed) {
            (true, true) => segment.compress(folder).unwrap(),
            (false, false) => {
                let packed = folder.join(format!("{}.gz", segment.name()));
                let mut bytes = Vec::new();
                MultiGzDecoder::new(File::open(&packed).unwrap()).read_to_end(&mut bytes).unwrap();
                fs::write(plain, bytes).unwrap();
                fs::remove_file(packed).unwrap();
            }
            _ => {}
        }
    }
}
