//! The examples in the docs of each kind.

use crate::matrix::probe;

#[test]
fn every_kind_has_an_example_that_can_be_built() {
    for kind in charter_monitor::standard().kinds() {
        let (_, rest) = kind.docs.split_once("```toml").unwrap_or_else(|| panic!("`{}` has no example", kind.id));
        let (example, _) = rest.split_once("```").unwrap();
        // The docs begin each line with a space.
        let example: toml::Table = example.parse().unwrap_or_else(|error| panic!("`{}`: {error}", kind.id));
        let endpoints = example["monitor"]["endpoints"].as_table().unwrap();
        for endpoint in endpoints.values() {
            let mut section = serde_json::to_value(&endpoint["probe"]).unwrap();
            let named = section.as_object_mut().unwrap().remove("kind");
            assert_eq!(named.unwrap(), kind.id);
            let built = probe(kind.id, &section);
            assert!(!built.address().is_empty());
        }
    }
}
