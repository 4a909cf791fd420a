//! Watches what is live: measures it, keeps the series, raises alerts.
