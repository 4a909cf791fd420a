//! Lock files as their programs write them.

use super::*;

fn read(name: &str, text: &str) -> (Vec<Package>, Lock) {
    let lock = reader(name).unwrap()(text).unwrap();
    let Lock { graph, is_incomplete, unknown, includes } = lock;
    let (list, _) = graph.settle(name, true, 0);
    (list, Lock { is_incomplete, unknown, includes, ..Lock::default() })
}

fn shown(list: &[Package]) -> Vec<String> {
    list.iter()
        .map(|package| {
            let Package { name, version, path, .. } = package;
            let marks = [(package.is_direct, " direct"), (package.is_dev, " dev")];
            let marks: String = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect();
            let by = if path.is_empty() { String::new() } else { format!(" by {}", path.join(">")) };
            format!("{name}@{version}{marks}{by}")
        })
        .collect()
}

const NPM: &str = r#"{
  "lockfileVersion": 3,
  "packages": {
    "": {"dependencies": {"a": "1", "member": "*"}, "devDependencies": {"tool": "1"}},
    "member": {"version": "0.0.0", "dependencies": {"c": "1"}},
    "node_modules/a": {
      "version": "1.0.0", "dependencies": {"b": "1"}, "license": "MIT",
      "integrity": "sha512-AAAA sha1-AQ=="
    },
    "node_modules/a/node_modules/b": {"version": "1.0.0"},
    "node_modules/b": {"version": "2.0.0", "dev": true},
    "node_modules/c": {"version": "3.0.0"},
    "node_modules/alias": {"name": "@real/name", "version": "4.0.0", "extraneous": true},
    "node_modules/member": {"resolved": "member", "link": true},
    "node_modules/tool": {"version": "1.0.0", "dev": true, "dependencies": {"b": "2", "git": "1"}},
    "node_modules/git": {"version": "1.0.0", "resolved": "git+ssh://git@example.org/x.git#1"}
  }
}"#;

#[test]
fn npm_packages_are_found_where_node_would_load_them_from() {
    let (list, _) = read("package-lock.json", NPM);
    let mut names = shown(&list);
    names.sort();
    assert_eq!(
        names,
        [
            "@real/name@4.0.0",
            "a@1.0.0 direct",
            "b@1.0.0 by a",
            "b@2.0.0 dev by tool",
            "c@3.0.0 direct",
            "tool@1.0.0 direct dev",
        ]
    );
    let a = list.iter().find(|package| package.name == "a").unwrap();
    assert_eq!((a.line, a.license.as_deref()), (Some(6), Some("MIT")));
    assert_eq!(
        a.digests.iter().map(|digest| (digest.algorithm, digest.hex.as_str())).collect::<Vec<_>>(),
        [("SHA-512", "000000"), ("SHA-1", "01")]
    );
}

#[test]
fn the_first_version_of_npms_lock_file_is_read_as_well() {
    let text = r#"{"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "requires": {"b": "1"}, "dependencies": {"b": {"version": "1.0.0"}}},
        "b": {"version": "2.0.0", "dev": true},
        "c": {"version": "npm:real@3.0.0"},
        "d": {"version": "github:x/y#1"}}}"#;
    let mut names = shown(&read("package-lock.json", text).0);
    names.sort();
    assert_eq!(names, ["a@1.0.0 direct", "b@1.0.0 by a", "b@2.0.0 direct dev", "real@3.0.0 direct"]);
}

#[test]
fn pnpm_of_version_9_keeps_who_needs_whom_apart() {
    let text = "lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a: {specifier: ^1, version: 1.0.0(peer@2.0.0)}
      other-name: {specifier: 'npm:real@1', version: real@1.0.0}
    devDependencies:
      tool: {specifier: ^1, version: 1.0.0}
      member: {specifier: 'workspace:*', version: link:packages/member}
packages:
  a@1.0.0:
    resolution: {integrity: sha1-AQ==}
  '@scope/b@2.0.0':
    resolution: {integrity: sha1-AQ==}
  real@1.0.0: {resolution: {}}
  tool@1.0.0: {resolution: {}}
  git@https://codeload.github.com/x/git/tar.gz/1: {resolution: {tarball: x}}
snapshots:
  a@1.0.0(peer@2.0.0):
    dependencies:
      '@scope/b': 2.0.0
  '@scope/b@2.0.0': {}
  real@1.0.0: {}
  tool@1.0.0: {}
";
    let (list, _) = read("pnpm-lock.yaml", text);
    assert_eq!(shown(&list), ["a@1.0.0 direct", "@scope/b@2.0.0 by a", "real@1.0.0 direct", "tool@1.0.0 direct dev"]);
    assert_eq!(list[0].line, Some(11));
}

#[test]
fn pnpm_of_version_6_says_it_with_slashes_and_version_5_is_refused() {
    let text = "lockfileVersion: '6.0'
dependencies:
  a: {specifier: ^1, version: 1.0.0}
packages:
  /a@1.0.0:
    resolution: {integrity: sha1-AQ==}
    dependencies: {b: 2.0.0}
    dev: false
  /b@2.0.0: {resolution: {}, dev: false}
";
    assert_eq!(shown(&read("pnpm-lock.yaml", text).0), ["a@1.0.0 direct", "b@2.0.0 by a"]);
    let refused = pnpm::read("lockfileVersion: 5.4\n").unwrap_err();
    assert!(refused.contains("5.4"), "{refused}");
}

#[test]
fn cargo_packages_of_the_project_itself_and_of_git_are_not_of_the_registry() {
    let index = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let text = format!(
        "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\"a 1.0.0\", \"git\"]\n\n\
         [[package]]\nname = \"a\"\nversion = \"1.0.0\"\n{index}\ndependencies = [\"b\"]\n\n\
         [[package]]\nname = \"a\"\nversion = \"2.0.0\"\n{index}\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n{index}\n\n\
         [[package]]\nname = \"git\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/git\"\n"
    );
    let (list, _) = read("Cargo.lock", &text);
    assert_eq!(shown(&list), ["a@1.0.0 direct", "a@2.0.0", "b@1.0.0 by a"]);
    assert_eq!(list[0].line, Some(9));
    assert_eq!(list[0].requires, [2]);
}

#[test]
fn requirements_are_pinned_open_or_from_elsewhere() {
    let text = "# a comment\nDjango[argon2] == 3.2 ; python_version > '3' \\\n    --hash=sha256:aa\nflask>=1\nrequests\n\
                -r more.txt\n-c limits.txt\n--index-url https://example.org/simple\n-e ./own\n./wheel.whl\n\
                x @ https://example.org/x.whl\nhttps://example.org/y.whl\nwild==1.*\n";
    let (list, lock) = read("requirements.txt", text);
    assert_eq!(shown(&list), ["Django@3.2 direct"]);
    assert_eq!((list[0].line, lock.includes), (Some(2), vec!["more.txt".to_owned()]));
    assert_eq!(lock.unknown.len(), 1, "{:?}", lock.unknown);
    assert!(lock.unknown[0].contains("`flask`, `requests`, `wild`"), "{}", lock.unknown[0]);
    assert!(!lock.is_incomplete, "what is pinned has a hash");
    assert!(read("requirements.txt", "a==1\n").1.is_incomplete);
    assert!(!read("requirements.txt", "# This file is autogenerated by pip-compile\na==1\n").1.is_incomplete);
}

#[test]
fn uv_poetry_and_pipenv_say_what_is_for_development() {
    let uv = "version = 1\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\n\
              dependencies = [{ name = \"flask\" }]\n[package.dev-dependencies]\ndev = [{ name = \"pytest\" }]\n\
              [[package]]\nname = \"flask\"\nversion = \"3.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n\
              dependencies = [{ name = \"werkzeug\" }]\n[[package]]\nname = \"pytest\"\nversion = \"8.0\"\n\
              source = { registry = \"https://pypi.org/simple\" }\n[[package]]\nname = \"werkzeug\"\nversion = \"3.1\"\n\
              source = { registry = \"https://pypi.org/simple\" }\n";
    assert_eq!(shown(&read("uv.lock", uv).0), ["flask@3.0 direct", "pytest@8.0 direct dev", "werkzeug@3.1 by flask"]);
    let poetry = "[[package]]\nname = \"flask\"\nversion = \"3.0\"\ngroups = [\"main\"]\n[package.dependencies]\n\
                  Werkzeug = \">=3\"\n[[package]]\nname = \"pytest\"\nversion = \"8.0\"\ngroups = [\"dev\"]\n\
                  [[package]]\nname = \"werkzeug\"\nversion = \"3.1\"\n[metadata]\nlock-version = \"2.1\"\n";
    assert_eq!(
        shown(&read("poetry.lock", poetry).0),
        ["flask@3.0 direct", "pytest@8.0 direct dev", "werkzeug@3.1 by flask"]
    );
    let pipfile = r#"{"_meta": {"sources": []}, "default": {"flask": {"version": "==3.0"}, "x": {"git": "y"}},
                      "develop": {"pytest": {"version": "==8.0"}}}"#;
    assert_eq!(shown(&read("Pipfile.lock", pipfile).0), ["flask@3.0 direct", "pytest@8.0 direct dev"]);
}

#[test]
fn hostile_lock_files_are_refused_or_read_in_bounded_time() {
    let deep = format!("{}{}", r#"{"lockfileVersion":1,"dependencies":{"a":"#.repeat(200), "}".repeat(400));
    let nested = format!("{{\"packages\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [deep.as_str(), nested.as_str(), "", "null", "[]", "\u{0}", "{\"packages\": 1}"] {
        assert!(npm::read(text).is_err());
        assert!(cargo::read(text).is_err() || text.is_empty());
        assert!(python::read_uv(text).is_err() && python::read_poetry(text).is_err());
        assert!(pnpm::read(text).is_err());
        let _ = requirements::read(text);
    }
    let chain: String = (0..20_000)
        .map(|n| format!("[[package]]\nname = \"p{n}\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\ndependencies = [\"p{}\"]\n", n + 1))
        .collect();
    let (list, _) = read("Cargo.lock", &chain);
    assert_eq!(list.len(), 20_000);
    assert!(list.iter().all(|package| package.path.len() <= 13), "a way to a package is shortened");
}

#[test]
fn a_circle_of_needs_ends() {
    let text = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1"}},
        "node_modules/b": {"version": "1.0.0", "dependencies": {"a": "1"}}}}"#;
    assert_eq!(shown(&read("package-lock.json", text).0), ["a@1.0.0 direct", "b@1.0.0 by a"]);
}

#[test]
fn an_include_stays_in_the_project() {
    assert_eq!(beside("a/b/requirements.txt", "../base.txt").as_deref(), Some("a/base.txt"));
    assert_eq!(beside("requirements.txt", "../../etc/passwd"), None);
}
