//! Registers the target beside those that come with the system, and shows what the configuration may then say.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let mut targets = charter_targets::standard();
    targets.register(&own_target::META, own_target::target);
    let mut out = std::io::stdout().lock();
    for kind in targets.kinds() {
        writeln!(out, "target = {{ kind = \"{}\", … }}   {}", kind.id, kind.summary())?;
    }
    Ok(())
}
