//! CPU per request of pullgate, beside a bare hyper server that answers the same bytes.
//!
//! `flow PULLGATE` measures that binary; without it the bare server stands on both sides, and every ratio should be 1.
//! `flow lists PULLGATE` measures pages of long lists beside pages of short ones, `flow probe PULLGATE` whole runs of the
//! probe beside as many requests that nobody judges.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot measure stops and says where; what it measured it prints"
)]

mod cores;
mod exchange;
mod floor;
mod lists;
mod load;
mod probe;
mod report;
mod subject;

use std::path::Path;
use std::sync::Arc;

use crate::cores::Cores;
use crate::exchange::Exchange;
use crate::load::Load;
use crate::report::{Report, Row};
use crate::subject::{Pullgate, Subject};

/// How often each side is measured, in turn; odd, so that there is a median.
const ROUNDS: usize = 5;

fn main() {
    // cargo itself adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["floor", folder] => floor::serve(Path::new(folder)),
        ["lists", pullgate] => long_lists(Path::new(pullgate)),
        ["probe", pullgate] => probe::measure(Path::new(pullgate)),
        [pullgate] => beside(Path::new(pullgate)),
        [] => itself(),
        _ => panic!("usage: flow [[lists | probe] PULLGATE]"),
    }
}

/// What every report of the flow is beside.
const FLOOR: &str = "bare hyper";
const FLOW: &str = "CPU time per request, beside a bare hyper server that answers the same bytes";
const LISTS: &str = "CPU time per page of a list, beside the page of a list that has nothing more";

fn beside(program: &Path) {
    let cores = Cores::pinned();
    let (load, pullgate) = (Load::new(), Pullgate::start(program, &cores));
    let exchanges = pullgate.exchanges();
    let rows = exchanges.iter().map(|exchange| row(&cores, &load, pullgate.subject(), exchange)).collect();
    println!("{}", Report::new(FLOW, ["pullgate", FLOOR], &cores, rows));
}

fn itself() {
    let cores = Cores::pinned();
    let load = Load::new();
    let own = |exchange: &Arc<Exchange>| row(&cores, &load, &Subject::floor(&cores, exchange), exchange);
    println!("{}", Report::new(FLOW, [FLOOR, FLOOR], &cores, Exchange::canned().iter().map(own).collect()));
}

/// Both lists of each kind, in turn, of one server.
fn long_lists(program: &Path) {
    let cores = Cores::pinned();
    let (load, pullgate) = (Load::new(), Pullgate::start(program, &cores));
    let subject = pullgate.subject();
    let row = |(name, [long, short]): (&'static str, [Arc<Exchange>; 2])| {
        let pair = |_| (load.measure(subject, &long), load.measure(subject, &short));
        Row { name, pairs: (0..ROUNDS).map(pair).collect() }
    };
    println!(
        "{}",
        Report::new(LISTS, ["of 10,000", "of ten"], &cores, lists::filled(&pullgate).into_iter().map(row).collect())
    );
}

/// The subject and a floor for this exchange, in turn, in the same minute.
fn row(cores: &Cores, load: &Load, subject: &Subject, exchange: &Arc<Exchange>) -> Row {
    let floor = Subject::floor(cores, exchange);
    let pair = |_| (load.measure(subject, exchange), load.measure(&floor, exchange));
    Row { name: exchange.name, pairs: (0..ROUNDS).map(pair).collect() }
}
