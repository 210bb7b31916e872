//! Sorting features and writing the sections of a snapshot.

use std::io::{self, Cursor, Seek, Write};
use std::mem;
use std::ops::Range;

use route_guide_geo::E7Rectangle;

use crate::build::names::Names;
use crate::build::order::Order;
use crate::build::points::Points;
use crate::format::header::{Checksums, Header};
use crate::format::image::{self, Image};
use crate::format::layout::{BLOCK, GROUP, Layout};
use crate::format::pages::Checksummer;
use crate::format::record;
use crate::format::section::Section;
use crate::index::boxes::{self, Node};
use crate::index::curve;
use crate::index::lookup;
use crate::parallel;

/// Features in the order of the snapshot, ready to be written.
pub(super) struct Plan {
    /// The position of the feature of each slot.
    order: Vec<u32>,
    /// Points by slot.
    slots: Points,
    /// Points by position, absent if that is the order of the slots.
    positions: Option<Points>,
    /// Names by position.
    names: Names,
    /// The offset of each group of records, and the length of all records.
    group_starts: Vec<u64>,
    layout: Layout,
}

impl Plan {
    pub(super) fn new(points: Points, mut names: Names, records: Order) -> Self {
        let Points { mut lats, mut lons } = points;
        let order = curve::order(&lats, &lons);
        let in_order = order
            .iter()
            .zip(0..)
            .all(|(&position, slot)| position == slot);
        let keeps = records == Order::Input && !in_order;
        // Large data sets need the memory, so each old array is freed as soon as the new one is complete.
        let gather = |values: &mut Vec<i32>| {
            let gathered = curve::gather(values, &order);
            if !keeps {
                *values = Vec::new();
            }
            gathered
        };
        let slots = Points {
            lats: gather(&mut lats),
            lons: gather(&mut lons),
        };
        let positions = keeps.then_some(Points { lats, lons });
        if !keeps {
            names.reorder(&order);
        }
        let by_position = positions.as_ref().unwrap_or(&slots);
        let mut group_starts = Vec::with_capacity(order.len().div_ceil(GROUP) + 1);
        let mut records_bytes = 0;
        for position in 0..order.len() {
            if position.is_multiple_of(GROUP) {
                group_starts.push(records_bytes as u64);
            }
            records_bytes += record::encoded_bytes(by_position.get(position), names.len(position));
        }
        group_starts.push(records_bytes as u64);
        let layout = Layout::new(order.len(), keeps, records_bytes)
            .expect("what fits into memory can be laid out");
        Self {
            order,
            slots,
            positions,
            names,
            group_starts,
            layout,
        }
    }

    pub(super) const fn file_bytes(&self) -> u64 {
        self.layout.file_bytes() as u64
    }

    pub(super) fn into_image(self) -> Image {
        let mut header = None;
        let filled = image::aligned(self.layout.file_bytes(), |buffer| {
            header = Some(self.write(&mut Cursor::new(buffer))?);
            io::Result::Ok(())
        });
        let (Ok(bytes), Some(header)) = (filled, header) else {
            unreachable!("the buffer is as long as the layout says")
        };
        Image::new(bytes, header)
    }

    /// Writes the whole snapshot, its header last, and returns the header.
    pub(super) fn write(&self, out: &mut (impl Write + Seek)) -> io::Result<Header> {
        let header = self.write_sections(out)?;
        out.rewind()?;
        out.write_all(&header.encode())?;
        out.flush()?;
        Ok(header)
    }

    /// Writes all sections, with zeros in the place of the header.
    fn write_sections(&self, out: &mut impl Write) -> io::Result<Header> {
        let mut sections = Sections {
            out,
            written: 0,
            checksum: crc32fast::Hasher::new(),
        };
        let mut checksums = Checksums::default();
        let mut pages = Checksummer::default();
        for section in self.layout.sections() {
            let range = self.layout.range(section);
            sections.pad_to(range.start)?;
            match section {
                Section::Lats => sections.put(bytemuck::cast_slice(&self.slots.lats))?,
                Section::Lons => sections.put(bytemuck::cast_slice(&self.slots.lons))?,
                Section::Boxs => sections.put(bytemuck::cast_slice(&self.boxes()))?,
                Section::Find => {
                    let table = lookup::table(self.slots.iter());
                    sections.put(bytemuck::cast_slice(&table))?;
                }
                Section::Ordr => sections.put(bytemuck::cast_slice(&self.order))?,
                Section::Offs => sections.put(bytemuck::cast_slice(&self.group_starts))?,
                // These sections exist only if the order is kept, and then `by_position` has its own points.
                Section::Plat => sections.put(bytemuck::cast_slice(&self.by_position().lats))?,
                Section::Plon => sections.put(bytemuck::cast_slice(&self.by_position().lons))?,
                Section::Recs => self.put_records(&mut sections, &mut pages)?,
                Section::Sums => {
                    let sums = mem::take(&mut pages).finish();
                    sections.put(bytemuck::cast_slice(&sums))?;
                }
                Section::Header | Section::Table => {}
            }
            debug_assert_eq!(sections.written, range.end);
            checksums[section.index()] = mem::take(&mut sections.checksum).finalize();
        }
        Ok(Header::new(self.layout.clone(), checksums))
    }

    /// Returns the smallest rectangle around all points.
    pub(super) fn extent(&self) -> Option<E7Rectangle> {
        let bounds = boxes::block_bounds(&self.slots.lats, &self.slots.lons);
        (!self.order.is_empty()).then_some(bounds)
    }

    fn boxes(&self) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(self.layout.levels().node_count());
        let Points { lats, lons } = &self.slots;
        let blocks = lats.chunks(BLOCK).zip(lons.chunks(BLOCK));
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

    fn by_position(&self) -> &Points {
        self.positions.as_ref().unwrap_or(&self.slots)
    }

    fn put_records(
        &self,
        sections: &mut Sections<'_, impl Write>,
        pages: &mut Checksummer,
    ) -> io::Result<()> {
        let groups = self.group_starts.len() - 1;
        let mut next = 0;
        while next < groups {
            // A few chunks at a time bound the memory.
            let most = parallel::cores() as u64 * RECORDS_CHUNK_BYTES;
            let begin = self.group_starts[next];
            let mut chunks = Vec::new();
            while next < groups && self.group_starts[next] - begin < most {
                let first = next;
                let filled = self.group_starts[first] + RECORDS_CHUNK_BYTES;
                while next < groups && self.group_starts[next] < filled {
                    next += 1;
                }
                chunks.push(first..next);
            }
            for records in parallel::map(chunks, |groups| self.records(groups)) {
                pages.add(&records);
                sections.put(&records)?;
            }
        }
        Ok(())
    }

    fn records(&self, groups: Range<usize>) -> Vec<u8> {
        let bytes = self.group_starts[groups.end] - self.group_starts[groups.start];
        let mut records = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        let points = self.by_position();
        for position in groups.start * GROUP..self.order.len().min(groups.end * GROUP) {
            record::encode(&mut records, points.get(position), self.names.get(position));
        }
        records
    }
}

/// The bytes of records that one thread encodes at a time.
const RECORDS_CHUNK_BYTES: u64 = 1 << 20;

/// Writes sections one after another and computes their checksums.
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

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.written += bytes.len();
        self.out.write_all(bytes)
    }
}
