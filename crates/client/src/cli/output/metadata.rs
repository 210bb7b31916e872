//! `--verbose`: the metadata of each call on standard error, so that standard output stays as it is.

use tonic::metadata::MetadataMap;

use super::stderr::complain;
use crate::call::metadata::metadata_lines;
use crate::call::observer::CallObserver;

/// Shows the metadata of each call.
#[derive(Debug)]
pub(in crate::cli) struct StderrObserver;

impl CallObserver for StderrObserver {
    fn request(&self, path: &str, metadata: &MetadataMap) {
        show(
            "request",
            Some(path),
            metadata,
            &["te", "content-type", "user-agent", "grpc-accept-encoding"],
        );
    }

    fn initial_metadata(&self, metadata: &MetadataMap) {
        show("initial", None, metadata, &[]);
    }

    fn trailing_metadata(&self, metadata: &MetadataMap) {
        // The status itself is reported once, in words.
        show(
            "trailing",
            None,
            metadata,
            &["grpc-status", "grpc-message", "grpc-status-details-bin"],
        );
    }
}

fn show(kind: &str, first: Option<&str>, metadata: &MetadataMap, hidden: &[&str]) {
    let is_hidden = |line: &String| hidden.iter().any(|key| line.split(':').next() == Some(key));
    let lines: Vec<_> = metadata_lines(metadata)
        .into_iter()
        .filter(|line| !is_hidden(line))
        .collect();
    if let Some(first) = first {
        complain(format_args!("{kind}: {first}"));
    } else if lines.is_empty() {
        complain(format_args!("{kind} metadata: (none)"));
    }
    for line in lines {
        complain(format_args!("{kind} metadata: {line}"));
    }
}
