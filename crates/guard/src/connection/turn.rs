//! How much a connection may read and write before others have their turn.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are read in a turn. The shortest frames of HTTP/2 have nine, and take the longest for their length.
const READ_BYTES: usize = 16 << 10;

/// How many bytes are written in a turn: some tens of microseconds of the kernel's time.
const WRITE_BYTES: usize = 128 << 10;

/// What a connection may still do in its turn.
///
/// A turn is one poll of the connection's task. tokio counts operations of a task, however long they are, and h2
/// goes on as long as its socket does: with a fast peer that is for milliseconds, in which nobody else on the thread
/// is served.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    readable: AtomicUsize,
    writable: AtomicUsize,
}

/// A stream that is not ready once its turn is over, until the next.
#[derive(Debug)]
pub(crate) struct InTurns<I> {
    io: I,
    turn: Arc<Turn>,
}

impl Turn {
    /// Begins a turn.
    pub(crate) fn begin(&self) {
        // The connection and its stream are polled by one thread at a time: nothing is ordered by these.
        self.readable.store(READ_BYTES, Ordering::Relaxed);
        self.writable.store(WRITE_BYTES, Ordering::Relaxed);
    }
}

impl<I> InTurns<I> {
    /// Bounds what is read and written between two beginnings of `turn`.
    pub(crate) fn new(io: I, turn: Arc<Turn>) -> Self {
        Self { io, turn }
    }
}

/// Carries out `operation` if there is something left in `budget`, and takes from it how many bytes that was.
fn spend<T>(
    budget: &AtomicUsize,
    cx: &mut Context<'_>,
    operation: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>,
    bytes: impl FnOnce(&T) -> usize,
) -> Poll<io::Result<T>> {
    let left = budget.load(Ordering::Relaxed);
    if left == 0 {
        // Behind whoever is waiting now.
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    let done = operation(cx);
    if let Poll::Ready(Ok(done)) = &done {
        budget.store(left.saturating_sub(bytes(done)), Ordering::Relaxed);
    }
    done
}

impl<I: AsyncRead + Unpin> AsyncRead for InTurns<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { io, turn } = self.get_mut();
        let read = |cx: &mut Context<'_>| {
            let before = buf.filled().len();
            let read = Pin::new(io).poll_read(cx, buf);
            read.map_ok(|()| buf.filled().len() - before)
        };
        spend(&turn.readable, cx, read, |&len| len).map_ok(|_len| ())
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for InTurns<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { io, turn } = self.get_mut();
        let write = |cx: &mut Context<'_>| Pin::new(io).poll_write(cx, buf);
        spend(&turn.writable, cx, write, |&len| len)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { io, turn } = self.get_mut();
        let write = |cx: &mut Context<'_>| Pin::new(io).poll_write_vectored(cx, bufs);
        spend(&turn.writable, cx, write, |&len| len)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;

    /// A peer that always has more, and takes everything.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buf.put_slice(&[0; 1000]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Does something as long as it is ready, and returns how often that was.
    fn times(mut poll: impl FnMut() -> bool) -> usize {
        std::iter::from_fn(|| poll().then_some(())).count()
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A listing to a fast reader, or a peer that sent frame after frame, kept all others waiting.
    #[test]
    fn a_turn_ends_however_much_a_peer_sends_and_takes() {
        let turn = Arc::new(Turn::default());
        let mut io = InTurns::new(Endless, Arc::clone(&turn));
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        for turns in 0..3 {
            turn.begin();
            let reads = times(|| {
                let mut buf = [0; 4096];
                let mut buf = ReadBuf::new(&mut buf);
                Pin::new(&mut io).poll_read(&mut cx, &mut buf).is_ready()
            });
            assert_eq!(reads, READ_BYTES.div_ceil(1000));
            let writes = times(|| {
                Pin::new(&mut io)
                    .poll_write(&mut cx, &vec![0; 50_000])
                    .is_ready()
            });
            assert_eq!(
                writes,
                WRITE_BYTES.div_ceil(50_000),
                "reading has its own share"
            );
            let next = woken.0.load(Ordering::Relaxed);
            assert_eq!(next, 2 * (turns + 1), "woken for the next turn");
        }
        turn.begin();
        let two = [IoSlice::new(&[0; 9]), IoSlice::new(&[0; 16 << 10])];
        // The default writes the first slice that is not empty.
        let writes = times(|| {
            Pin::new(&mut io)
                .poll_write_vectored(&mut cx, &two)
                .is_ready()
        });
        assert_eq!(writes, WRITE_BYTES.div_ceil(9));
    }
}
