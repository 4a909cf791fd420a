//! One look in a few bytes, and many of them in fewer.
//!
//! The looks of one hour are kept in columns: for each endpoint how many there are, then the steps between the steps
//! between their moments, their statuses, their times as differences, and their causes; every number as a LEB128
//! varint, signed ones in zigzag; all of it compressed by zstd. Looks come at even steps and statuses seldom change, so
//! that most of what is left are the times.

use charter_deploy_model::UptimeStatus;

/// One look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The moment it was due, in milliseconds since 1970.
    pub at: i64,
    /// What it showed.
    pub status: UptimeStatus,
    /// How long it took, in microseconds; absent when nothing answered or nobody looked.
    pub took: Option<u32>,
    /// The number of the cause in the hour's list, from 1; 0 when there is none.
    pub cause: u16,
}

/// Why bytes are no samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the samples are malformed")]
pub struct Malformed;

/// More samples are in no hour: a thousand endpoints each half second.
const MOST: usize = 8_000_000;

/// Puts the looks of one hour, endpoint by endpoint, into bytes.
///
/// # Errors
/// When zstd fails, which it does for want of memory only.
pub fn encode(endpoints: &[Vec<Sample>]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    push(&mut bytes, endpoints.len() as u64);
    for samples in endpoints {
        push(&mut bytes, samples.len() as u64);
    }
    let all = || endpoints.iter().flatten();
    for samples in endpoints {
        let (mut last, mut step) = (0_i64, 0_i64);
        for sample in samples {
            let next = sample.at.wrapping_sub(last);
            push_signed(&mut bytes, next.wrapping_sub(step));
            (last, step) = (sample.at, next);
        }
    }
    bytes.extend(all().map(|sample| number_of(sample.status)));
    for samples in endpoints {
        let mut last = 0_i64;
        for sample in samples {
            // 0 is kept for what took no time because nothing answered.
            let value = sample.took.map_or(0, |took| i64::from(took) + 1);
            push_signed(&mut bytes, value - last);
            last = value;
        }
    }
    for sample in all() {
        push(&mut bytes, u64::from(sample.cause));
    }
    zstd::bulk::compress(&bytes, 9)
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When it is something else, or more than an hour can hold.
pub fn decode(bytes: &[u8]) -> Result<Vec<Vec<Sample>>, Malformed> {
    let bytes = zstd::bulk::decompress(bytes, MOST * 24).map_err(|_| Malformed)?;
    let mut rest = bytes.as_slice();
    let count = usize::try_from(pull(&mut rest)?).map_err(|_| Malformed)?;
    if count > rest.len() {
        return Err(Malformed);
    }
    let mut endpoints: Vec<Vec<Sample>> = Vec::with_capacity(count);
    let mut total = 0;
    let empty = Sample { at: 0, status: UptimeStatus::Unknown, took: None, cause: 0 };
    for _ in 0..count {
        let length = usize::try_from(pull(&mut rest)?).map_err(|_| Malformed)?;
        total += length;
        // Each sample takes four bytes at least.
        if total > MOST || total * 4 > bytes.len() {
            return Err(Malformed);
        }
        endpoints.push(vec![empty; length]);
    }
    for samples in &mut endpoints {
        let (mut last, mut step) = (0_i64, 0_i64);
        for sample in samples {
            step = step.wrapping_add(pull_signed(&mut rest)?);
            last = last.wrapping_add(step);
            sample.at = last;
        }
    }
    for sample in endpoints.iter_mut().flatten() {
        let (first, others) = rest.split_first().ok_or(Malformed)?;
        (sample.status, rest) = (status_of(*first)?, others);
    }
    for samples in &mut endpoints {
        let mut last = 0_i64;
        for sample in samples {
            last = last.wrapping_add(pull_signed(&mut rest)?);
            sample.took = match last {
                0 => None,
                _ => Some(u32::try_from(last - 1).map_err(|_| Malformed)?),
            };
        }
    }
    for sample in endpoints.iter_mut().flatten() {
        sample.cause = u16::try_from(pull(&mut rest)?).map_err(|_| Malformed)?;
    }
    if rest.is_empty() { Ok(endpoints) } else { Err(Malformed) }
}

const fn number_of(status: UptimeStatus) -> u8 {
    match status {
        UptimeStatus::Up => 0,
        UptimeStatus::Degraded => 1,
        UptimeStatus::Down => 2,
        UptimeStatus::Unknown => 3,
    }
}

const fn status_of(number: u8) -> Result<UptimeStatus, Malformed> {
    match number {
        0 => Ok(UptimeStatus::Up),
        1 => Ok(UptimeStatus::Degraded),
        2 => Ok(UptimeStatus::Down),
        3 => Ok(UptimeStatus::Unknown),
        _ => Err(Malformed),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn push_signed(bytes: &mut Vec<u8>, value: i64) {
    push(bytes, (value.wrapping_shl(1) ^ (value >> 63)).cast_unsigned());
}

fn pull(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, others) = rest.split_first().ok_or(Malformed)?;
        *rest = others;
        value |= u64::from(first & 0x7f).checked_shl(shift).ok_or(Malformed)?;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

fn pull_signed(rest: &mut &[u8]) -> Result<i64, Malformed> {
    let value = pull(rest)?;
    Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> impl Strategy<Value = Sample> {
        (any::<i64>(), 0_u8..4, any::<Option<u32>>(), any::<u16>()).prop_map(|(at, status, took, cause)| Sample {
            at,
            status: status_of(status).unwrap(),
            took,
            cause,
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(endpoints in prop::collection::vec(prop::collection::vec(sample(), 0..20), 0..8)) {
            prop_assert_eq!(decode(&encode(&endpoints).unwrap()), Ok(endpoints));
        }

        #[test]
        fn bytes_of_others_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            let _ = decode(&zstd::bulk::compress(&bytes, 1).unwrap());
        }
    }

    #[test]
    fn a_look_in_a_sealed_hour_takes_less_than_five_bytes() {
        // A thousand endpoints each ten seconds, with times that scatter as those of a quiet network do.
        let mut seed = 7_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(seed >> 40).unwrap()
        };
        let endpoints: Vec<Vec<Sample>> = (0..1000)
            .map(|endpoint| {
                let base = 1_763_740_800_000 + i64::from(random() % 10_000);
                let usual = 2_000 + random() % 80_000;
                let look = |number| Sample {
                    at: base + number * 10_000,
                    status: if endpoint == 7 && number > 300 { UptimeStatus::Down } else { UptimeStatus::Up },
                    took: Some(usual + random() % (usual / 4)),
                    cause: 0,
                };
                (0_i64..360).map(look).collect()
            })
            .collect();
        let bytes = encode(&endpoints).unwrap();
        assert_eq!(decode(&bytes).unwrap(), endpoints);
        // Base64 makes four bytes of three.
        let at_rest = bytes.len() * 4 / 3;
        assert!(at_rest < 360_000 * 5, "{} bytes a look", at_rest / 360_000);
    }
}
