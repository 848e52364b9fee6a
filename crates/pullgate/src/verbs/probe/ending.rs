//! Being asked to end while something may lie at the target that the run has written: it is taken away first.

use std::io;
use std::thread;

use probe::Stop;
use tokio::runtime::Builder;

use crate::output::note;
use crate::signal::Signals;

/// From now on SIGTERM and Ctrl-C end the run, which then reports what it has, and no longer the process.
pub(super) fn by_signal(stop: Stop) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let wait = move || {
        runtime.block_on(signals.asked_to_end());
        stop.now();
        note("asked to end: what was written is taken away\n");
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait).map(|_| ())
}
