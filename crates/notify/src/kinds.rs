//! The kinds of notifier: one module each.

pub mod command;
pub mod discord;
pub mod email;
pub mod ntfy;
pub mod pagerduty;
pub mod slack;
pub mod teams;
pub mod webhook;
