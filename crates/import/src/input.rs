//! Opening a file or standard input, and decompressing it.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::fault::{Fault, Stop};
use crate::progress::Progress;

/// The size of reads, which determines the number of system calls.
const BUFFER_BYTES: usize = 256 << 10;

/// The bytes of an input, decompressed.
///
/// Unlike [`BufReader`](std::io::BufReader) it can look ahead, however small the pieces are in which bytes arrive.
pub(crate) struct Bytes {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// The part of the buffer that is filled and not consumed.
    unread: Range<usize>,
}

impl Bytes {
    /// The most bytes to look ahead, so that a large part of the buffer stays free to be filled.
    pub(crate) const MAX_PEEK_BYTES: usize = BUFFER_BYTES / 2;

    pub(crate) fn new(reader: impl Read + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            buffer: vec![0; BUFFER_BYTES],
            unread: 0..0,
        }
    }

    /// Returns the next bytes without consuming them: `length` or more, or all that are left.
    pub(crate) fn peek(&mut self, length: usize) -> io::Result<&[u8]> {
        let length = length.min(Self::MAX_PEEK_BYTES);
        if self.unread.len() < length {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        while self.unread.len() < length && self.read_more()? > 0 {}
        Ok(&self.buffer[self.unread.clone()])
    }

    /// Reads once and appends to the unread bytes.
    fn read_more(&mut self) -> io::Result<usize> {
        loop {
            match self.reader.read(&mut self.buffer[self.unread.end..]) {
                Ok(read) => {
                    self.unread.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// This retries calls that a signal interrupted.
impl BufRead for Bytes {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unread.is_empty() {
            self.unread = 0..0;
            self.read_more()?;
        }
        Ok(&self.buffer[self.unread.clone()])
    }

    #[inline]
    fn consume(&mut self, length: usize) {
        self.unread.start = (self.unread.start + length).min(self.unread.end);
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// An opened input of which nothing has been read.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    total_bytes: Option<u64>,
}

impl Source {
    /// Opens a file, or standard input if the path is `-`.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::new(io::stdin()));
        }
        let file = File::open(path)?;
        let total_bytes = file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)
            .map(|metadata| metadata.len());
        Ok(Self {
            total_bytes,
            ..Self::new(file)
        })
    }

    pub(crate) fn new(reader: impl Read + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            total_bytes: None,
        }
    }

    pub(crate) const fn total_bytes(&self) -> Option<u64> {
        self.total_bytes
    }

    /// Returns the bytes, decompressed if they begin like gzip or zstd.
    pub(crate) fn bytes(self, progress: &Progress) -> Result<Bytes, Stop> {
        let mut bytes = Bytes::new(Counted {
            reader: self.reader,
            bytes: 0,
            progress: progress.clone(),
        });
        Ok(match Compression::of(bytes.peek(MAGIC_BYTES)?) {
            None => bytes,
            Some(Compression::Gzip) => Bytes::new(Gunzip::new(bytes, progress.clone())),
            Some(Compression::Zstd) => Bytes::new(zstd::Decoder::with_buffer(bytes)?),
            Some(Compression::Other(name)) => return Err(Fault::Compression { name }.into()),
        })
    }
}

/// The members of a gzip file.
///
/// Tapes and some download managers leave zeros or other bytes after the last member. `gzip` ignores them with a
/// warning, but the multi-member decoder of `flate2` takes them for a damaged member.
struct Gunzip {
    /// `None` after the last member.
    member: Option<GzDecoder<Bytes>>,
    progress: Progress,
}

impl Gunzip {
    fn new(input: Bytes, progress: Progress) -> Self {
        Self {
            member: Some(GzDecoder::new(input)),
            progress,
        }
    }

    /// Advances to the next member, if there is one.
    fn next(&mut self, mut input: Bytes) -> io::Result<()> {
        let head = input.peek(GZIP_MAGIC.len())?;
        if head.starts_with(&GZIP_MAGIC) {
            self.member = Some(GzDecoder::new(input));
        } else if !head.is_empty() {
            // A well-formed file ends here, and zeros are padding.
            let mut padding = true;
            loop {
                let rest = input.fill_buf()?;
                if rest.is_empty() {
                    break;
                }
                padding &= rest.iter().all(|&byte| byte == 0);
                let length = rest.len();
                input.consume(length);
            }
            if !padding {
                self.progress.set_after_compressed();
            }
        }
        Ok(())
    }
}

impl Read for Gunzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if let Some(member) = self.member.take() {
                self.next(member.into_inner())?;
            }
        }
        Ok(0)
    }
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The number of bytes that identify a compression.
const MAGIC_BYTES: usize = 6;

/// A known compression.
enum Compression {
    Gzip,
    Zstd,
    /// An unsupported one that is common enough to be named in a message.
    Other(&'static str),
}

impl Compression {
    fn of(head: &[u8]) -> Option<Self> {
        const KNOWN: [(&[u8], Compression); 5] = [
            (&GZIP_MAGIC, Compression::Gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
            (b"PK\x03\x04", Compression::Other("zip")),
            (b"BZh", Compression::Other("bzip2")),
            (b"\xfd7zXZ\0", Compression::Other("xz")),
        ];
        KNOWN
            .into_iter()
            .find_map(|(magic, compression)| head.starts_with(magic).then_some(compression))
    }
}

/// Counts the bytes read in the progress.
struct Counted {
    reader: Box<dyn Read + Send>,
    bytes: u64,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.bytes += read as u64;
        self.progress.set_bytes_read(self.bytes);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;
    use crate::format::Format;
    use crate::options::Options;
    use crate::testing::read_text;

    fn load(bytes: &[u8]) -> Result<Vec<String>, String> {
        read_text(Format::Json, bytes, &Options::default())
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 1).unwrap()
    }

    const TEXT: &str = r#"[{"location":{},"name":"a"},{"location":{},"name":"b"}]"#;

    #[test]
    fn compression_is_detected_by_the_first_bytes() {
        let expected = Ok(vec!["0,0,a".to_owned(), "0,0,b".to_owned()]);
        assert_eq!(load(TEXT.as_bytes()), expected);
        assert_eq!(load(&gzip(TEXT)), expected);
        assert_eq!(load(&zstd(TEXT)), expected);
        let (head, tail) = TEXT.split_at(7);
        assert_eq!(load(&[gzip(head), gzip(tail)].concat()), expected);
        assert_eq!(load(&[zstd(head), zstd(tail)].concat()), expected);
    }

    /// Bytes after the last member were reported as a truncated file, where gzip warns and continues.
    #[test]
    fn what_follows_gzip_data_is_ignored_with_a_notice() {
        let rows = ["0,0,a", "0,0,b"].map(str::to_owned);
        let notice =
            "x: the bytes after the gzip data are not gzip data and are ignored".to_owned();
        let check = |tail: &[u8], expected: &[String]| {
            let bytes = [&gzip(TEXT), tail].concat();
            assert_eq!(load(&bytes), Ok(expected.to_vec()), "{tail:?}");
        };
        check(&[0], &rows);
        check(&vec![0; 1 << 20], &rows);
        let noticed = [&rows[..], &[notice]].concat();
        check(b"\x1f", &noticed);
        check(b"junk", &noticed);
        check(&vec![b'j'; 1 << 20], &noticed);
        check(&[&[0; 100][..], b"junk"].concat(), &noticed);
    }

    #[test]
    fn compressed_data_that_is_cut_or_damaged_is_an_error() {
        let check = |bytes: &[u8], expected: &str| {
            let message = load(bytes).unwrap_err();
            let expected = format!("cannot import x: {expected}");
            assert!(message.starts_with(&expected), "{message}");
        };
        for whole in [gzip(TEXT), zstd(TEXT)] {
            for length in 4..whole.len() {
                check(
                    &whole[..length],
                    &format!("byte {length}: the file ends within its compressed data"),
                );
            }
        }
        let mut damaged = gzip(TEXT);
        let last = damaged.len() - 5;
        damaged[last] ^= 1;
        let length = damaged.len();
        check(
            &damaged,
            &format!("after {length} bytes: corrupt gzip stream"),
        );
        let mut damaged = zstd(TEXT);
        damaged[4] ^= 0x18;
        let length = damaged.len();
        check(&damaged, &format!("after {length} bytes: "));
    }

    #[test]
    fn other_compressions_are_named() {
        let check = |bytes: &[u8], name: &str| {
            let expected = format!(
                "cannot import x: {name} is not supported, only gzip and zstd; decompress it first"
            );
            assert_eq!(load(bytes), Err(expected));
        };
        check(b"PK\x03\x04\x14\0", "zip");
        check(b"BZh91AY", "bzip2");
        check(b"\xfd7zXZ\0\0\x04", "xz");
    }

    #[test]
    fn a_disk_that_fails_is_an_error_with_its_position() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is on fire"))
            }
        }
        let head: &[u8] = b"[{}, {}, ";
        let import = crate::Import::from_reader("x.json", head.chain(Broken), Options::default());
        let error = import
            .unwrap()
            .run(|_| std::ops::ControlFlow::<()>::Continue(()))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot import x.json: after 9 bytes: the disk is on fire"
        );
    }
}
