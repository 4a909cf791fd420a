//! Words with a grammar: ids, periods, weeks, percentages, keys, remotes. What is read is written the same way again.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use charter_deploy_model::constitution::Week;
use charter_deploy_model::{
    CommitHash, ConfigurationId, DeploymentId, Digest, Environment, Percent, Period, ProductionBranch, ReleaseId, Stamp,
};
use charter_github::Place;
use charter_store::Key;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    reads_back::<Stamp>(text);
    reads_back::<DeploymentId>(text);
    reads_back::<ConfigurationId>(text);
    reads_back::<ReleaseId>(text);
    reads_back::<CommitHash>(text);
    reads_back::<ProductionBranch>(text);
    reads_back::<Environment>(text);
    reads_back::<Week>(text);
    if let Ok(period) = text.parse::<Period>() {
        // `2 day` is understood, and written `2 days`.
        assert_eq!(period.to_string().parse(), Ok(period), "what was written can be read");
        for from in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert!(period.after(from).is_none_or(|end| end > from), "`{period}` ends before it begins");
        }
    }
    if let Ok(digest) = Digest::from_hex(text) {
        assert_eq!(digest.hex(), text);
    }
    if let Ok(key) = text.parse::<Key>() {
        assert_eq!(key.as_str(), text);
    }
    if let Ok(percent) = serde_json::from_str::<Percent>(text) {
        let written = serde_json::to_string(&percent).expect("a percentage has a JSON form");
        assert_eq!(serde_json::from_str::<Percent>(&written).expect("what was written can be read"), percent);
    }
    if let Some(place) = Place::of_remote(text, Some("git.example.org")) {
        assert_eq!(place.api.scheme(), "https", "{place:?}");
        let is_known = ["github.com", "git.example.org"].contains(&&*place.host) || place.host.ends_with(".ghe.com");
        assert!(is_known, "{place:?} would get the token");
    }
});

fn reads_back<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) {
    if let Ok(word) = text.parse::<T>() {
        assert_eq!(word.to_string(), text, "one thing is written in two ways");
        assert_eq!(word.to_string().parse::<T>().expect("what was written can be read"), word);
    }
}
