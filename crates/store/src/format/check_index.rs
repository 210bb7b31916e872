//! Checking everything that queries rely on, which is everything but the records, in one pass over the bytes.

use std::ops::Range;

use crate::format::cell::{self, FREE};
use crate::format::error::SnapshotError;
use crate::format::image::Image;
use crate::format::section::Section;
use crate::parallel;

/// Checks the checksums of all sections but the records, the slots, positions and offsets in them, and the padding.
pub(crate) fn check(image: &Image) -> Result<(), SnapshotError> {
    check_padding(image)?;
    let parts = parts(image);
    let checked = parallel::map(&parts, |part| check_part(image, part));
    let mut checked = parts.iter().zip(checked).peekable();
    for section in sections(image) {
        let mut whole = Checked::default();
        while let Some((_, part)) = checked.next_if(|(part, _)| part.section == section) {
            whole.checksum.combine(&part.checksum);
            whole.problem = whole.problem.or(part.problem);
            whole.has_free |= part.has_free;
        }
        let start = image.layout().range(section).start as u64;
        let (expected, found) = (image.checksum(section), whole.checksum.finalize());
        if expected != found {
            return Err(SnapshotError::Checksum {
                section,
                offset: start,
                expected,
                found,
            });
        }
        if let Some(problem) = whole.problem {
            return Err(problem);
        }
        if section == Section::Find && !whole.has_free && image.layout().len() > 0 {
            return Err(SnapshotError::Full { offset: start });
        }
    }
    Ok(())
}

/// Checks that the bytes between the sections are zero.
fn check_padding(image: &Image) -> Result<(), SnapshotError> {
    let (bytes, layout) = (image.as_bytes(), image.layout());
    let mut end = layout.range(Section::Table).end;
    for section in layout.sections() {
        let range = layout.range(section);
        if let Some(at) = bytes[end..range.start].iter().position(|&byte| byte != 0) {
            return Err(SnapshotError::Field {
                section,
                offset: (end + at) as u64,
                field: "a byte before the section",
                expected: 0,
                found: bytes[end + at].into(),
            });
        }
        end = range.end;
    }
    Ok(())
}

/// Returns the sections but the records, which are as long as all others and are checked when a query needs them.
fn sections(image: &Image) -> impl Iterator<Item = Section> + use<> {
    let sections = image.layout().sections();
    sections.filter(|section| *section != Section::Recs)
}

/// A part of a section, so small that several threads share the work.
struct Part {
    section: Section,
    bytes: Range<usize>,
}

const PART_BYTES: usize = 4 << 20;

fn parts(image: &Image) -> Vec<Part> {
    let of_section = |section| {
        let len = image.section(section).len();
        (0..len).step_by(PART_BYTES).map(move |start| Part {
            section,
            bytes: start..len.min(start + PART_BYTES),
        })
    };
    sections(image).flat_map(of_section).collect()
}

/// The result for a part, or for all parts of a section.
#[derive(Default)]
struct Checked {
    checksum: crc32fast::Hasher,
    problem: Option<SnapshotError>,
    has_free: bool,
}

fn check_part(image: &Image, part: &Part) -> Checked {
    /// The checksum and the numbers are read one after the other, so that a chunk stays in the L1 cache.
    const CHUNK_BYTES: usize = 16 << 10;
    let len = image.layout().len();
    let slot_bits = cell::slot_bits(len);
    let mut checked = Checked::default();
    for start in part.bytes.clone().step_by(CHUNK_BYTES) {
        let end = part.bytes.end.min(start + CHUNK_BYTES);
        checked
            .checksum
            .update(&image.section(part.section)[start..end]);
        let problem = match part.section {
            Section::Find => {
                let cells: &[u32] = bytemuck::cast_slice(image.section(Section::Find));
                let cells = &cells[start / 4..end / 4];
                let slot = |cell: u32| cell & slot_bits;
                checked.has_free |= any(cells, |cell| cell == FREE);
                let beyond = |cell| (cell != FREE) & (slot(cell) as usize >= len);
                any(cells, beyond)
                    .then(|| first_beyond(image, part.section, start, cells, "slot", beyond, slot))
                    .flatten()
            }
            Section::Ordr => {
                let positions = &image.positions().unwrap_or_default()[start / 4..end / 4];
                let beyond = |position| position as usize >= len;
                any(positions, beyond)
                    .then(|| {
                        let what = "position";
                        first_beyond(image, part.section, start, positions, what, beyond, |p| p)
                    })
                    .flatten()
            }
            Section::Offs => check_offsets(image, start / 8..end / 8),
            _ => None,
        };
        checked.problem = checked.problem.or(problem);
    }
    checked
}

/// Returns whether any number satisfies a condition. It does not stop at the first, so that the compiler vectorises
/// it.
fn any(numbers: &[u32], is_so: impl Fn(u32) -> bool) -> bool {
    numbers
        .iter()
        .fold(false, |found, &number| found | is_so(number))
}

/// Returns the error for the first number that is out of range.
fn first_beyond(
    image: &Image,
    section: Section,
    start: usize,
    numbers: &[u32],
    what: &'static str,
    beyond: impl Fn(u32) -> bool,
    shown: impl Fn(u32) -> u32,
) -> Option<SnapshotError> {
    let index = numbers.iter().position(|&number| beyond(number))?;
    Some(SnapshotError::Beyond {
        section,
        offset: (image.layout().range(section).start + start + index * 4) as u64,
        what,
        bound: image.layout().len() as u64,
        found: shown(numbers[index]).into(),
    })
}

/// Checks that offsets begin with 0, never decrease, and end with the length of the records.
fn check_offsets(image: &Image, range: Range<usize>) -> Option<SnapshotError> {
    let region = image.region();
    let offset_in_file =
        |index: usize| (image.layout().range(Section::Offs).start + index * 8) as u64;
    let records_bytes = region.records.len() as u64;
    for index in range {
        let found = region.offsets[index];
        let fixed = [
            (index == 0).then_some(0),
            (index + 1 == region.offsets.len()).then_some(records_bytes),
        ];
        if let Some(expected) = fixed.into_iter().flatten().find(|fixed| *fixed != found) {
            return Some(SnapshotError::Field {
                section: Section::Offs,
                offset: offset_in_file(index),
                field: "the offset of a record",
                expected,
                found,
            });
        }
        let before = index
            .checked_sub(1)
            .map_or(0, |before| region.offsets[before]);
        if !(before..=records_bytes).contains(&found) {
            return Some(SnapshotError::Disorder {
                section: Section::Offs,
                offset: offset_in_file(index),
                what: "the offset of a record",
                found,
            });
        }
    }
    None
}
