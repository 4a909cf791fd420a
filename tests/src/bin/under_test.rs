//! The program itself, with one thing added: it dies or fails at the point it is told to.
//!
//! `CHARTER_FAULT` is `kill:N` or `error:ERRNO:N` for the N-th point; `CHARTER_COUNT` names a file that gets the number
//! of points passed.

use std::process::ExitCode;

use charter_host::fault::{self, Fault};

#[expect(clippy::disallowed_methods, reason = "a test tells this program what to do through its environment")]
fn main() -> ExitCode {
    if let Ok(text) = std::env::var("CHARTER_FAULT") {
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["kill", number] => fault::arm(number.parse().unwrap_or(0), Fault::Kill),
            ["error", errno, number] => {
                fault::arm(number.parse().unwrap_or(0), Fault::Error(errno.parse().unwrap_or(5)));
            }
            _ => return ExitCode::from(2),
        }
    }
    let code = charter::Charter::new().run();
    if let Ok(path) = std::env::var("CHARTER_COUNT")
        && std::fs::write(path, fault::passed().to_string()).is_err()
    {
        return ExitCode::from(2);
    }
    code
}
