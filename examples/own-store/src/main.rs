//! Records two visits, reads them back and verifies the whole: `cargo run -p own-store`.

#![expect(clippy::print_stdout, reason = "showing it is what this program is for")]

use std::error::Error;
use std::sync::Arc;

use charter_deploy_model::Record;
use charter_host::Scope;
use charter_store::Store;
use own_store::LimitedBackend;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A record of one's own: any type with a JSON Schema and a path.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Visit {
    number: u32,
    guest: String,
}

impl Record for Visit {
    const SCHEMA: &'static str = "visit/1";

    fn path(&self) -> String {
        format!("visits/{:06}.json", self.number)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::open(Arc::new(LimitedBackend::with_room_for(1_000_000))).await?;
    for (number, guest) in (1..).zip(["first guest", "second guest"]) {
        store.append(&Visit { number, guest: guest.to_owned() }).await?;
    }
    for visit in store.read_all::<Visit>("visits").await? {
        println!("visit {}: {}", visit.number, visit.guest);
    }
    let verification = store.verify(&[], &Scope::default()).await?;
    println!(
        "{} of {} records are what was recorded; root {}",
        verification.sound, verification.size, verification.root
    );
    Ok(())
}
