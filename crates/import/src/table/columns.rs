//! Which fields of a record make a row.

use std::fmt::Display;

use route_guide_geo::Axis;

use super::records::Record;
use crate::fault::Fault;
use crate::options::{Column, Table};
use crate::row::Reason;

/// Where in a record the fields are that make a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    lat: usize,
    lon: usize,
    name: Option<usize>,
}

impl Columns {
    pub(super) fn new(table: &Table, header: &[String]) -> Result<Self, Fault> {
        let find = |column: &Column, what: &'static str, usual: &[&str]| {
            find(column, header, usual).ok_or_else(|| {
                let column = match column {
                    Column::Usual if header.is_empty() => {
                        format!(
                            "column for the {what}, as there is no header; choose one by number"
                        )
                    }
                    Column::Usual => format!("column for the {what} ({})", usual.join(", ")),
                    Column::Named(name) => format!("column {name:?} for the {what}"),
                    Column::Index(index) => format!("column {} for the {what}", index + 1),
                };
                Fault::no_column(what, column, header.iter().map(String::as_str))
            })
        };
        Ok(Self {
            lat: find(&table.lat, "latitude", &["latitude", "lat", "y"])?,
            lon: find(
                &table.lon,
                "longitude",
                &["longitude", "lon", "lng", "long", "x"],
            )?,
            name: match &table.name {
                Some(column) => Some(find(column, "name", &["name"])?),
                None => None,
            },
        })
    }

    /// Returns latitude, longitude and name.
    pub(super) fn pick<'r>(&self, record: &Record<'r>) -> Result<[&'r [u8]; 3], Reason> {
        let field = |index: usize, what: &dyn Display| {
            record.field(index).ok_or_else(|| {
                let (found, wanted) = (record.len(), index + 1);
                Reason::invalid(format!(
                    "the {what} is field {wanted}, and there are {found}"
                ))
            })
        };
        Ok([
            field(self.lat, &Axis::Latitude)?,
            field(self.lon, &Axis::Longitude)?,
            match self.name {
                Some(index) => field(index, &"name")?,
                None => &[],
            },
        ])
    }
}

fn find(column: &Column, header: &[String], usual: &[&str]) -> Option<usize> {
    let any_case = |wanted: &str| {
        header
            .iter()
            .position(|name| name.eq_ignore_ascii_case(wanted))
    };
    match column {
        Column::Usual => usual.iter().find_map(|wanted| any_case(wanted)),
        Column::Named(wanted) => header
            .iter()
            .position(|name| name == wanted)
            .or_else(|| any_case(wanted)),
        // Where the header tells how many there are, a column beyond them is in no line.
        Column::Index(index) => (header.is_empty() || *index < header.len()).then_some(*index),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_with, options};
    use super::*;
    use crate::options::Unit;

    #[test]
    fn the_usual_columns_are_found_by_their_names() {
        let row = &["400000000,-750000000,a"];
        check("latitude,longitude,name\n40,-75,a\n", row);
        check("Name, LON ,id,lat\na,-75,1,40", row);
        check("X,Y,NAME\r\n-75,40,a\r\n", row);
        check("\u{feff}lat,lng,name\n40,-75,a", row);
        check("lat,lon,name\n", &[]);
        let error = |header: &str, expected: &str| {
            check_with(&options(Table::csv()), header, Err(expected));
        };
        error("", "not csv: expected a header line, but the file is empty");
        error(
            "lat,lon\n40,-75\n",
            "there is no column for the name (name); the columns are lat, lon",
        );
        error(
            "40,-75,a\n",
            "there is no column for the latitude (latitude, lat, y); the columns are 40, -75, a",
        );
    }

    #[test]
    fn columns_can_be_chosen() {
        let table = Table {
            delimiter: b';',
            unit: Unit::E7,
            lat: Column::Named("breite".into()),
            lon: Column::Index(2),
            name: None,
            ..Table::csv()
        };
        check_with(
            &options(table.clone()),
            "Breite;breite;Laenge;name\n1;407838351;-746143763;a\n",
            Ok(&["407838351,-746143763,"]),
        );
        check_with(
            &options(table.clone()),
            "Breite;Laenge\n1;2\n",
            Err("there is no column 3 for the longitude; the columns are Breite, Laenge"),
        );
        check_with(
            &options(table.clone()),
            "a;b\n1;2\n",
            Err("there is no column \"breite\" for the latitude; the columns are a, b"),
        );
        let headless = Table {
            header: false,
            lat: Column::Index(0),
            ..table.clone()
        };
        check_with(
            &options(headless),
            "1;0;2\n3;4\n",
            Ok(&[
                "1,2,",
                "x: line 2: the longitude is field 3, and there are 2",
            ]),
        );
        check_with(
            &options(Table {
                header: false,
                ..Table::csv()
            }),
            "1,2,a\n",
            Err("there is no column for the latitude, as there is no header; choose one by number"),
        );
    }
}
