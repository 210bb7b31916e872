//! Positions in a file.

use std::fmt;

/// A position in a file, in the terms in which a person looks for it.
///
/// Lines, columns, entries, waypoints and features are counted from 1, bytes from 0. Columns count bytes. Bytes are
/// those of the uncompressed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// A line of a table or of a sequence.
    Line {
        /// The line.
        line: u64,
    },
    /// Several lines of a table that were read as one record.
    Lines {
        /// The first line.
        first: u64,
        /// The last line.
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
        /// The line of the error if the parser reports it, otherwise of the start of the entry.
        line: u64,
        /// The column, likewise.
        column: u64,
    },
    /// A waypoint of a GPX file.
    Waypoint {
        /// The waypoint.
        waypoint: u64,
        /// The line of the end of its start tag.
        line: u64,
    },
    /// A feature of a `FlatGeobuf` file.
    Feature {
        /// The feature.
        feature: u64,
        /// The offset of the feature.
        byte: u64,
    },
    /// A node of an `OpenStreetMap` file.
    Node {
        /// The node's id.
        node: i64,
        /// The offset of the block with the node.
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
