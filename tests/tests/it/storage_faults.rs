//! A full disk and a folder that cannot be written: not published, nothing changed, nothing lost.

use std::path::{Path, PathBuf};

use charter_tests::{Site, command, has, installed, run};

use crate::PROGRAM;

/// A small file system of its own, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = run(command("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at));
        (mounted.code == Some(0)).then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = run(command("umount").arg("--lazy").arg(&self.0));
    }
}

fn mounted(site: &Site, folder: &str, size: &str) -> Option<SmallDisk> {
    let disk = SmallDisk::mount(&site.project().join(folder), size);
    has("the right to mount a tmpfs", disk.is_some() && installed("mount")).then_some(disk).flatten()
}

#[test]
fn a_docroot_without_space_keeps_the_release_before() {
    let site = Site::new(PROGRAM);
    let Some(_disk) = mounted(&site, "production/site", "400k") else { return };
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.write("public/large.bin", vec![7; 600_000]);
    site.commit("Add what does not fit");
    let ran = site.run(&["deploy"]).expect(12);
    assert!(ran.text().contains("users still see"), "{}", ran.text());
    assert!(ran.text().contains("space"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1));
    site.run(&["verify"]).expect(0);

    std::fs::remove_file(site.project().join("public/large.bin")).unwrap();
    site.commit("Remove it");
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(2));
}

#[test]
fn records_without_space_keep_the_release_before() {
    let site = Site::new(PROGRAM);
    let configuration = site.read("charter.toml").replace("production/site", "site");
    site.write("charter.toml", configuration);
    site.write(".gitignore", "/production/\n/site/\n");
    site.commit("Move the docroot");
    let Some(disk) = mounted(&site, "production", "6m") else { return };
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    let seen = || std::fs::read_to_string(site.project().join("site/current/data/version.txt")).unwrap();
    // Whatever space is left is taken, but for a few pages, more of them each time: the disk fills up at every stage.
    for spare in 0..24_u64 {
        let filler = disk.0.join("filler");
        let _ = std::fs::write(&filler, vec![0; 6 << 20]);
        let length = std::fs::metadata(&filler).map_or(0, |metadata| metadata.len());
        let file = std::fs::OpenOptions::new().write(true).open(&filler).unwrap();
        file.set_len(length.saturating_sub(spare * 4096)).unwrap();
        // An open file keeps its space when it is removed.
        drop(file);
        let ran = site.run(&["deploy"]);
        std::fs::remove_file(&filler).unwrap();
        site.run(&["resume"]).expect(0);
        site.run(&["verify"]).expect(0);
        match ran.code {
            Some(12 | 13) => assert_eq!(seen(), "1", "{spare}: {}", ran.text()),
            Some(0) => {
                assert_eq!(seen(), "2", "{spare}: {}", ran.text());
                site.run(&["rollback"]).expect(0);
            }
            code => panic!("{spare}: {code:?}: {}", ran.text()),
        }
    }
}

#[test]
fn a_docroot_that_cannot_be_written_keeps_the_release_before() {
    let site = Site::new(PROGRAM);
    let Some(_disk) = mounted(&site, "production/site", "1m") else { return };
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    let remount =
        |how: &str| run(command("mount").args(["-o", how]).arg(site.project().join("production/site"))).expect(0);
    remount("remount,ro");
    let ran = site.run(&["deploy"]).expect(12);
    assert!(ran.text().contains("users still see"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1));
    remount("remount,rw");
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(2));
    site.run(&["verify"]).expect(0);
}
