//! `pullgate serve`: opens the house, puts the gate in front of it, and keeps both running until it is told to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use audit::Journal;
use authn::{Authn, TokenIssuer};
use gate::{Behind, Gate, Hosts, Listener, Metrics, Operations};
use origin::{Origin, Store};
use state::State;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::LocalSet;

use crate::clock;
use crate::config::{Configuration, Exposure, ServeFlags};
use crate::data_folder::{DataFolder, Listening};
use crate::figures::Figures;
use crate::house::House;
use crate::output::{Exit, Failure, note};
use crate::probing::Probes;
use crate::reload::{Attempt, Reload};
use crate::signal::{Hangups, Signals};
use crate::{logs, ports, welcome};

/// How often gathered records are written, and so how long a read may stay unsynced.
const SETTLE: Duration = Duration::from_millis(100);

/// Runs the server in the foreground.
pub(crate) fn serve(
    configuration: &Configuration,
    flags: ServeFlags,
    accept_restored_state: bool,
) -> Result<Exit, Failure> {
    let exposure = configuration.exposure(flags)?;
    logs::begin();
    let data = DataFolder::create(&configuration.data)?;
    let _lock = data.lock()?;
    Listening::clear(&data)?;
    let sockets = Sockets::bind(exposure)?;
    let listening = sockets.listening().map_err(Failure::no)?;
    let runtime = local_runtime().map_err(Failure::no)?;
    let house = runtime.block_on(House::open(configuration, true, accept_restored_state, clock::now()))?;
    let (figures, last) = (Figures::default(), Attempt::default());
    let metrics = Arc::new(Metrics::with(|registry| {
        figures.register(registry);
        last.register(registry);
    }));
    let gate = Arc::new(gate(configuration, &house, &listening.listen, metrics.clone())?);
    let probes = Arc::new(Probes::new(configuration, &listening.listen, house.journal.clone(), figures)?);
    let server = {
        let _inside = runtime.enter();
        admin::Server::bind(data.path()).map_err(Failure::no)?
    };
    let (stop, stopping) = watch::channel(false);
    let listened = runtime.block_on(async { io::Result::Ok((Signals::new()?, Hangups::new()?)) });
    let (mut signals, mut hangups) = listened.map_err(Failure::no)?;
    let threads = Threads::start(&gate, &sockets.clients, &stopping, configuration.settings.limits.drain.duration())?;
    listening.write(&data)?;
    note(&welcome::text(&house, &listening, data.path()));
    let writes = Arc::new(AtomicBool::new(true));
    let operations = Operations::new(
        metrics.clone(),
        health(&house, writes.clone(), exposure.plain_http, probes.clone(), last.clone()),
    );
    let reload = Reload { started: configuration, flags, house: &house, probes: &probes, last: &last };
    runtime.block_on(LocalSet::new().run_until(async {
        let administration = tokio::task::spawn_local(server.run(house.admin(), clock::now, stopping.clone()));
        tokio::task::spawn_local(operations.run(sockets.ops, stopping.clone()));
        tokio::task::spawn_local(keep(house.state.clone(), house.journal.clone(), writes, metrics));
        tokio::task::spawn_local(probes.clone().run());
        loop {
            tokio::select! {
                () = signals.asked_to_end() => break,
                () = hangups.next() => reload.now().await,
            }
        }
        // Whoever listens is told; nobody listening is fine too.
        let _ = stop.send(true);
        // A command that is being handled is answered, and the socket goes away.
        let _ = administration.await;
    }));
    threads.join()?;
    drop((runtime, gate, probes));
    house.close(clock::now())?;
    Ok(Exit::Yes)
}

fn gate(
    configuration: &Configuration,
    house: &House,
    addresses: &[SocketAddr],
    metrics: Arc<Metrics>,
) -> Result<Gate, Failure> {
    let urls: Vec<String> = configuration.settings.public_urls.iter().map(ToString::to_string).collect();
    let hosts = Hosts::new(&urls, addresses).map_err(Failure::usage)?;
    let store = Store::open(&configuration.data.join("store"), configuration.store(), clock::now());
    let behind = Behind {
        state: house.state.clone(),
        authn: Authn::new(house.state.clone(), hosts.service()),
        policy: house.policy.clone(),
        journal: house.journal.clone(),
        origin: Origin::Store(store.map_err(Failure::usage)?),
        tokens: TokenIssuer::new(house.state.clone(), hosts.service()),
    };
    Ok(Gate::new(behind, hosts, configuration.limits(), metrics, clock::now))
}

/// The sockets, bound before anything is opened: a port in use is told first.
struct Sockets {
    clients: Vec<TcpListener>,
    ops: TcpListener,
}

impl Sockets {
    fn bind(exposure: Exposure) -> Result<Self, Failure> {
        Ok(Self { clients: ports::listen(exposure.listen)?, ops: ports::bind(exposure.ops)? })
    }

    fn listening(&self) -> io::Result<Listening> {
        let listen: io::Result<Vec<SocketAddr>> = self.clients.iter().map(TcpListener::local_addr).collect();
        Ok(Listening { listen: listen?, ops: self.ops.local_addr()?, process: std::process::id() })
    }
}

/// One runtime for each core, each accepting from the same sockets.
struct Threads(Vec<JoinHandle<io::Result<()>>>);

impl Threads {
    fn start(
        gate: &Arc<Gate>,
        sockets: &[TcpListener],
        stopping: &watch::Receiver<bool>,
        grace: Duration,
    ) -> Result<Self, Failure> {
        let places = Arc::default();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let start = |core: usize| {
            let sockets: io::Result<Vec<TcpListener>> = sockets.iter().map(TcpListener::try_clone).collect();
            let (sockets, stopping) = (sockets?, stopping.clone());
            let listener = Listener::new(gate.clone(), Arc::clone(&places));
            thread::Builder::new().name(format!("core-{core}")).spawn(move || {
                local_runtime()?.block_on(LocalSet::new().run_until(listener.run(sockets, stopping, grace)))
            })
        };
        (0..cores).map(start).collect::<io::Result<Vec<_>>>().map(Self).map_err(Failure::no)
    }

    fn join(self) -> Result<(), Failure> {
        for thread in self.0 {
            let ended = thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread has panicked")));
            ended.map_err(Failure::no)?;
        }
        Ok(())
    }
}

fn local_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Writes what has gathered, and keeps the last signed head of the journal in the state.
async fn keep(state: State, journal: Arc<Journal>, writes: Arc<AtomicBool>, metrics: Arc<Metrics>) {
    let mut checkpoints = journal.checkpoints();
    let mut ticks = tokio::time::interval(SETTLE);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let settled = journal.settle(clock::now());
                let wrote = writes.swap(settled.is_ok(), Ordering::Relaxed);
                match settled {
                    Err(error) if wrote => tracing::error!("nothing is allowed until the journal can write: {error}"),
                    Ok(()) if !wrote => tracing::info!("the journal writes again"),
                    Ok(()) | Err(_) => {}
                }
            }
            Ok(()) = checkpoints.changed() => {
                let checkpoint = *checkpoints.borrow_and_update();
                metrics.checkpoint.set(i64::try_from(checkpoint.size).unwrap_or(i64::MAX));
                if let Err(error) = state.store_checkpoint(checkpoint.size, *checkpoint.root.as_bytes()) {
                    tracing::error!("cannot keep the head of the journal in the state: {error}");
                }
            }
        }
    }
}

/// What the operations listener tells of health: numbers and switches, no names.
fn health(
    house: &House,
    writes: Arc<AtomicBool>,
    plain_http: bool,
    probes: Arc<Probes>,
    last: Attempt,
) -> gate::Health {
    let (state, journal, policy) = (house.state.clone(), house.journal.clone(), house.policy.clone());
    Arc::new(move || {
        let ready = writes.load(Ordering::Relaxed);
        let detail = serde_json::json!({
            "ready": ready,
            "journal_writes": ready,
            "journal_leaves": journal.size(),
            "state_sequence": state.sequence().0,
            "policy_revision": policy.borrow().revision().as_str(),
            "plain_http_beyond_loopback": plain_http,
            "config_reload_failed": last.has_failed(),
            "probes": probes.health(),
        });
        (ready, detail)
    })
}
