//! The annotations of a package, in the form of Open Policy Agent: comments that are YAML, under `# METADATA`.

use super::rego::Problem;
use crate::yaml::{self, Content, Document, Id};

/// Returns the globs that the package's `custom.documents` lists; none when it has no such annotation.
pub(super) fn documents(text: &str) -> Result<Vec<String>, Problem> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(package) = lines.iter().position(|line| line.trim_start().starts_with("package ")) else {
        return Ok(Vec::new());
    };
    let Some(start) = lines[..package].iter().rposition(|line| line.trim() == "# METADATA") else {
        return Ok(Vec::new());
    };
    let is_comment = |line: &&&str| line.starts_with('#');
    let block: Vec<&str> = lines[start + 1..package].iter().take_while(is_comment).copied().collect();
    let annotation: String = block
        .iter()
        .flat_map(|line| [line.strip_prefix("# ").or_else(|| line.strip_prefix('#')).unwrap_or(line), "\n"])
        .collect();
    let number = |line: usize| u32::try_from(start + 1 + line).ok();
    let document = yaml::read(&annotation).map_err(|problem| Problem {
        what: format!("has annotations that cannot be read: {}", problem.what),
        line: problem.line.map_or(number(0), |line| number(line as usize)),
    })?;
    let custom = get(&document, document.root_id(), "custom");
    let Some(listed) = custom.and_then(|custom| get(&document, custom, "documents")) else { return Ok(Vec::new()) };
    let refused = || Problem {
        what: "has annotations of which `custom.documents` is no list of globs".to_owned(),
        line: number(document.get(listed).start.line as usize),
    };
    let texts: Option<Vec<String>> = match &document.get(listed).content {
        Content::Scalar(glob, _) => Some(vec![glob.clone()]),
        Content::Sequence(items) => items.iter().map(|item| document.text(*item).map(str::to_owned)).collect(),
        Content::Mapping(_) => None,
    };
    let texts = texts.filter(|texts| !texts.is_empty()).ok_or_else(refused)?;
    match texts.iter().find(|glob| crate::glob::compile(glob).is_err()) {
        Some(glob) => Err(Problem { what: format!("names the documents `{glob}`, which is no glob"), ..refused() }),
        None => Ok(texts),
    }
}

fn get(document: &Document, mapping: Id, name: &str) -> Option<Id> {
    match &document.get(mapping).content {
        Content::Mapping(pairs) => {
            pairs.iter().find(|(key, _)| document.text(*key) == Some(name)).map(|(_, value)| *value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotation_of_the_package_names_documents() {
        let text = "# A comment.\n\n# METADATA\n# title: Pods\n# custom:\n#   documents: [k8s/*.yaml, \"a/**\"]\npackage main\n";
        assert_eq!(documents(text).unwrap(), ["k8s/*.yaml", "a/**"]);
        assert!(documents("package main\n# METADATA\n# custom: {documents: [x]}\ndeny := 1\n").unwrap().is_empty());
        assert!(documents("# METADATA\n# title: x\npackage main").unwrap().is_empty());
        assert!(documents("").unwrap().is_empty());
    }

    #[test]
    fn annotations_that_cannot_be_read_are_no_empty_ones() {
        for text in ["# METADATA\n# custom: [\npackage a", "# METADATA\n# custom:\n#   documents: {}\npackage a"] {
            let problem = documents(text).unwrap_err();
            assert!(problem.line.is_some_and(|line| (1..=4).contains(&line)), "{problem:?}");
        }
    }
}
