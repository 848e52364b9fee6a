use std::fs;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::error::LineFault;
use crate::fixture::*;

/// Eight leaves in three segments, all signed.
fn log(compressed: bool) -> TempDir {
    let folder = tempdir().unwrap();
    closed(folder.path(), 8, 90);
    settle(folder.path(), compressed);
    folder
}

#[test]
fn a_log_is_intact_plain_and_compressed() {
    for compressed in [false, true] {
        let folder = log(compressed);
        let report = check(folder.path()).unwrap();
        assert_eq!((report.log.size, report.segments, report.torn), (8, 3, false));
        assert_eq!(report.log, report.checkpoint);
    }
}

#[test]
fn no_byte_of_a_log_can_be_changed_or_cut_off() {
    let folder = log(false);
    for name in names(folder.path()) {
        let path = folder.path().join(&name);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            for damaged in [&changed[..], &whole[..at]] {
                fs::write(&path, damaged).unwrap();
                let broken = broken(check(folder.path()));
                assert!(names_the_place(&broken, &name), "{name}, byte {at}: {broken}");
            }
        }
        fs::write(&path, &whole).unwrap();
    }
    check(folder.path()).unwrap();
}

/// A changed leaf is told by the first head behind it: the next sidecar, or the checkpoint in the last segment.
fn names_the_place(broken: &Broken, damaged: &str) -> bool {
    let next = match damaged {
        "00000000000000000000.ndjson" => "00000000000000000003",
        "00000000000000000003.ndjson" => "00000000000000000006",
        "checkpoint" => "checkpoint",
        other => other,
    };
    let place = broken.place.to_string();
    place.contains(damaged) || place.contains(next)
}

#[test]
fn a_damaged_compressed_segment_is_broken_or_holds_the_same_leaves() {
    let folder = log(true);
    let intact = check(folder.path()).unwrap();
    let path = folder.path().join("00000000000000000000.ndjson.gz");
    let whole = fs::read(&path).unwrap();
    let mut harmless = 0;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        match check(folder.path()) {
            Ok(report) => {
                assert_eq!(report, intact, "byte {at}");
                harmless += 1;
            }
            told => drop(broken(told)),
        }
        fs::write(&path, &whole[..at]).unwrap();
        broken(check(folder.path()));
    }
    // Of the header of ten bytes only date, hints and system say nothing about the content.
    assert!(harmless <= 7, "{harmless}");
}

#[test]
fn no_file_of_a_log_can_be_missing() {
    let folder = log(true);
    for name in names(folder.path()) {
        let copy = copy(folder.path());
        fs::remove_file(copy.path().join(&name)).unwrap();
        broken(check(copy.path()));
    }
}

#[test]
fn leaves_cannot_be_swapped_doubled_or_left_out() {
    let folder = log(false);
    let path = folder.path().join("00000000000000000006.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for order in [&[1, 0][..], &[0, 0, 1], &[0], &[1]] {
        let changed: String = order.iter().map(|line| format!("{}\n", lines[*line])).collect();
        fs::write(&path, changed).unwrap();
        broken(check(folder.path()));
    }
}

#[test]
fn leaves_beyond_the_checkpoint_are_told_apart() {
    let folder = log(false);
    let path = folder.path().join("00000000000000000006.ndjson");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}one more\nhalf")).unwrap();
    let report = check(folder.path()).unwrap();
    assert_eq!((report.log.size, report.checkpoint.size, report.torn), (9, 8, true));
}

#[test]
fn a_checkpoint_kept_elsewhere_must_be_continued() {
    let folder = log(false);
    let ask = |known| verify(folder.path(), key().public(), Some(known), |_, _| Ok::<_, String>(()));
    let last = check(folder.path()).unwrap().checkpoint;
    let mut earlier = Frontier::default();
    (0..5).for_each(|sequence| earlier.append(Hash::leaf(&line(sequence))));
    let earlier = Checkpoint::of(&earlier);
    assert_eq!(ask(earlier).unwrap().checkpoint, last);
    assert_eq!(ask(last).unwrap().checkpoint, last);

    let longer = broken(ask(Checkpoint { size: 9, ..last }));
    assert!(matches!(longer.fault, Fault::Short { size: 8, expected: 9 }));
    let other = broken(ask(Checkpoint { root: last.root, ..earlier }));
    assert!(matches!(other.fault, Fault::Root { size: 5 }));
    assert!(matches!(other.place, Place::Leaf { line: 2, sequence: 4, .. }));
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let folder = log(true);
    let refuse = |sequence, _: &[u8]| if sequence == 4 { Err("keys are not sorted") } else { Ok(()) };
    let broken = broken(verify(folder.path(), key().public(), None, refuse));
    assert_eq!(
        broken.to_string(),
        "`00000000000000000003.ndjson` line 2 (sequence 4): not a record: keys are not sorted"
    );
    let path = folder.path().join("00000000000000000006.ndjson");
    fs::write(&path, "a\tb\n").unwrap();
    let control = super::verify(folder.path(), key().public(), None, |_, _| Ok::<_, String>(()));
    assert!(matches!(crate::fixture::broken(control).fault, Fault::Line(LineFault::Control)));
}

#[test]
fn an_error_of_the_system_is_not_called_broken() {
    let folder = tempdir().unwrap();
    let missing = check(&folder.path().join("nothing"));
    assert!(matches!(missing, Err(ReadError::Unreadable { .. })));
    let folder = log(false);
    let path = folder.path().join("00000000000000000003.ndjson");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(check(folder.path()), Err(ReadError::Unreadable { .. })));
}
