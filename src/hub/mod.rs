//! Who listens to which group, and fan-out.
