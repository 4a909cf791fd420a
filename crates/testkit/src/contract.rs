//! Each extension trait's contract: one function per clause, named as in the trait's docs.

pub mod backend;
pub mod gate;
pub mod probe;
pub mod target;
