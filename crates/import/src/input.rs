//! Opening an input: a file or standard input, as it is or decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::fault::{Fault, Stop};
use crate::progress::Progress;

/// Large reads: only the number of system calls depends on it.
const BUFFER_BYTES: usize = 256 << 10;

/// The bytes of an input, decompressed.
pub(crate) type Bytes = Box<dyn BufRead + Send>;

/// An input that has been opened, and nothing read of it.
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

    /// Returns the bytes, decompressed if they begin as gzip or zstd do.
    pub(crate) fn bytes(self, progress: &Progress) -> Result<Bytes, Stop> {
        let counted = Counted {
            reader: self.reader,
            bytes: 0,
            progress: progress.clone(),
        };
        let mut buffered = BufReader::with_capacity(BUFFER_BYTES, counted);
        let mut head = Vec::new();
        buffered.by_ref().take(MAGIC_BYTES).read_to_end(&mut head)?;
        let compression = Compression::of(&head);
        let whole = Cursor::new(head).chain(buffered);
        Ok(match compression {
            None => Box::new(whole),
            Some(Compression::Gzip) => decompressed(MultiGzDecoder::new(whole)),
            Some(Compression::Zstd) => decompressed(zstd::Decoder::with_buffer(whole)?),
            Some(Compression::Other(name)) => return Err(Fault::Compression { name }.into()),
        })
    }
}

fn decompressed(reader: impl Read + Send + 'static) -> Bytes {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, reader))
}

/// How many bytes tell a compression.
const MAGIC_BYTES: u64 = 6;

/// A way of compressing that is known here.
enum Compression {
    Gzip,
    Zstd,
    /// One that is common enough to be named in a message.
    Other(&'static str),
}

impl Compression {
    fn of(head: &[u8]) -> Option<Self> {
        const KNOWN: [(&[u8], Compression); 5] = [
            (&[0x1f, 0x8b], Compression::Gzip),
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

/// Tells the progress how many bytes have been read.
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

    const TEXT: &str = r#"[{"name": "a"}, {"name": "b"}]"#;

    #[test]
    fn compressed_data_is_told_by_its_first_bytes() {
        let expected = Ok(vec!["0,0,a".to_owned(), "0,0,b".to_owned()]);
        assert_eq!(load(TEXT.as_bytes()), expected);
        assert_eq!(load(&gzip(TEXT)), expected);
        assert_eq!(load(&zstd(TEXT)), expected);
        let (head, tail) = TEXT.split_at(7);
        assert_eq!(load(&[gzip(head), gzip(tail)].concat()), expected);
        assert_eq!(load(&[zstd(head), zstd(tail)].concat()), expected);
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
                "cannot import x: {name} is not read here, only gzip and zstd; unpack it first"
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
