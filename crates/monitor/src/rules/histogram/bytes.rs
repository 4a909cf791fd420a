//! A histogram as bytes: few buckets take few of them.
//!
//! The byte 1, then numbers as LEB128 varints: the sum, how many buckets there are, and of each how far its number is
//! from the one before, less one, and its count. There is one way to write each histogram, and no other is read.

use super::{Histogram, LAST};

const FORMAT: u8 = 1;

/// Says why bytes are no histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a histogram")]
pub struct BytesError;

impl Histogram {
    /// Returns it as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        write(&mut bytes, self.sum);
        write(&mut bytes, self.buckets.len() as u64);
        let mut least = 0;
        for (bucket, count) in &self.buckets {
            write(&mut bytes, u64::from(*bucket - least));
            write(&mut bytes, *count);
            least = bucket + 1;
        }
        bytes
    }

    /// Reads one from bytes, all of them.
    ///
    /// # Errors
    /// When they are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let (format, mut rest) = bytes.split_first().ok_or(BytesError)?;
        let sum = read(&mut rest)?;
        let count = read(&mut rest)?;
        if *format != FORMAT || count > u64::from(LAST) + 1 {
            return Err(BytesError);
        }
        let mut histogram = Self { sum, ..Self::default() };
        let mut least = 0_u64;
        for _ in 0..count {
            let bucket = least.checked_add(read(&mut rest)?).ok_or(BytesError)?;
            let bucket = u16::try_from(bucket).ok().filter(|bucket| *bucket <= LAST).ok_or(BytesError)?;
            let count = Some(read(&mut rest)?).filter(|count| *count > 0).ok_or(BytesError)?;
            histogram.buckets.insert(bucket, count);
            least = u64::from(bucket) + 1;
        }
        if rest.is_empty() { Ok(histogram) } else { Err(BytesError) }
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Result<u64, BytesError> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(BytesError)?;
        *bytes = rest;
        let part = u64::from(first & 0x7f);
        // Of the tenth byte only one bit is left, and no number ends in a byte of nothing.
        if (shift == 63 && part > 1) || (*first == 0 && shift > 0) {
            return Err(BytesError);
        }
        number |= part << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(BytesError)
}
