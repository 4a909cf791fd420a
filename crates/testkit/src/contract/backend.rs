//! The contract of [`charter_store::Backend`].

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use charter_deploy_model::Digest;
use charter_store::{Backend, BackendError, Key, PutMode};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

/// Says that a result is the error it should be.
macro_rules! expect {
    ($result:expr, $error:pat $(if $guard:expr)?) => {
        match $result {
            Err($error) $(if $guard)? => {}
            other => panic!("expected `{}`, got {other:?}", stringify!($error)),
        }
    };
}

/// Runs every clause, each on an empty backend of its own.
///
/// # Panics
/// When a clause does not hold.
pub async fn backend<B: Backend + 'static, F: AsyncFn() -> B>(make: F) {
    missing_is_not_found(make().await).await;
    create_twice_conflicts(make().await).await;
    stale_replace_conflicts(make().await).await;
    of_two_racing_replaces_one_wins(make().await).await;
    of_two_racing_appends_one_wins(make().await).await;
    an_empty_append_only_compares(make().await).await;
    readers_see_old_or_new_never_part(make().await).await;
    get_from_is_the_end_of_get(make().await).await;
    list_is_sorted_and_segmentwise(make().await).await;
    removed_is_not_found(make().await).await;
    large_and_odd_keys_survive(make().await).await;
}

/// Getting or replacing what is not there is `NotFound`; listing it is empty; removing it is fine.
///
/// # Panics
/// When the clause does not hold.
pub async fn missing_is_not_found<B: Backend + 'static>(backend: B) {
    let missing = key("folder/missing.json");
    expect!(backend.get(&missing).await, BackendError::NotFound { key } if key == missing);
    expect!(backend.get_from(&missing, 0).await, BackendError::NotFound { .. });
    let replaced = backend.put(&missing, b"new", PutMode::Replace(digest(b""))).await;
    expect!(replaced, BackendError::NotFound { .. });
    assert!(backend.list(&key("folder")).await.expect("listing nothing is fine").is_empty());
    backend.remove(&missing).await.expect("removing nothing is fine");

    backend.put(&key("file"), b"a file, no folder", PutMode::Create).await.expect("there is nothing yet");
    expect!(backend.get(&key("file/below")).await, BackendError::NotFound { .. });
}

/// A second create is `AlreadyExists` and changes nothing; of many racing ones, one wins.
///
/// # Panics
/// When the clause does not hold.
pub async fn create_twice_conflicts<B: Backend + 'static>(backend: B) {
    let first = key("a/b.json");
    backend.put(&first, b"first", PutMode::Create).await.expect("there is nothing yet");
    expect!(backend.put(&first, b"second", PutMode::Create).await, BackendError::AlreadyExists { key } if key == first);
    assert_eq!(backend.get(&first).await.expect("it was put"), b"first");

    let raced = key("a/raced.json");
    let results = race(backend, &raced, |backend, raced, name| {
        Box::pin(async move { backend.put(raced, name, PutMode::Create).await })
    });
    one_won(results.await, &raced, |error| matches!(error, BackendError::AlreadyExists { .. })).await;
}

/// A replace over other bytes than the caller believed is a `Conflict` and changes nothing.
///
/// # Panics
/// When the clause does not hold.
pub async fn stale_replace_conflicts<B: Backend + 'static>(backend: B) {
    let key = key("a/b.json");
    backend.put(&key, b"first", PutMode::Create).await.expect("there is nothing yet");
    backend.put(&key, b"second", PutMode::Replace(digest(b"first"))).await.expect("that is what is there");
    expect!(
        backend.put(&key, b"third", PutMode::Replace(digest(b"first"))).await,
        BackendError::Conflict { key: it } if it == key
    );
    assert_eq!(backend.get(&key).await.expect("it was put"), b"second");
}

/// Of replaces that all saw the same bytes, one wins and the others conflict.
///
/// # Panics
/// When the clause does not hold.
pub async fn of_two_racing_replaces_one_wins<B: Backend + 'static>(backend: B) {
    let raced = key("a/raced.json");
    backend.put(&raced, b"before", PutMode::Create).await.expect("there is nothing yet");
    let results = race(backend, &raced, |backend, raced, name| {
        Box::pin(async move { backend.put(raced, name, PutMode::Replace(digest(b"before"))).await })
    });
    one_won(results.await, &raced, |error| matches!(error, BackendError::Conflict { .. })).await;
}

/// Of appends that all saw the same length, one wins and the others conflict, and no byte of theirs is kept.
///
/// # Panics
/// When the clause does not hold.
pub async fn of_two_racing_appends_one_wins<B: Backend + 'static>(backend: B) {
    let raced = key("a/raced.log");
    let results =
        race(backend, &raced, |backend, raced, name| Box::pin(async move { backend.append(raced, name, 0).await }));
    let backend = one_won(results.await, &raced, |error| matches!(error, BackendError::Conflict { .. })).await;

    // Everyone who reads again and tries again gets through, and nothing is lost or mixed.
    let before = backend.get(&raced).await.expect("it was appended to");
    let mut writers = JoinSet::new();
    for writer in 0..4_u8 {
        let (backend, raced) = (Arc::clone(&backend), raced.clone());
        writers.spawn(async move {
            for _ in 0..10 {
                loop {
                    let length = backend.get(&raced).await.expect("it is there").len() as u64;
                    match backend.append(&raced, &[writer; 100], length).await {
                        Ok(()) => break,
                        Err(BackendError::Conflict { .. }) => {}
                        Err(error) => panic!("an append failed: {error:?}"),
                    }
                }
            }
        });
    }
    writers.join_all().await;
    let after = backend.get(&raced).await.expect("it is there").split_off(before.len());
    let mut seen = [0; 4];
    for piece in after.chunks(100) {
        assert!(piece.len() == 100 && piece.iter().all(|byte| *byte == piece[0]), "two appends are mixed");
        seen[usize::from(piece[0])] += 1;
    }
    assert_eq!(seen, [10; 4], "an append was lost or kept twice");
}

/// An append of nothing is fine at the present length, conflicts anywhere else, and changes nothing.
///
/// # Panics
/// When the clause does not hold.
pub async fn an_empty_append_only_compares<B: Backend + 'static>(backend: B) {
    let key = key("a.log");
    backend.append(&key, b"12345", 0).await.expect("there is nothing yet");
    backend.append(&key, b"", 5).await.expect("that is the length");
    for wrong in [0, 4, 6] {
        expect!(backend.append(&key, b"", wrong).await, BackendError::Conflict { .. });
    }
    assert_eq!(backend.get(&key).await.expect("it was appended to"), b"12345");
}

/// While something is replaced, every reader gets all of the old bytes or all of the new.
///
/// # Panics
/// When the clause does not hold.
pub async fn readers_see_old_or_new_never_part<B: Backend + 'static>(backend: B) {
    const SIZE: usize = 300_000;
    let (backend, key) = (Arc::new(backend), key("a/large.bin"));
    backend.put(&key, &[0; SIZE], PutMode::Create).await.expect("there is nothing yet");
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..3 {
        let (backend, key, done) = (Arc::clone(&backend), key.clone(), Arc::clone(&done));
        readers.spawn(async move {
            loop {
                let is_last = done.load(Ordering::Acquire);
                let bytes = backend.get(&key).await.expect("it is always there");
                assert!(bytes.len() == SIZE && bytes.iter().all(|byte| *byte == bytes[0]), "a reader saw a part");
                if is_last {
                    return bytes[0];
                }
                tokio::task::yield_now().await;
            }
        });
    }
    for round in 1..=20_u8 {
        let mode = PutMode::Replace(digest(&[round - 1; SIZE]));
        backend.put(&key, &[round; SIZE], mode).await.expect("nobody else writes");
    }
    done.store(true, Ordering::Release);
    assert_eq!(readers.join_all().await, [20; 3], "the last state is what everyone sees in the end");
}

/// `get_from` returns what `get` does, but for the beginning; beyond the end it conflicts.
///
/// # Panics
/// When the clause does not hold.
pub async fn get_from_is_the_end_of_get<B: Backend + 'static>(backend: B) {
    let key = key("a.log");
    backend.append(&key, b"12345", 0).await.expect("there is nothing yet");
    for at in 0..=5_u8 {
        let end = backend.get_from(&key, u64::from(at)).await.expect("it is that long");
        assert_eq!(end, &b"12345"[usize::from(at)..]);
    }
    expect!(backend.get_from(&key, 6).await, BackendError::Conflict { .. });
}

/// A list has every key below the prefix, at any depth, in the order of keys, and no neighbour with a longer name.
///
/// # Panics
/// When the clause does not hold.
pub async fn list_is_sorted_and_segmentwise<B: Backend + 'static>(backend: B) {
    let all = ["a/2.json", "a/10.json", "a/b/c/d.json", "a/b-c/e.json", "ab/f.json", "a.json", "b/g.json"];
    for text in all {
        backend.put(&key(text), text.as_bytes(), PutMode::Create).await.expect("there is nothing yet");
    }
    for prefix in ["a", "a/b", "a/2.json", "ab", "b", "c", "a/b/c/d.json", "a/1"] {
        let listed = backend.list(&key(prefix)).await.expect("it can be listed");
        let mut expected: Vec<Key> = all.into_iter().map(key).filter(|it| it.is_under(&key(prefix))).collect();
        expected.sort();
        assert_eq!(listed, expected, "under `{prefix}`");
    }
}

/// What was removed is not found, is not listed, and can be created again.
///
/// # Panics
/// When the clause does not hold.
pub async fn removed_is_not_found<B: Backend + 'static>(backend: B) {
    let (removed, kept) = (key("a/removed.json"), key("a/kept.json"));
    for key in [&removed, &kept] {
        backend.put(key, b"before", PutMode::Create).await.expect("there is nothing yet");
    }
    backend.remove(&removed).await.expect("it is there");
    expect!(backend.get(&removed).await, BackendError::NotFound { .. });
    assert_eq!(backend.list(&key("a")).await.expect("it can be listed"), [kept]);
    backend.put(&removed, b"after", PutMode::Create).await.expect("there is nothing any more");
    assert_eq!(backend.get(&removed).await.expect("it was put"), b"after");
}

/// Long, deep and odd keys, and empty, large and binary contents, come back as they were put.
///
/// # Panics
/// When the clause does not hold.
pub async fn large_and_odd_keys_survive<B: Backend + 'static>(backend: B) {
    let keys = [
        format!("odd/{}", "x".repeat(255)),
        format!("odd/deep/{}", vec!["d"; 60].join("/")),
        "odd/...".to_owned(),
        "odd/-".to_owned(),
        "odd/.hidden".to_owned(),
        "odd/UPPER.and_lower-0".to_owned(),
    ];
    let contents: [Vec<u8>; 6] = [
        Vec::new(),
        vec![0],
        b"\r\n\0\xff\n\n".to_vec(),
        (0..=255).collect(),
        "no newline at the end".into(),
        (0..3_000_000_u32).map(|number| number.to_le_bytes()[number as usize % 3]).collect(),
    ];
    for (text, content) in keys.iter().zip(&contents) {
        backend.put(&key(text), content, PutMode::Create).await.expect("there is nothing yet");
    }
    for (text, content) in keys.iter().zip(&contents) {
        assert!(backend.get(&key(text)).await.expect("it was put") == *content, "`{text}` came back changed");
    }
    assert_eq!(backend.list(&key("odd")).await.expect("it can be listed").len(), keys.len());
}

/// Runs `write` eight times at once, each with bytes of its own, and returns the backend and what came of each.
async fn race<B: Backend + 'static>(backend: B, raced: &Key, write: Write<B>) -> (Arc<B>, Vec<Outcome>) {
    let backend = Arc::new(backend);
    let mut racing = JoinSet::new();
    for name in 0..8_u8 {
        let (backend, raced) = (Arc::clone(&backend), raced.clone());
        // Of different lengths, so that a mixture of two is seen.
        let name = vec![name; 1000 + usize::from(name)];
        racing.spawn(async move {
            let outcome = write(&*backend, &raced, &name).await;
            (name, outcome)
        });
    }
    (backend, racing.join_all().await)
}

type Write<B> = for<'a> fn(&'a B, &'a Key, &'a [u8]) -> BoxFuture<'a>;

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result<(), BackendError>> + Send + 'a>>;

type Outcome = (Vec<u8>, Result<(), BackendError>);

/// Says that one of the racers won, that its bytes are there, and that the others lost as they should; returns the
/// backend.
async fn one_won<B: Backend>(
    (backend, outcomes): (Arc<B>, Vec<Outcome>),
    raced: &Key,
    lost: fn(&BackendError) -> bool,
) -> Arc<B> {
    let mut winners = Vec::new();
    for (name, outcome) in outcomes {
        match outcome {
            Ok(()) => winners.push(name),
            Err(error) => assert!(lost(&error), "a loser got {error:?}"),
        }
    }
    assert_eq!(winners.len(), 1, "one wins");
    assert!(backend.get(raced).await.expect("somebody won") == winners[0], "the winner's bytes are there");
    backend
}

fn key(text: &str) -> Key {
    text.parse().expect("a well-formed key")
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}
