//! Header compression of HTTP/2: what this client writes, and all that a server may write.
//!
//! # References
//!
//! RFC 7541, sections 2.3 (tables), 4 (eviction), 5 (integers and strings) and 6 (representations).

mod decoder;
mod encoder;
mod huffman;
mod static_table;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;

/// The size of a dynamic table until a peer's settings say otherwise.
pub(crate) const DEFAULT_TABLE_SIZE: usize = 4_096;

/// Why a block of response headers cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderBlockError {
    /// The block ends inside a field.
    #[error("the block ends inside a field")]
    Truncated,
    /// A field refers to an entry that is in neither table.
    #[error("no table has an entry {0}")]
    NoEntry(usize),
    /// A number is too large to be meant.
    #[error("a number has too many digits")]
    Number,
    /// A string is not what Huffman's code can give.
    #[error("a string breaks the Huffman code")]
    Huffman,
    /// The server takes a larger table than it was allowed.
    #[error("the server resizes its table to {0} bytes, which is more than it was allowed")]
    TableSize(usize),
}
