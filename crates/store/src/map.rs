//! Files as memory.

#![expect(
    unsafe_code,
    reason = "the one thing here that the compiler cannot check"
)]

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::Mmap;

/// Maps a file, to be read only. Processes that map the same file share its pages.
pub(crate) fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: the bytes of a map change if someone writes to the file, and reading past the end of one that has been
    // truncated ends the process with SIGBUS. Both are forbidden by the documentation of `Store::open`, as snapshots are
    // replaced by renaming another file over them, which leaves the mapped one as it is. Should it happen nevertheless,
    // no length or index out of the map is trusted for more than a checked access to a slice; the tests in `changed` say so.
    let map = unsafe { Mmap::map(file) }?;
    Ok(Bytes::from_owner(map))
}
