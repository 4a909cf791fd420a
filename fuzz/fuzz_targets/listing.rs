//! Lists of files: the cache and the manifests of targets.

#![no_main]

use charter_artifact::listing;
use charter_deploy_model::Digest;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};

fuzz_target!(|body: &[u8]| {
    let _ = listing::decode(body);
    let _ = listing::header(body);
    // The sum at its end would keep the fuzzer from everything before it.
    let mut whole = body.to_vec();
    whole.extend_from_slice(format!("{}\n", Digest::new(Sha256::digest(body).into()).hex()).as_bytes());
    if let Some((header, files)) = listing::decode(&whole) {
        let again = listing::encode(header, &files);
        let (same_header, same_files) = listing::decode(&again).expect("what was written can be read");
        assert_eq!((header, &files), (same_header, &same_files));
        for file in files {
            assert!(
                !file.path.split('/').any(|part| matches!(part, "" | "." | "..")),
                "{:?} leaves the folder",
                file.path
            );
        }
    }
});
