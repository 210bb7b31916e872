//! Where in a file something is.

use std::fmt;

/// A position in a file, in the terms in which a person would look for it.
///
/// Lines, columns, entries, waypoints and features are counted from 1, bytes from 0. Columns count bytes. A byte is one of
/// the uncompressed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// A line of a table or of a sequence.
    Line {
        /// The line.
        line: u64,
    },
    /// Several lines of a table that are one record.
    Lines {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A place in a text.
    Column {
        /// The line.
        line: u64,
        /// The column.
        column: u64,
    },
    /// An entry of a list in JSON.
    Entry {
        /// The entry.
        entry: u64,
        /// The line, of the entry's start or, where the parser can tell, of what is wrong.
        line: u64,
        /// The column likewise.
        column: u64,
    },
    /// A waypoint of a GPX file.
    Waypoint {
        /// The waypoint.
        waypoint: u64,
        /// The line on which its start tag ends.
        line: u64,
    },
    /// A feature of a `FlatGeobuf` file.
    Feature {
        /// The feature.
        feature: u64,
        /// The byte at which it starts.
        byte: u64,
    },
    /// A node of an `OpenStreetMap` file.
    Node {
        /// The node's id.
        node: i64,
        /// The byte at which the block of the node starts.
        byte: u64,
    },
    /// A byte of a binary file.
    Byte {
        /// The byte.
        byte: u64,
    },
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line } => write!(f, "line {line}"),
            Self::Lines { first, last } => write!(f, "lines {first}-{last}"),
            Self::Column { line, column } => write!(f, "line {line}, column {column}"),
            Self::Entry {
                entry,
                line,
                column,
            } => write!(f, "line {line}, column {column}, entry {entry}"),
            Self::Waypoint { waypoint, line } => write!(f, "line {line}, waypoint {waypoint}"),
            Self::Feature { feature, byte } => write!(f, "byte {byte}, feature {feature}"),
            Self::Node { node, byte } => write!(f, "block at byte {byte}, node {node}"),
            Self::Byte { byte } => write!(f, "byte {byte}"),
        }
    }
}
