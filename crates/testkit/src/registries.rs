//! Registries that are not ours, and what people put in front of them.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use crate::home::Home;
use crate::issuer::{ISSUER, Issuer, SERVICE};
use crate::process::Server;
use crate::secure::{Shown, authority};
use crate::tools::tool;

/// The one who may do everything, where anybody is asked who they are.
pub const USER: &str = "alice";
/// The password of [`USER`].
pub const PASSWORD: &str = "wonderland";
/// Somebody whom a token service knows, and who may do little.
pub const LOW: &str = "bob";
/// The password of [`LOW`].
pub const LOW_PASSWORD: &str = "builder";
/// bcrypt of [`PASSWORD`].
const HTPASSWD: &str = "alice:$2y$05$Qq8MfIdvThmH.3FQN.in/.6rCVbsnUEFAQgE15o0doeKyZk5ygvVG\n";

/// A running server; ended when it goes out of use.
#[derive(Debug)]
pub struct Foreign {
    /// Where it listens.
    pub address: SocketAddr,
    _server: Server,
    _home: Home,
}

/// A release of distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Debian's docker-registry, of its second series.
    Debian,
    /// Of its third, which `cargo xtask soak` builds.
    Third,
}

/// Whom distribution lets in.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    /// Everybody.
    Open,
    /// [`USER`] with [`PASSWORD`], by Basic.
    Password,
    /// Whoever has a token of this service.
    Token(&'a Issuer),
}

impl Foreign {
    /// distribution.
    pub fn distribution(release: Distribution, access: Access<'_>) -> Self {
        let (home, address) = (Home::new(), free_address());
        let auth = match access {
            Access::Open => String::new(),
            Access::Password => format!("auth: {{ htpasswd: {{ realm: test, path: {:?} }} }}\n", htpasswd(&home)),
            Access::Token(issuer) => {
                let bundle = home.argument("issuer.pem");
                fs::write(&bundle, authority().pem()).expect("the certificate is written");
                let realm = issuer.realm();
                format!(
                    "auth: {{ token: {{ realm: {realm:?}, service: {SERVICE:?}, issuer: {ISSUER:?}, rootcertbundle: {bundle:?} }} }}\n"
                )
            }
        };
        let configuration = format!(
            "version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\nhttp: {{ addr: {:?} }}\n\
             storage: {{ filesystem: {{ rootdirectory: {:?} }}, delete: {{ enabled: true }} }}\n{auth}",
            address.to_string(),
            home.argument("storage"),
        );
        fs::write(home.path("config.yml"), configuration).expect("the configuration is written");
        let program = match release {
            Distribution::Debian => "docker-registry",
            Distribution::Third => "registry",
        };
        let mut command = home.command(&tool(program));
        command.args(["serve", &home.argument("config.yml")]).env("OTEL_TRACES_EXPORTER", "none");
        Self::start(command, home, address)
    }

    /// crane's own registry, which asks nobody who they are.
    pub fn crane_registry() -> Self {
        let (home, address) = (Home::new(), free_address());
        let mut command = home.command(&tool("crane"));
        command.args(["registry", "serve", "--address", &address.to_string()]);
        Self::start(command, home, address)
    }

    /// nginx in front of a registry, with these `location` blocks. `protected` in them asks for [`USER`], `pass` hands on.
    pub fn nginx(before: SocketAddr, locations: &str) -> Self {
        let (home, address) = (Home::new(), free_address());
        let locations = locations_of(&home, before, locations);
        Self::nginx_server(home, address, &format!("server {{ listen {address};\n{locations}\n}}"))
    }

    /// The same over TLS, under the name [`crate::secure::NAME`].
    pub fn nginx_tls(before: SocketAddr, locations: &str) -> Self {
        let (home, address, pair) = (Home::new(), free_address(), authority().server(Shown::Good));
        for (file, text) in [("chain.pem", pair.chain_pem()), ("key.pem", pair.key_pem())] {
            fs::write(home.path(file), text).expect("the certificate is written");
        }
        let locations = locations_of(&home, before, locations);
        let server = format!(
            "server {{ listen {address} ssl; ssl_certificate {}; ssl_certificate_key {}; ssl_protocols TLSv1.2 TLSv1.3;\n\
             add_header Strict-Transport-Security \"max-age=31536000\" always;\n\
             proxy_set_header X-Forwarded-Proto https;\n{locations}\n}}",
            home.argument("chain.pem"),
            home.argument("key.pem"),
        );
        Self::nginx_server(home, address, &server)
    }

    /// nginx with this `server` block, which listens at that address.
    pub fn nginx_server(home: Home, address: SocketAddr, server: &str) -> Self {
        let folder = home.folder().display();
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n\
             http {{ access_log off; client_max_body_size 0; client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp;\n\
             fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;\n\
             {server}\n}}\n"
        );
        fs::write(home.path("nginx.conf"), configuration).expect("the configuration is written");
        let mut command = home.command(&tool("nginx"));
        command.args(["-e", &home.argument("errors"), "-p", &home.argument("run"), "-c", &home.argument("nginx.conf")]);
        Self::start(command, home, address)
    }

    fn start(command: std::process::Command, home: Home, address: SocketAddr) -> Self {
        let mut server = Server::start(command, &home.path("server.log"));
        server.wait_for_port(address);
        Self { address, _server: server, _home: home }
    }
}

/// Blocks of nginx without our two words.
fn locations_of(home: &Home, before: SocketAddr, locations: &str) -> String {
    let quiet = "server_tokens off; add_header Cache-Control private always;";
    let protected = format!("auth_basic registry; auth_basic_user_file {};", htpasswd(home));
    let pass = format!("proxy_pass http://{before}; proxy_set_header Host $http_host;");
    let locations = locations.replace("protected;", &protected).replace("pass;", &pass);
    format!("{quiet}\n{locations}")
}

fn htpasswd(home: &Home) -> String {
    let file = home.argument("htpasswd");
    fs::write(Path::new(&file), HTPASSWD).expect("the password is written");
    file
}

/// An address that nobody listened at a moment ago: these servers cannot say which port they were given.
pub fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port")
}
