use proptest::prelude::*;

use super::*;
use crate::random;
use crate::response::Body;

/// Feeds an answer in pieces of `step` bytes, then lets the connection end.
fn read(answer: &[u8], step: usize, end: End) -> Result<Response, Garbled> {
    let mut reception = Reception::new(false, MAX_BODY);
    for piece in answer.chunks(step) {
        if reception.take(piece) == Appetite::Enough {
            return reception.finish(End::Enough);
        }
    }
    reception.finish(end)
}

fn body(answer: &str, end: End) -> (Vec<u8>, Ended) {
    let all = read(answer.as_bytes(), usize::MAX, end).unwrap().body;
    for step in [1, 2, 7] {
        assert_eq!(read(answer.as_bytes(), step, end).unwrap().body, all, "in pieces of {step}: {answer:?}");
    }
    (all.bytes, all.ended)
}

#[test]
fn a_body_ends_as_its_framing_says() {
    for (answer, bytes, ended) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd", "ab", Ended::Whole),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcd", "abcd", Ended::Early),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nabcd", "", Ended::Whole),
        ("HTTP/1.0 200 OK\n\nabcd", "abcd", Ended::Whole),
        ("HTTP/1.1 204 No Content\r\n\r\nabcd", "", Ended::Whole),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "x", Ended::Whole),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
            "abc",
            Ended::Whole,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            "ab",
            Ended::Whole,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab", "ab", Ended::Early),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", "", Ended::Early),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd\r\n", "a", Ended::Early),
    ] {
        assert_eq!(body(answer, End::Closed), (bytes.as_bytes().to_vec(), ended), "{answer:?}");
    }
    assert_eq!(body("HTTP/1.1 200 OK\r\n\r\nab", End::Late), (b"ab".to_vec(), Ended::Early));
    assert_eq!(body("HTTP/1.1 200 OK\r\n\r\nab", End::Full), (b"ab".to_vec(), Ended::Cut));
}

#[test]
fn the_answer_to_head_has_no_body() {
    let mut reception = Reception::new(true, MAX_BODY);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nDocker-Content-Digest: sha256:x\r\n\r\n";
    assert_eq!(reception.take(head), Appetite::Enough);
    let response = reception.finish(End::Enough).unwrap();
    assert_eq!((response.body.bytes.len(), response.body.ended), (0, Ended::Whole));
    assert_eq!(response.headers.get("docker-content-digest"), Some("sha256:x"));
}

#[test]
fn what_is_no_answer_says_why() {
    let cases: [(Vec<u8>, End, Garbled); 13] = [
        (Vec::new(), End::Closed, Garbled::Nothing),
        (Vec::new(), End::Late, Garbled::Late),
        (b"HTTP/1.1 200".to_vec(), End::Closed, Garbled::HalfHead),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n".to_vec(), End::Late, Garbled::Late),
        (b"\x15\x03\x03\x00\x02\x02\x0a".to_vec(), End::Closed, Garbled::Tls),
        (b"SSH-2.0-OpenSSH\n\n".to_vec(), End::Closed, Garbled::NotHttp),
        (b"HTTP/1.1 2x0 OK\r\n\r\n".to_vec(), End::Closed, Garbled::NotHttp),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_vec(), End::Closed, Garbled::Framing),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".to_vec(), End::Closed, Garbled::Framing),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n".to_vec(), End::Closed, Garbled::Framing),
        (b"HTTP/1.1 100 Continue\r\n\r\n".repeat(9), End::Closed, Garbled::Interim),
        ([b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &vec![b'a'; 10 << 20]].concat(), End::Closed, Garbled::HeadTooLarge),
        (
            [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"A: b\r\n".repeat(129), b"\r\n"].concat(),
            End::Closed,
            Garbled::HeadTooLarge,
        ),
    ];
    for (answer, end, garbled) in cases {
        let shown = String::from_utf8_lossy(answer.get(..40).unwrap_or(&answer)).into_owned();
        assert_eq!(read(&answer, 4096, end).unwrap_err(), garbled, "{shown:?}");
    }
}

#[test]
fn a_bomb_is_cut_and_not_unpacked() {
    for head in ["Content-Length: 99999999999", "Content-Encoding: gzip", "Transfer-Encoding: chunked"] {
        let mut reception = Reception::new(false, MAX_BODY);
        reception.take(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes());
        let piece = if head.contains("chunked") {
            [b"4000\r\n".as_slice(), &[b'a'; 0x4000], b"\r\n"].concat()
        } else {
            vec![b'a'; 0x4000]
        };
        let fed = std::iter::repeat_n((), 1000).take_while(|()| reception.take(&piece) == Appetite::More).count();
        assert!(fed < 10, "{head}: {fed} pieces");
        let body = reception.finish(End::Enough).unwrap().body;
        assert_eq!((body.bytes.len(), body.ended), (MAX_BODY, Ended::Cut), "{head}");
    }
}

#[test]
fn what_is_not_kept_is_hashed_up_to_the_limit() {
    for (length, most, ended) in [
        (MAX_BODY, MAX_MANIFEST, Ended::Whole),
        (MAX_BODY + 1, MAX_BODY, Ended::Cut),
        (MAX_MANIFEST + 1, MAX_MANIFEST, Ended::Cut),
    ] {
        assert_eq!(hashed(&vec![b'a'; length], most).ended, ended, "{length} of {most}");
    }
    let long: Vec<u8> = (0..3 * MAX_BODY).map(|at| (at % 251) as u8).collect();
    let body = hashed(&long, MAX_MANIFEST);
    let response = Response { status: 200, interim: Vec::new(), headers: Headers::default(), body };
    assert_eq!((response.body.bytes.len(), response.length(), response.whole()), (MAX_BODY, long.len(), None));
    assert_eq!(response.sha256(), random::sha256(&long));
}

/// A body in pieces, in chunks.
fn hashed(bytes: &[u8], most: usize) -> Body {
    let mut reception = Reception::new(false, most);
    reception.take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in bytes.chunks(4096) {
        reception.take(format!("{:x}\r\n", piece.len()).as_bytes());
        reception.take(piece);
        reception.take(b"\r\n");
    }
    reception.take(b"0\r\n\r\n");
    reception.finish(End::Enough).unwrap().body
}

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..512), step in 1usize..64) {
        let framed = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(), &bytes].concat();
        for answer in [&bytes, &framed] {
            let response = read(answer, step, End::Closed);
            prop_assert!(response.is_err() || response.is_ok_and(|response| response.body.bytes.len() <= answer.len()));
        }
    }
}
