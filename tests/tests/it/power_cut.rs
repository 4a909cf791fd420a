//! The power is cut at an arbitrary moment of a deployment, on a real ext4 file system.
//!
//! The file system is an image that is mounted through a loop device and shut down without a flush of its journal
//! (what `xfs_io -x -c "shutdown"` asks the kernel for): whatever was not synced is lost, as when the plug is pulled.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use charter_tests::{Site, command, has, installed, run};

use crate::PROGRAM;

const CUTS: u32 = 50;

struct Disk {
    image: PathBuf,
    mountpoint: PathBuf,
}

impl Disk {
    fn make(folder: &Path) -> Option<Self> {
        let disk = Self { image: folder.join("disk.img"), mountpoint: folder.join("disk") };
        std::fs::create_dir(&disk.mountpoint).unwrap();
        run(command("truncate").args(["--size", "96M"]).arg(&disk.image)).expect(0);
        run(command("mkfs.ext4").args(["-q", "-F"]).arg(&disk.image)).expect(0);
        disk.mount().then_some(disk)
    }

    fn mount(&self) -> bool {
        run(command("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mountpoint)).code == Some(0)
    }

    fn cut_power(&self) {
        run(command("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.mountpoint)).expect(0);
    }

    fn unmount(&self) {
        run(command("umount").arg(&self.mountpoint)).expect(0);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = run(command("umount").arg("--lazy").arg(&self.mountpoint));
    }
}

#[test]
fn fifty_power_cuts_lose_nothing_and_mix_nothing() {
    let tools = installed("mkfs.ext4") && installed("xfs_io");
    if !has("mkfs.ext4 (e2fsprogs) or xfs_io (xfsprogs)", tools) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::make(folder.path());
    if !has("the right to mount a loop device", disk.is_some()) {
        return;
    }
    let disk = disk.unwrap();
    let site = Site::below(PROGRAM, &disk.mountpoint);
    // The user's own commits must survive too, or there is nothing to deploy.
    site.git(&["config", "core.fsync", "all"]);
    site.git(&["config", "core.fsyncMethod", "fsync"]);
    site.write("charter.toml", charter_tests::CONFIGURATION);
    site.write(".gitignore", "/production/\n");
    site.publish_version(1);
    site.run(&["deploy"]).expect(0);
    run(&mut command("sync")).expect(0);

    let mut version = 1;
    let mut interrupted = 0;
    for cut in 0..CUTS {
        let next = version + 1;
        site.publish_version(next);
        run(command("sync").arg("--file-system").arg(&disk.mountpoint)).expect(0);
        let acknowledged = site.records();

        // Spread over the whole deployment: the cut comes after so many events, and a growing while after that.
        let mut child =
            site.command(&["deploy", "--format", "json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let heard = lines.map_while(Result::ok).take(1 + cut as usize % 14).count();
        for _ in 0..(cut / 14) * 40 {
            std::thread::yield_now();
        }
        disk.cut_power();
        let _ = child.kill();
        child.wait().unwrap();
        disk.unmount();
        assert!(disk.mount(), "the file system cannot be mounted again");

        let resumed = site.run(&["resume"]);
        assert_eq!(resumed.code, Some(0), "cut {cut} after {heard} events: {}", resumed.text());
        let seen = site.version_seen().expect("something is live");
        assert!(seen == version || seen == next, "cut {cut}: users see {seen}");
        let verified = site.run(&["verify"]);
        assert_eq!(verified.code, Some(0), "cut {cut} after {heard} events: {}\n{}", resumed.text(), verified.text());
        let records = site.records();
        for (name, text) in &acknowledged {
            assert_eq!(records.get(name), Some(text), "cut {cut}: an acknowledged record is gone or altered");
        }
        interrupted += u32::from(seen == version);
        if seen == version {
            site.run(&["deploy"]).expect(0);
        }
        version = next;
    }
    assert!(interrupted > 5, "only {interrupted} of {CUTS} cuts came before the switch: they show too little");
}
