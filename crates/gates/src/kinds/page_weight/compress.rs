//! What a file weighs on its way to the browser.

use std::io::{self, Read, Write};
use std::ops::AddAssign;

use brotli::enc::BrotliEncoderParams;

/// Above what servers do on the fly (4 to 6) and below what is worth doing once for a release (11), which takes six
/// times as long and makes the scripts of a large documentation site 8 % smaller. So a budget that is held here is held
/// by any server that compresses ahead of time, with a little to spare.
const QUALITY: i32 = 9;

/// Sizes, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight {
    /// After brotli.
    pub(super) brotli: u64,
    /// As it is.
    pub(super) raw: u64,
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.brotli += other.brotli;
        self.raw += other.raw;
    }
}

impl std::iter::Sum for Weight {
    fn sum<I: Iterator<Item = Self>>(weights: I) -> Self {
        let mut sum = Self::default();
        weights.for_each(|weight| sum += weight);
        sum
    }
}

/// Weighs what `content` yields, holding a window of it at a time.
pub(super) fn weigh(content: impl Read, size: u64) -> io::Result<Weight> {
    let params = BrotliEncoderParams {
        quality: QUALITY,
        // Small inputs get small tables, which is most of the time they take.
        size_hint: usize::try_from(size).unwrap_or(usize::MAX),
        ..BrotliEncoderParams::default()
    };
    let mut content = Counted { inner: content, bytes: 0 };
    let mut compressed = Counted { inner: io::sink(), bytes: 0 };
    brotli::BrotliCompress(&mut content, &mut compressed, &params)?;
    Ok(Weight { brotli: compressed.bytes, raw: content.bytes })
}

/// Returns what a page of this size cannot weigh more than: brotli stores what it cannot compress.
pub(super) const fn at_most(raw: u64) -> u64 {
    raw + raw / 1024 + 64
}

struct Counted<T> {
    inner: T,
    bytes: u64,
}

impl<T: Read> Read for Counted<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_repeats_weighs_little() {
        let text = "let one = 1;\n".repeat(10_000);
        let weight = weigh(text.as_bytes(), text.len() as u64).unwrap();
        assert_eq!(weight.raw, 130_000);
        assert!(weight.brotli < 1_000, "{weight:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nothing_weighs_more_than_the_bound(bytes in prop::collection::vec(any::<u8>(), 0..200_000)) {
            let weight = weigh(bytes.as_slice(), bytes.len() as u64).unwrap();
            prop_assert!(weight.brotli <= at_most(weight.raw), "{:?}", weight);
            prop_assert_eq!(weight.raw, bytes.len() as u64);
        }
    }
}
