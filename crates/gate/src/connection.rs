//! One connection: whose it is, and the wire that a revocation can cut even while nobody reads from it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The other end.
    pub peer: SocketAddr,
    /// Our end.
    pub listener: SocketAddr,
}

/// What can end a connection while an answer is under way: an answer arms it, and its end disarms it.
///
/// An idle client polls nothing, so a body alone would never notice that its time is over. The write that waits for
/// the client does: it polls this.
#[derive(Clone, Default)]
pub struct Armed(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    ended: Option<Pin<Box<dyn Future<Output = ()>>>>,
    cut: bool,
}

impl Armed {
    pub(crate) fn arm(&self, ended: Pin<Box<dyn Future<Output = ()>>>) {
        self.0.borrow_mut().ended = Some(ended);
    }

    pub(crate) fn disarm(&self) {
        self.0.borrow_mut().ended = None;
    }

    /// Whether the answer that is under way was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.0.borrow().cut
    }

    /// Whether it must be cut now; otherwise wakes the task when it must.
    pub(crate) fn poll_cut(&self, context: &mut Context<'_>) -> bool {
        let state = &mut *self.0.borrow_mut();
        if let Some(ended) = &mut state.ended
            && ended.as_mut().poll(context).is_ready()
        {
            state.ended = None;
            state.cut = true;
        }
        state.cut
    }
}

impl fmt::Debug for Armed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Armed").field("cut", &self.is_cut()).finish_non_exhaustive()
    }
}

/// Whether anything has come since the last answer: a connection that idles until its time is over has asked for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard(Rc<Cell<bool>>);

impl Heard {
    pub(crate) fn anything(&self) -> bool {
        self.0.get()
    }
}

/// The wire under hyper: it fails a write that was cut, or that the client has not taken for too long.
pub(crate) struct Wire {
    stream: TokioIo<TcpStream>,
    armed: Armed,
    heard: Heard,
    idle: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, armed: Armed, heard: Heard, idle: Duration) -> Self {
        Self { stream: TokioIo::new(stream), armed, heard, idle, stalled: None }
    }

    fn guarded<T>(
        &mut self,
        context: &mut Context<'_>,
        work: impl FnOnce(Pin<&mut TokioIo<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.armed.poll_cut(context) {
            // What waits in the kernel for a slow client goes too: a plain close would still send it.
            let _ = self.stream.inner().set_zero_linger();
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        match work(Pin::new(&mut self.stream), context) {
            Poll::Ready(done) => {
                self.stalled = None;
                Poll::Ready(done)
            }
            Poll::Pending => {
                let idle = self.idle;
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(idle)));
                stalled.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.heard.0.set(true);
        }
        read
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.heard.0.set(false);
        self.guarded(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guarded(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.heard.0.set(false);
        self.guarded(context, |stream, context| stream.poll_write_vectored(context, slices))
    }
}
