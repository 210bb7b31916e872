//! Which flags help against what is wrong with an input.

use anyhow::anyhow;
use route_guide_import::{
    Fault, Format, ImportError, Notice, Reason, ReferenceSystem, Rejected, Subject,
};

/// Says what is wrong with an input as a whole.
pub(super) fn on_error(error: &ImportError) -> anyhow::Error {
    match error.fault() {
        Fault::NoColumn { what: "name", .. } => {
            anyhow!("{error}; choose one with --name, or read no names with --no-name")
        }
        Fault::NoColumn { what, .. } => {
            let flag = if *what == "latitude" {
                "--lat"
            } else {
                "--lon"
            };
            anyhow!("{error}; choose one with {flag}")
        }
        Fault::ReferenceSystem(system) => anyhow!("{error}{}", on_system(system)),
        Fault::Truncated {
            within: "a field in quotes",
            ..
        } => anyhow!("{error}; --quote none reads quotes as text"),
        _ => anyhow!("{error}"),
    }
}

/// Says what is wrong with a record.
pub(super) fn on_rejected(rejected: &Rejected, format: Format) -> String {
    match rejected.reason() {
        Reason::NameNotDecoded { .. } | Reason::NotDecoded { .. } if format.is_text() => {
            format!("{rejected}; choose another encoding with --encoding, such as windows-1252")
        }
        Reason::ReferenceSystem(system) => format!("{rejected}{}", on_system(system)),
        _ => rejected.to_string(),
    }
}

/// Says what an input was found to be like.
pub(super) fn on_notice(notice: &Notice) -> String {
    match notice.subject() {
        Subject::NoNames { .. } => format!("{notice}; choose one with --name"),
        _ => notice.to_string(),
    }
}

fn on_system(system: &ReferenceSystem) -> &'static str {
    if system.is_near_wgs84() {
        "; --assume-wgs84 takes them for such, which is right within a metre or two"
    } else {
        ""
    }
}
