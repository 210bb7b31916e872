//! What the system has not delivered yet.

use std::collections::HashSet;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::spawn_blocking;

/// The lists of TCP sockets, as proc(5) describes them.
const LISTS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// Sockets whose bytes somebody waits for to be delivered.
#[derive(Debug, Default)]
pub(crate) struct OpenSockets {
    inodes: Mutex<HashSet<u64>>,
}

/// A socket among [`OpenSockets`], until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    among: Arc<OpenSockets>,
    inode: u64,
}

impl OpenSockets {
    /// Adds a socket by its inode.
    pub(crate) fn add(self: &Arc<Self>, inode: u64) -> OpenSocket {
        self.lock().insert(inode);
        OpenSocket {
            among: Arc::clone(self),
            inode,
        }
    }

    /// How many of the sockets hold bytes that the peer's system has not confirmed.
    ///
    /// The lists tell it of all sockets at once, and where netlink is forbidden (see `send_queue`). A Unix socket holds
    /// nothing back: what is written to it is where its peer reads it. Where there are no lists, nothing is known to be
    /// undelivered.
    pub(crate) async fn undelivered(&self) -> usize {
        let inodes = self.lock().clone();
        if inodes.is_empty() {
            return 0;
        }
        // If it panics, that has been reported where it happened.
        spawn_blocking(move || count(&inodes))
            .await
            .unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.among.lock().remove(&self.inode);
    }
}

fn count(inodes: &HashSet<u64>) -> usize {
    let lists = LISTS.map(|list| fs::read_to_string(list).unwrap_or_default());
    let unsent = lists
        .iter()
        .flat_map(|list| list.lines().filter_map(unsent));
    unsent.filter(|inode| inodes.contains(inode)).count()
}

/// The inode of a socket in a line of the list, if its queue for sending is not empty.
fn unsent(line: &str) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace().skip(4);
    let (sending, _receiving) = fields.next()?.split_once(':')?;
    let queued = u64::from_str_radix(sending, 16).ok()?;
    // Timer, retransmissions, user and timeout lie in between.
    let inode = fields.nth(4)?.parse().ok()?;
    (queued > 0).then_some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list_is_read_as_the_manual_has_it() {
        let line = |queues| {
            format!(
                "   3: 0100007F:C383 0100007F:D5A2 01 {queues} 01:00000014 00000000  1000        4 56789 2 0"
            )
        };
        assert_eq!(unsent(&line("00001F40:00000000")), Some(56_789));
        assert_eq!(unsent(&line("00000000:00001F40")), None);
        assert_eq!(
            unsent("  sl  local_address rem_address   st tx_queue rx_queue"),
            None
        );
        assert_eq!(unsent(""), None);
    }
}
