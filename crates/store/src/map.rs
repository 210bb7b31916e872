//! Mapping files into memory.

#![expect(
    unsafe_code,
    reason = "the one thing here that the compiler cannot check"
)]

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps a file read-only. Processes that map the same file share its pages.
pub(crate) fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the bytes of a map change if another process writes to the file, and reading past the end of a
    // truncated file ends the process with SIGBUS. The documentation of `Store::open` forbids both; snapshots are
    // replaced by renaming another file over them, which leaves the mapped one unchanged. If it happens nevertheless,
    // every length and index read from the map is checked before it accesses a slice; the tests in `changed` show
    // that.
    let map = unsafe { Mmap::map(file) }?;
    Ok(Bytes::from_owner(map))
}
