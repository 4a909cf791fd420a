//! Tides.
pub fn high(tide: u32) -> u32 {
    return tide + 1;
}
