//! Sorting points along the curve.

use crate::index::hilbert;
use crate::parallel;

/// Returns the positions of all points in curve order. Equal points keep the order of their positions.
pub(crate) fn order(lats: &[i32], lons: &[i32]) -> Vec<u32> {
    // One wide integer compares without a branch, so sorting takes a third less time than with pairs.
    let mut keyed = vec![0_u128; lats.len()];
    let per_core = lats.len().div_ceil(parallel::cores()).max(LEAST);
    parallel::map(keyed.chunks_mut(per_core).enumerate(), |(index, part)| {
        let start = index * per_core;
        let points = lats[start..].iter().zip(&lons[start..]);
        for ((keyed, (&lat, &lon)), position) in part.iter_mut().zip(points).zip(start as u128..) {
            *keyed = u128::from(hilbert::key(lat, lon)) << 32 | position;
        }
        part.sort_unstable();
    });
    #[expect(
        clippy::stable_sort_primitive,
        reason = "this one merges parts that are in order already"
    )]
    keyed.sort();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the position is in the low 32 bits"
    )]
    // `into_iter` would collect in place and keep the memory of the keys.
    keyed.iter().map(|&keyed| keyed as u32).collect()
}

/// The fewest points that are worth a thread.
const LEAST: usize = 1 << 14;

/// Returns the values at the positions in `order`.
pub(crate) fn gather<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
    order
        .iter()
        .map(|&position| values[position as usize])
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use route_guide_geo::E7Point;

    use super::*;
    use crate::samples::points;

    fn check(points: &[E7Point]) -> Result<(), TestCaseError> {
        let lats: Vec<_> = points.iter().map(|point| point.lat()).collect();
        let lons: Vec<_> = points.iter().map(|point| point.lon()).collect();
        let mut expected: Vec<u32> = (0..).take(points.len()).collect();
        expected.sort_by_key(|&position| {
            hilbert::key(lats[position as usize], lons[position as usize])
        });
        prop_assert_eq!(order(&lats, &lons), expected);
        Ok(())
    }

    proptest! {
        /// Sorting in parts gives the order of a plain stable sort.
        #[test]
        fn the_order_is_that_of_a_plain_stable_sort(points in points()) {
            check(&points)?;
        }
    }

    #[test]
    fn parts_sorted_by_several_threads_become_one_order() {
        // An odd multiplier visits every place; halving the rest makes every point appear twice.
        let point =
            |i: u32| E7Point::unbounded(i.wrapping_mul(2_654_435_761).cast_signed() >> 1 & !1, 7);
        let points: Vec<_> = (0..).map(|i| point(i / 2)).take(5 * LEAST + 1).collect();
        check(&points).unwrap();
    }
}
