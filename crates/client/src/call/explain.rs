//! What a status means, in words and as an exit status.

use std::fmt::Write as _;

use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt};

use crate::printable::{printable, shortened};

/// Returns gRPC's name of a code, such as `DEADLINE_EXCEEDED`.
#[must_use]
pub const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Returns the exit status of a program whose call ended with a code: 64 and the code's number, as grpcurl has it.
#[must_use]
pub const fn exit_status(code: Code) -> u8 {
    match code {
        Code::Ok => 0,
        // The codes are the numbers 1 to 16.
        code => 64 + code as u8,
    }
}

/// Says what a status means: its code and message, then a line for each detail that a server attached in
/// `google.rpc` form, indented by two blanks. The last line has no line break.
///
/// A server may write a lot: of a longer line the first 1 000 characters are left, and of more details the first 20.
///
/// # Examples
///
/// ```
/// use route_guide_client::explain;
/// use tonic::Status;
///
/// let status = Status::deadline_exceeded("the call did not end within 200ms");
/// assert_eq!(explain(&status), "DEADLINE_EXCEEDED: the call did not end within 200ms");
/// assert_eq!(explain(&Status::internal("")), "INTERNAL");
/// ```
#[must_use]
pub fn explain(status: &Status) -> String {
    let mut text = code_name(status.code()).to_owned();
    if !status.message().is_empty() {
        add(&mut text, ": ", status.message());
    }
    // Details that cannot be decoded are no reason to hide the message.
    let details = status.get_error_details_vec();
    let mut lines = details.iter().flat_map(detail_lines);
    for line in lines.by_ref().take(MOST_DETAILS) {
        add(&mut text, "\n  ", &line);
    }
    let more = lines.count();
    if more > 0 {
        add(&mut text, "\n  ", &format!("and {more} more details"));
    }
    text
}

const MOST_DETAILS: usize = 20;
const MOST_CHARACTERS: usize = 1_000;

fn add(text: &mut String, separator: &str, part: &str) {
    text.push_str(separator);
    text.push_str(&printable(&shortened(part, MOST_CHARACTERS)));
}

fn detail_lines(detail: &ErrorDetail) -> Vec<String> {
    match detail {
        ErrorDetail::BadRequest(bad) => bad
            .field_violations
            .iter()
            .map(|violation| format!("field {}: {}", violation.field, violation.description))
            .collect(),
        ErrorDetail::RetryInfo(retry) => retry
            .retry_delay
            .map(|delay| format!("retry after {delay:?}"))
            .into_iter()
            .collect(),
        ErrorDetail::ErrorInfo(info) => {
            let mut line = format!("reason {} in {}", info.reason, info.domain);
            let mut entries: Vec<_> = info.metadata.iter().collect();
            entries.sort();
            for (key, value) in entries {
                // Writing to a string cannot fail.
                let _ = write!(line, ", {key}: {value}");
            }
            vec![line]
        }
        ErrorDetail::QuotaFailure(quota) => quota
            .violations
            .iter()
            .map(|violation| format!("quota of {}: {}", violation.subject, violation.description))
            .collect(),
        ErrorDetail::PreconditionFailure(failure) => failure
            .violations
            .iter()
            .map(|violation| {
                format!(
                    "precondition {} of {}: {}",
                    violation.r#type, violation.subject, violation.description
                )
            })
            .collect(),
        ErrorDetail::RequestInfo(request) => vec![format!("request {}", request.request_id)],
        ErrorDetail::ResourceInfo(resource) => vec![format!(
            "resource {} {}: {}",
            resource.resource_type, resource.resource_name, resource.description
        )],
        ErrorDetail::Help(help) => help
            .links
            .iter()
            .map(|link| format!("help: {}: {}", link.description, link.url))
            .collect(),
        ErrorDetail::LocalizedMessage(message) => {
            vec![format!("{}: {}", message.locale, message.message)]
        }
        ErrorDetail::DebugInfo(debug) => vec![format!("debug: {}", debug.detail)],
        // A kind that a later version of the library knows.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt};

    use super::{code_name, exit_status, explain};

    #[test]
    fn every_code_has_its_grpc_name_and_an_exit_status_of_its_own() {
        // Number and name as in google/rpc/code.proto.
        let names = [
            "OK",
            "CANCELLED",
            "UNKNOWN",
            "INVALID_ARGUMENT",
            "DEADLINE_EXCEEDED",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL",
            "UNAVAILABLE",
            "DATA_LOSS",
            "UNAUTHENTICATED",
        ];
        for (number, name) in (0..).zip(names) {
            let code = Code::from_i32(number);
            assert_eq!(code_name(code), name);
            let status = if number == 0 { 0 } else { number + 64 };
            assert_eq!(i32::from(exit_status(code)), status, "{name}");
        }
    }

    #[test]
    fn each_detail_of_a_status_has_a_line() {
        let mut details = ErrorDetails::new();
        details
            .add_bad_request_violation("latitude", "900000001 is outside ±900000000")
            .add_bad_request_violation("longitude", "also wrong")
            .set_retry_info(Some(Duration::from_millis(1500)))
            .set_error_info(
                "TOO_FAST",
                "example.org",
                [("b".into(), "2".into()), ("a".into(), "1".into())],
            )
            .add_quota_failure_violation("you", "ten calls a second")
            .add_precondition_failure_violation("TOS", "you", "not signed")
            .set_request_info("r-1", "")
            .set_resource_info("place", "here", "", "closed")
            .add_help_link("the manual", "https://example.org")
            .set_localized_message("de", "geht nicht");
        let status = Status::with_error_details(Code::InvalidArgument, "bad point", details);

        let text = explain(&status);
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(first, "INVALID_ARGUMENT: bad point");
        let mut lines: Vec<_> = rest.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "  de: geht nicht",
                "  field latitude: 900000001 is outside ±900000000",
                "  field longitude: also wrong",
                "  help: the manual: https://example.org",
                "  precondition TOS of you: not signed",
                "  quota of you: ten calls a second",
                "  reason TOO_FAST in example.org, a: 1, b: 2",
                "  request r-1",
                "  resource place here: closed",
                "  retry after 1.5s",
            ]
        );
    }

    #[test]
    fn a_server_cannot_write_lines_of_its_own_or_drive_the_terminal() {
        let status = Status::internal("one\ntwo \u{1b}[31m");
        assert_eq!(explain(&status), r"INTERNAL: one\ntwo \u{1b}[31m");
    }

    #[test]
    fn a_server_cannot_fill_the_terminal() {
        let mut details = ErrorDetails::new();
        for number in 0..100 {
            details.add_bad_request_violation(number.to_string(), "x".repeat(5_000));
        }
        let status = Status::with_error_details(Code::Internal, "é".repeat(15_000), details);
        let text = explain(&status);
        let lines: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lines.len(), 22);
        assert!(lines.iter().all(|length| *length < 1_020), "{lines:?}");
        assert!(text.ends_with("\n  and 80 more details"), "{text}");
    }

    #[test]
    fn details_that_cannot_be_decoded_leave_the_message() {
        let status = Status::with_details(Code::Internal, "oops", vec![0xff, 0xff].into());
        assert_eq!(explain(&status), "INTERNAL: oops");
    }
}
