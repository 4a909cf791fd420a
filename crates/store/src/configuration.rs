//! The configuration's versions.

use charter_deploy_model::{ConfigurationId, Environment, ProductionConfiguration, Record as _};

use crate::{Key, Store, StoreError};

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

    /// Records a new version if the configuration differs from the last one of its environment, and says whether.
    ///
    /// Id and version do not count as differences and are chosen here: the id is the next free second from the given
    /// one on, the version is the last one with the next patch number; the first is as given. A copy of the last
    /// version is kept at `configuration/current.json`, or `current-<environment>.json` for other environments than
    /// production.
    ///
    /// # Errors
    /// Those of [`Store::append`] and [`Store::read`].
    pub async fn record_configuration(&self, configuration: &ProductionConfiguration) -> Result<bool, StoreError> {
        let environment = configuration.environment;
        let mut id = configuration.configuration_id;
        loop {
            let last = self.current_configuration(environment).await?;
            let mut next = ProductionConfiguration { configuration_id: id, ..configuration.clone() };
            if let Some(last) = last {
                next.configuration_id = last.configuration_id;
                next.version = last.version.clone();
                if next == last {
                    self.put_current(&last).await?;
                    return Ok(false);
                }
                next.configuration_id = id;
                next.version.patch += 1;
            }
            match self.append(&next).await {
                Ok(_) => {
                    self.put_current(&next).await?;
                    return Ok(true);
                }
                Err(StoreError::AlreadyTaken { .. }) => id = ConfigurationId::new(id.stamp().next()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Copies the last version to where people look for it.
    async fn put_current(&self, configuration: &ProductionConfiguration) -> Result<(), StoreError> {
        let bytes = self.backend.get(&Key::fixed(&configuration.path())).await?;
        self.put_derived(&current_path(configuration.environment), &bytes).await
    }

    /// Makes every copy of a last version again.
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
