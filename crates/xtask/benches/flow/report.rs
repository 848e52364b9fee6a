//! The table of ratios.

use std::fmt;
use std::fs;

use crate::cores::Cores;
use crate::load::{CONNECTIONS, Figure, ROUND};

/// What was measured, and under which circumstances.
#[derive(Debug)]
pub(crate) struct Report {
    /// What is measured, and beside what.
    sides: [&'static str; 2],
    title: &'static str,
    circumstances: String,
    rows: Vec<Row>,
}

/// One kind of request: the figures of both sides, round by round.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) pairs: Vec<(Figure, Figure)>,
}

impl Report {
    pub(crate) fn new(title: &'static str, sides: [&'static str; 2], cores: &Cores, rows: Vec<Row>) -> Self {
        let control = fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control").expect("the kernel tells");
        let circumstances = format!(
            "server on CPU {}, load on CPU {}, {CONNECTIONS} connections, loopback under congestion control `{}`; \
             medians of {} interleaved rounds of {} s",
            cores.server,
            cores.load,
            control.trim(),
            rows.first().map_or(0, |row| row.pairs.len()),
            ROUND.as_secs()
        );
        Self { sides, title, circumstances, rows }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [subject, other] = self.sides;
        writeln!(f, "{}\n{}\n", self.title, self.circumstances)?;
        writeln!(f, "{:<26}{subject:>12}{other:>12}{:>8}  {:<14}{:>12}", "", "ratio", "(range)", "requests/s")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratios = sorted(self.pairs.iter().map(|(subject, other)| subject.cpu / other.cpu));
        let range = format!("({:.2}-{:.2})", ratios[0], ratios[ratios.len() - 1]);
        write!(
            f,
            "{:<26}{:>9.1} µs{:>9.1} µs{:>8.2}  {range:<14}{:>12.0}",
            self.name,
            median(self.pairs.iter().map(|(subject, _)| subject.cpu)),
            median(self.pairs.iter().map(|(_, other)| other.cpu)),
            ratios[ratios.len() / 2],
            median(self.pairs.iter().map(|(subject, _)| subject.rate)),
        )
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let values = sorted(values);
    values[values.len() / 2]
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}
