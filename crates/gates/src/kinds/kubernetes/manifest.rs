//! A file of manifests as objects: its documents one by one, lists unpacked.

use crate::yaml::node::Node;
use crate::yaml::{self, Document, Place, Problem};

/// More values in a document, each alias written out, are refused.
const EXPANDED_LIMIT: usize = 200_000;
/// More objects in a file are refused.
const OBJECT_LIMIT: usize = 10_000;
/// Groups whose documents have the form of manifests, and which no cluster is given.
const NOT_FOR_CLUSTERS: [&str; 6] =
    ["kustomize.config.k8s.io", "skaffold", "backstage.io", "kind.x-k8s.io", "k3d.io", "audit.k8s.io"];

/// One document of a file, and how many lines are before it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) document: Document,
    pub(super) lines_before: u32,
    /// The file that a rendered document came from, when the program says so.
    pub(super) rendered_from: Option<String>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) parts: Vec<Part>,
    /// Documents that look like manifests and cannot be read.
    pub(super) problems: Vec<Problem>,
    /// Documents that are templates.
    pub(super) templates: u64,
    /// Documents of another shape.
    pub(super) others: u64,
}

/// Reads a file. The text is taken apart at the lines that part documents, so that a document that cannot be read does
/// not hide the others.
pub(super) fn read(content: &[u8]) -> File {
    let mut file = File::default();
    let Ok(text) = std::str::from_utf8(content) else {
        let looks = find(content, b"apiVersion:") && find(content, b"kind:");
        file.problems.extend(looks.then(|| Problem::new("is not UTF-8", None)));
        return file;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (lines_before, part) in parts(text) {
        if !(part.contains("apiVersion") && part.contains("kind")) {
            file.others += u64::from(!part.trim().is_empty());
            continue;
        }
        take(&mut file, part, lines_before);
    }
    file
}

fn take(file: &mut File, part: &str, lines_before: u32) {
    let read = yaml::documents(definition_head(part).unwrap_or(part));
    let documents = read.and_then(|documents| {
        let too_large = documents.iter().find(|document| document.expanded().is_none_or(|size| size > EXPANDED_LIMIT));
        match too_large {
            Some(document) => {
                let what = format!("has more than {EXPANDED_LIMIT} values when its aliases are written out");
                Err(Problem::new(what, Some(document.root().start)))
            }
            None => Ok(documents),
        }
    });
    match documents {
        Ok(documents) => {
            for document in documents {
                let root = Node::root(&document);
                let has = |field: &str| root.get(field).is_some_and(|value| value.text().is_some());
                match has("apiVersion") && has("kind") {
                    true => file.parts.push(Part { document, lines_before, rendered_from: source_comment(part) }),
                    false => file.others += 1,
                }
            }
        }
        Err(_) if part.contains("{{") => file.templates += 1,
        Err(problem) if looks_like_one(part) => {
            // What ends too early is noticed behind the last line.
            let last = u32::try_from(part.lines().count()).unwrap_or(u32::MAX).max(1);
            let line = problem.line.map(|line| line.min(last).saturating_add(lines_before));
            file.problems.push(Problem { line, ..problem });
        }
        Err(_) => file.others += 1,
    }
}

/// Returns the documents of a text, each with the number of lines before it.
fn parts(text: &str) -> Vec<(u32, &str)> {
    let (mut parts, mut begin, mut lines, mut at) = (Vec::new(), (0, 0), 0, 0);
    let mut is_directive = false;
    for line in text.split_inclusive('\n') {
        let parts_here =
            line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if parts_here && at > 0 && !is_directive {
            parts.push((begin.1, &text[begin.0..at]));
            begin = (at, lines);
        }
        is_directive = line.starts_with('%');
        at += line.len();
        lines += 1;
    }
    parts.push((begin.1, &text[begin.0..]));
    parts
}

/// Returns what stands before `spec` in the definition of a custom resource: the rest is a schema, long and not judged.
fn definition_head(part: &str) -> Option<&str> {
    let at_line = |line: &str| part.starts_with(line) || part.contains(&format!("\n{line}"));
    let is_definition = at_line("kind: CustomResourceDefinition") && at_line("apiVersion:");
    let end = part.find("\nspec:").filter(|_| is_definition)?;
    let head = &part[..=end];
    (head.contains("\nkind:") && head.contains("apiVersion:")).then_some(head)
}

/// Says whether a text that cannot be read was meant as a manifest.
fn looks_like_one(part: &str) -> bool {
    let has_line = |name: &str| part.lines().any(|line| line.trim_start_matches(['{', ' ', '"']).starts_with(name));
    has_line("apiVersion") && has_line("kind") && !part.trim_start().starts_with('<')
}

/// Returns the template that Helm says a document came from.
fn source_comment(part: &str) -> Option<String> {
    let line = part.lines().take(2).find_map(|line| line.strip_prefix("# Source: "))?;
    Some(line.trim().to_owned())
}

fn find(content: &[u8], word: &[u8]) -> bool {
    content.windows(word.len()).any(|window| window == word)
}

/// One thing that a cluster is asked to have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a> {
    pub(super) root: Node<'a>,
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) namespace: Option<&'a str>,
    /// How many lines of the file are before its document.
    pub(super) lines_before: u32,
    pub(super) rendered_from: Option<&'a str>,
}

impl<'a> Object<'a> {
    fn of(root: Node<'a>, part: &'a Part) -> Option<Self> {
        let metadata = |field: &str| root.text_at(&["metadata", field]);
        Some(Self {
            root,
            api_version: root.text_at(&["apiVersion"])?,
            kind: root.text_at(&["kind"])?,
            name: metadata("name").or_else(|| metadata("generateName")).unwrap_or_default(),
            namespace: metadata("namespace"),
            lines_before: part.lines_before,
            rendered_from: part.rendered_from.as_deref(),
        })
    }

    /// Returns the part of `apiVersion` before the slash; the core group is empty.
    pub(super) fn group(&self) -> &'a str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Says whether the two would be in one namespace; one that names none may end up in any.
    pub(super) fn shares_namespace(&self, other: &Self) -> bool {
        self.namespace.zip(other.namespace).is_none_or(|(one, two)| one == two)
    }

    /// Returns the line of a place of its document within the file.
    pub(super) fn line(&self, place: Place) -> u32 {
        place.line.saturating_add(self.lines_before)
    }

    /// Returns what people call it, such as `Deployment/web`.
    pub(super) fn title(&self) -> String {
        if self.name.is_empty() { self.kind.to_owned() } else { format!("{}/{}", self.kind, self.name) }
    }

    /// Returns what tells it from other objects of its file.
    pub(super) fn key(&self) -> String {
        match self.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.kind, self.name),
            None => format!("{}//{}", self.kind, self.name),
        }
    }
}

/// Returns the objects of a file, with those in lists in the place of the list; an error says that there are too many.
pub(super) fn objects(parts: &[Part]) -> Result<Vec<Object<'_>>, Problem> {
    let mut objects = Vec::new();
    for part in parts {
        let mut waiting = vec![Node::root(&part.document)];
        loop {
            if objects.len() + waiting.len() > OBJECT_LIMIT {
                return Err(Problem::new(format!("holds more than {OBJECT_LIMIT} objects"), None));
            }
            let Some(root) = waiting.pop() else { break };
            let Some(object) = Object::of(root, part) else { continue };
            let items = root.get("items").filter(|items| object.kind.ends_with("List") && items.is_list());
            match items {
                Some(items) => {
                    let mut items: Vec<Node<'_>> = items.items().take(OBJECT_LIMIT + 1).collect();
                    items.reverse();
                    waiting.extend(items);
                }
                None if is_for_clusters(&object) => objects.push(object),
                None => {}
            }
        }
    }
    Ok(objects)
}

fn is_for_clusters(object: &Object<'_>) -> bool {
    let is_kubeconfig = object.api_version == "v1" && object.kind == "Config";
    !is_kubeconfig && !NOT_FOR_CLUSTERS.contains(&object.group())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn titles(text: &str) -> Vec<String> {
        let file = read(text.as_bytes());
        objects(&file.parts)
            .unwrap()
            .iter()
            .map(|object| format!("{} {}", object.title(), object.line(object.root.place())))
            .collect()
    }

    #[test]
    fn documents_and_lists_become_objects_with_their_lines() {
        let pod = |name: &str| format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n");
        let text = format!("# a\n{}---\nother: 1\n--- # c\n{}---\n{}", pod("a"), pod("b"), "");
        assert_eq!(titles(&text), ["Pod/a 2", "Pod/b 9"]);
        let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: v1, kind: ServiceList, items: [{apiVersion: v1, kind: Service, metadata: {name: s}}]}\n";
        assert_eq!(titles(list), ["Pod 4", "Service/s 5"]);
        assert_eq!(titles("{\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\"}"), ["Pod 1"]);
        assert_eq!(titles("\u{feff}%YAML 1.1\n---\napiVersion: v1\nkind: Pod\n"), ["Pod 3"]);
        assert_eq!(titles("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"), [] as [&str; 0]);
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_else() {
        let text = "apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: [\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: {{ .n }}\n---\nkind: [\n";
        let file = read(text.as_bytes());
        assert_eq!((file.parts.len(), file.templates, file.others), (1, 1, 1));
        assert_eq!(file.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [Some(5)]);
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let mut text = "apiVersion: v1\nkind: Pod\na0: &a0 [x]\n".to_owned();
        for level in 1..40 {
            text.push_str(&format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9)));
        }
        assert_eq!(read(text.as_bytes()).problems.len(), 1);
        let many = format!(
            "apiVersion: v1\nkind: List\nitems:\n- &x {{apiVersion: v1, kind: Pod}}\n{}",
            "- *x\n".repeat(20_000)
        );
        assert!(objects(&read(many.as_bytes()).parts).is_err());
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(apiVersion|kind|List|items|: |v1|---\n|\n|[ \\-\\[\\]{}&*#,|<]|[a-z]{1,3}){0,60}") {
            let file = read(text.as_bytes());
            let _ = objects(&file.parts);
        }
    }
}
