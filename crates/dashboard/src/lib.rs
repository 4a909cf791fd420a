//! Shows it: pages in the browser, on loopback, live; and a status page for everyone.
