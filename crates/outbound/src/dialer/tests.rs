use protocol::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::certificate::ClientCertificate;
use crate::credential::Credential;
use crate::destination::Reach;
use crate::greeting::Greeting;

const LIMITS: Limits = Limits { time: Duration::from_secs(10), bytes: 1 << 20 };

/// What a server got, once it has answered `answer` and closed.
async fn server(answer: &'static [u8]) -> (Origin, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = vec![0; 4096];
        let read = stream.read(&mut got).await.unwrap();
        got.truncate(read);
        // Whoever has enough goes away in the middle.
        let _ = stream.write_all(answer).await;
        got
    });
    (origin, serving)
}

async fn at(origin: &Origin) -> Destination {
    Destination::resolve(origin, Reach::Typed).await.unwrap().remove(0)
}

fn dialer() -> Dialer {
    Dialer::trusting(RootCertStore::empty()).unwrap()
}

fn message(bytes: &[u8]) -> Message {
    let mut message = Message::default();
    message.push(bytes);
    message
}

#[tokio::test]
async fn bytes_go_out_as_they_are_and_come_back_as_they_are() {
    let (origin, serving) = server(b"anything").await;
    let mut got = Vec::new();
    let mut stages = Vec::new();
    let take = |bytes: &[u8]| {
        got.extend_from_slice(bytes);
        Appetite::More
    };
    let end = dialer()
        .exchange(&at(&origin).await, &message(b"GET /../x#y \xff\r\n"), LIMITS, take, |stage| stages.push(stage))
        .await;
    assert_eq!(end.unwrap(), End::Closed);
    assert_eq!((got.as_slice(), stages), (b"anything".as_slice(), vec![Stage::Sent, Stage::First]));
    assert_eq!(serving.await.unwrap(), b"GET /../x#y \xff\r\n");
}

#[tokio::test]
async fn a_credential_goes_to_its_origin_and_nowhere_else() {
    let (origin, serving) = server(b"").await;
    let key = Secret::new("s3cret".into());
    for foreign in ["https://127.0.0.1", "http://localhost", "http://127.0.0.1:1"] {
        let mut message = message(b"Authorization: ");
        message.push_credential(Arc::new(Credential::basic(&foreign.parse().unwrap(), "ci", &key)));
        let refused = dialer().exchange(&at(&origin).await, &message, LIMITS, |_| Appetite::More, |_| ()).await;
        assert!(matches!(refused, Err(OutboundError::ForeignCredential { .. })), "{foreign}: {refused:?}");
        let refused = dialer().begin(&at(&origin).await, &message, LIMITS.time).await;
        assert!(matches!(refused, Err(OutboundError::ForeignCredential { .. })), "{foreign}: {refused:?}");
        let messages = (&self::message(b"first"), &message);
        let refused = dialer().early(&at(&origin).await, messages, false, LIMITS, |_| Appetite::More).await;
        assert!(matches!(refused, Err(OutboundError::ForeignCredential { .. })), "{foreign}: {refused:?}");
    }
    let mut own = message(b"Authorization: ");
    own.push_credential(Arc::new(Credential::basic(&origin, "ci", &key)));
    assert!(!format!("{own:?}").contains("s3cret"));
    dialer().exchange(&at(&origin).await, &own, LIMITS, |_| Appetite::More, |_| ()).await.unwrap();
    // The one connection that was made is the last: the others never dialled.
    assert_eq!(serving.await.unwrap(), b"Authorization: Basic Y2k6czNjcmV0");
}

#[tokio::test]
async fn nothing_secret_goes_where_nobody_is_verified() {
    let origin: Origin = "https://127.0.0.1:1".parse().unwrap();
    let mut secret = message(b"Authorization: ");
    secret.push_credential(Arc::new(Credential::basic(&origin, "ci", &Secret::new("s3cret".into()))));
    let mut shown = message(b"GET / HTTP/1.1\r\n\r\n");
    shown.show(Arc::new(ClientCertificate::from_der(&origin, Vec::new(), Vec::new())));
    for mut message in [secret.clone(), shown.clone()] {
        message.greet(Greeting::default());
        let refused = dialer().exchange(&at(&origin).await, &message, LIMITS, |_| Appetite::More, |_| ()).await;
        assert!(matches!(refused, Err(OutboundError::Unverified { .. })), "{refused:?}");
    }
    for messages in [(&shown, &shown), (&shown, &secret)] {
        let refused = dialer().resume(&at(&origin).await, messages, "other.invalid", LIMITS, |_| Appetite::More).await;
        assert!(matches!(refused, Err(OutboundError::Unverified { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn what_nobody_typed_must_be_public() {
    for closed in ["http://127.0.0.1", "http://169.254.169.254", "http://[::ffff:10.0.0.1]", "http://localhost"] {
        let refused = Destination::resolve(&closed.parse().unwrap(), Reach::Public).await;
        assert!(matches!(refused, Err(OutboundError::NotPublic { .. })), "{closed}: {refused:?}");
    }
    assert!(Destination::resolve(&"http://1.1.1.1".parse().unwrap(), Reach::Public).await.is_ok());
}

#[tokio::test]
async fn reading_ends_where_somebody_says_so() {
    let ends = [(1 << 20, Appetite::Enough, End::Enough), (3, Appetite::More, End::Full)];
    for (bytes, appetite, expected) in ends {
        let (origin, _serving) = server(b"abcdef").await;
        let mut taken = 0;
        let take = |bytes: &[u8]| {
            taken += bytes.len();
            appetite
        };
        let limits = Limits { bytes, ..LIMITS };
        let end = dialer().exchange(&at(&origin).await, &message(b"x"), limits, take, |_| ()).await;
        assert_eq!(end.unwrap(), expected);
        assert!(taken <= bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_costs_its_time_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin: Origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let end = dialer().exchange(&at(&origin).await, &message(b"x"), LIMITS, |_| Appetite::More, |_| ()).await;
    // Whether the silence fell before or after the sending is up to the kernel.
    assert!(matches!(end, Ok(End::Late) | Err(OutboundError::Late)), "{end:?}");
}

/// A server for `localhost`, and who trusts it.
fn certified() -> (rustls::ServerConfig, RootCertStore) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    (config, roots)
}

#[tokio::test]
async fn tls_is_trusted_for_the_name_of_the_origin_alone() {
    let (config, roots) = certified();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await {
                stream.write_all(b"hello").await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
    });
    let ask = |dialer: Dialer, host: &str| {
        let origin: Origin = format!("https://{host}:{port}").parse().unwrap();
        async move { dialer.exchange(&at(&origin).await, &message(b"x"), LIMITS, |_| Appetite::More, |_| ()).await }
    };
    let trusting = Dialer::trusting(roots).unwrap();
    assert_eq!(ask(trusting.clone(), "localhost").await.unwrap(), End::Closed);
    for (dialer, host) in [(trusting, "127.0.0.1"), (dialer(), "localhost")] {
        let refused = ask(dialer, host).await;
        assert!(matches!(refused, Err(OutboundError::Tls { .. })), "{host}: {refused:?}");
    }
}

/// Says back what came before the handshake was over, or that nothing did.
async fn echo(acceptor: TlsAcceptor, stream: tokio::net::TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut early = Vec::new();
    if let Some(mut came) = stream.get_mut().1.early_data() {
        std::io::Read::read_to_end(&mut came, &mut early).unwrap();
    }
    let _ = stream.write_all(if early.is_empty() { b"nothing" } else { &early }).await;
    let _ = stream.shutdown().await;
}

#[tokio::test]
async fn early_data_goes_to_whoever_takes_it_and_a_session_is_good_for_once() {
    for (most, is_replayed, expected) in [(1024, false, "early"), (1024, true, ""), (0, false, "")] {
        let (mut config, roots) = certified();
        config.max_early_data_size = most;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin: Origin = format!("https://localhost:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        tokio::spawn(async move {
            loop {
                tokio::spawn(echo(acceptor.clone(), listener.accept().await.unwrap().0));
            }
        });
        let (dialer, mut came) = (Dialer::trusting(roots).unwrap(), Vec::new());
        let take = |bytes: &[u8]| {
            came.extend_from_slice(bytes);
            Appetite::More
        };
        let messages = (&message(b"first"), &message(b"early"));
        let end = dialer.early(&at(&origin).await, messages, is_replayed, LIMITS, take).await.unwrap();
        assert_eq!((end.is_some(), came), (!expected.is_empty(), expected.into()), "{most} {is_replayed}");
    }
}
