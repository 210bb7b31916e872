//! Who is shown the metadata of calls.

use tonic::metadata::MetadataMap;

/// Sees the metadata of calls as they go over the wire. Every method does nothing by default.
pub trait CallObserver: Send + Sync + 'static {
    /// A call starts: its path, such as `/routeguide.RouteGuide/GetFeature`, and its metadata.
    fn request(&self, path: &str, metadata: &MetadataMap) {
        let _ = (path, metadata);
    }

    /// The server has sent its headers.
    fn initial_metadata(&self, metadata: &MetadataMap) {
        let _ = metadata;
    }

    /// The server has ended the call. The status is in the `grpc-…` entries.
    fn trailing_metadata(&self, metadata: &MetadataMap) {
        let _ = metadata;
    }
}
