//! The parsers of this crate, laid open to the fuzzers in `fuzz/`. No API: it changes without notice.
//!
//! Each takes whatever comes, and panics when a promise of the parser does not hold.

use std::sync::LazyLock;

use charter_deploy_model::{
    Hold, HoldLifted, MaintenanceAutomation, MonitoringRun, ProductionConfiguration, ProductionDeployment, Pruning,
    Record, UptimeIncident,
};
use serde_json::Value;

use crate::archive::expanded;
use crate::derived::{checkpoint_text, parse_checkpoint};
use crate::digest::digest_of;
use crate::log::Line;
use crate::path::check_record_path;
use crate::record::{Schemas, UPCASTS, decode, decode_part};

/// Reads a record of every kind: what is read can be kept, and reads back the same.
pub fn record(text: &[u8]) {
    of_kind::<ProductionDeployment>(text);
    of_kind::<ProductionConfiguration>(text);
    of_kind::<MonitoringRun>(text);
    of_kind::<MaintenanceAutomation>(text);
    of_kind::<UptimeIncident>(text);
    of_kind::<Hold>(text);
    of_kind::<HoldLifted>(text);
    of_kind::<Pruning>(text);
    let _ = decode_part::<Value>("a record", text);
}

fn of_kind<R: Record>(text: &[u8]) {
    static SCHEMAS: LazyLock<Schemas> = LazyLock::new(Schemas::default);
    let Ok(record) = decode::<R>("a record", text, UPCASTS, &SCHEMAS) else { return };
    let path = record.path();
    assert!(check_record_path(&path).is_ok(), "`{path}` is no place for a record");
    let mut value = serde_json::to_value(&record).expect("a record has a JSON form");
    value["schema"] = R::SCHEMA.into();
    let again: R =
        decode(&path, value.to_string().as_bytes(), UPCASTS, &SCHEMAS).expect("what was written can be read");
    let mut same = serde_json::to_value(again).expect("a record has a JSON form");
    same["schema"] = R::SCHEMA.into();
    assert_eq!(value, same);
}

/// Reads a checkpoint of the log: nothing else than what is written is one.
pub fn checkpoint(text: &[u8]) {
    if let Some(checkpoint) = parse_checkpoint(text) {
        assert_eq!(checkpoint_text(&checkpoint), text);
    }
}

/// Expands a compressed record of which the log says that it has `length` bytes.
pub fn archived(frame: &[u8], length: u64) {
    let line = Line { path: "notes/a.json".into(), digest: digest_of(frame), length };
    let bytes = expanded(frame, &line);
    assert!(bytes == frame || bytes.len() as u64 == length, "a record has another length than the log says");
}
