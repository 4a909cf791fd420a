//! Tells people, and does not forget to.
//!
//! A [`Notifier`] hands one notice over to one receiver and says whether it was taken. The [`Outbox`] is what does not
//! forget: a notice is on the disk before [`Outbox::enqueue`] returns, is tried by each of its routes until that one
//! took it or can be expected to never take it, and no route waits for another. [`Policy`] says who is told what, and
//! [`Heartbeat`] tells somebody outside that this machine is still there to tell anything. What others tell us is read
//! by [`incoming`].
//!
//! ```
//! let catalog = charter_notify::standard();
//! assert!(catalog.kinds().any(|kind| kind.id == "webhook"));
//! ```

mod heartbeat;
pub mod incoming;
pub mod kinds;
mod notifier;
mod outbox;
mod policy;
mod post;
mod secret_name;
mod signature;
mod wording;

use charter_host::Catalog;

pub use heartbeat::{Heartbeat, HeartbeatConfig, HeartbeatStatus};
pub use notifier::{Notifier, NotifyError};
pub use outbox::{Backoff, DeliveryFailed, Lost, Outbox, OutboxError, Queued, Route, RouteStatus, Settings};
pub use policy::{Policy, RouteConfig};
pub use secret_name::{SecretName, secret_names};

/// Returns every kind of notifier there is.
#[must_use]
pub fn standard() -> Catalog<dyn Notifier> {
    let mut catalog = Catalog::new("notifier");
    catalog.register(&kinds::command::META, kinds::command::notifier);
    catalog.register(&kinds::discord::META, kinds::discord::notifier);
    catalog.register(&kinds::email::META, kinds::email::notifier);
    catalog.register(&kinds::ntfy::META, kinds::ntfy::notifier);
    catalog.register(&kinds::pagerduty::META, kinds::pagerduty::notifier);
    catalog.register(&kinds::slack::META, kinds::slack::notifier);
    catalog.register(&kinds::teams::META, kinds::teams::notifier);
    catalog.register(&kinds::webhook::META, kinds::webhook::notifier);
    catalog
}
