//! The progress of an import.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A handle on a running import, for a progress bar in another thread.
///
/// Clones show the same import. The numbers only grow, and are exact once the import is over.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    total_bytes: Option<u64>,
    bytes: AtomicU64,
    rows: AtomicU64,
    rejected: AtomicU64,
    skipped: AtomicU64,
    after_compressed: AtomicBool,
}

impl Progress {
    pub(crate) fn new(total_bytes: Option<u64>) -> Self {
        Self(Arc::new(Numbers {
            total_bytes,
            ..Numbers::default()
        }))
    }

    /// Returns the size of the file in bytes, `None` for a pipe.
    #[must_use]
    pub fn total_bytes(&self) -> Option<u64> {
        self.0.total_bytes
    }

    /// Returns the number of bytes read, compressed ones if the file is compressed.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Returns the number of rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    /// Returns the number of rejected records so far.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.0.rejected.load(Ordering::Relaxed)
    }

    /// Returns the number of skipped records so far.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.0.skipped.load(Ordering::Relaxed)
    }

    pub(crate) fn set_bytes_read(&self, bytes: u64) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
    }

    // Only one thread writes, so a store suffices, which is cheaper than an atomic addition.
    pub(crate) fn set_rows(&self, rows: u64) {
        self.0.rows.store(rows, Ordering::Relaxed);
    }

    pub(crate) fn set_rejected(&self, rejected: u64) {
        self.0.rejected.store(rejected, Ordering::Relaxed);
    }

    pub(crate) fn set_skipped(&self, skipped: u64) {
        self.0.skipped.store(skipped, Ordering::Relaxed);
    }

    /// Records that other bytes follow the compressed data.
    pub(crate) fn set_after_compressed(&self) {
        self.0.after_compressed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_after_compressed(&self) -> bool {
        self.0.after_compressed.load(Ordering::Relaxed)
    }
}
