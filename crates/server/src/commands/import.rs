//! `route-guide-server import`: feature files in, a snapshot out.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use route_guide_import::{Column, Counts, Format, Import, Options, Rejected, Table, Unit};
use route_guide_store::{Builder, Order};

use super::progress::Display;

/// How many rejected records are shown; all are counted.
const SHOWN: u64 = 20;

/// The flags of `import`.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportFlags {
    /// The files to read, one after the other, plain or compressed with gzip or zstd; - is stdin
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// The snapshot to write; an old one is replaced when the new one is complete
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Read as this format: json, geojson, geojsonseq, csv, tsv, geonames, gpx, osm-pbf, flatgeobuf; by default told by the name
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// What holds the name: GeoJSON property, FlatGeobuf column, GPX element, OpenStreetMap tag
    #[arg(long, value_name = "FIELD", default_value = "name")]
    name_field: String,

    /// Keep the order of the inputs; by default features are sorted so that neighbours lie together
    #[arg(long)]
    keep_order: bool,

    /// Stop at the first record that is wrong, and write nothing
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    table: TableFlags,
}

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Tables (csv, tsv)")]
struct TableFlags {
    /// The column of the latitude, by name or number from 1; by default lat, latitude or y
    #[arg(long, value_name = "COLUMN")]
    lat: Option<Column>,

    /// The column of the longitude, by name or number from 1; by default lon, lng, long, longitude or x
    #[arg(long, value_name = "COLUMN")]
    lon: Option<Column>,

    /// The column of the name, by name or number from 1; by default name
    #[arg(long, value_name = "COLUMN")]
    name: Option<Column>,

    /// The character between fields
    #[arg(long, value_name = "CHARACTER", value_parser = one_byte)]
    delimiter: Option<u8>,

    /// The first line is a row like the others
    #[arg(long)]
    no_header: bool,

    /// Coordinates are E7 integers, degrees times 10⁷
    #[arg(long)]
    e7: bool,
}

impl ImportFlags {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let mut builder = Builder::new();
        let mut rejects = Rejects::default();
        for input in &self.inputs {
            let counts = self.read(input, &mut builder, &mut rejects)?;
            say(&summary(input, &counts));
        }
        rejects.tell_rest();
        let order = if self.keep_order {
            Order::Input
        } else {
            Order::Spatial
        };
        let info = builder.write(order, &self.output)?;
        let line = format!(
            "wrote {}: {} features, {} bytes, version {:016x}",
            self.output.display(),
            info.features,
            info.file_bytes,
            info.version
        );
        writeln!(io::stdout(), "{line}").context("cannot write to stdout")
    }

    fn read(
        &self,
        input: &Path,
        builder: &mut Builder,
        rejects: &mut Rejects,
    ) -> anyhow::Result<Counts> {
        let import = Import::open(input, self.options(input))?;
        let display = Display::start(&input.display().to_string(), import.progress());
        let outcome = import.run(|item| match item {
            Ok(row) => match builder.push(row.location, row.name) {
                Ok(()) => ControlFlow::Continue(()),
                Err(refused) => ControlFlow::Break(anyhow::Error::from(refused)),
            },
            Err(rejected) if self.strict => ControlFlow::Break(rejected.into()),
            Err(rejected) => {
                rejects.note(&rejected);
                ControlFlow::Continue(())
            }
        })?;
        drop(display);
        match outcome {
            ControlFlow::Continue(counts) => Ok(counts),
            ControlFlow::Break(error) => bail!(error),
        }
    }

    fn options(&self, input: &Path) -> Options {
        let format = self.format.or_else(|| Format::of_file_name(input));
        let layout = match format {
            Some(Format::Csv) => Some(Table::csv()),
            Some(Format::Tsv) => Some(Table::tsv()),
            Some(Format::Geonames) => Some(Table::geonames()),
            _ => None,
        };
        Options {
            format: self.format,
            name_field: Some(self.name_field.clone()),
            table: layout.map(|layout| self.table.apply(layout)),
            ..Options::default()
        }
    }
}

impl TableFlags {
    fn apply(&self, layout: Table) -> Table {
        Table {
            delimiter: self.delimiter.unwrap_or(layout.delimiter),
            header: layout.header && !self.no_header,
            unit: if self.e7 { Unit::E7 } else { layout.unit },
            lat: self.lat.clone().unwrap_or(layout.lat),
            lon: self.lon.clone().unwrap_or(layout.lon),
            name: self.name.clone().or(layout.name),
            ..layout
        }
    }
}

/// Rejected records: the first are shown, the rest counted.
#[derive(Debug, Default)]
struct Rejects {
    count: u64,
}

impl Rejects {
    fn note(&mut self, rejected: &Rejected) {
        self.count += 1;
        if self.count <= SHOWN {
            say(&rejected.to_string());
        }
    }

    fn tell_rest(&self) {
        if let Some(more) = self.count.checked_sub(SHOWN).filter(|more| *more > 0) {
            say(&format!("… and {more} more records are wrong"));
        }
    }
}

fn summary(input: &Path, counts: &Counts) -> String {
    let classes = [
        (counts.rejected, "records wrong"),
        (counts.skipped.not_points, "skipped that are no points"),
        (counts.skipped.no_geometry, "skipped without a geometry"),
        (counts.skipped.no_name, "nodes skipped without a name"),
    ];
    let mut line = format!("{}: {} rows", input.display(), counts.rows);
    for (count, what) in classes.into_iter().filter(|(count, _)| *count > 0) {
        // Writing to a string cannot fail.
        let _ = write!(line, ", {count} {what}");
    }
    line
}

fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ if text == "\\t" => Ok(b'\t'),
        _ => Err(format!("{text:?} is not one ASCII character")),
    }
}

fn say(line: &str) {
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "{line}");
}
