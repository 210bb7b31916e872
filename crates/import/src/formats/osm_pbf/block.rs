//! A block of nodes, ways and relations.

use route_guide_geo::E7Point;

use super::strings::Strings;
use super::wire::{Broken, List, Message, Numbers, Value, signed};
use crate::fault::{Fault, Stop};
use crate::output::Output;
use crate::rows::coordinate::from_nanodegrees;
use crate::rows::position::Position;
use crate::rows::row::{Reason, Skip};

/// Converts blocks to rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks<'o> {
    tag: Option<&'o [u8]>,
}

/// The parts of a block that apply to all of its nodes.
#[derive(Debug)]
struct Block<'b> {
    /// The offset of the block in the file.
    byte: u64,
    strings: Strings<'b>,
    /// The key of the tag with the name. Without one, nodes are rows without names.
    tag: Option<&'b [u8]>,
    granularity: i128,
    lat_offset: i128,
    lon_offset: i128,
}

/// Why a block is not read to its end.
enum Halt {
    Stop(Stop),
    Broken,
    /// The lists of dense nodes have different lengths.
    Uneven,
}

impl From<Broken> for Halt {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl<'o> Blocks<'o> {
    /// `tag` is the key of the tag with the name. Without one, all nodes are rows without names.
    pub(super) fn new(tag: Option<&'o str>) -> Self {
        Self {
            tag: tag.map(str::as_bytes),
        }
    }

    /// Reads the block that begins at `byte` of the file.
    pub(super) fn read(
        &self,
        block: &[u8],
        byte: u64,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        self.groups(block, byte, output).map_err(|halt| {
            let position = Position::Byte { byte };
            match halt {
                Halt::Stop(stop) => stop,
                Halt::Broken => Fault::malformed(position, Broken).into(),
                Halt::Uneven => {
                    let problem = "the dense nodes have lists of different lengths";
                    Fault::malformed(position, problem).into()
                }
            }
        })
    }

    fn groups(&self, message: &[u8], byte: u64, output: &mut Output<'_>) -> Result<(), Halt> {
        let block = Block::parse(message, byte, self.tag)?;
        output.share(message.len());
        for field in Message(message) {
            if let (2, Value::Bytes(group)) = field? {
                block.group(group, output)?;
            }
        }
        Ok(())
    }
}

impl<'b> Block<'b> {
    /// Reads everything but the groups, which may precede it.
    fn parse(message: &'b [u8], byte: u64, tag: Option<&'b [u8]>) -> Result<Self, Broken> {
        let mut block = Self {
            byte,
            strings: Strings::new(message),
            tag,
            granularity: 100,
            lat_offset: 0,
            lon_offset: 0,
        };
        let mut fields = Message(message);
        while let Some(field) = fields.next() {
            match field? {
                (1, Value::Bytes(table)) => block.strings.add(table, fields.0.len())?,
                (17, Value::Number(number)) => block.granularity = number.cast_signed().into(),
                (19, Value::Number(number)) => block.lat_offset = number.cast_signed().into(),
                (20, Value::Number(number)) => block.lon_offset = number.cast_signed().into(),
                _ => {}
            }
        }
        Ok(block)
    }

    fn group(&self, group: &[u8], output: &mut Output<'_>) -> Result<(), Halt> {
        for field in Message(group) {
            match field? {
                (1, Value::Bytes(node)) => self.node(node, output)?,
                (2, Value::Bytes(nodes)) => self.dense(nodes, output)?,
                // Ways, relations and changesets.
                (3..=5, Value::Bytes(_)) => output.skip(Skip::NotAPoint),
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&self, message: &[u8], output: &mut Output<'_>) -> Result<(), Halt> {
        let (mut id, mut lat, mut lon) = (0, None, None);
        let (mut keys, mut values) = (List::default(), List::default());
        for field in Message(message) {
            match field? {
                (1, Value::Number(number)) => id = signed(number),
                (2, value) => keys.add(value)?,
                (3, value) => values.add(value)?,
                (8, Value::Number(number)) => lat = Some(signed(number)),
                (9, Value::Number(number)) => lon = Some(signed(number)),
                _ => {}
            }
        }
        let mut name = None;
        let mut values = values.numbers();
        for key in keys.numbers() {
            let value = values.next().ok_or(Broken)??;
            if self.is_tag(key?) {
                name = Some(value);
            }
        }
        let location = lat
            .ok_or(Reason::Missing { what: "latitude" })
            .and_then(|lat| Ok((lat, lon.ok_or(Reason::Missing { what: "longitude" })?)))
            .and_then(|(lat, lon)| self.location(lat, lon));
        Ok(self.row(id, location, name, output)?)
    }

    /// Reads dense nodes: delta-coded lists of ids, latitudes and longitudes, and a list of keys and values with a
    /// zero after those of each node, which is empty if no node has tags.
    fn dense(&self, message: &[u8], output: &mut Output<'_>) -> Result<(), Halt> {
        let (mut ids, mut lats, mut lons) = (List::default(), List::default(), List::default());
        let mut tags = List::default();
        for field in Message(message) {
            match field? {
                (1, value) => ids.add(value)?,
                (8, value) => lats.add(value)?,
                (9, value) => lons.add(value)?,
                (10, value) => tags.add(value)?,
                _ => {}
            }
        }
        let (mut lats, mut lons) = (lats.numbers(), lons.numbers());
        let mut tags = Some(tags.numbers()).filter(|tags| !tags.is_empty());
        let (mut id, mut lat, mut lon) = (0_i64, 0_i64, 0_i64);
        for step in ids.numbers() {
            // Values that overflow are nonsense: they become a point off the globe or a wrong id.
            id = id.wrapping_add(signed(step?));
            lat = lat.wrapping_add(signed(lats.next().ok_or(Halt::Uneven)??));
            lon = lon.wrapping_add(signed(lons.next().ok_or(Halt::Uneven)??));
            let name = match &mut tags {
                Some(tags) => self.dense_name(tags)?,
                None => None,
            };
            self.row(id, self.location(lat, lon), name, output)?;
        }
        if lats.is_empty() && lons.is_empty() {
            Ok(())
        } else {
            Err(Halt::Uneven)
        }
    }

    /// Reads the tags of one dense node, and returns the index of its name.
    fn dense_name(&self, tags: &mut Numbers<'_>) -> Result<Option<u64>, Halt> {
        let mut name = None;
        loop {
            let key = tags.next().ok_or(Halt::Uneven)??;
            if key == 0 {
                return Ok(name);
            }
            let value = tags.next().ok_or(Halt::Uneven)??;
            if self.is_tag(key) {
                name = Some(value);
            }
        }
    }

    /// Returns whether a string is the key of the tag with the name.
    fn is_tag(&self, key: u64) -> bool {
        self.tag.is_some() && self.strings.get(key) == self.tag
    }

    fn location(&self, lat: i64, lon: i64) -> Result<E7Point, Reason> {
        from_nanodegrees(
            self.lat_offset + self.granularity * i128::from(lat),
            self.lon_offset + self.granularity * i128::from(lon),
        )
    }

    fn row(
        &self,
        node: i64,
        location: Result<E7Point, Reason>,
        name: Option<u64>,
        output: &mut Output<'_>,
    ) -> Result<(), Stop> {
        let byte = self.byte;
        let position = Position::Node { node, byte };
        let Some(number) = name else {
            if self.tag.is_none() {
                return output.row(position, location, "");
            }
            output.skip(Skip::NoName);
            return Ok(());
        };
        if let Some(name) = self.strings.get(number) {
            return output.row_of_bytes(position, location, name);
        }
        let strings = self.strings.len();
        let problem = format!("its name is string {number}, but the block has {strings} strings");
        output.reject(position, Reason::invalid(problem))
    }
}
