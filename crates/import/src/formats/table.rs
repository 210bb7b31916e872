//! Tables of text: CSV, TSV and the dumps of geonames.org.

mod columns;
mod header;
mod layout;
mod quotes;
mod record;
mod records;
#[cfg(test)]
mod tests;
mod wkt;

use crate::fault::{Fault, Stop};
use crate::format::Format;
use crate::input::Bytes;
use crate::options::Options;
use crate::options::table::Table;
use crate::output::Output;
use crate::rows::coordinate::CoordinateParser;
use crate::rows::item::Detected;
use crate::rows::row::{Reason, Skip};

use columns::{Columns, Picked};
use layout::Layout;
use record::{Record, text};
use records::Records;
use wkt::Wkt;

pub(crate) fn read(
    format: Format,
    mut bytes: Bytes,
    options: &Options,
    mut detected: Detected,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let table = options.table.clone().or_else(|| format.table());
    let table = table.unwrap_or_else(Table::csv);
    let layout = Layout::of(&mut bytes, &table)?;
    let mut records = Records::new(bytes, &table, &layout, options.max_record_bytes);
    let mut header = Vec::new();
    if table.header {
        let Some(record) = records.next()? else {
            let problem = "expected a header line, but the file is empty";
            return Err(Fault::not_this_format(format, problem).into());
        };
        header.extend(record.fields().map(text).map(|name| name.trim().to_owned()));
    }
    let columns = Columns::new(&table, &header)?;
    detected.delimiter = layout.detected;
    detected.columns = columns.unusual(&header);

    let mut reading = Reading {
        width: table.header.then_some(header.len()),
        coordinates: CoordinateParser::new(table.unit, layout.decimal_comma()),
        assume_wgs84: options.assume_wgs84,
        columns,
    };
    // The first place shows the decimal separator, and the notice precedes it.
    let mut detected = Some(detected);
    while let Some(record) = records.next()? {
        if let Some(mut detected) = detected.take() {
            detected.decimal_comma = reading.has_decimal_comma(&record);
            output.detected(detected)?;
        }
        reading.read(&record, output)?;
    }
    detected.map_or(Ok(()), |detected| output.detected(detected))
}

/// The state of reading records.
struct Reading {
    columns: Columns,
    /// The expected number of fields.
    width: Option<usize>,
    coordinates: CoordinateParser,
    assume_wgs84: bool,
}

impl Reading {
    fn read(&mut self, record: &Record<'_>, output: &mut Output<'_>) -> Result<(), Stop> {
        let position = record.position();
        let picked = self
            .no_wider(record)
            .and_then(|()| self.columns.pick(record));
        match picked {
            Ok(Picked::Pair { lat, lon, name }) => {
                if lat.trim_ascii().is_empty() && lon.trim_ascii().is_empty() {
                    // A line of empty fields counts as an empty line.
                    if !record.is_blank() {
                        output.skip(Skip::NoCoordinates);
                    }
                    return Ok(());
                }
                let location = self.coordinates.point(&text(lat), &text(lon));
                output.row_of_bytes(position, location, name)
            }
            Ok(Picked::Geometry { wkt, name }) => self.geometry(record, wkt, name, output),
            Err(_) if record.is_blank() => Ok(()),
            Err(reason) => output.reject(position, reason),
        }
    }

    fn geometry(
        &mut self,
        record: &Record<'_>,
        wkt: &[u8],
        name: &[u8],
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let position = record.position();
        if wkt.trim_ascii().is_empty() {
            if !record.is_blank() {
                output.skip(Skip::NoCoordinates);
            }
            return Ok(());
        }
        output.share(record.len_bytes());
        match wkt::parse(&text(wkt), self.assume_wgs84) {
            Ok(Wkt::Points(points)) => {
                for point in points {
                    let location = point.and_then(|[lon, lat]| self.coordinates.point(lat, lon));
                    output.row_of_bytes(position, location, name)?;
                }
                Ok(())
            }
            Ok(Wkt::Skip(why)) => {
                output.skip(why);
                Ok(())
            }
            Err(reason) => output.reject(position, reason),
        }
    }

    /// Refuses a record with more fields than the first line: they are probably shifted, as by a delimiter that
    /// should have been quoted. A shorter record only lacks its last fields.
    fn no_wider(&mut self, record: &Record<'_>) -> Result<(), Reason> {
        if record.is_broken() {
            let problem = "there is text after a closing quote; a quote within quotes is doubled";
            return Err(Reason::invalid(problem));
        }
        let found = record.len();
        let width = *self.width.get_or_insert(found);
        let mut more = (width..found).filter_map(|index| record.field(index));
        if more.all(<[u8]>::is_empty) {
            return Ok(());
        }
        Err(Reason::invalid(format!(
            "there are {found} fields, and in the first line {width}"
        )))
    }

    fn has_decimal_comma(&self, record: &Record<'_>) -> bool {
        match self.columns.pick(record) {
            Ok(Picked::Pair { lat, lon, .. }) => [lat, lon]
                .into_iter()
                .any(|field| self.coordinates.has_decimal_comma(&text(field))),
            _ => false,
        }
    }
}
