//! The floor: a bare hyper server that gives one answer, whatever is asked.

use std::convert::Infallible;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use crate::exchange::{Body, Exchange, is_of_the_server};

/// The file that says where the floor listens; it appears when the floor does.
pub(crate) const ADDRESS: &str = "address";
const HEAD: &str = "head";
const BODY: &str = "body";

/// Writes what [`serve`] reads.
pub(crate) fn describe(folder: &Path, exchange: &Exchange) {
    let head = &exchange.answer.head;
    let own = head.headers.iter().filter(|(name, _)| !is_of_the_server(name));
    let lines: String = own.map(|(name, value)| format!("{name}: {value}\n")).collect();
    let place = if exchange.body == Body::File { "file" } else { "memory" };
    fs::write(folder.join(HEAD), format!("{} {place}\n{lines}", head.status)).expect("a temporary file is written");
    fs::write(folder.join(BODY), &exchange.answer.body).expect("a temporary file is written");
}

/// Serves for ever what `folder` describes, on a port that the file `address` tells.
pub(crate) fn serve(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime is made");
    let answer = Rc::new(Answer::read(folder));
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        tell(folder, listener.local_addr().expect("a bound socket has an address"));
        loop {
            let (stream, _) = listener.accept().await.expect("a connection comes");
            stream.set_nodelay(true).expect("a socket takes options");
            let answer = Rc::clone(&answer);
            let service = service_fn(move |_| std::future::ready(Ok::<_, Infallible>(answer.response())));
            // A connection that the load closes in the middle is no fault of the floor.
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::task::spawn_local(async move { drop(connection.await) });
        }
    });
}

fn tell(folder: &Path, address: SocketAddr) {
    let draft = folder.join("address.new");
    fs::write(&draft, address.to_string()).expect("a temporary file is written");
    fs::rename(draft, folder.join(ADDRESS)).expect("a temporary file is renamed");
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

enum Content {
    Memory(Bytes),
    File(File, usize),
}

impl Answer {
    fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join(HEAD)).expect("an answer is described");
        let mut lines = text.lines();
        let (status, place) = lines.next().and_then(|line| line.split_once(' ')).expect("status and place");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("name and value");
            let name = HeaderName::try_from(name).expect("a name of a header");
            (name, HeaderValue::try_from(value).expect("a value of a header"))
        };
        let body = fs::read(folder.join(BODY)).expect("a body is described");
        let content = match place {
            "file" => Content::File(File::open(folder.join(BODY)).expect("a body is described"), body.len()),
            _ => Content::Memory(body.into()),
        };
        Self { status: status.parse().expect("a status"), headers: lines.map(header).collect(), content }
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.content.bytes()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

impl Content {
    fn bytes(&self) -> Bytes {
        match self {
            Self::Memory(bytes) => bytes.clone(),
            Self::File(file, length) => {
                let mut bytes = vec![0; *length];
                file.read_exact_at(&mut bytes, 0).expect("the file is as long as it was");
                bytes.into()
            }
        }
    }
}
