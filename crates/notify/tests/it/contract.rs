//! What every notifier promises, one function a clause.

use std::any::Any;
use std::sync::Arc;

use charter_host::Scope;
use charter_notify::{Notifier, NotifyError};

use crate::notice;

/// What the receiver of a clause is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Takes,
    RefusesForGood,
    Fails,
    Hangs,
}

/// A notifier with its receiver.
pub(crate) struct Stand {
    pub(crate) notifier: Arc<dyn Notifier>,
    /// Returns what the receiver got, in text.
    pub(crate) received: Box<dyn Fn() -> Vec<String>>,
    /// Returns when the receiver got something.
    pub(crate) came: Box<dyn Fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>>,
    /// What no error may show.
    pub(crate) secrets: Vec<String>,
    pub(crate) _kept: Box<dyn Any>,
}

/// Runs every clause. `make` sets up a receiver that does what is wanted, with a time limit in seconds; it returns
/// nothing where a receiver of that kind cannot do that.
pub(crate) async fn holds(make: impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    what_was_taken_arrived(&make).await;
    a_refusal_is_for_good(&make).await;
    a_failure_may_pass(&make).await;
    a_hanging_receiver_is_left_in_time(&make).await;
    the_same_notice_is_the_same(&make).await;
    errors_keep_secrets(&make).await;
    cancelling_ends_it(&make).await;
}

async fn what_was_taken_arrived(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    let stand = make(Wanted::Takes, 10).await.expect("every receiver can take something");
    stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap();
    let received = (stand.received)();
    assert_eq!(received.len(), 1);
    assert!(received[0].contains("docs is down"), "{}", received[0]);
}

async fn a_refusal_is_for_good(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    let Some(stand) = make(Wanted::RefusesForGood, 10).await else { return };
    let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(error.is_permanent(), "{error}");
    assert!(error.help().is_some());
}

async fn a_failure_may_pass(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    let stand = make(Wanted::Fails, 10).await.expect("every receiver can fail");
    let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(!error.is_permanent(), "{error}");
}

async fn a_hanging_receiver_is_left_in_time(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    let stand = make(Wanted::Hangs, 1).await.expect("every receiver can hang");
    let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, NotifyError::TimedOut { .. }), "{error}");
    shows_no_secret(&stand, &error);
}

fn shows_no_secret(stand: &Stand, error: &NotifyError) {
    let shown = format!("{error} {error:?} {:?} {}", stand.notifier, stand.notifier.depends_on());
    for secret in &stand.secrets {
        assert!(!shown.contains(secret.as_str()), "`{secret}` shows in: {shown}");
    }
}

async fn the_same_notice_is_the_same(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    let stand = make(Wanted::Takes, 10).await.expect("every receiver can take something");
    for _ in 0..2 {
        stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap();
    }
    let received = (stand.received)();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1]);
}

async fn errors_keep_secrets(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    for wanted in [Wanted::RefusesForGood, Wanted::Fails] {
        let Some(stand) = make(wanted, 10).await else { continue };
        let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
        shows_no_secret(&stand, &error);
    }
}

async fn cancelling_ends_it(make: &impl AsyncFn(Wanted, u64) -> Option<Stand>) {
    let stand = make(Wanted::Hangs, 60).await.expect("every receiver can hang");
    let (scope, notice) = (Scope::default(), notice("a/raised"));
    let cancel = async {
        (stand.came)().await;
        scope.cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(stand.notifier.notify(&notice, &scope), cancel);
    assert_eq!(outcome, Err(NotifyError::Cancelled));
}
