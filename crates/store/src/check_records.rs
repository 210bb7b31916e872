//! Checking the records, which opening a snapshot does not do.

use crate::format::cell::FREE;
use crate::format::error::SnapshotError;
use crate::format::image::Image;
use crate::format::layout::GROUP;
use crate::format::pages;
use crate::format::record;
use crate::format::section::Section;
use crate::index::Index;

/// Checks that each record has its checksum, decodes, is at its offset, and has the location that the index says.
pub(crate) fn check(image: &Image) -> Result<(), SnapshotError> {
    let slots = image
        .positions()
        .map(|positions| inverse(image, positions))
        .transpose()?;
    let (index, region) = (Index::of(image), image.region());
    pages::check_all(region.records, region.sums).map_err(|page| region.damaged(page))?;
    let mut checksum = crc32fast::Hasher::new();
    let mut start = 0;
    for (position, own_slot) in (0..region.len).zip(0..) {
        let record = region.record_from(position, start)?;
        let end = start + record.len();
        checksum.update(record);
        let slot = slots.as_ref().map_or(own_slot, |slots| slots[position]);
        let location = record::decode(record).map(|(location, _)| location);
        let is_last = (position + 1).is_multiple_of(GROUP) || position + 1 == region.len;
        if location.is_none()
            || location != index.point(slot)
            || location != index.point_at(position)
            || is_last && region.start(position + 1)? != end
        {
            return Err(region.corrupt(position, start).into());
        }
        start = end;
    }
    let (expected, found) = (image.checksum(Section::Recs), checksum.finalize());
    if expected == found {
        return Ok(());
    }
    Err(SnapshotError::Checksum {
        section: Section::Recs,
        offset: image.layout().range(Section::Recs).start as u64,
        expected,
        found,
    })
}

/// Returns the slot of each position.
fn inverse(image: &Image, positions: &[u32]) -> Result<Vec<u32>, SnapshotError> {
    let mut slots = vec![FREE; positions.len()];
    let start = image.layout().range(Section::Ordr).start;
    for (slot, &position) in (0_u32..).zip(positions) {
        let offset = (start + slot as usize * size_of::<u32>()) as u64;
        let Some(place) = slots.get_mut(position as usize) else {
            return Err(SnapshotError::Beyond {
                section: Section::Ordr,
                offset,
                what: "position",
                bound: positions.len() as u64,
                found: position.into(),
            });
        };
        if std::mem::replace(place, slot) != FREE {
            return Err(SnapshotError::Repeated {
                section: Section::Ordr,
                offset,
                what: "position",
                found: position.into(),
            });
        }
    }
    Ok(slots)
}
