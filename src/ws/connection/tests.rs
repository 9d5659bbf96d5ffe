use super::Connection;

/// There is one for each open socket, so its size is what a hundred thousand idle clients cost.
#[test]
fn an_idle_socket_is_a_small_task() {
    assert!(size_of::<Connection>() <= 128, "{} bytes", size_of::<Connection>());
}
