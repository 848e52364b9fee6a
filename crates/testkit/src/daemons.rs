//! The engines that docker and ctr talk to, each with folders and sockets of its own. Both need root.

use std::fs;

use crate::home::Home;
use crate::process::Server;
use crate::tools::tool;

/// containerd without its Kubernetes part.
#[derive(Debug)]
pub struct Containerd {
    _server: Server,
    home: Home,
}

impl Containerd {
    /// Starts it and waits until it answers; panics with its output when it does not.
    pub fn start() -> Self {
        let home = Home::new();
        // What one namespace has pulled is unknown in another: a pull into a fresh one asks the registry for everything.
        let configuration = format!(
            "version = 2\nroot = {root:?}\nstate = {state:?}\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = {socket:?}\n\
             [plugins.\"io.containerd.metadata.v1.bolt\"]\ncontent_sharing_policy = \"isolated\"\n",
            root = home.argument("root"),
            state = home.argument("state"),
            socket = home.argument("socket"),
        );
        fs::write(home.path("containerd.toml"), configuration).expect("the configuration is written");
        let mut command = home.command(&tool("containerd"));
        command.args(["--config", &home.argument("containerd.toml")]);
        let mut server = Server::start(command, &home.path("containerd.log"));
        let address = home.argument("socket");
        server.wait_until("containerd answers", || {
            home.run("ctr", &["--address", &address, "version"], "").status.success()
        });
        Self { _server: server, home }
    }

    /// The path of its socket.
    pub fn address(&self) -> String {
        self.home.argument("socket")
    }
}

/// Docker's engine over a containerd of its own; it makes no network and no firewall rule, and runs no container.
#[derive(Debug)]
pub struct Dockerd {
    _server: Server,
    _containerd: Containerd,
    home: Home,
}

impl Dockerd {
    /// Starts both and waits until the engine answers; panics with its output when it does not.
    pub fn start() -> Self {
        let containerd = Containerd::start();
        let home = Home::new();
        fs::write(home.path("daemon.json"), "{}").expect("the configuration is written");
        // The engine mounts its data folder on itself and leaves that behind when killed: in a mount namespace of its
        // own the mount goes with it. The storage driver is the one that works on every file system.
        let mut command = home.command(&tool("unshare"));
        command.args(["--mount", "--propagation=private"]).arg(tool("dockerd")).args([
            "--storage-driver=vfs",
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
            "--containerd",
            &containerd.address(),
            "--config-file",
            &home.argument("daemon.json"),
            "--data-root",
            &home.argument("data"),
            "--exec-root",
            &home.argument("exec"),
            "--pidfile",
            &home.argument("pid"),
            "--host",
            &format!("unix://{}", home.argument("socket")),
        ]);
        let mut server = Server::start(command, &home.path("dockerd.log"));
        let host = format!("unix://{}", home.argument("socket"));
        server.wait_until("dockerd answers", || home.run("docker", &["--host", &host, "version"], "").status.success());
        Self { _server: server, _containerd: containerd, home }
    }

    /// What `docker --host` takes.
    pub fn host(&self) -> String {
        format!("unix://{}", self.home.argument("socket"))
    }
}
