//! The file engine keeps the promises of every engine.

use std::sync::Arc;

use route_guide_chat::FileNotebook;

use crate::suite::conformance;

conformance!(async |limits, clock| {
    // The directory is removed at once: on Unix the open file lives on.
    let dir = tempfile::tempdir().expect("a directory");
    let notebook = FileNotebook::with_clocks(dir.path(), limits, &*clock, clock.clone());
    Arc::new(notebook.expect("an empty notebook"))
});
