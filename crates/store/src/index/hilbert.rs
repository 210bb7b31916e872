//! The order of points along a Hilbert curve.

/// Returns the distance of a point along a Hilbert curve over all pairs of `i32`.
///
/// Points that are close on the curve are always close on the map. The converse holds for most points, so consecutive
/// points make a compact block, and the points of a rectangle few runs.
///
/// # References
///
/// D. Hilbert, "Über die stetige Abbildung einer Linie auf ein Flächenstück", Mathematische Annalen 38, 1891.
pub(crate) fn key(lat: i32, lon: i32) -> u64 {
    let (x, y) = (unsigned(lon), unsigned(lat));
    let mut key = 0;
    let mut state = 0;
    for shift in (0..32).step_by(STEP).rev() {
        let nibbles = (x >> shift & 0xf) << STEP | (y >> shift & 0xf);
        let step = STEPS[state][nibbles as usize];
        key = key << (2 * STEP) | u64::from(step.digits);
        state = usize::from(step.state);
    }
    key
}

/// Maps the range of an `i32` to that of a `u32` and keeps the order.
const fn unsigned(coordinate: i32) -> u32 {
    coordinate.cast_unsigned() ^ 1 << 31
}

/// The number of bits of each coordinate that a step consumes.
const STEP: usize = 4;

/// The digits that four bits of each coordinate add to the key, and the next state of the curve.
#[derive(Clone, Copy)]
struct Step {
    digits: u8,
    state: u8,
}

/// The number of orientations of the curve within a cell: bit 0 of a state swaps the axes, bit 1 reverses both.
const STATES: usize = 4;

/// All steps, by state and by the bits of x and y.
static STEPS: [[Step; 1 << (2 * STEP)]; STATES] = steps();

const fn steps() -> [[Step; 1 << (2 * STEP)]; STATES] {
    let mut table = [[Step {
        digits: 0,
        state: 0,
    }; 1 << (2 * STEP)]; STATES];
    let mut state = 0;
    while state < STATES {
        let mut nibbles = 0;
        while nibbles < 1 << (2 * STEP) {
            table[state][nibbles] = four_bits(state, nibbles >> STEP, nibbles & 0xf);
            nibbles += 1;
        }
        state += 1;
    }
    table
}

/// Follows the curve through four halvings of a cell.
const fn four_bits(mut state: usize, x: usize, y: usize) -> Step {
    let mut digits = 0;
    let mut bit = STEP;
    while bit > 0 {
        bit -= 1;
        let (mut right, mut upper) = (x >> bit & 1, y >> bit & 1);
        if state & 1 != 0 {
            (right, upper) = (upper, right);
        }
        if state & 2 != 0 {
            (right, upper) = (right ^ 1, upper ^ 1);
        }
        // The curve visits lower left, upper left, upper right, lower right.
        digits = digits << 2 | (3 * right) ^ upper;
        // The lower quarters are mirrored: the first at one diagonal, the last at the other.
        if upper == 0 {
            state ^= 1 | right << 1;
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "eight bits of digits and two of state"
    )]
    Step {
        digits: digits as u8,
        state: state as u8,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The textbook algorithm, one bit at a time.
    fn textbook(lat: i32, lon: i32) -> u64 {
        let (mut x, mut y) = (u64::from(unsigned(lon)), u64::from(unsigned(lat)));
        let mut key = 0;
        for bit in (0..32).rev() {
            let side = 1 << bit;
            let (right, upper) = (u64::from(x & side > 0), u64::from(y & side > 0));
            key += side * side * ((3 * right) ^ upper);
            (x, y) = (x & (side - 1), y & (side - 1));
            if upper == 0 {
                if right == 1 {
                    (x, y) = (side - 1 - x, side - 1 - y);
                }
                (x, y) = (y, x);
            }
        }
        key
    }

    proptest! {
        /// The table gives the keys of the textbook's algorithm.
        #[test]
        fn keys_agree_with_the_textbook(lat: i32, lon: i32) {
            prop_assert_eq!(key(lat, lon), textbook(lat, lon));
        }

        /// Neighbours on the curve are neighbours on the map, in every cell of 64 by 64.
        #[test]
        fn the_curve_never_jumps(lat: i32, lon: i32) {
            let (lat, lon) = (lat & !63, lon & !63);
            let mut cell: Vec<_> = (0..64).flat_map(|i| (0..64).map(move |j| (lat + i, lon + j))).collect();
            cell.sort_unstable_by_key(|&(lat, lon)| key(lat, lon));
            for pair in cell.windows(2) {
                let steps = pair[0].0.abs_diff(pair[1].0) + pair[0].1.abs_diff(pair[1].1);
                prop_assert_eq!(steps, 1);
                prop_assert_eq!(key(pair[1].0, pair[1].1) - key(pair[0].0, pair[0].1), 1);
            }
        }
    }

    #[test]
    fn the_curve_begins_and_ends_in_the_southern_corners() {
        assert_eq!(key(i32::MIN, i32::MIN), 0);
        assert_eq!(key(i32::MIN, i32::MAX), u64::MAX);
    }
}
