use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use super::*;
use crate::error::{Fault, Place};
use crate::fixture::*;
use crate::leaves::Leaves;
use crate::recover::{CHECKPOINT, Torn};
use crate::segment::MAX_LINE;

const LARGE: u64 = LogSettings::SEGMENT_BYTES;
/// Three of the fixture's lines.
const SMALL: u64 = 90;

fn device(path: &str) -> Arc<File> {
    Arc::new(OpenOptions::new().write(true).open(path).unwrap())
}

#[test]
fn leaves_are_numbered_read_back_signed_and_continued() {
    let folder = tempdir().unwrap();
    let (log, recovered) = open(folder.path(), LARGE).unwrap();
    assert_eq!((recovered.size, recovered.checkpoint.size, recovered.torn), (0, 0, None));
    assert_eq!(log.append(b"zero").unwrap(), 0);
    assert_eq!(log.append_many(&["one", "two"]).unwrap(), 1..3);
    assert_eq!(log.append_many::<&str>(&[]).unwrap(), 3..3);
    wait(log.synced(2)).unwrap();
    let checkpoint = log.close().unwrap();

    let report = check(folder.path()).unwrap();
    assert_eq!((report.log, report.checkpoint, report.segments), (checkpoint, checkpoint, 1));
    let (log, recovered) = open(folder.path(), LARGE).unwrap();
    assert_eq!((recovered.size, recovered.checkpoint), (3, checkpoint));
    assert_eq!(log.append(b"three").unwrap(), 3);
    let leaves: Vec<_> = read(folder.path(), 1).into_iter().map(|(_, line)| line).collect();
    assert_eq!(leaves, [&b"one"[..], b"two", b"three"]);
}

#[test]
fn what_cannot_be_a_leaf_is_refused_and_nothing_of_its_batch_is_written() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), LARGE).unwrap();
    let long = vec![b'x'; MAX_LINE + 1];
    for (line, fault) in [
        (&b""[..], LineFault::Empty),
        (b"a\nb", LineFault::Control),
        (b"\0", LineFault::Control),
        (&long, LineFault::TooLong),
    ] {
        let refused = log.append_many(&[b"good", line]);
        assert!(matches!(refused, Err(LogError::Line(found)) if found == fault), "{refused:?}");
    }
    assert_eq!(log.append(&long[1..]).unwrap(), 0);
    assert_eq!(read(folder.path(), 0).len(), 1);
}

#[test]
fn leaves_that_nobody_waits_for_are_synced_and_signed_too() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), LARGE).unwrap();
    let mut checkpoints = log.checkpoints();
    log.append(b"one").unwrap();
    log.append(b"two").unwrap();
    let signed = *wait(checkpoints.wait_for(|checkpoint| checkpoint.size == 2)).unwrap();
    assert!(log.shared.lock().is_synced());
    let note = fs::read_to_string(folder.path().join(CHECKPOINT)).unwrap();
    assert_eq!(key().public().verify(&note), Ok(signed));
}

#[test]
fn waiting_ends_when_the_log_does() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), LARGE).unwrap();
    let never = log.synced(5);
    let soon = log.synced(log.append(b"one").unwrap());
    drop(log);
    assert!(matches!(wait(never), Err(LogError::Closed)));
    assert!(wait(soon).is_ok());
}

#[test]
fn many_writers_share_one_order() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), SMALL).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let log = &log;
            scope.spawn(move || {
                for turn in 0..50 {
                    let line = format!("{writer} {turn}");
                    let sequence = log.append(line.as_bytes()).unwrap();
                    wait(log.synced(sequence)).unwrap();
                    assert_eq!(read(folder_of(log), sequence)[0], (sequence, line.into_bytes()));
                }
            });
        }
    });
    assert_eq!(log.close().unwrap().size, 200);
    assert_eq!(check(folder.path()).unwrap().log.size, 200);
}

fn folder_of(log: &Log) -> &Path {
    &log.shared.settings.folder
}

#[test]
fn full_segments_are_closed_compressed_and_continued() {
    let folder = tempdir().unwrap();
    closed(folder.path(), 20, SMALL);
    let (log, recovered) = open(folder.path(), SMALL).unwrap();
    assert_eq!(recovered.size, 20);
    fill(&log, 32);
    eventually(|| names(folder.path()).iter().filter(|name| name.ends_with(".ndjson")).count() == 1);
    assert_eq!(log.close().unwrap().size, 32);

    let report = check(folder.path()).unwrap();
    assert_eq!((report.log.size, report.segments), (32, 11));
    for from in 0..=33 {
        let expected: Vec<_> = (from..32).map(|sequence| (sequence, line(sequence))).collect();
        assert_eq!(read(folder.path(), from), expected);
    }
}

#[test]
fn the_folder_and_its_files_are_the_owners_alone() {
    let folder = tempdir().unwrap();
    let folder = folder.path().join("journal");
    closed(&folder, 8, SMALL);
    settle(&folder, true);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in names(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_reader_follows_a_writer_through_rotation_and_compression() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), SMALL).unwrap();
    let writer = std::thread::spawn(move || {
        fill(&log, 60);
        log
    });
    let mut leaves = Leaves::new(folder.path(), 0);
    let mut next = 0;
    wait(async {
        while next < 60 {
            match leaves.next() {
                Some(leaf) => assert_eq!(leaf.unwrap(), (next, line(next))),
                None => {
                    tokio::task::yield_now().await;
                    continue;
                }
            }
            next += 1;
        }
    });
    drop(writer.join().unwrap());
}

#[test]
fn a_half_line_is_not_a_leaf_and_its_rest_may_follow() {
    let folder = tempdir().unwrap();
    closed(folder.path(), 1, LARGE);
    let mut leaves = Leaves::new(folder.path(), 1);
    let mut file = OpenOptions::new().append(true).open(folder.path().join("00000000000000000000.ndjson")).unwrap();
    assert!(leaves.next().is_none());
    file.write_all(b"half").unwrap();
    assert!(leaves.next().is_none() && check(folder.path()).unwrap().torn);
    file.set_len(file.metadata().unwrap().len() - 4).unwrap();
    file.write_all(b"whole\nha").unwrap();
    assert_eq!(leaves.next().unwrap().unwrap(), (1, b"whole".to_vec()));
    assert!(leaves.next().is_none());
}

/// A log of six leaves whose last checkpoint counts `signed`.
fn signed_behind(signed: u64, segment_bytes: u64) -> tempfile::TempDir {
    let folder = tempdir().unwrap();
    closed(folder.path(), signed, segment_bytes);
    let checkpoint = fs::read(folder.path().join(CHECKPOINT)).unwrap();
    closed(folder.path(), 6, segment_bytes);
    settle(folder.path(), false);
    fs::write(folder.path().join(CHECKPOINT), checkpoint).unwrap();
    folder
}

#[test]
fn cut_anywhere_a_log_recovers_every_whole_leaf_or_refuses() {
    for (signed, segment_bytes, first) in [(2, LARGE, 0), (4, LARGE, 0), (2, SMALL, 3), (5, SMALL, 3)] {
        let folder = signed_behind(signed, segment_bytes);
        let name = format!("{first:020}.ndjson");
        // The segment that began when the one before was full is empty or holds the last leaves.
        let _ = fs::remove_file(folder.path().join("00000000000000000006.ndjson"));
        let whole = fs::read(folder.path().join(&name)).unwrap();
        for cut in 0..=whole.len() {
            let copy = copy(folder.path());
            fs::write(copy.path().join(&name), &whole[..cut]).unwrap();
            let size = first + whole[..cut].iter().filter(|byte| **byte == b'\n').count() as u64;
            let end = whole[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
            let opened = open(copy.path(), LARGE);
            if size < signed {
                let broken = refused(opened);
                assert_eq!(broken.place, Place::File(name.clone()));
                assert!(
                    matches!(broken.fault, Fault::Short { size: found, expected } if (found, expected) == (size, signed))
                );
                continue;
            }
            let (log, recovered) = opened.unwrap();
            let torn = (cut > end).then_some(Torn { sequence: size, bytes: (cut - end) as u64 });
            assert_eq!((recovered.size, recovered.torn), (size, torn), "cut at {cut}");
            fill(&log, size + 1);
            drop(log);
            assert_eq!(read(copy.path(), 0).len() as u64, size + 1);
            assert_eq!(check(copy.path()).unwrap().log.size, size + 1);
        }
    }
}

#[test]
fn zeros_of_a_lost_page_are_cut_beyond_the_checkpoint_and_refused_before_it() {
    for (signed, opens) in [(3, true), (5, false)] {
        let folder = signed_behind(signed, LARGE);
        let path = folder.path().join("00000000000000000000.ndjson");
        let mut bytes = fs::read(&path).unwrap();
        let start = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(3).unwrap().0 + 1;
        bytes[start..start + 10].fill(0);
        fs::write(&path, bytes).unwrap();
        match open(folder.path(), LARGE) {
            Ok((_, recovered)) => assert_eq!((opens, recovered.size, recovered.torn.unwrap().sequence), (true, 4, 4)),
            refusal => {
                let broken = refused(refusal);
                assert!(!opens && matches!(broken.fault, Fault::Line(LineFault::Control)), "{broken}");
                assert!(matches!(broken.place, Place::Leaf { line: 5, sequence: 4, .. }));
            }
        }
    }
}

/// What is done, how, and the file that is named then.
type Damage<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);

#[test]
fn a_log_that_does_not_continue_its_checkpoint_is_refused_with_the_place() {
    let whole = tempdir().unwrap();
    closed(whole.path(), 8, SMALL);
    settle(whole.path(), false);
    let [first, second, last] = [0, 3, 6].map(|first| format!("{first:020}.ndjson"));
    let edge = format!("{:020}.tree", 6);
    let cases: [Damage<'_>; 6] = [
        ("no checkpoint", &|folder| fs::remove_file(folder.join(CHECKPOINT)).unwrap(), CHECKPOINT),
        (
            "no segment",
            &|folder| {
                [&first, &second, &last].map(|name| fs::remove_file(folder.join(name)).unwrap()).into_iter().collect()
            },
            CHECKPOINT,
        ),
        ("last segment gone", &|folder| fs::remove_file(folder.join(&last)).unwrap(), &second),
        ("sidecar gone", &|folder| fs::remove_file(folder.join(&edge)).unwrap(), &edge),
        (
            "sidecar of another tree",
            &|folder| fs::copy(folder.join(format!("{:020}.tree", 3)), folder.join(&edge)).map(|_| ()).unwrap(),
            &edge,
        ),
        ("leaf changed", &|folder| replace(&folder.join(&last), "number\":7", "number\":8"), &last),
    ];
    for (case, damage, place) in cases {
        let copy = copy(whole.path());
        damage(copy.path());
        let broken = refused(open(copy.path(), SMALL));
        assert!(broken.place.to_string().contains(&format!("`{place}`")), "{case}: {broken}");
    }
    let other = CheckpointKey::new(key().public().name().clone(), &[8; 32]).unwrap();
    let settings = LogSettings { folder: whole.path().to_owned(), segment_bytes: SMALL };
    assert!(matches!(refused(Log::open(settings, other)).fault, Fault::Checkpoint(_)));
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old));
    fs::write(path, text.replace(old, new)).unwrap();
}

#[test]
fn what_an_interrupted_run_leaves_is_cleaned_or_repaired() {
    let folder = signed_behind(2, SMALL);
    let path = |name: &str| folder.path().join(name);
    fs::remove_file(path("00000000000000000003.tree")).unwrap();
    for left in ["checkpoint.tmp", "00000000000000000000.ndjson.gz", "00000000000000000005.tree"] {
        fs::write(path(left), "half").unwrap();
    }
    let (log, recovered) = open(folder.path(), LARGE).unwrap();
    assert_eq!(recovered.size, 6);
    log.close().unwrap();
    assert!(!path("checkpoint.tmp").exists() && !path("00000000000000000005.tree").exists());
    assert_eq!(check(folder.path()).unwrap().checkpoint.size, 6);
}

#[test]
fn after_a_failed_sync_nothing_is_taken_until_the_log_is_opened_again() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), LARGE).unwrap();
    fill(&log, 2);
    // A device that takes every write and refuses every sync.
    log.shared.lock().file = device("/dev/null");
    let sequence = log.append(b"lost").unwrap();
    assert!(matches!(wait(log.synced(sequence)), Err(LogError::Sync(_))));
    assert!(wait(log.synced(1)).is_ok());
    assert!(matches!(log.append(b"more"), Err(LogError::Sync(_))));
    assert!(matches!(log.close(), Err(LogError::Sync(_))));
    let (log, recovered) = open(folder.path(), LARGE).unwrap();
    assert_eq!((recovered.size, recovered.checkpoint.size), (2, 2));
    fill(&log, 3);
}

#[test]
fn a_refused_write_leaves_nothing_and_the_next_one_tries_again() {
    let folder = tempdir().unwrap();
    let (log, _) = open(folder.path(), LARGE).unwrap();
    fill(&log, 2);
    // A device that is full and cannot be cut: the half line stays until the file answers again.
    let mut file = log.swap_file(device("/dev/full"));
    for _ in 0..2 {
        assert!(matches!(log.append(b"refused"), Err(LogError::Write(_))));
    }
    file.write_all(b"refu").unwrap();
    log.swap_file(Arc::clone(&file));
    assert_eq!(log.append(&line(2)).unwrap(), 2);
    assert_eq!(log.close().unwrap().size, 3);
    assert_eq!(check(folder.path()).unwrap().log.size, 3);
    assert_eq!(read(folder.path(), 2), [(2, line(2))]);
}

impl Log {
    /// Goes on in another file; gives the one before.
    pub(crate) fn swap_file(&self, file: Arc<File>) -> Arc<File> {
        std::mem::replace(&mut self.shared.lock().file, file)
    }
}

#[test]
#[ignore = "needs root: mounts a small file system and fills it"]
fn a_full_disk_refuses_leaves_and_takes_them_again_without_a_restart() {
    let folder = tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(folder.path()).status();
    assert!(mounted.unwrap().success());
    let filled = fill_the_disk(folder.path());
    assert!(Command::new("umount").arg(folder.path()).status().unwrap().success());
    let (accepted, read) = filled;
    assert!(accepted > 10 && accepted == read, "{accepted} accepted, {read} read");
}

fn fill_the_disk(folder: &Path) -> (u64, u64) {
    let ballast = folder.join("ballast");
    fs::write(&ballast, [0; 16 << 10]).unwrap();
    let (log, _) = open(folder, LARGE).unwrap();
    let line = vec![b'x'; 1000];
    while log.append(&line).is_ok() {}
    assert!(matches!(log.append(&line), Err(LogError::Write(_))));
    fs::remove_file(&ballast).unwrap();
    let sequence = log.append(&line).unwrap();
    wait(log.synced(sequence)).unwrap();
    let size = log.close().unwrap().size;
    assert_eq!(check(folder).unwrap().log.size, size);
    (size, read(folder, 0).len() as u64)
}
