//! A secret shows nowhere: not in a record, a log, the screen, the cache or the backup's listing.

use charter_tests::{CONFIGURATION, Site, command, run};

use crate::PROGRAM;

const SECRET: &str = "s3cr3t-7f1e9c0d5b";

fn assert_absent(site: &Site, outputs: &[String]) {
    for output in outputs {
        assert!(!output.contains(SECRET), "printed: {output}");
    }
    for folder in ["project/production", ".cache", ".local"] {
        let found = run(command("grep")
            .args(["--recursive", "--files-with-matches", "--text", SECRET])
            .arg(site.folder().join(folder)));
        assert_eq!(found.stdout, "", "written");
    }
}

#[test]
fn a_secret_of_the_environment_reaches_the_build_and_nothing_else() {
    let site = Site::new(PROGRAM);
    site.write("build.sh", "test -n \"$API_TOKEN\" || exit 3\ntest -z \"$OTHER\" || exit 4\necho token is $API_TOKEN\nmkdir dist\ncp -r public/. dist/\n[ ! -e fail ]\n");
    site.write(".gitignore", "/production/\n/dist/\n");
    let built = "command = [\"sh\", \"build.sh\"]\noutput = \"dist\"\nsecrets = [{ env = \"API_TOKEN\" }]";
    site.write("charter.toml", CONFIGURATION.replace("output = \"public\"", built));
    site.commit("Build with a secret");
    let deploy = |arguments: &[&str]| run(site.command(arguments).env("API_TOKEN", SECRET).env("OTHER", SECRET)).text();
    let mut outputs = vec![deploy(&["deploy"]), deploy(&["deploy", "--format", "json"])];
    assert_eq!(site.version_seen(), Some(1), "{outputs:?}");
    site.write("fail", "");
    site.commit("Fail");
    outputs.push(deploy(&["deploy"]));
    let without = site.run(&["deploy"]).expect(2).text();
    assert!(without.contains("API_TOKEN"), "a missing secret is named: {without}");
    site.run(&["status"]).expect(0);
    assert!(outputs[2].contains("token is ***"), "the build's last words are shown, masked: {}", outputs[2]);
    assert_absent(&site, &outputs);
}

#[test]
fn a_secret_in_the_configuration_by_mistake_is_not_repeated() {
    let site = Site::new(PROGRAM);
    for planted in [
        CONFIGURATION.replace("[build]", &format!("[build]\ntoken = \"{SECRET}\"")),
        CONFIGURATION.replace("name = \"tides\"", &format!("name = [\"{SECRET}\"]")),
        CONFIGURATION.replace("name = \"tides\"", &format!("name = \"{SECRET}")),
        CONFIGURATION.replace("kind = \"docroot\"", &format!("kind = \"docroot\", password = \"{SECRET}\"")),
    ] {
        site.write("charter.toml", planted);
        let human = site.run(&["deploy"]).expect(2).text();
        let json = site.run(&["deploy", "--format", "json"]).expect(2).text();
        assert_absent(&site, &[human, json]);
    }
}
