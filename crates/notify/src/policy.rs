//! Who is told what.

use std::collections::{BTreeMap, BTreeSet};

use charter_deploy_model::{AlertSeverity, Notice, Occasion};
use charter_host::nearest;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

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
    /// How many messages a minute people get by it; what is beyond that is put into one.
    #[serde(default = "per_minute")]
    #[schemars(range(min = 1))]
    pub per_minute: u32,
    /// The section of its kind, which looks at every key itself.
    #[serde(flatten)]
    pub section: Map<String, Value>,
}

const fn per_minute() -> u32 {
    20
}

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
            if route.per_minute == 0 {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(text: &str) -> Policy {
        toml::from_str(text).unwrap()
    }

    fn notice(occasion: Occasion, severity: AlertSeverity) -> Notice {
        Notice::new("a/b", occasion, severity, "docs is down", "2026-11-21T02:07:11Z".parse().unwrap())
    }

    const ROUTES: &str = r#"
        critical = ["mail", "pager"]
        warning = ["mail"]
        deployments = ["chat"]
        [routes]
        mail = { kind = "email" }
        pager = { kind = "pagerduty" }
        chat = { kind = "slack" }
        room = { kind = "slack" }
    "#;

    #[test]
    fn each_notice_goes_where_it_is_meant_to() {
        use AlertSeverity::{Critical, Error, Info, Warning};
        let policy = policy(ROUTES);
        for (occasion, severity, expected) in [
            (Occasion::Raised, Critical, &["mail", "pager"][..]),
            (Occasion::Resolved, Critical, &["mail", "pager"]),
            (Occasion::Raised, Error, &["mail"]),
            (Occasion::Raised, Warning, &["mail"]),
            (Occasion::Raised, Info, &[]),
            (Occasion::Escalated, Warning, &["mail", "pager"]),
            (Occasion::Deployment, Info, &["chat"]),
            (Occasion::Test, Info, &["chat", "mail", "pager", "room"]),
        ] {
            assert_eq!(policy.routes_for(&notice(occasion, severity)), expected, "{occasion:?} {severity:?}");
        }
    }

    #[test]
    fn critical_alerts_need_two_ways_that_do_not_fail_together() {
        let problems = |critical: &str, hosts: &[(&str, &str)]| {
            let hosts = hosts.iter().map(|(name, host)| ((*name).to_owned(), (*host).to_owned())).collect();
            let mut policy = policy(ROUTES);
            policy.critical = critical.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            policy.info = vec!["mail".into(), "pager".into(), "chat".into(), "room".into()];
            policy.problems(&hosts)
        };
        assert_eq!(problems("mail pager", &[]), [""; 0]);
        assert!(problems("", &[])[0].contains("names no route"));
        assert!(problems("mail", &[])[0].contains("only `mail`"));
        assert!(problems("mail mail", &[])[0].contains("fail together"));
        assert!(problems("chat room", &[])[0].contains("fail together"));
        assert!(problems("chat pager", &[("chat", "a.example"), ("pager", "a.example")])[0].contains("fail together"));
        assert_eq!(problems("chat room mail", &[("chat", "a.example"), ("mail", "b.example")]), [""; 0]);
    }

    #[test]
    fn a_wrong_name_is_named_with_the_nearest() {
        let mut policy = policy(ROUTES);
        policy.warning = vec!["pagre".to_owned()];
        let problems = policy.problems(&BTreeMap::new());
        assert_eq!(problems[0], "`warning` names the route `pagre`, which there is not; did you mean `pager`?");
        assert_eq!(problems[1], "the route `room` is named by no list, and would only be used for tests");
    }

    #[test]
    fn the_keys_of_a_kind_are_left_to_it_and_others_are_refused() {
        let policy = policy("[routes.a]\nkind = \"webhook\"\nper-minute = 3\nurl = { env = \"A\" }");
        assert_eq!(policy.routes["a"].section.keys().collect::<Vec<_>>(), ["url"]);
        assert!(toml::from_str::<Policy>("critcal = []").is_err());
    }

    proptest! {
        #[test]
        fn a_route_is_named_once(critical in prop::collection::vec("[a-c]", 0..6), info in prop::collection::vec("[a-c]", 0..6)) {
            let policy = Policy { critical, info, ..Policy::default() };
            for occasion in [Occasion::Raised, Occasion::Escalated] {
                let notice = notice(occasion, AlertSeverity::Info);
                let routes = policy.routes_for(&notice);
                let distinct: BTreeSet<_> = routes.iter().collect();
                prop_assert_eq!(distinct.len(), routes.len());
            }
        }
    }
}
