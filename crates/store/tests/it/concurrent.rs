//! Many writers: tasks of one store, and several stores over one folder.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use charter_deploy_model::Record as _;

use crate::note::{Note, folder_with, note, open, verify};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_tasks_and_stores() {
    let (folder, store) = folder_with(0).await;
    let stores = [store.clone(), open(folder.path()).await.unwrap(), open(folder.path()).await.unwrap()];
    let mut writers = JoinSet::new();
    for (number, store) in stores.iter().enumerate() {
        for task in 0..4 {
            let store = store.clone();
            writers.spawn(async move {
                for round in 0..10 {
                    let checkpoint = store.append(&note(&format!("{number}-{task}-{round}"))).await.unwrap();
                    assert!(checkpoint.size > 0);
                }
            });
        }
    }
    writers.join_all().await;

    let orders: Vec<_> = {
        let mut orders = Vec::new();
        for store in &stores {
            orders.push(store.paths("notes").await.unwrap());
        }
        orders
    };
    assert_eq!(orders[0].iter().collect::<BTreeSet<_>>().len(), 120);
    assert!(orders.iter().all(|order| *order == orders[0]), "everyone sees one order");
    let verification = verify(&store, &[]).await;
    assert!(verification.is_sound(), "{:?}", verification.faults);
    assert_eq!(verification.size, 120);
    let names: Vec<String> = store.read_all::<Note>("notes").await.unwrap().into_iter().map(|it| it.path()).collect();
    assert_eq!(names, orders[0], "and reads in that order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_record_committed_by_everyone_has_one_line() {
    let (folder, store) = folder_with(0).await;
    let prepared = store.prepare(&note("a")).unwrap();
    let stores = [store.clone(), open(folder.path()).await.unwrap()];
    let mut writers = JoinSet::new();
    for number in 0..16 {
        let (store, prepared) = (stores[number % 2].clone(), prepared.clone());
        writers.spawn(async move { store.commit(&prepared).await.unwrap().size });
    }
    assert_eq!(writers.join_all().await, [1; 16]);
    assert!(verify(&store, &[]).await.is_sound());
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_any_more_harms_nobody() {
    let (_folder, store) = folder_with(1).await;
    for name in ["b", "c", "d"] {
        let task = tokio::spawn({
            let (store, name) = (store.clone(), name.to_owned());
            async move { store.append(&note(&name)).await }
        });
        tokio::task::yield_now().await;
        task.abort();
        let _ = task.await;
        // What came of it is settled by committing it again.
        store.append(&note(name)).await.unwrap();
    }
    let verification = verify(&store, &[]).await;
    assert!(verification.is_sound(), "{:?}", verification.faults);
    assert_eq!(verification.size, 4);
}

#[tokio::test]
async fn records_of_another_store_are_read_at_once() {
    let (folder, first) = folder_with(1).await;
    let second = open(folder.path()).await.unwrap();
    first.append(&note("b")).await.unwrap();
    assert_eq!(second.read::<Note>("notes/b.json").await.unwrap(), note("b"));
    first.append(&note("c")).await.unwrap();
    assert_eq!(second.checkpoint().await.unwrap(), first.checkpoint().await.unwrap());
}
