//! Your own xtask: all the standard kinds, and a gate of your own beside them.

use std::process::ExitCode;

fn main() -> ExitCode {
    charter::Charter::new().gates(|gates| gates.register(&own_gate::META, own_gate::gate)).run()
}
