//! Your own xtask: all the standard kinds, and a target of your own beside them.

use std::process::ExitCode;

fn main() -> ExitCode {
    charter::Charter::new().targets(|targets| targets.register(&own_target::META, own_target::target)).run()
}
