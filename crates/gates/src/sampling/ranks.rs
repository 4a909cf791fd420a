//! In which order two releases are measured.

/// Returns the order in which two releases are measured in turn, `false` the first and `true` the second: each goes
/// first as often as the other, so that what changes slowly on the machine meets both alike.
pub fn turns(rounds: usize) -> impl Iterator<Item = bool> {
    (0..rounds).flat_map(|round| [round % 2 == 1, round % 2 == 0])
}
