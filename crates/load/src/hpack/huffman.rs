//! The Huffman code of RFC 7541, appendix B.

use std::sync::LazyLock;

use super::HeaderBlockError;

/// The length in bits of each byte's code.
///
/// The code is canonical: codes of one length are consecutive and in the order of the bytes, and continue from one length
/// to the next. So the lengths are all of it. The end mark, 30 ones, is what remains over.
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
    5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
    6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
    23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
    21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
    22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
    21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
    22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const MAX_LENGTH: usize = 30;

/// The canonical code by length.
struct Code {
    /// The first code of each length.
    first: [u32; MAX_LENGTH + 1],
    /// How many codes are shorter.
    shorter: [usize; MAX_LENGTH + 1],
    /// The bytes in the order of their codes.
    bytes: Vec<u8>,
}

static CODE: LazyLock<Code> = LazyLock::new(|| {
    let mut code = Code {
        first: [0; MAX_LENGTH + 1],
        shorter: [0; MAX_LENGTH + 1],
        bytes: Vec::with_capacity(LENGTHS.len()),
    };
    let mut next = 0;
    for length in 1..=MAX_LENGTH {
        next <<= 1;
        code.first[length] = next;
        code.shorter[length] = code.bytes.len();
        for (byte, _) in (0..=u8::MAX)
            .zip(LENGTHS)
            .filter(|&(_, len)| usize::from(len) == length)
        {
            code.bytes.push(byte);
            next += 1;
        }
    }
    code
});

/// Appends what `coded` stands for to `out`.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), HeaderBlockError> {
    let code = &*CODE;
    let (mut bits, mut length) = (0_u32, 0);
    for byte in coded {
        for shift in (0..8).rev() {
            bits = bits << 1 | u32::from(byte >> shift & 1);
            length += 1;
            let known = code.shorter.get(length + 1).copied();
            let count = known.unwrap_or(LENGTHS.len()) - code.shorter[length];
            let rank = bits.wrapping_sub(code.first[length]) as usize;
            if rank < count {
                out.push(code.bytes[code.shorter[length] + rank]);
                (bits, length) = (0, 0);
            } else if length == MAX_LENGTH {
                return Err(HeaderBlockError::Huffman);
            }
        }
    }
    // The rest is padding: less than a byte of the end mark, which is all ones.
    if length < 8 && bits == (1 << length) - 1 {
        Ok(())
    } else {
        Err(HeaderBlockError::Huffman)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Result<String, HeaderBlockError> {
        let mut out = Vec::new();
        decode(coded, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn strings_of_the_specification_are_decoded() {
        // RFC 7541, appendix C.4 and C.6.
        let check = |coded: &[u8], text| assert_eq!(decoded(coded).as_deref(), Ok(text));
        check(
            &[
                0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
            ],
            "www.example.com",
        );
        check(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf], "no-cache");
        check(
            &[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f],
            "custom-key",
        );
        check(
            &[
                0xd0, 0x7a, 0xbe, 0x94, 0x10, 0x54, 0xd4, 0x44, 0xa8, 0x20, 0x05, 0x95, 0x04, 0x0b,
                0x81, 0x66, 0xe0, 0x82, 0xa6, 0x2d, 0x1b, 0xff,
            ],
            "Mon, 21 Oct 2013 20:13:21 GMT",
        );
        check(&[], "");
    }

    #[test]
    fn padding_is_less_than_a_byte_of_ones() {
        // "0" is 00000.
        assert_eq!(decoded(&[0b0000_0111]).as_deref(), Ok("0"));
        assert_eq!(decoded(&[0b0000_0110]), Err(HeaderBlockError::Huffman));
        assert_eq!(
            decoded(&[0b0000_0111, 0xff]),
            Err(HeaderBlockError::Huffman)
        );
        assert_eq!(decoded(&[0xff; 4]), Err(HeaderBlockError::Huffman));
    }
}
