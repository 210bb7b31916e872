//! Signals that whoever started the tests ignores.
//!
//! A process that is started with an ignored signal goes on ignoring it, and so do its children: `cargo test &` in a
//! script ignores SIGINT, `nohup cargo test` ignores SIGHUP. A server started then does not end on Ctrl-C, and `sh`
//! refuses to `trap` the signal. A signal that is *caught*, on the other hand, has its default effect in children.

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;

/// Catches the signals that this process ignores, without any effect, so that its children do not ignore them.
pub(crate) fn stop_ignoring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Only Linux tells which signals are ignored.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored(&status);
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if ignored & (1 << (signal - 1)) != 0 {
                // The system refuses only signals that cannot be caught.
                let _ = flag::register(signal, Arc::new(AtomicBool::new(false)));
            }
        }
    });
}

/// Returns the mask of ignored signals, signal 1 being the lowest bit.
///
/// See `SigIgn` in `proc_pid_status(5)`.
fn ignored(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status =
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000000\n";
        assert_eq!(ignored(status), 0x1003);
        assert_eq!(ignored("Name:\tcat\n"), 0);
    }
}
