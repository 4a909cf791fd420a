//! What a content weighs on its way to the browser.

use std::io::{self, Read, Write};

use brotli::enc::BrotliEncoderParams;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a server packs a file on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Brotli at quality 5.
    #[default]
    Brotli,
    /// Gzip at level 6.
    Gzip,
    /// Not at all.
    None,
}

/// About what servers that compress as they answer use (nginx's module and the large delivery networks: 4 to 6), so that
/// a budget that is held here is held for visitors of nearly any host. Those who compress ahead of time at 11 send about
/// 8 % less (of the scripts of a large documentation site), and would wait sixty times as long for this gate.
const BROTLI_QUALITY: i32 = 5;

/// What gzip itself and most servers do unless told otherwise.
const GZIP_LEVEL: u32 = 6;

/// Weighs what `content` yields, of which about `size` bytes are expected; holds a window of it at a time.
pub(super) fn weigh(compression: Compression, mut content: impl Read, size: u64) -> io::Result<u64> {
    let mut packed = Counted(0);
    match compression {
        Compression::Brotli => {
            let params = BrotliEncoderParams {
                quality: BROTLI_QUALITY,
                // Small inputs get small tables, which is most of the time they take.
                size_hint: usize::try_from(size).unwrap_or(usize::MAX),
                ..BrotliEncoderParams::default()
            };
            brotli::BrotliCompress(&mut content, &mut packed, &params)?;
        }
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::new(GZIP_LEVEL));
            io::copy(&mut content, &mut encoder)?;
            encoder.finish()?;
        }
        Compression::None => _ = io::copy(&mut content, &mut packed)?,
    }
    Ok(packed.0)
}

/// Returns what a content of this size cannot weigh more than: what cannot be compressed is stored.
pub(super) const fn at_most(raw: u64) -> u64 {
    raw + raw / 1024 + 64
}

/// Says whether servers send a file as it is because it is compressed already.
pub(super) fn is_packed(path: &str) -> bool {
    const ENDINGS: [&str; 16] = [
        "avif", "br", "gif", "gz", "heic", "jpeg", "jpg", "jxl", "mp3", "mp4", "png", "webm", "webp", "woff", "woff2",
        "zip",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Compression; 3] = [Compression::Brotli, Compression::Gzip, Compression::None];

    fn weight(compression: Compression, bytes: &[u8]) -> u64 {
        weigh(compression, bytes, bytes.len() as u64).unwrap()
    }

    #[test]
    fn what_repeats_weighs_little() {
        let text = "let one = 1;\n".repeat(10_000);
        let [brotli, gzip, none] = ALL.map(|compression| weight(compression, text.as_bytes()));
        assert!(brotli < gzip && gzip < 1_000, "{brotli} {gzip}");
        assert_eq!(none, 130_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn nothing_weighs_more_than_the_bound(bytes in prop::collection::vec(any::<u8>(), 0..200_000)) {
            for compression in ALL {
                let weight = weight(compression, &bytes);
                prop_assert!(weight <= at_most(bytes.len() as u64), "{:?} {}", compression, weight);
            }
        }
    }
}
