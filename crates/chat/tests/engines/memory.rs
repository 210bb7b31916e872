//! The memory engine keeps the promises of every engine.

use std::sync::Arc;

use route_guide_chat::MemoryNotebook;

use crate::suite::conformance;

conformance!(async |limits, clock| Arc::new(MemoryNotebook::with_clock(limits, clock)));
