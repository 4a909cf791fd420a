//! The trait that every way of telling people implements, and how it fails.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::Scope;

/// Why a notice was not handed over. No variant holds an address or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyError {
    /// The receiver will not take it, however often it is offered.
    #[error("the receiver refused it: {said}")]
    Refused {
        /// What it said, such as `404 no_service`.
        said: String,
    },
    /// The receiver could not take it this time.
    #[error("the receiver did not take it: {said}")]
    Busy {
        /// What it said, such as `503`.
        said: String,
        /// How long it wants to be left alone, if it said so.
        after: Option<Duration>,
    },
    /// The receiver did not answer in time; whether it took the notice is not known.
    #[error("the receiver did not answer within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The receiver could not be reached.
    #[error("the receiver could not be reached: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
    },
    /// The notice cannot be put into this receiver's form.
    #[error("the notice cannot be sent this way: {reason}")]
    Unsendable {
        /// Why.
        reason: String,
    },
    /// The caller wanted it to end; whether the receiver took the notice is not known.
    #[error("the delivery was cancelled")]
    Cancelled,
    /// The notifier panicked.
    #[error("the notifier broke, which is a bug in it")]
    Broken,
}

impl NotifyError {
    /// Says whether trying again is of no use.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Unsendable { .. })
    }

    /// Returns how long the receiver wants to be left alone, if it said so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after, .. } => *after,
            _ => None,
        }
    }

    /// Returns what to do about it, where that is known.
    #[must_use]
    pub const fn help(&self) -> Option<&'static str> {
        match self {
            Self::Refused { .. } => Some("see whether the address and the token are still the right ones"),
            Self::Unreachable { .. } | Self::TimedOut { .. } => {
                Some("see whether the receiver is up and can be reached from this machine")
            }
            Self::Unsendable { .. } => Some("see the route's section in charter.toml"),
            _ => None,
        }
    }
}

/// One way to tell people: hands one notice over to one receiver.
///
/// It keeps nothing and tries once; not forgetting is the work of [`Outbox`](crate::Outbox).
///
/// # Contract
/// Each clause is a test of that name, run for every kind:
///
/// - `what_was_taken_arrived`: after `Ok` the receiver has the notice, with its title.
/// - `a_refusal_is_for_good`: what the receiver will never take is an error that is permanent.
/// - `a_failure_may_pass`: what the receiver could not take this time is an error that is not permanent.
/// - `a_hanging_receiver_is_left_in_time`: the time limit holds, whatever the receiver does.
/// - `the_same_notice_is_the_same`: sent twice, the receiver can tell that it is one.
/// - `errors_keep_secrets`: no error, and no debug text, shows an address or a token, even if the receiver echoes them.
/// - `cancelling_ends_it`: a cancelled scope ends a delivery that hangs.
#[async_trait]
pub trait Notifier: Debug + Send + Sync {
    /// Returns what this kind of notifier says of itself.
    fn meta(&self) -> &'static KindMeta;

    /// Returns what the delivery stands and falls with, such as the receiver's host; never more of an address.
    ///
    /// Two routes with the same are one to a failure.
    fn depends_on(&self) -> String;

    /// Says whether several notices may be put into one, for people who read them. What a program reads is not.
    fn folds(&self) -> bool {
        true
    }

    /// Hands a notice over. May be dropped at any await; the notice is then sent again, so receivers go by its key.
    ///
    /// # Errors
    /// When the receiver did not take it, or may not have.
    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError>;
}
