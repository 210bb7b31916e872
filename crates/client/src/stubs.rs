//! The stubs of the three services.

pub(crate) mod greeter;
pub(crate) mod hello;
pub(crate) mod replies;
pub(crate) mod route_guide;
