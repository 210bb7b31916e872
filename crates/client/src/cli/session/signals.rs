//! The signals that end a command, in order: its calls are cancelled, and a terminal is left as it was found.

use std::cell::Cell;
use std::io;
#[cfg(unix)]
use std::io::IsTerminal as _;
use std::rc::Rc;
#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

#[cfg(unix)]
use crate::call::explain::exit_status;
use crate::cli::failure::Failure;

/// The exit statuses that a shell gives a program which SIGTERM or SIGHUP has ended.
pub(super) const TERMINATED: u8 = 128 + 15;
pub(super) const HUNG_UP: u8 = 128 + 1;

/// What Ctrl-C does: it ends the command from outside, unless the command sees to it itself.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Interrupt(Rc<Cell<bool>>);

impl Interrupt {
    /// From now on the command sees to it.
    #[cfg(feature = "bench")]
    pub(in crate::cli) fn take_over(&self) {
        self.0.set(true);
    }

    /// Waits for what ends the command from outside.
    pub(super) async fn outside(&self) -> Failure {
        let interrupted = async {
            // Without a handler there is no interrupt.
            if tokio::signal::ctrl_c().await.is_err() || self.0.get() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = interrupted => Failure::Interrupted,
            () = terminated() => Failure::Terminated,
            () = hung_up() => Failure::HungUp,
        }
    }
}

/// Waits for SIGTERM.
async fn terminated() {
    #[cfg(unix)]
    signalled(SignalKind::terminate()).await;
    #[cfg(not(unix))]
    std::future::pending::<()>().await;
}

/// Waits for SIGHUP.
async fn hung_up() {
    #[cfg(unix)]
    if hangs_up() {
        return signalled(SignalKind::hangup()).await;
    }
    std::future::pending::<()>().await;
}

/// Whether SIGHUP is handled. Under `nohup`, which takes the terminal away, it stays ignored.
#[cfg(unix)]
fn hangs_up() -> bool {
    io::stdin().is_terminal()
}

#[cfg(unix)]
async fn signalled(kind: SignalKind) {
    if let Ok(mut signals) = signal(kind)
        && signals.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Ends the process at the second of two signals, whatever it is doing: the first one may wait for a pipe that nobody
/// reads.
#[derive(Debug)]
pub(super) struct SecondSignal {
    #[cfg(unix)]
    is_next: Arc<AtomicBool>,
}

impl SecondSignal {
    pub(super) fn watch() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
            use signal_hook::flag::{register, register_conditional_shutdown};
            let is_next = Arc::new(AtomicBool::new(false));
            let mut statuses = vec![
                (SIGINT, exit_status(tonic::Code::Cancelled)),
                (SIGTERM, TERMINATED),
            ];
            if hangs_up() {
                statuses.push((SIGHUP, HUNG_UP));
            }
            // The flag is looked at before it is set.
            for (signal, status) in &statuses {
                let status = (*status).into();
                register_conditional_shutdown(*signal, status, Arc::clone(&is_next))?;
            }
            for (signal, _) in statuses {
                register(signal, Arc::clone(&is_next))?;
            }
            Ok(Self { is_next })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Lets the next signal end the process, even if it is the first.
    pub(super) fn is_next(&self) {
        #[cfg(unix)]
        self.is_next.store(true, Ordering::SeqCst);
    }
}
