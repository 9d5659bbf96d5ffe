//! The listener, the threads, the life of a connection, draining.
