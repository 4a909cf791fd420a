//! Counted points at which a test can make this program die or fail.
//!
//! Every durable step and every journaled effect passes a point. Without the feature `fault-points` a point is
//! nothing at all. With it, a test arms the program once and walks through every point there is, so that "no crash at
//! any instant" is swept, not sampled.

use std::io;

/// Passes a point; `name` says which, for the test's report.
///
/// # Errors
/// The error that a test armed for this point; never, otherwise.
#[inline]
pub fn point(name: &'static str) -> io::Result<()> {
    #[cfg(feature = "fault-points")]
    return armed::pass(name);
    #[cfg(not(feature = "fault-points"))]
    {
        let _ = name;
        Ok(())
    }
}

#[cfg(feature = "fault-points")]
pub use armed::{Fault, arm, passed};

#[cfg(feature = "fault-points")]
mod armed {
    use std::io;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// What happens at the armed point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Fault {
        /// The process is killed as by `kill -9`.
        Kill,
        /// The step fails with this error number.
        Error(i32),
    }

    static ARMED: OnceLock<(u64, Fault)> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    /// Arms the point with this number, counted from 1. Only the first call counts.
    pub fn arm(number: u64, fault: Fault) {
        let _ = ARMED.set((number, fault));
    }

    /// Returns how many points this process has passed.
    #[must_use]
    pub fn passed() -> u64 {
        PASSED.load(Ordering::SeqCst)
    }

    pub(super) fn pass(name: &'static str) -> io::Result<()> {
        let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        match ARMED.get() {
            Some((armed, fault)) if *armed == number => match fault {
                Fault::Kill => {
                    let _ = std::fs::write("/proc/self/comm", name);
                    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                    loop {
                        std::thread::park();
                    }
                }
                Fault::Error(number) => Err(io::Error::from_raw_os_error(*number)),
            },
            _ => Ok(()),
        }
    }
}
