//! What can be set on a channel.

use std::time::Duration;

/// What can be set on a [`Channel`](crate::Channel).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelSettings {
    /// How many bytes of one stream a server may send ahead of its reader.
    pub stream_window_bytes: u32,
    /// How many bytes of all streams together a server may send ahead.
    ///
    /// It is much larger than the stream window on purpose: the HTTP/2 library counts small messages that wait in it as
    /// an attack, and closes the connection when they fill a certain part of this window.
    pub connection_window_bytes: u32,
    /// How long an attempt to connect may take, up to the server's first HTTP/2 frame.
    pub connect_timeout: Duration,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            stream_window_bytes: 256 << 10,
            connection_window_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(20),
        }
    }
}
