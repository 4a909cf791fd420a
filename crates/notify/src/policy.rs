//! Who is told what.

use std::collections::{BTreeMap, BTreeSet};

use charter_deploy_model::{AlertSeverity, Notice, Occasion};
use charter_host::{Catalog, CatalogError, Setup, nearest};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{HeartbeatConfig, Notifier, Route, secret_names};

/// The section `[notify]`: the routes there are, and which of them each kind of notice goes by.
///
/// ```
/// let policy: charter_notify::Policy = toml::from_str(r#"
///     critical = ["ops-mail", "pager"]
///     warning = ["ops-mail"]
///
///     [routes.ops-mail]
///     kind = "email"
///     to = ["ann@example.org"]
///
///     [routes.pager]
///     kind = "pagerduty"
///     routing-key = { env = "PAGERDUTY_KEY" }
/// "#)?;
/// assert!(policy.problems(&Default::default()).is_empty());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Policy {
    /// Each way to tell people, by a name of your own.
    pub routes: BTreeMap<String, RouteConfig>,
    /// Where critical alerts go: two routes at least that do not fail together.
    pub critical: Vec<String>,
    /// Where alerts go that say that something is wrong; by default where warnings go.
    pub error: Option<Vec<String>>,
    /// Where warnings go.
    pub warning: Vec<String>,
    /// Where go what is only for the record.
    pub info: Vec<String>,
    /// Where it is announced that a deployment began, went live, failed or was taken back.
    pub deployments: Vec<String>,
    /// Where goes what is passed on, beside where it went before; by default where critical alerts go.
    pub escalation: Option<Vec<String>>,
    /// A sign of life for somebody outside, who tells people when it stays away.
    pub heartbeat: Option<HeartbeatConfig>,
}

/// One way to tell people. The further keys are those of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RouteConfig {
    /// Which kind of notifier it is.
    pub kind: String,
    /// By what it reaches people, such as `chat`; by default the kind. Two routes of one medium are taken to fail
    /// together.
    pub medium: Option<String>,
    /// How many messages a minute go by it; what is beyond that is put into one for people, and waits for programs. By
    /// default 20 for people and 240 for programs. Critical alerts may go beyond it by a quarter.
    #[schemars(range(min = 1))]
    pub per_minute: Option<u32>,
    /// The section of its kind, which looks at every key itself.
    #[serde(flatten)]
    pub section: Map<String, Value>,
}

/// Messages a minute by default: for people, and for programs.
const PER_MINUTE: (u32, u32) = (20, 240);

impl RouteConfig {
    /// Returns by what it reaches people.
    #[must_use]
    pub fn medium(&self) -> &str {
        self.medium.as_deref().unwrap_or(&self.kind)
    }
}

impl Policy {
    /// Returns the names of the routes that a notice goes by, each once.
    #[must_use]
    pub fn routes_for(&self, notice: &Notice) -> Vec<&str> {
        let by_severity = self.of(notice.severity);
        let lists: Vec<&[String]> = match notice.occasion {
            Occasion::Test => return self.routes.keys().map(String::as_str).collect(),
            Occasion::Deployment => vec![&self.deployments],
            Occasion::Escalated => vec![by_severity, self.escalation.as_deref().unwrap_or(&self.critical)],
            Occasion::Raised | Occasion::Reminder | Occasion::Resolved | Occasion::Incident => vec![by_severity],
        };
        let mut seen = BTreeSet::new();
        lists.into_iter().flatten().map(String::as_str).filter(|name| seen.insert(*name)).collect()
    }

    /// Builds every route, and says which ones cannot be and why: one whose secret is missing must not keep the others
    /// from telling people.
    #[must_use]
    pub fn build(
        &self,
        catalog: &Catalog<dyn Notifier>,
        setup: &Setup<'_>,
    ) -> (BTreeMap<String, Route>, BTreeMap<String, CatalogError>) {
        let (mut routes, mut refused) = (BTreeMap::new(), BTreeMap::new());
        for (name, config) in &self.routes {
            match catalog.build(&config.kind, Value::Object(config.section.clone()), setup) {
                Ok(notifier) => {
                    let default = if notifier.folds() { PER_MINUTE.0 } else { PER_MINUTE.1 };
                    let route = Route { notifier: notifier.into(), per_minute: config.per_minute.unwrap_or(default) };
                    routes.insert(name.clone(), route);
                }
                Err(error) => {
                    refused.insert(name.clone(), error);
                }
            }
        }
        (routes, refused)
    }

    /// Returns the names of all variables that it names as secrets.
    #[must_use]
    pub fn secret_names(&self) -> Vec<String> {
        let sections = self.routes.values().flat_map(|route| route.section.values());
        sections.flat_map(secret_names).chain(self.heartbeat.iter().map(|beat| beat.url.env.clone())).collect()
    }

    /// Returns the schema of the section, with every kind's keys.
    #[must_use]
    pub fn schema(catalog: &Catalog<dyn Notifier>, generator: &mut SchemaGenerator) -> Value {
        let mut schema = Self::json_schema(generator).to_value();
        let of_every_route = RouteConfig::json_schema(generator).to_value();
        let mut kinds = catalog.tagged_schema(generator);
        for kind in kinds["oneOf"].as_array_mut().into_iter().flatten() {
            for key in ["medium", "per-minute"] {
                kind["properties"][key] = of_every_route["properties"][key].clone();
            }
        }
        schema["properties"]["routes"]["additionalProperties"] = kinds;
        schema
    }

    fn of(&self, severity: AlertSeverity) -> &[String] {
        match severity {
            AlertSeverity::Critical => &self.critical,
            AlertSeverity::Error => self.error.as_deref().unwrap_or(&self.warning),
            AlertSeverity::Warning => &self.warning,
            AlertSeverity::Info => &self.info,
        }
    }

    /// Returns what is wrong with it, one sentence each; nothing, when nobody is to be told anything.
    ///
    /// `depends_on` is what each route's delivery stands and falls with, as far as it is known
    /// ([`Notifier::depends_on`](crate::Notifier::depends_on)): two routes over one host count once.
    #[must_use]
    pub fn problems(&self, depends_on: &BTreeMap<String, String>) -> Vec<String> {
        let mut problems = self.unknown_names();
        for (name, route) in &self.routes {
            if route.per_minute == Some(0) {
                problems.push(format!("the route `{name}` has `per-minute = 0`, and would never send anything"));
            }
            if !self.lists().into_iter().any(|(_, list)| list.contains(name)) {
                problems.push(format!("the route `{name}` is named by no list, and would only be used for tests"));
            }
        }
        problems.extend(self.single_point_of_failure(depends_on));
        problems
    }

    fn lists(&self) -> Vec<(&'static str, &[String])> {
        vec![
            ("critical", self.critical.as_slice()),
            ("error", self.error.as_deref().unwrap_or_default()),
            ("warning", &self.warning),
            ("info", &self.info),
            ("deployments", &self.deployments),
            ("escalation", self.escalation.as_deref().unwrap_or_default()),
        ]
    }

    fn unknown_names(&self) -> Vec<String> {
        let known = || self.routes.keys().map(String::as_str);
        let mut problems = Vec::new();
        for (list, names) in self.lists() {
            for name in names.iter().filter(|name| !self.routes.contains_key(*name)) {
                let suggestion = match nearest(name, known()) {
                    Some(nearest) => format!("; did you mean `{nearest}`?"),
                    None => String::new(),
                };
                problems.push(format!("`{list}` names the route `{name}`, which there is not{suggestion}"));
            }
        }
        problems
    }

    fn single_point_of_failure(&self, depends_on: &BTreeMap<String, String>) -> Option<String> {
        let routes: Vec<(&String, &RouteConfig)> =
            self.critical.iter().filter_map(|name| self.routes.get_key_value(name)).collect();
        let fail_together = |(a, one): (&String, &RouteConfig), (b, other): (&String, &RouteConfig)| {
            let same_place = depends_on.get(a).zip(depends_on.get(b)).is_some_and(|(a, b)| a == b);
            one.medium() == other.medium() || same_place
        };
        let is_safe =
            routes.iter().enumerate().any(|(n, one)| routes[n + 1..].iter().any(|other| !fail_together(*one, *other)));
        match routes.as_slice() {
            _ if is_safe => None,
            [] if self.routes.is_empty() => None,
            [] => Some("`critical` names no route, so nobody would hear of an outage".to_owned()),
            [(only, _)] => Some(format!(
                "`critical` names only `{only}`: if that fails nobody hears of an outage; name a route of another medium too"
            )),
            several => {
                let names: Vec<String> = several.iter().map(|(name, _)| format!("`{name}`")).collect();
                Some(format!(
                    "the routes {} of `critical` fail together, for they have one medium or one host; name a route of \
                     another medium too",
                    names.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests;
