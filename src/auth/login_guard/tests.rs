use std::net::IpAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::time::Instant;

use super::LoginGuard;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// One of many IPv4 addresses.
fn nth_address(n: u32) -> IpAddr {
    IpAddr::V4((0x0a00_0000 + n).into())
}

/// What a wrong password meets.
fn guess(guard: &LoginGuard, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
    guard.begin(account, address, now).map(|attempt| attempt.failed())
}

/// Guesses so often that the next guess has to wait two seconds.
fn use_up(guard: &LoginGuard, account: &str, address: IpAddr, now: Instant) {
    for _ in 0..5 {
        guess(guard, account, address, now).unwrap();
    }
}

#[test]
fn waits_double_after_the_fifth() {
    let (guard, home, mut now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    use_up(&guard, "ada", home, now);
    for wait in [2, 4, 8, 16, 32, 64, 128, 256, 512].map(Duration::from_secs) {
        assert_eq!(guess(&guard, "ada", home, now), Err(wait));
        // Who is refused has not tried.
        assert_eq!(guess(&guard, "ada", home, now + SECOND), Err(wait - SECOND));
        assert!(guess(&guard, "ada", home, now + wait - Duration::from_nanos(1)).is_err());
        now += wait;
        assert_eq!(guess(&guard, "ada", home, now), Ok(()));
    }
    assert_eq!(guess(&guard, "ada", home, now), Err(15 * MINUTE));
}

#[test]
fn the_right_password_waits_too_and_then_starts_anew() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    use_up(&guard, "ada", home, now);
    assert_eq!(guard.begin("ada", home, now + SECOND).unwrap_err(), SECOND);
    guard.begin("ada", home, now + 2 * SECOND).unwrap().succeeded();
    use_up(&guard, "ada", home, now + 2 * SECOND);
    assert_eq!(guess(&guard, "ada", home, now + 2 * SECOND), Err(2 * SECOND));
}

#[test]
fn other_addresses_and_accounts_are_not_affected() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    use_up(&guard, "ada", home, now);
    assert_eq!(guess(&guard, "ada", address("192.0.2.2"), now), Ok(()));
    assert_eq!(guess(&guard, "bob", home, now), Ok(()));
}

#[test]
fn an_address_has_fifty_over_all_accounts() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    for user in 0..50 {
        assert_eq!(guess(&guard, &format!("user{user}"), home, now), Ok(()));
    }
    assert_eq!(guess(&guard, "ada", home, now), Err(2 * SECOND));
    assert_eq!(guess(&guard, "ada", address("192.0.2.2"), now), Ok(()));
    // A right password pardons no wrong ones, but adds none either.
    for seconds in [2, 3, 4] {
        guard.begin("ada", home, now + seconds * SECOND).unwrap().succeeded();
    }
    assert_eq!(guess(&guard, "user50", home, now + 5 * SECOND), Ok(()));
    assert_eq!(guess(&guard, "user51", home, now + 5 * SECOND), Err(4 * SECOND));
}

#[test]
fn wrong_passwords_are_forgotten() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    use_up(&guard, "ada", home, now);
    for _ in 0..5 {
        guess(&guard, "ada", home, now + 15 * MINUTE).unwrap();
    }
    assert_eq!(guess(&guard, "ada", home, now + 15 * MINUTE), Err(2 * SECOND));
    // A moment before, they are not.
    let guard = LoginGuard::new();
    use_up(&guard, "ada", home, now);
    assert_eq!(guess(&guard, "ada", home, now + 15 * MINUTE - SECOND), Ok(()));
    assert_eq!(guess(&guard, "ada", home, now + 15 * MINUTE - SECOND), Err(4 * SECOND));
}

#[test]
fn guesses_at_once_are_no_better_than_one_after_the_other() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    let (begun, barrier) = (AtomicUsize::new(0), Barrier::new(200));
    thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| {
                barrier.wait();
                if let Ok(attempt) = guard.begin("ada", home, now) {
                    begun.fetch_add(1, Ordering::Relaxed);
                    attempt.failed();
                }
            });
        }
    });
    assert_eq!(begun.into_inner(), 5);
}

#[test]
fn what_the_server_could_not_find_out_does_not_count() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    for _ in 0..200 {
        guard.begin("ada", home, now).unwrap().abandoned();
    }
    assert_eq!(format!("{guard:?}"), "LoginGuard { pairs: 0, addresses: 0, accounts: 0, .. }");
    // Dropped is not abandoned.
    for _ in 0..5 {
        drop(guard.begin("ada", home, now).unwrap());
    }
    assert_eq!(guess(&guard, "ada", home, now), Err(2 * SECOND));
    // It does not prolong the wait either.
    guard.begin("ada", home, now + 2 * SECOND).unwrap().abandoned();
    assert_eq!(guess(&guard, "ada", home, now + 2 * SECOND), Ok(()));
}

#[test]
fn an_ipv6_host_has_one_address() {
    let (guard, now) = (LoginGuard::new(), Instant::now());
    for host in 1..=5 {
        guess(&guard, "ada", address(&format!("2001:db8:1:2::{host}")), now).unwrap();
    }
    assert!(guess(&guard, "ada", address("2001:db8:1:2:ffff::"), now).is_err());
    assert!(guess(&guard, "ada", address("2001:db8:1:3::1"), now).is_ok());
    use_up(&guard, "ada", address("192.0.2.1"), now);
    assert!(guess(&guard, "ada", address("::ffff:192.0.2.1"), now).is_err());
}

#[test]
fn an_account_tried_from_everywhere_is_slowed_but_not_for_its_owner() {
    let (guard, home, now) = (LoginGuard::new(), address("192.0.2.1"), Instant::now());
    guard.begin("ada", home, now).unwrap().succeeded();
    for n in 0..101 {
        assert_eq!(guess(&guard, "ada", nth_address(n), now), Ok(()));
    }
    // One of all the others every two seconds.
    assert_eq!(guess(&guard, "ada", nth_address(200), now), Ok(()));
    assert_eq!(guess(&guard, "ada", nth_address(201), now), Err(2 * SECOND));
    assert_eq!(guess(&guard, "ada", nth_address(202), now + SECOND), Err(SECOND));
    let later = now + 2 * SECOND;
    assert_eq!(guess(&guard, "ada", nth_address(203), later), Ok(()));
    assert_eq!(guess(&guard, "ada", nth_address(204), later), Err(2 * SECOND));
    // The owner does not notice, and other accounts do not.
    for _ in 0..20 {
        guard.begin("ada", home, later).unwrap().succeeded();
    }
    assert_eq!(guess(&guard, "bob", nth_address(204), later), Ok(()));
    // The owner at a new address gets a turn, and is known there from then on.
    let new_home = address("192.0.2.9");
    guard.begin("ada", new_home, now + 4 * SECOND).unwrap().succeeded();
    guard.begin("ada", new_home, now + 4 * SECOND).unwrap().succeeded();
    // All is forgotten in the end.
    let end = now + 2 * SECOND + 15 * MINUTE;
    assert_eq!(guess(&guard, "ada", nth_address(300), end), Ok(()));
    assert_eq!(guess(&guard, "ada", nth_address(301), end), Ok(()));
}

#[test]
fn no_more_is_kept_than_the_bound() {
    let (guard, now) = (LoginGuard::new(), Instant::now());
    use_up(&guard, "ada", nth_address(0), now);
    for n in 1..=100_000 {
        guess(&guard, &n.to_string(), nth_address(n), now).unwrap();
    }
    assert_eq!(format!("{guard:?}"), "LoginGuard { pairs: 100000, addresses: 100000, accounts: 100000, .. }");
    // The first was forgotten for the last.
    assert_eq!(guess(&guard, "ada", nth_address(0), now), Ok(()));
}

#[tokio::test]
async fn many_who_log_in_at_once_from_one_network_all_get_in() {
    let (guard, home) = (LoginGuard::new(), address("192.0.2.1"));
    let log_ins = (0..200).map(async |user| {
        let attempt = guard.admit(&format!("user {}", user / 10), home).await.unwrap();
        tokio::task::yield_now().await;
        attempt.succeeded();
    });
    futures_util::future::join_all(log_ins).await;
    let guesses = (0..20).map(async |_| match guard.admit("ada", home).await {
        Ok(attempt) => {
            tokio::task::yield_now().await;
            attempt.failed();
            true
        }
        Err(_) => false,
    });
    let tried = futures_util::future::join_all(guesses).await;
    assert_eq!(tried.into_iter().filter(|tried| *tried).count(), 5);
}
