//! What every gRPC server is expected to answer: health, reflection, the metadata of the interoperability tests, and calls of
//! methods that are not there.

pub(crate) mod echo;
pub(crate) mod health;
pub(crate) mod reflection;
pub(crate) mod unknown_method;
