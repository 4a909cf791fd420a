//! Results, points and grades, compared with those of Mozilla's Observatory: `samples/headers/observatory.mjs` wrote them.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::answer::{Answer, Headers, Route};
use super::{cookies, grade, page};

#[derive(Deserialize)]
struct Asked {
    name: String,
    url: String,
    headers: Vec<(String, String)>,
    policies: Vec<String>,
    cookies: Vec<String>,
    html: String,
    route: Option<Vec<String>>,
    cors: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Expected {
    name: String,
    score: u32,
    grade: grade::Grade,
    tests: BTreeMap<String, String>,
}

fn ours(asked: &Asked) -> Expected {
    let mut headers = Headers::default();
    let policies = asked.policies.iter().map(|policy| ("content-security-policy", policy));
    let cookies = asked.cookies.iter().map(|cookie| ("set-cookie", cookie));
    for (name, value) in asked.headers.iter().map(|(name, value)| (name.as_str(), value)).chain(policies).chain(cookies)
    {
        headers.add(name, value);
    }
    let mut cors = Headers::default();
    asked.cors.iter().for_each(|(name, value)| cors.add(name, value));
    let page = page::read(asked.html.as_bytes());
    let url: Url = asked.url.parse().unwrap();
    let host = url.host_str();
    let answer = Answer {
        headers: &headers,
        page: &page,
        is_https: url.scheme() == "https",
        host,
        cookies: &cookies::keep(asked.cookies.iter().map(String::as_str), host),
        cors: &cors,
        route: asked
            .route
            .as_ref()
            .map_or(Route::None, |route| Route::Through(route.iter().map(|step| step.parse().unwrap()).collect())),
    };
    let judged = grade::judge(&answer);
    let tests = judged.results.iter().map(|(test, result)| ((*test).to_owned(), (*result).to_owned())).collect();
    Expected { name: asked.name.clone(), score: judged.points, grade: judged.grade, tests }
}

#[test]
fn every_result_and_grade_is_that_of_the_observatory() {
    let asked: Vec<Asked> = serde_json::from_str(include_str!("../../../samples/headers/answers.json")).unwrap();
    let expected: Vec<Expected> = serde_json::from_str(include_str!("../../../samples/headers/expected.json")).unwrap();
    assert!(asked.len() >= 149 && asked.len() == expected.len());
    let differ: Vec<String> = asked
        .iter()
        .zip(&expected)
        .filter_map(|(asked, expected)| {
            let ours = ours(asked);
            (ours != *expected).then(|| format!("{:?}\nours:   {ours:?}\ntheirs: {expected:?}", asked.name))
        })
        .collect();
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    let results: std::collections::BTreeSet<&String> = expected.iter().flat_map(|one| one.tests.values()).collect();
    assert!(results.len() >= 55, "{results:?}");
}
