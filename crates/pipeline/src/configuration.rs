//! Every configuration that is deployed under is on record.

use charter_deploy_model::{ConfigurationId, ProductionConfiguration, Stamp};

use crate::Stop;
use crate::journal::Entry;
use crate::run::Run;

/// Records the configuration, when it differs from the one last recorded for this environment.
pub(crate) async fn record(run: &mut Run<'_>) -> Result<(), Stop> {
    let store = &run.project.store;
    let wanted = ProductionConfiguration {
        configuration_id: ConfigurationId::new(Stamp::of(run.facts.begun.at)),
        ..run.project.settings.configuration.clone()
    };
    let Some(next) = store.next_configuration(&wanted).await.map_err(Stop::Records)? else {
        let last = store.current_configuration(wanted.environment).await.map_err(Stop::Records)?;
        run.facts.configuration = last.map(|last| last.configuration_id);
        return Ok(());
    };
    let prepared = store.prepare(&next).map_err(Stop::store("record the configuration"))?;
    run.note_before(Entry::ConfigurationIntended { prepared: prepared.clone(), id: next.configuration_id })?;
    store.commit(&prepared).await.map_err(Stop::store("record the configuration"))?;
    run.note_before(Entry::ConfigurationRecorded)
}
