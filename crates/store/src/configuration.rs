//! The configuration's versions.

use charter_deploy_model::{ConfigurationId, Environment, ProductionConfiguration, Record as _};

use crate::archive::fetch;
use crate::store::checked;
use crate::{Store, StoreError};

/// Where the versions are.
pub(crate) const HISTORY: &str = "configuration/history";

impl Store {
    /// Returns the last recorded version of an environment's configuration.
    ///
    /// # Errors
    /// Those of [`Store::read`].
    pub async fn current_configuration(
        &self,
        environment: Environment,
    ) -> Result<Option<ProductionConfiguration>, StoreError> {
        for path in self.paths(HISTORY).await?.iter().rev() {
            match self.read::<ProductionConfiguration>(path).await {
                Ok(configuration) if configuration.environment == environment => return Ok(Some(configuration)),
                Ok(_) | Err(StoreError::Pruned { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Returns the version to record next, or nothing when the configuration is the last one of its environment.
    ///
    /// Id and version do not count as differences and are chosen here: the id is the next free second from the given
    /// one on, the version is the last one with the next patch number; the first is as given.
    ///
    /// # Errors
    /// Those of [`Store::read`].
    pub async fn next_configuration(
        &self,
        configuration: &ProductionConfiguration,
    ) -> Result<Option<ProductionConfiguration>, StoreError> {
        let mut next = configuration.clone();
        if let Some(last) = self.current_configuration(configuration.environment).await? {
            next.configuration_id = last.configuration_id;
            next.version = last.version.clone();
            if next == last {
                return Ok(None);
            }
            next.configuration_id = configuration.configuration_id;
            next.version.patch += 1;
        }
        let taken = self.paths(HISTORY).await?;
        while taken.contains(&next.path()) {
            next.configuration_id = ConfigurationId::new(next.configuration_id.stamp().next());
        }
        Ok(Some(next))
    }

    /// Copies the last version to where people look for it.
    async fn put_current(&self, configuration: &ProductionConfiguration) -> Result<(), StoreError> {
        let line = self.line_of(&configuration.path()).await?;
        let bytes = checked(&line, fetch(&*self.backend, &line).await)?;
        self.put_derived(&current_path(configuration.environment), &bytes).await
    }

    /// Makes the copy of every environment's last version: `configuration/current.json` for production,
    /// `current-<environment>.json` for the others.
    pub(crate) async fn put_all_current(&self) -> Result<(), StoreError> {
        for environment in [Environment::Development, Environment::Staging, Environment::Production] {
            if let Some(configuration) = self.current_configuration(environment).await? {
                self.put_current(&configuration).await?;
            }
        }
        Ok(())
    }
}

fn current_path(environment: Environment) -> String {
    match environment {
        Environment::Production => "configuration/current.json".to_owned(),
        other => format!("configuration/current-{other}.json"),
    }
}
