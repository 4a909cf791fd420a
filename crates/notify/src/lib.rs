//! Tells people, and does not forget to.
