//! Who is told what, as tests.

use std::path::Path;

use charter_host::{Environment, Host, Secret, Secrets};
use proptest::prelude::*;

use super::*;

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

#[test]
fn a_route_that_cannot_be_built_keeps_no_other_from_it() {
    let policy = policy(
        r#"
        [routes]
        here = { kind = "command", command = ["true"], secrets = [{ env = "TOKEN" }] }
        gone = { kind = "slack", url = { env = "UNSET" } }
        odd = { kind = "slcak" }
        [heartbeat]
        url = { env = "PING" }
        "#,
    );
    let host = Host::system(Environment::default());
    let secrets: Secrets = [("TOKEN".to_owned(), Secret::new("x".to_owned()))].into_iter().collect();
    let setup = Setup { host: &host, root: Path::new("/"), secrets: &secrets };
    let (routes, refused) = policy.build(&crate::standard(), &setup);
    assert_eq!(routes.keys().collect::<Vec<_>>(), ["here"]);
    assert_eq!(refused["gone"].to_string(), "the variable `UNSET` is not set");
    assert_eq!(refused["odd"].to_string(), "there is no notifier called `slcak`; did you mean `slack`?");
    let mut names = policy.secret_names();
    names.sort();
    assert_eq!(names, ["PING", "TOKEN", "UNSET"]);
}

#[test]
fn the_schema_knows_the_keys_of_every_kind() {
    let schema = Policy::schema(&crate::standard(), &mut SchemaGenerator::default());
    let kinds = schema["properties"]["routes"]["additionalProperties"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), 8);
    for kind in kinds {
        assert!(kind["properties"]["per-minute"].is_object() && kind["properties"]["kind"]["const"].is_string());
        assert_eq!(kind["additionalProperties"], false, "{kind}");
    }
}
