//! How a table is laid out, by flags.

use anyhow::bail;
use route_guide_import::{Column, Table, Unit};

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Tables (csv, tsv, geonames)")]
pub(super) struct TableFlags {
    /// The column of the latitude, by name or number from 1; by default latitude, lat or y, also with a common addition as in
    /// stop_lat, or a column WKT with both coordinates
    #[arg(long, value_name = "COLUMN")]
    lat: Option<Column>,

    /// The column of the longitude, by name or number from 1; by default longitude, lon, lng, long or x, likewise
    #[arg(long, value_name = "COLUMN")]
    lon: Option<Column>,

    /// The character between fields; by default a tab in tsv and geonames, and in csv what the first line shows of , ; tab
    /// and |
    #[arg(long, value_name = "CHARACTER", value_parser = one_byte)]
    delimiter: Option<u8>,

    /// The character around fields that contain delimiters or line ends, or none; by default " in csv, none in the others
    #[arg(long, value_name = "CHARACTER", value_parser = quote)]
    quote: Option<Quote>,

    /// The first line is a row like the others
    #[arg(long)]
    no_header: bool,

    /// Coordinates are E7 integers, degrees times 10⁷
    #[arg(long)]
    e7: bool,
}

/// A quote, or that there is none.
#[derive(Clone, Copy, Debug)]
struct Quote(Option<u8>);

impl TableFlags {
    /// Returns the first flag that is given, if one is.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            (self.lat.is_some(), "--lat"),
            (self.lon.is_some(), "--lon"),
            (self.delimiter.is_some(), "--delimiter"),
            (self.quote.is_some(), "--quote"),
            (self.no_header, "--no-header"),
            (self.e7, "--e7"),
        ]
        .into_iter()
        .find_map(|(given, flag)| given.then_some(flag))
    }

    /// Changes the layout of a format as the flags say.
    pub(super) fn apply(
        &self,
        layout: Table,
        name: Option<&str>,
        no_name: bool,
    ) -> anyhow::Result<Table> {
        let name = match name {
            Some(name) => Some(name.parse()?),
            None => layout.name,
        };
        let table = Table {
            delimiter: self.delimiter.or(layout.delimiter),
            quote: self.quote.map_or(layout.quote, |Quote(quote)| quote),
            header: layout.header && !self.no_header,
            unit: if self.e7 { Unit::E7 } else { layout.unit },
            lat: self.lat.clone().unwrap_or(layout.lat),
            lon: self.lon.clone().unwrap_or(layout.lon),
            name: name.filter(|_| !no_name),
        };
        if let Some(quote) = table.quote
            && table.delimiter == table.quote
        {
            let both = char::from(quote);
            bail!("{both:?} cannot be both --delimiter and --quote");
        }
        Ok(table)
    }
}

fn one_byte(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\r" | b"\n" => Err("a line end is between records".to_owned()),
        [byte] => Ok(*byte),
        b"\\t" => Ok(b'\t'),
        _ => Err(format!("{text:?} is not one ASCII character")),
    }
}

fn quote(text: &str) -> Result<Quote, String> {
    match text {
        "none" => Ok(Quote(None)),
        _ => one_byte(text).map(|byte| Quote(Some(byte))),
    }
}
