//! A line in the log for each call, for those who ask for it with `--log debug`.

use std::sync::Arc;

use route_guide_guard::{CallEnd, CallObserver, ConnectionInfo, ObservedCall};
use tracing::Level;

/// Returns the observer of all calls, if the log shows what it writes.
pub(crate) fn observer() -> Option<Arc<dyn CallObserver>> {
    tracing::enabled!(Level::DEBUG).then(|| Arc::new(CallLog) as Arc<dyn CallObserver>)
}

#[derive(Debug)]
struct CallLog;

impl CallObserver for CallLog {
    fn ended(&self, call: &ObservedCall, end: &CallEnd) {
        let peer = call.connection.as_ref().and_then(ConnectionInfo::peer);
        tracing::debug!(
            path = call.path,
            peer = peer.map(tracing::field::display),
            code = ?end.code,
            by = ?end.by,
            duration = ?end.duration,
            received = end.received.messages,
            sent = end.sent.messages,
            "call ended"
        );
    }
}
