//! The answer to a call of a method that no service has.

use std::convert::Infallible;
use std::future::Future;

use http::{Response, Uri};
use tonic::body::Body;
use tonic::{Code, Status};

/// Adds the message that tonic leaves out: its router and its generated services answer with `UNIMPLEMENTED` alone.
pub(crate) async fn name_unknown_method(
    uri: Uri,
    answered: impl Future<Output = Result<Response<Body>, Infallible>>,
) -> Result<Response<Body>, Infallible> {
    const UNIMPLEMENTED: i32 = Code::Unimplemented as i32;
    let response = answered.await?;
    let headers = response.headers();
    let code = headers.get(Status::GRPC_STATUS);
    let is_unnamed = code.is_some_and(|code| *code == *UNIMPLEMENTED.to_string())
        && !headers.contains_key(Status::GRPC_MESSAGE);
    if !is_unnamed {
        return Ok(response);
    }
    Ok(Status::unimplemented(format!("unknown method {}", uri.path())).into_http())
}
