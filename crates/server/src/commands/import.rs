//! `route-guide-server import`: feature files in, a snapshot out.

mod advice;
mod report;
mod table;

use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use route_guide_import::{Counts, Encoding, Format, Import, Item, Naming, Options};
use route_guide_store::{Builder, Order};

use super::progress::Display;
use crate::text::counted;
use crate::text::{escaped, say};
use report::{Rejects, summary};
use table::TableFlags;

/// The flags of `import`.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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

    /// What holds the name: column of a table, by name or number from 1, GeoJSON property, FlatGeobuf column, GPX element,
    /// OpenStreetMap tag; by default name, or title in the first three
    #[arg(long, value_name = "FIELD")]
    name: Option<String>,

    /// Read no names; of OpenStreetMap, every node is a place then
    #[arg(long, conflicts_with = "name")]
    no_name: bool,

    /// The encoding of text that has no byte-order mark, by any label that browsers know, such as windows-1252 or shift_jis; by
    /// default UTF-8, or what a GPX file declares
    #[arg(long, value_name = "LABEL")]
    encoding: Option<Encoding>,

    /// Take coordinates in other reference systems for WGS 84 longitudes and latitudes; those in NAD83 (EPSG:4269) and ETRS89
    /// (EPSG:4258) are within a metre or two of them
    #[arg(long)]
    assume_wgs84: bool,

    /// Keep the order of the inputs; by default features are sorted so that neighbours lie together
    #[arg(long)]
    keep_order: bool,

    /// Write a snapshot even if it has no place in it; by default an old one stays then
    #[arg(long)]
    allow_empty: bool,

    /// Stop at the first record that is wrong, and write nothing
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    table: TableFlags,
}

impl ImportFlags {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        // Reading may take long: whatever can be known to fail fails before.
        let imports = self.open()?;
        self.check_output()?;
        let mut builder = Builder::new();
        let mut rejects = Rejects::default();
        let mut records = 0;
        for import in imports {
            let input = import.input().to_owned();
            let counts = self.read(import, &mut builder, &mut rejects)?;
            records += counts.rows + counts.rejected + counts.skipped.total();
            say(&summary(&input, &counts));
        }
        rejects.tell_rest();
        let output = self.output.display();
        if builder.is_empty() && !self.allow_empty {
            let why = if records == 0 {
                "there is no record".to_owned()
            } else {
                let records = counted(records, "record", "records");
                format!("none of {records} is a place")
            };
            bail!("{why}; {output} is not written; --allow-empty writes it all the same");
        }
        let order = if self.keep_order {
            Order::Input
        } else {
            Order::Spatial
        };
        let display = Display::writing(&self.output);
        let info = builder.write(order, &self.output)?;
        drop(display);
        let line = format!(
            "wrote {output}: {}, {} bytes, version {:016x}",
            counted(info.features, "feature", "features"),
            info.file_bytes,
            info.version
        );
        writeln!(io::stdout(), "{}", escaped(&line)).context("cannot write to stdout")
    }

    /// Opens all inputs.
    fn open(&self) -> anyhow::Result<Vec<Import>> {
        let mut imports = Vec::new();
        for input in &self.inputs {
            imports.push(Import::open(input, self.options(input)?)?);
        }
        let tables = imports
            .iter()
            .any(|import| import.format().table().is_some());
        if let Some(flag) = self.table.given()
            && !tables
        {
            bail!("{flag} is for tables, and no input is one");
        }
        let text = imports.iter().any(|import| import.format().is_text());
        if self.encoding.is_some() && !text {
            bail!("--encoding is for formats of text, and no input is of one");
        }
        Ok(imports)
    }

    fn options(&self, input: &Path) -> anyhow::Result<Options> {
        let format = self.format.or_else(|| Format::of_file_name(input));
        Ok(Options {
            format: self.format,
            encoding: self.encoding,
            name: match &self.name {
                _ if self.no_name => Naming::Nothing,
                Some(field) => Naming::Field(field.clone()),
                None => Naming::Usual,
            },
            assume_wgs84: self.assume_wgs84,
            table: format
                .and_then(Format::table)
                .map(|layout| self.table.apply(layout, self.name.as_deref(), self.no_name))
                .transpose()?,
            ..Options::default()
        })
    }

    /// Checks that the output can be written, and that this destroys nothing but an old one.
    fn check_output(&self) -> anyhow::Result<()> {
        Builder::check_output(&self.output)?;
        let Some(output) = identity(&self.output) else {
            return Ok(());
        };
        for input in &self.inputs {
            let file = if input.as_os_str() == "-" {
                Path::new("/dev/stdin")
            } else {
                input
            };
            if identity(file) == Some(output) {
                let (input, output) = (input.display(), self.output.display());
                bail!("the output {output} would replace the input {input}");
            }
        }
        Ok(())
    }

    fn read(
        &self,
        import: Import,
        builder: &mut Builder,
        rejects: &mut Rejects,
    ) -> anyhow::Result<Counts> {
        let display = Display::reading(import.input(), import.progress());
        let format = import.format();
        let outcome = import.run(|item| match item {
            Item::Row(row) => match builder.push(row.location, row.name) {
                Ok(()) => ControlFlow::Continue(()),
                Err(refused) => ControlFlow::Break(anyhow::Error::from(refused)),
            },
            Item::Rejected(rejected) if self.strict => {
                ControlFlow::Break(anyhow!("{}", advice::on_rejected(&rejected, format)))
            }
            Item::Rejected(rejected) => {
                rejects.note(|| advice::on_rejected(&rejected, format), &display);
                ControlFlow::Continue(())
            }
            Item::Notice(notice) => {
                display.say(&advice::on_notice(&notice));
                ControlFlow::Continue(())
            }
        });
        match outcome.map_err(|error| advice::on_error(&error))? {
            ControlFlow::Continue(counts) => Ok(counts),
            ControlFlow::Break(error) => Err(error),
        }
    }
}

/// What two names of one file have in common; `None` if there is no file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
