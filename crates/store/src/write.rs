//! Making snapshots out of collected features.

use std::convert::Infallible;
use std::io::{self, Write};
use std::mem;

use bytemuck::NoUninit;
use route_guide_geo::{E7Point, E7Rectangle};

use crate::boxes::{self, BLOCK, Node};
use crate::builder::{Builder, Order};
use crate::head::{self, Checksums, VERSION};
use crate::hilbert;
use crate::image::{self, Image};
use crate::layout::{GROUP, Layout};
use crate::lookup;
use crate::record;
use crate::section::Section;

/// Makes a data set in memory.
pub(crate) fn image(builder: Builder, order: Order) -> Image {
    let plan = Plan::new(builder, order);
    let mut version = 0;
    let filled = image::aligned(plan.layout.file_bytes(), |buffer| {
        let head = plan.write(&mut &mut *buffer);
        let head = head.expect("the buffer is as long as the layout says");
        buffer[..head.bytes.len()].copy_from_slice(&head.bytes);
        version = head.version;
        Ok::<_, Infallible>(())
    });
    let Ok(bytes) = filled;
    Image::new(bytes, plan.layout, VERSION, version)
}

/// Features in the order that they are written in.
pub(crate) struct Plan {
    features: Builder,
    /// The position in `features` of the feature of each slot.
    order: Vec<u32>,
    /// Latitudes and longitudes by slot.
    lats: Vec<i32>,
    lons: Vec<i32>,
    /// The order of the records.
    records: Order,
    layout: Layout,
}

/// Header and section table, which are known last and come first.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
    pub(crate) version: u64,
    pub(crate) checksums: Checksums,
}

impl Plan {
    pub(crate) fn new(mut features: Builder, records: Order) -> Self {
        let order = curve_order(&features.lats, &features.lons);
        let gather = |from: &[i32]| -> Vec<i32> {
            order
                .iter()
                .map(|&position| from[position as usize])
                .collect()
        };
        let records_bytes = (0..features.len())
            .map(|position| {
                let name_bytes = features.names.get(position).len();
                record::encoded_bytes(features.point(position), name_bytes)
            })
            .sum();
        let in_order = order
            .iter()
            .zip(0..)
            .all(|(&position, slot)| position == slot);
        // Memory is short for a large data set: what the new arrays replace goes as soon as they are there.
        let keeps = records == Order::Input && !in_order;
        let lats = gather(&features.lats);
        if !keeps {
            features.lats = Vec::new();
        }
        let lons = gather(&features.lons);
        if !keeps {
            features.lons = Vec::new();
        }
        let layout = Layout::new(order.len(), keeps, records_bytes)
            .expect("what fits into memory can be laid out");
        Self {
            features,
            order,
            lats,
            lons,
            records: if keeps { Order::Input } else { Order::Spatial },
            layout,
        }
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Writes the whole snapshot, with zeros in the place of the head that it returns.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<Head> {
        let mut sections = Sections {
            out,
            written: 0,
            checksum: crc32fast::Hasher::new(),
        };
        let mut checksums = Checksums::default();
        for section in self.layout.sections() {
            let range = self.layout.range(section);
            sections.pad_to(range.start)?;
            match section {
                Section::Lats => sections.put(bytemuck::cast_slice(&self.lats))?,
                Section::Lons => sections.put(bytemuck::cast_slice(&self.lons))?,
                Section::Boxs => sections.put(bytemuck::cast_slice(&self.boxes()))?,
                Section::Find => {
                    let points = self.lats.iter().zip(&self.lons);
                    let points = points.map(|(&lat, &lon)| E7Point::unbounded(lat, lon));
                    sections.put(bytemuck::cast_slice(&lookup::table(points)))?;
                }
                Section::Ordr => sections.put(bytemuck::cast_slice(&self.order))?,
                Section::Offs => sections.put_values(self.offsets())?,
                Section::Recs => self.put_records(&mut sections)?,
                Section::Header | Section::Table => {}
            }
            debug_assert_eq!(sections.written, range.end);
            checksums[section.index()] = mem::take(&mut sections.checksum).finalize();
        }
        let (bytes, version) = head::encode(&self.layout, &checksums);
        Ok(Head {
            bytes,
            version,
            checksums,
        })
    }

    /// Returns the smallest rectangle around all points.
    pub(crate) fn extent(&self) -> Option<E7Rectangle> {
        let bounds = boxes::block_bounds(&self.lats, &self.lons);
        (!self.order.is_empty()).then_some(bounds)
    }

    /// Returns all levels of boxes.
    fn boxes(&self) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(self.layout.levels().node_count());
        let blocks = self.lats.chunks(BLOCK).zip(self.lons.chunks(BLOCK));
        boxes::pack(
            blocks.map(|(lats, lons)| boxes::block_bounds(lats, lons)),
            &mut nodes,
        );
        for level in 1..self.layout.levels().count() {
            let below = &nodes[self.layout.levels().nodes(level - 1)];
            let bounds: Vec<_> = below.iter().map(boxes::node_bounds).collect();
            boxes::pack(bounds, &mut nodes);
        }
        nodes
    }

    /// Returns the feature whose record has this position.
    fn feature(&self, position: usize) -> (E7Point, &[u8]) {
        match self.records {
            Order::Spatial => (
                E7Point::unbounded(self.lats[position], self.lons[position]),
                self.features.names.get(self.order[position] as usize),
            ),
            Order::Input => (
                self.features.point(position),
                self.features.names.get(position),
            ),
        }
    }

    fn offsets(&self) -> impl Iterator<Item = u64> {
        let mut offset = 0;
        let group_starts = (0..self.order.len()).filter_map(move |position| {
            let start = offset;
            let (at, name) = self.feature(position);
            offset += record::encoded_bytes(at, name.len()) as u64;
            position.is_multiple_of(GROUP).then_some(start)
        });
        group_starts.chain([self.layout.range(Section::Recs).len() as u64])
    }

    fn put_records(&self, sections: &mut Sections<'_, impl Write>) -> io::Result<()> {
        let mut records = Vec::with_capacity(CHUNK_BYTES);
        for position in 0..self.order.len() {
            let (at, name) = self.feature(position);
            if records.len() + record::encoded_bytes(at, name.len()) > CHUNK_BYTES {
                sections.put(&records)?;
                records.clear();
            }
            record::encode(&mut records, at, name);
        }
        sections.put(&records)
    }
}

/// How much is gathered before it is written.
const CHUNK_BYTES: usize = 256 << 10;

/// Where sections are written one after the other, each with its checksum.
struct Sections<'w, W> {
    out: &'w mut W,
    written: usize,
    checksum: crc32fast::Hasher,
}

impl<W: Write> Sections<'_, W> {
    /// Writes zeros up to an offset.
    fn pad_to(&mut self, offset: usize) -> io::Result<()> {
        const ZEROS: [u8; 512] = [0; 512];
        self.out.write_all(&ZEROS[..offset - self.written])?;
        self.written = offset;
        Ok(())
    }

    /// Writes a part of a section.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.written += bytes.len();
        self.out.write_all(bytes)
    }

    fn put_values<T: NoUninit>(&mut self, values: impl Iterator<Item = T>) -> io::Result<()> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES / size_of::<T>());
        for value in values {
            if chunk.len() == chunk.capacity() {
                self.put(bytemuck::cast_slice(&chunk))?;
                chunk.clear();
            }
            chunk.push(value);
        }
        self.put(bytemuck::cast_slice(&chunk))
    }
}

/// Returns the positions of all points in curve order, those at one point in data-set order.
fn curve_order(lats: &[i32], lons: &[i32]) -> Vec<u32> {
    // One wide integer compares without a branch, which makes sorting a third faster than a pair does.
    let mut keyed: Vec<u128> = lats
        .iter()
        .zip(lons)
        .zip(0_u32..)
        .map(|((&lat, &lon), position)| {
            u128::from(hilbert::key(lat, lon)) << 32 | u128::from(position)
        })
        .collect();
    keyed.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the position is in the low 32 bits"
    )]
    // Collected from a reference: in place, the list would keep the memory of the keys.
    keyed.iter().map(|&keyed| keyed as u32).collect()
}
