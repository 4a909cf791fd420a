//! Versions of the configuration.

use std::fs;

use charter_deploy_model::{
    ApplicationInfo, ConfigurationId, ConstitutionalConfiguration, DeploymentConfiguration, DeploymentStrategy,
    Enforcement, Environment, EnvironmentVariables, ProductionConfiguration, RollbackStrategy,
};
use charter_store::Store;
use semver::Version;
use serde_json::Value;

use crate::note::{folder_with, open, verify};

pub(crate) fn configuration(environment: Environment, name: &str) -> ProductionConfiguration {
    ProductionConfiguration {
        configuration_id: ConfigurationId::new("20261121-020711".parse().unwrap()),
        version: Version::new(1, 0, 0),
        environment,
        application: ApplicationInfo {
            name: name.to_owned(),
            version: None,
            description: None,
            homepage: None,
            repository: None,
        },
        deployment: DeploymentConfiguration {
            strategy: DeploymentStrategy::Atomic,
            rollback_strategy: RollbackStrategy::Automatic,
            health_check_url: None,
            health_check_timeout: 30,
            validation_steps: Vec::new(),
        },
        performance: None,
        monitoring: None,
        maintenance: None,
        security: None,
        constitutional: ConstitutionalConfiguration {
            zero_git_hub_actions: None,
            performance_first: None,
            user_preservation: None,
            branch_preservation: None,
            local_validation: None,
            enforcement_level: Enforcement::Strict,
        },
        environment_variables: EnvironmentVariables::default(),
        features: None,
    }
}

/// Records a version, if there is a change, and says whether there was.
async fn record(store: &Store, configuration: &ProductionConfiguration) -> bool {
    match store.next_configuration(configuration).await.unwrap() {
        Some(next) => store.append(&next).await.is_ok(),
        None => false,
    }
}

#[tokio::test]
async fn only_a_change_makes_a_version() {
    let (folder, store) = folder_with(0).await;
    let (first, second) =
        (configuration(Environment::Production, "first"), configuration(Environment::Production, "second"));
    assert_eq!(store.current_configuration(Environment::Production).await.unwrap(), None);
    assert!(record(&store, &first).await);
    assert!(!record(&store, &first).await);
    assert!(record(&store, &second).await);
    assert!(record(&store, &first).await, "back again is a change too");

    let paths = store.paths("configuration").await.unwrap();
    let seconds = ["20261121-020711", "20261121-020712", "20261121-020713"];
    assert_eq!(paths, seconds.map(|second| format!("configuration/history/config-{second}.json")));
    let current = store.current_configuration(Environment::Production).await.unwrap().unwrap();
    assert_eq!((current.application.name.as_str(), &current.version), ("first", &Version::new(1, 0, 2)));
    store.flush().await.unwrap();
    let copy = fs::read(folder.path().join("configuration/current.json")).unwrap();
    assert_eq!(copy, fs::read(folder.path().join(&paths[2])).unwrap());
    assert!(verify(&store, &[]).await.is_sound());
}

#[tokio::test]
async fn environments_do_not_mix() {
    let (folder, store) = folder_with(0).await;
    for environment in [Environment::Staging, Environment::Production] {
        assert!(record(&store, &configuration(environment, "same")).await);
    }
    let fresh = open(folder.path()).await.unwrap();
    fresh.flush().await.unwrap();
    for (environment, name) in
        [(Environment::Staging, "current-staging.json"), (Environment::Production, "current.json")]
    {
        let current = fresh.current_configuration(environment).await.unwrap().unwrap();
        assert_eq!((current.environment, &current.version), (environment, &Version::new(1, 0, 0)));
        let copy = fs::read(folder.path().join("configuration").join(name)).unwrap();
        let copy: Value = serde_json::from_slice(&copy).unwrap();
        assert_eq!(copy["environment"], environment.to_string());
    }
    assert!(!record(&fresh, &configuration(Environment::Staging, "same")).await);
}

#[tokio::test]
async fn a_lost_copy_comes_back() {
    let (folder, store) = folder_with(0).await;
    let wanted = configuration(Environment::Production, "site");
    assert!(record(&store, &wanted).await);
    store.flush().await.unwrap();
    let copy = folder.path().join("configuration/current.json");
    let text = fs::read(&copy).unwrap();
    fs::write(&copy, "damaged").unwrap();
    store.rebuild().await.unwrap();
    assert_eq!(fs::read(&copy).unwrap(), text);
    fs::remove_file(&copy).unwrap();
    store.rebuild().await.unwrap();
    assert_eq!(fs::read(&copy).unwrap(), text);
}
