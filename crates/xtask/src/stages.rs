//! What a run did: its stages, their minutes, and the tests that ran in them.

use std::fmt;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// The stages of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Stages(Vec<Stage>);

#[derive(Debug)]
struct Stage {
    name: &'static str,
    time: Duration,
    ended: Ended,
}

#[derive(Debug, Clone, Copy)]
enum Ended {
    Done,
    Tested(u64),
    Failed,
}

impl Stages {
    /// Does something that is no test.
    pub(crate) fn work<E: Into<Failure>>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), Failure> {
        self.stage(name, || work().map(|()| Ended::Done).map_err(Into::into))
    }

    /// Runs tests, and keeps how many passed.
    pub(crate) fn tests(
        &mut self,
        name: &'static str,
        tests: impl FnOnce() -> Result<u64, Failure>,
    ) -> Result<(), Failure> {
        self.stage(name, || tests().map(Ended::Tested))
    }

    fn stage(&mut self, name: &'static str, work: impl FnOnce() -> Result<Ended, Failure>) -> Result<(), Failure> {
        println!("\n== {name}");
        let start = Instant::now();
        let done = work();
        let stage = Stage { name, time: start.elapsed(), ended: *done.as_ref().unwrap_or(&Ended::Failed) };
        println!("{stage}");
        self.0.push(stage);
        done.map(|_| ())
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stage in &self.0 {
            writeln!(f, "{stage}")?;
        }
        let minutes = minutes(self.0.iter().map(|stage| stage.time).sum());
        let tests: u64 = self.0.iter().map(|stage| stage.ended.passed()).sum();
        write!(f, "{:<12}{minutes:>6.1} min   {tests} tests passed", "total")
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12}{:>6.1} min   {}", self.name, minutes(self.time), self.ended)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Tested(passed) => write!(f, "{passed} tests passed"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

impl Ended {
    fn passed(self) -> u64 {
        match self {
            Self::Tested(passed) => passed,
            Self::Done | Self::Failed => 0,
        }
    }
}

fn minutes(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_adds_up_and_shows_what_failed() {
        let mut stages = Stages::default();
        stages.work("build", || Ok::<(), Failure>(())).unwrap();
        stages.tests("tests", || Ok(40)).unwrap();
        stages.tests("clients", || Ok(2)).unwrap();
        stages.tests("root", || Err(Failure::NeedsRoot)).unwrap_err();
        let table = stages.to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "build          0.0 min   done");
        assert_eq!(lines[3], "root           0.0 min   failed");
        assert_eq!(lines[4], "total          0.0 min   42 tests passed");
    }
}
