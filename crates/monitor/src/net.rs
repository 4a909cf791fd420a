//! The way to the other side: a name, a connection, TLS, a request, each with the time it took.

pub mod connect;
pub mod exchange;
pub mod tls;
