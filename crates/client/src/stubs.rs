//! The stubs of the three services: one generic stub, and a file for the methods of each service.

pub(crate) mod greeter;
pub(crate) mod hello;
pub(crate) mod replies;
pub(crate) mod route_guide;
pub(crate) mod stub;
