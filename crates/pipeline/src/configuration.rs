//! Every configuration that is deployed under is on record.

use charter_deploy_model::{ConfigurationId, ProductionConfiguration, Stamp};
use semver::Version;

use crate::Stop;
use crate::journal::Entry;
use crate::run::Run;

/// Records the configuration, when it differs from the one last recorded for this environment.
pub(crate) async fn record(run: &mut Run<'_>) -> Result<(), Stop> {
    let project = run.project;
    let store = &project.store;
    let last = store.current_configuration(project.settings.environment).await.map_err(Stop::Records)?;
    let mut next = project.settings.configuration.clone();
    if let Some(last) = &last
        && same(last, &next)
    {
        run.facts.configuration = Some(last.configuration_id);
        return Ok(());
    }
    next.version = last.map_or(Version::new(1, 0, 0), |last| Version::new(1, 0, last.version.patch + 1));
    next.configuration_id = free_id(run).await?;
    let prepared = store.prepare(&next).map_err(Stop::store("record the configuration"))?;
    run.note_before(Entry::ConfigurationIntended { prepared: prepared.clone(), id: next.configuration_id })?;
    store.commit(&prepared).await.map_err(Stop::store("record the configuration"))?;
    run.note_before(Entry::ConfigurationRecorded)
}

fn same(a: &ProductionConfiguration, b: &ProductionConfiguration) -> bool {
    let b = ProductionConfiguration { configuration_id: a.configuration_id, version: a.version.clone(), ..b.clone() };
    *a == b
}

async fn free_id(run: &Run<'_>) -> Result<ConfigurationId, Stop> {
    let taken = run.project.store.paths("configuration/history").await.map_err(Stop::Records)?;
    let mut stamp = Stamp::of(run.facts.begun.at);
    while taken.contains(&format!("configuration/history/config-{stamp}.json")) {
        stamp = stamp.next();
    }
    Ok(ConfigurationId::new(stamp))
}
