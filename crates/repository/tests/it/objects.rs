//! Objects that are written past git, as git reads them.

use std::fs;
use std::io::Cursor;

use charter_host::durable;
use charter_repository::{ObjectKind, TreeEntry};
use proptest::prelude::*;

use crate::{Project, git, time, try_git};

/// Content that does not get smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn file(name: &str, id: charter_repository::ObjectId) -> TreeEntry {
    TreeEntry { name: name.into(), mode: TreeEntry::FILE, id }
}

#[test]
fn git_reads_what_was_written_and_finds_nothing_wrong_with_it() {
    let project = Project::new();
    let work = project.beside("work");
    let writer = project.repository.write_objects(&work).unwrap();
    let mut hand = writer.hand().unwrap();
    let mut entries = Vec::new();
    // Around the sizes at which the form of an object changes.
    for size in [0, 1, 15, 16, 2047, 2048, 100_000, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_000] {
        let content = noise(size);
        let written = hand.write_blob(&mut Cursor::new(&content), size as u64).unwrap().unwrap();
        assert!(written.new, "{size}");
        assert!(!hand.write_blob(&mut Cursor::new(&content), size as u64).unwrap().unwrap().new, "{size} again");
        entries.push(file(&format!("{size}.bin"), written.id));
    }
    let zeros = vec![0; 6 << 20];
    let written = hand.write_blob(&mut zeros.as_slice(), zeros.len() as u64).unwrap().unwrap();
    entries.push(file("zeros", written.id));
    let tree = hand.write(ObjectKind::Tree, &TreeEntry::encode(&mut entries)).unwrap().id;
    let commit = project.repository.encode_commit(tree, &[project.head()], "Everything\n", time()).unwrap();
    let commit = hand.write(ObjectKind::Commit, &commit).unwrap().id;
    drop(hand);
    assert!(!try_git(project.root(), &["cat-file", "-e", &commit.to_string()]).0, "nothing is there before the end");
    assert_eq!(writer.finish().unwrap(), 14);

    git(project.root(), &["branch", "written", &commit.to_string()]);
    git(project.root(), &["fsck", "--strict", "--full"]);
    git(project.root(), &["checkout", "-q", "written"]);
    assert!(fs::read(project.root().join("9000000.bin")).unwrap() == noise(9_000_000));
    assert_eq!(git(project.root(), &["log", "-1", "--format=%an <%ae> %ct %s"]), {
        format!("Dev <web@example.org> {} Everything", time().as_second())
    });
    git(project.root(), &["gc", "-q"]);
    git(project.root(), &["fsck", "--strict", "--full"]);
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0, "no temporary file is left");
}

#[test]
fn what_is_dropped_unfinished_leaves_nothing_and_what_is_there_is_not_written_again() {
    let project = Project::new();
    let work = project.beside("work");
    let before = git(project.root(), &["count-objects", "-v"]);
    let writer = project.repository.write_objects(&work).unwrap();
    assert!(writer.hand().unwrap().write(ObjectKind::Blob, b"new").unwrap().new);
    drop(writer);
    let writer = project.repository.write_objects(&work).unwrap();
    // The project's own file.
    assert!(!writer.hand().unwrap().write(ObjectKind::Blob, b"one\n").unwrap().new);
    assert_eq!(writer.finish().unwrap(), 0);
    assert_eq!(git(project.root(), &["count-objects", "-v"]), before);
    durable::sweep(&work).unwrap();
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
}

#[test]
fn content_of_another_size_is_not_written() {
    let project = Project::new();
    let writer = project.repository.write_objects(&project.beside("work")).unwrap();
    let mut hand = writer.hand().unwrap();
    for size in [3_usize, 5, 5 << 20, (4 << 20) + 1] {
        let content = if size > 100 { noise((4 << 20) + 7) } else { b"four".to_vec() };
        assert_eq!(hand.write_blob(&mut content.as_slice(), size as u64).unwrap(), None, "{size}");
    }
    drop(hand);
    assert_eq!(writer.finish().unwrap(), 0);
}

#[test]
fn one_object_is_there_when_it_was_written_and_can_be_written_again() {
    let project = Project::new();
    for _ in 0..2 {
        let id = project.repository.write_object(ObjectKind::Blob, b"alone", &project.beside("work")).unwrap();
        assert_eq!(git(project.root(), &["cat-file", "-p", &id.to_string()]), "alone");
        assert_eq!(project.repository.blob(id, 5).unwrap().as_deref(), Some(b"alone".as_slice()));
        assert_eq!(project.repository.blob(id, 4).unwrap(), None, "it is larger than that");
    }
    git(project.root(), &["fsck", "--strict", "--full"]);
}

#[test]
fn references_of_our_own_are_listed_moved_and_removed_also_when_git_has_packed_them() {
    let project = Project::new();
    let (repository, first) = (&project.repository, project.head());
    let second = project.commit("a", "a");
    for name in ["refs/charter/releases/origin/a/1", "refs/charter/releases/origin/a/2", "refs/charter/releases/b"] {
        repository.point_reference(name, &first).unwrap();
    }
    repository.point_reference("refs/charter/releases/origin/a/2", &second).unwrap();
    for _ in 0..2 {
        let listed = repository.references("refs/charter/releases/origin/a/").unwrap();
        assert_eq!(
            listed,
            [
                ("refs/charter/releases/origin/a/1".to_owned(), first.clone()),
                ("refs/charter/releases/origin/a/2".to_owned(), second.clone())
            ]
        );
        git(project.root(), &["pack-refs", "--all"]);
    }
    for _ in 0..2 {
        repository.remove_reference("refs/charter/releases/origin/a/1").unwrap();
        assert_eq!(repository.reference("refs/charter/releases/origin/a/1").unwrap(), None);
    }
    assert_eq!(repository.reference("refs/charter/releases/origin/a/2").unwrap(), Some(second));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn folders_are_sorted_as_git_sorts_them(names in prop::collection::btree_map("[ab.\\-/0]{1,3}", any::<bool>(), 1..12)) {
        let names: Vec<_> = names.into_iter().filter(|(name, _)| !name.contains('/') && !name.starts_with('.')).collect();
        let project = Project::new();
        let blob = project.repository.write_object(ObjectKind::Blob, b"x", &project.beside("work")).unwrap();
        let inner = TreeEntry::encode(&mut [file("x", blob)]);
        let inner = project.repository.write_object(ObjectKind::Tree, &inner, &project.beside("work")).unwrap();
        let mut entries: Vec<TreeEntry> = names
            .iter()
            .map(|(name, is_folder)| match is_folder {
                true => TreeEntry { name: name.clone().into(), mode: TreeEntry::FOLDER, id: inner },
                false => file(name, blob),
            })
            .collect();
        let tree = TreeEntry::encode(&mut entries);
        let tree = project.repository.write_object(ObjectKind::Tree, &tree, &project.beside("work")).unwrap();
        prop_assert_eq!(project.repository.tree(tree).unwrap().unwrap(), entries);
        git(project.root(), &["fsck", "--strict", "--full"]);
    }
}
