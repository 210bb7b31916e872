//! The columns with location and name.

use std::fmt::Display;

use route_guide_geo::Axis;

use super::header;
use super::record::Record;
use crate::fault::Fault;
use crate::options::table::{Column, Table};
use crate::rows::row::Reason;

/// The indices of the fields that make a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    place: Place,
    name: Option<usize>,
    /// Whether the name of one of them is unusual.
    unusual: bool,
}

/// The fields with the location.
#[derive(Clone, Copy, Debug)]
enum Place {
    Pair { lat: usize, lon: usize },
    Geometry(usize),
}

pub(super) enum Picked<'r> {
    Pair {
        lat: &'r [u8],
        lon: &'r [u8],
        name: &'r [u8],
    },
    Geometry {
        wkt: &'r [u8],
        name: &'r [u8],
    },
}

impl Columns {
    pub(super) fn new(table: &Table, header: &[String]) -> Result<Self, Fault> {
        let (place, unusual_place) = place(table, header)?;
        let name = match &table.name {
            Some(column) => Some(header::find(column, header, "name", header::NAME)?),
            None => None,
        };
        Ok(Self {
            place,
            name: name.map(|found| found.index),
            unusual: unusual_place || name.is_some_and(|found| found.unusual),
        })
    }

    /// Returns whether a header has the columns of a location.
    pub(super) fn are_in(table: &Table, header: &[String]) -> bool {
        place(table, header).is_ok()
    }

    /// Returns the names of the columns if one is unusual.
    pub(super) fn unusual(&self, header: &[String]) -> Vec<String> {
        if !self.unusual {
            return Vec::new();
        }
        let indices = match self.place {
            Place::Pair { lat, lon } => [Some(lat), Some(lon), self.name],
            Place::Geometry(wkt) => [Some(wkt), self.name, None],
        };
        let names = indices.into_iter().flatten();
        names
            .filter_map(|index| header.get(index).cloned())
            .collect()
    }

    pub(super) fn pick<'r>(&self, record: &Record<'r>) -> Result<Picked<'r>, Reason> {
        let field = |index: usize, what: &dyn Display| {
            record.field(index).ok_or_else(|| {
                let (found, wanted) = (record.len(), index + 1);
                Reason::invalid(format!(
                    "the {what} is field {wanted}, but the record ends after field {found}"
                ))
            })
        };
        let name = || match self.name {
            Some(index) => field(index, &"name"),
            None => Ok(&[][..]),
        };
        Ok(match self.place {
            Place::Pair { lat, lon } => Picked::Pair {
                lat: field(lat, &Axis::Latitude)?,
                lon: field(lon, &Axis::Longitude)?,
                name: name()?,
            },
            Place::Geometry(wkt) => Picked::Geometry {
                wkt: field(wkt, &"geometry")?,
                name: name()?,
            },
        })
    }
}

/// Finds the columns of the location, and returns whether their names are unusual.
fn place(table: &Table, header: &[String]) -> Result<(Place, bool), Fault> {
    let lat = header::find(&table.lat, header, "latitude", header::LATITUDE);
    let lon = header::find(&table.lon, header, "longitude", header::LONGITUDE);
    if (&table.lat, &table.lon) == (&Column::Usual, &Column::Usual)
        && (lat.is_err() || lon.is_err())
        && let Some(index) = header::find_geometry(header)
    {
        return Ok((Place::Geometry(index), true));
    }
    let (lat, lon) = (lat?, lon?);
    let place = Place::Pair {
        lat: lat.index,
        lon: lon.index,
    };
    Ok((place, lat.unusual || lon.unusual))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_with, options};
    use super::*;
    use crate::options::table::Unit;

    #[test]
    fn the_usual_columns_are_found_by_their_names() {
        let row = &["400000000,-750000000,a"];
        check("latitude,longitude,name\n40,-75,a\n", row);
        check("Name, LON ,id,lat\na,-75,1,40", row);
        check("X,Y,NAME\r\n-75,40,a\r\n", row);
        // The pixels of a map, for example.
        check("x,y,lat,lon,name\n1,2,40,-75,a\n", row);
        check("\u{feff}lat,lng,name\n40,-75,a", row);
        check("lat,lon,name\n", &[]);
        let error = |header: &str, expected: &str| {
            check_with(&options(Table::csv()), header, Err(expected));
        };
        error("", "not csv: expected a header line, but the file is empty");
        error(
            "lat,lon\n40,-75\n",
            "there is no column for the name (name, title); the columns are lat, lon",
        );
        error(
            "40,-75,a\n",
            "there is no column for the latitude (latitude, lat, y); the columns are 40, -75, a",
        );
    }

    #[test]
    fn columns_with_common_additions_are_found() {
        for header in [
            "stop_lat,stop_lon,stop_name",
            "decimalLatitude,decimalLongitude,name",
            "latitude_deg,longitude_deg,name",
            "geo_lat,geo_lon,title",
            "GPS Latitude,GPS Longitude,Place Name",
            "lat (WGS84),lng (WGS84),Title",
            "reclat,reclong,name",
            "INTPTLAT,INTPTLONG,NAME",
            "POINT_Y,POINT_X,name",
            "y_coord,x_coord,location name",
        ] {
            let notice = format!("x: columns {}", header.replace(',', ", "));
            check(
                format!("{header}\n40,-75,a\n"),
                &[&notice, "400000000,-750000000,a"],
            );
        }
        let error = |header: &str, expected: &str| {
            check_with(&options(Table::csv()), header, Err(expected));
        };
        error(
            "lat_error,lon_error,name\n",
            "there is no column for the latitude (latitude, lat, y); the columns are lat_error, lon_error, name",
        );
        error(
            "stop_lat,site_lat,lon,name\n",
            "there is no single column for the latitude (stop_lat, site_lat could be it); the columns are stop_lat, site_lat, lon, name",
        );
    }

    #[test]
    fn columns_can_be_chosen() {
        let table = Table {
            delimiter: Some(b';'),
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
                "x: line 2: the longitude is field 3, but the record ends after field 2",
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
