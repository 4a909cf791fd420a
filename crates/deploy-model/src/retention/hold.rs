//! Holds: what must stay whatever its age, until somebody says otherwise.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{HoldId, Record};

/// Keeps records, and what they refer to, because of an incident, a question or a law.
///
/// Its end is [`Hold::until`], or another record: a [`HoldLifted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// This hold's name.
    pub hold_id: HoldId,
    /// The paths of the records that it keeps, such as `deployments/20261121-020711-deployment.json`.
    #[schemars(length(min = 1))]
    pub covers: Vec<String>,
    /// Why.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// Since when.
    pub placed_at: Timestamp,
    /// When it ends by itself; absent when it has to be lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Ends a [`Hold`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldLifted {
    /// The hold.
    pub hold_id: HoldId,
    /// Why.
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Who lifted it.
    pub lifted_by: String,
    /// When.
    pub lifted_at: Timestamp,
}

impl Record for Hold {
    const SCHEMA: &'static str = "hold/1";

    fn path(&self) -> String {
        format!("{}/{}.json", Self::FOLDER, self.hold_id)
    }
}

impl Hold {
    /// Where holds are.
    pub const FOLDER: &'static str = "holds/placed";
}

impl Record for HoldLifted {
    const SCHEMA: &'static str = "hold-lifted/1";

    /// One a hold: what was lifted cannot be lifted again.
    fn path(&self) -> String {
        format!("{}/{}.json", Self::FOLDER, self.hold_id)
    }
}

impl HoldLifted {
    /// Where lifted holds are told.
    pub const FOLDER: &'static str = "holds/lifted";
}

/// Returns the holds that are in force.
///
/// ```
/// use charter_deploy_model::{Hold, HoldLifted, in_force};
///
/// let hold = Hold {
///     hold_id: "20261121-020711-hold".parse()?,
///     covers: vec!["deployments/20261120-090000-deployment.json".to_owned()],
///     reason: "the outage of 20 November".to_owned(),
///     placed_by: "ann".to_owned(),
///     placed_at: "2026-11-21T02:07:11Z".parse()?,
///     until: None,
/// };
/// let lifted = HoldLifted {
///     hold_id: hold.hold_id,
///     reason: "the report is written".to_owned(),
///     lifted_by: "ann".to_owned(),
///     lifted_at: "2027-01-10T10:00:00Z".parse()?,
/// };
/// let now = "2028-01-01T00:00:00Z".parse()?;
/// assert_eq!(in_force(&[hold.clone()], &[], now), [&hold]);
/// assert!(in_force(&[hold], &[lifted], now).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn in_force<'a>(holds: &'a [Hold], lifted: &[HoldLifted], now: Timestamp) -> Vec<&'a Hold> {
    let lifted: BTreeSet<HoldId> = lifted.iter().map(|lifted| lifted.hold_id).collect();
    holds.iter().filter(|hold| !lifted.contains(&hold.hold_id) && hold.until.is_none_or(|until| until > now)).collect()
}
