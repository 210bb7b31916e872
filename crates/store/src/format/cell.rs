//! The cells of the look-up table.

/// The content of a cell without a slot. There are fewer slots, so no slot has this number.
pub(crate) const FREE: u32 = u32::MAX;

/// The number of cells for each point: half of them stay free, so that a search reads one or two cells.
pub(crate) const CELLS_PER_POINT: usize = 2;

/// Returns the bits of a cell that hold its slot, as many as the number of points has; the others hold the tag.
///
/// No slot has all of them set, so the content of a cell with a slot is never [`FREE`].
#[expect(
    clippy::cast_possible_truncation,
    reason = "there are fewer than u32::MAX points"
)]
pub(crate) const fn slot_bits(points: usize) -> u32 {
    match u32::MAX.checked_shr((points as u32).leading_zeros()) {
        Some(bits) => bits,
        None => 0,
    }
}
