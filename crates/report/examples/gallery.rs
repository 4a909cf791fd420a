//! Prints one of everything, to look at: `cargo run -p charter-report --example gallery [name…] [--ascii] [--plain]`.

use std::time::Duration;

use charter_deploy_model::{Observer, Verification};
use charter_report::{ColourChoice, DeploymentLine, Marks, Options, Terminal, json};

#[path = "../tests/it/samples.rs"]
mod samples;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let marks = if given("--ascii") { Marks::Ascii } else { Marks::Unicode };
    let colour = if given("--plain") { ColourChoice::Never } else { ColourChoice::Always };
    let options = Options { colour, marks, is_terminal: true, ..Options::default() };
    let terminal = Terminal::new(options, Box::new(std::io::stderr()));
    let named: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|wanted| *wanted == name);
    let show = |name: &str, text: String| {
        if wanted(name) {
            terminal.print(&format!("\u{1b}[7m {name} \u{1b}[0m\n{text}\n"));
        }
    };

    if wanted("events") {
        for (_, event) in samples::events() {
            terminal.observe(&event);
            for done in 0..20 {
                terminal.progress(done * 11, Some(214), "reading dist");
                // So that there is something to look at.
                std::thread::sleep(Duration::from_millis(15));
            }
        }
        terminal.clear();
    }
    for users_see in samples::users_see() {
        show("failure", charter_report::failure(&samples::failure(users_see)));
    }
    show("gates", charter_report::gates(&samples::reports(), &samples::kinds()));
    let excerpt = |place: &charter_deploy_model::Location| {
        (place.path == "guide/2.html").then(|| format!("{}<a href=\"/old/2/\">Old</a>", "<p>A long page. ".repeat(9)))
    };
    let mut reports = samples::reports();
    reports[0].findings[1].locations[0].column = Some(145);
    show("excerpts", charter_report::gates_with_excerpts(&reports, &samples::kinds(), &excerpt));
    show("markdown", charter_report::markdown(&samples::reports()[1..], &samples::kinds()));
    show("junit", charter_report::junit(&samples::reports()[1..], &samples::kinds()));
    show(
        "score",
        charter_report::score(
            charter_deploy_model::Environment::Production,
            samples::record().deployment_id,
            &samples::score(),
        ),
    );
    show("audit", charter_report::audit(&samples::audit("2026-W47")));
    show("audit", charter_report::audit(&samples::audit("2026-W30")));
    let verification = samples::verification();
    show("verification", charter_report::verification(&verification));
    let sound = Verification { faults: Vec::new(), sound: 1042, anchors_published: 12, ..verification };
    show("verification", charter_report::verification(&sound));
    let deployments = samples::deployments();
    show("history", charter_report::history(&deployments));
    let mut mixed = deployments;
    mixed[0].record.environment = charter_deploy_model::Environment::Staging;
    show("history", charter_report::history(&mixed));
    let DeploymentLine { record, .. } = &mixed[1];
    show("show", charter_report::show(record, Some("rolled back by 20261121-031500-deployment")));
    show("status", charter_report::status(&samples::status()));
    show("snapshots", charter_report::snapshots(&samples::snapshots()));
    show("kinds", charter_report::kinds(&samples::kinds()));
    show("explain", charter_report::explain(&samples::PAGE_WEIGHT));
    show(
        "config",
        charter_report::config_problem(
            "charter.toml",
            Some(14),
            Some(1),
            "unknown key `max-scritp-bytes` in `gates.page-weight`",
            Some("max-scritp-bytes = …"),
            Some("did you mean `max-script-bytes`?"),
        ),
    );
    for (_, event) in samples::events().iter().take(3) {
        show("json", serde_json::to_string(&json::v1::Event::from(event)).expect("an event is JSON"));
    }
    show("json", json::v1::status(&samples::status()));
}
