//! Does it do what every target promises?

use own_target::OwnTarget;

#[tokio::test]
async fn it_keeps_the_contract() {
    charter_testkit::contract::target::target(async || {
        let folder = tempfile::tempdir().unwrap();
        (OwnTarget { path: folder.path().join("site") }, folder)
    })
    .await;
}
