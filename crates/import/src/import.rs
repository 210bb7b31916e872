//! One import, from opening the input to the last row.

use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::fault::{Fault, ImportError, Stop};
use crate::format::Format;
use crate::formats::geojson::{detect, sequence};
use crate::formats::{flatgeobuf, geojson, gpx, osm_pbf, published, table};
use crate::input::{Bytes, Source};
use crate::options::{Naming, Options};
use crate::output::Output;
use crate::progress::Progress;
use crate::rows::item::{Detected, Item, Subject};
use crate::rows::position::Position;
use crate::rows::row::Counts;
use crate::text::detect::utf8;
use crate::text::encoding::Encoding;

/// An opened input, ready to be read.
pub struct Import {
    input: Arc<str>,
    source: Source,
    format: Format,
    options: Options,
    progress: Progress,
}

impl Import {
    /// Opens a file, or standard input if the path is `-`.
    ///
    /// # Errors
    ///
    /// [`Fault::FormatUnknown`] if neither the settings nor the file name tell the format, [`Fault::Open`] if the
    /// file cannot be opened. Only [`run`](Self::run) reads it.
    pub fn open(path: &Path, options: Options) -> Result<Self, ImportError> {
        let input: Arc<str> = path.display().to_string().into();
        let fault = |fault| ImportError {
            input: Arc::clone(&input),
            fault,
        };
        let source = Source::open(path).map_err(|cause| fault(Fault::Open { cause }))?;
        let format = options
            .format
            .or_else(|| Format::of_file_name(path))
            .ok_or_else(|| fault(Fault::FormatUnknown))?;
        Ok(Self::new(input, source, format, options))
    }

    /// Imports from a reader; `input` is its name in messages.
    ///
    /// # Errors
    ///
    /// [`Fault::FormatUnknown`] if neither the settings nor `input` as a file name tell the format.
    pub fn from_reader(
        input: &str,
        reader: impl Read + Send + 'static,
        options: Options,
    ) -> Result<Self, ImportError> {
        let input: Arc<str> = input.into();
        let format = options
            .format
            .or_else(|| Format::of_file_name(Path::new(&*input)));
        match format {
            Some(format) => Ok(Self::new(input, Source::new(reader), format, options)),
            None => Err(ImportError {
                input,
                fault: Fault::FormatUnknown,
            }),
        }
    }

    fn new(input: Arc<str>, source: Source, format: Format, options: Options) -> Self {
        let progress = Progress::new(source.total_bytes());
        Self {
            input,
            source,
            format,
            options,
            progress,
        }
    }

    /// Returns the input's name, as it was given.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Returns the format that the input is read as.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Returns a handle on the progress, for another thread.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Reads the whole input and passes each row and each rejected record to `sink`, in the order of the file.
    /// Notices come before the first of them or after the last.
    ///
    /// Returns the counts, or the value that `sink` broke off with.
    ///
    /// # Errors
    ///
    /// [`ImportError`] if the input cannot be read to its end, for any cause in [`Fault`]. An invalid record is not
    /// such an error: it is passed to `sink`.
    pub fn run<B>(
        self,
        mut sink: impl FnMut(Item<'_>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Counts>, ImportError> {
        let mut broke_off = None;
        let mut sink = |item: Item<'_>| match sink(item) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(with) => {
                broke_off = Some(with);
                ControlFlow::Break(())
            }
        };
        let mut output = Output::new(
            &mut sink,
            Arc::clone(&self.input),
            self.progress.clone(),
            self.options.max_name_bytes,
        );
        let outcome = self
            .source
            .bytes(&self.progress)
            .and_then(|bytes| read(self.format, bytes, &self.options, &mut output))
            .and_then(|()| conclude(&self.options, &self.progress, &mut output));
        let counts = output.counts();
        let fault = match (outcome, broke_off) {
            (Ok(()) | Err(Stop::Enough), Some(with)) => return Ok(ControlFlow::Break(with)),
            (Ok(()) | Err(Stop::Enough), None) => return Ok(ControlFlow::Continue(counts)),
            (Err(Stop::Fault(fault)), _) => fault,
            (Err(Stop::Io(cause)), _) => unreadable(cause, self.progress.bytes_read()),
        };
        Err(ImportError {
            input: self.input,
            fault,
        })
    }
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("input", &self.input)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Converts an error of reading.
fn unreadable(cause: io::Error, byte: u64) -> Fault {
    // Files end without an error. Only a decompressor reports an unexpected end.
    if cause.kind() == io::ErrorKind::UnexpectedEof {
        return Fault::Truncated {
            position: Position::Byte { byte },
            within: "its compressed data",
        };
    }
    Fault::Read { byte, cause }
}

/// Calls the reader of the format.
fn read(
    format: Format,
    mut bytes: Bytes,
    options: &Options,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let mut detected = Detected::default();
    if format.is_text() {
        let encoding;
        (bytes, encoding) = utf8(bytes, format, options.encoding)?;
        output.set_encoding(encoding);
        detected.encoding = Some(encoding).filter(|&encoding| encoding != Encoding::UTF_8);
    }
    if format.table().is_some() {
        return table::read(format, bytes, options, detected, output);
    }
    let read_as = detect::format(format, bytes.peek(Bytes::MAX_PEEK_BYTES)?);
    detected.format = Some(read_as).filter(|&read_as| read_as != format);
    output.detected(detected)?;
    match read_as {
        Format::GeoJson => geojson::read(bytes, options, output),
        Format::GeoJsonSeq => sequence::read(bytes, options, output),
        Format::Gpx => gpx::read(bytes, options, output),
        Format::OsmPbf => osm_pbf::read(bytes, options, output),
        Format::FlatGeobuf => flatgeobuf::read(bytes, options, output),
        // Tables are read above.
        Format::Json | Format::Csv | Format::Tsv | Format::Geonames => {
            published::read(bytes, options, output)
        }
    }
}

/// Passes on the notices that are known only at the end.
fn conclude(options: &Options, progress: &Progress, output: &mut Output<'_>) -> Result<(), Stop> {
    if progress.is_after_compressed() {
        output.notice(Subject::AfterCompressed)?;
    }
    let field = match &options.name {
        Naming::Nothing => return Ok(()),
        naming => naming.field().unwrap_or_default().to_owned(),
    };
    match output.unnamed_fields().map(str::to_owned) {
        Some(fields) => output.notice(Subject::NoNames { field, fields }),
        None => Ok(()),
    }
}
