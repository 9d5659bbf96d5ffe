//! Room is given to small messages first, never beyond the bound but to one, and all of it comes back.

use std::task::Wake;

use super::*;
use groupcast_kit::random::{Random, seeds};

const MAX: usize = 64 * SMALL_BYTES;

/// Notes that it was woken.
#[derive(Default)]
struct Flag(AtomicUsize);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A message, and whether its socket was told to wait and not woken since.
struct Message {
    share: Share,
    flag: Arc<Flag>,
}

impl Message {
    fn new(of: &Arc<UnfinishedBytes>) -> Self {
        Self { share: Share::new(of), flag: Arc::default() }
    }

    /// Asks for room; `None` if it has to wait.
    fn room(&mut self) -> Option<usize> {
        self.flag.0.store(0, Ordering::SeqCst);
        match self.share.poll_room(&mut Context::from_waker(&Arc::clone(&self.flag).into())) {
            Poll::Ready(room) => Some(room),
            Poll::Pending => None,
        }
    }

    fn is_woken(&self) -> bool {
        self.flag.0.load(Ordering::SeqCst) > 0
    }
}

#[test]
fn large_messages_wait_but_for_one_and_the_smallest_goes_on_first() {
    let unfinished = UnfinishedBytes::new(MAX);
    let mut messages: Vec<Message> = (0..4).map(|_| Message::new(&unfinished)).collect();
    for (message, size) in messages.iter_mut().zip([20, 16, 8, 4]) {
        assert!(message.room().is_some());
        message.share.resize(size * SMALL_BYTES).unwrap();
    }
    assert_eq!(messages[0].room(), Some(usize::MAX), "the first to ask is the one");
    assert!(messages[1..].iter_mut().all(|message| message.room().is_none()));
    // A small one is read, up to what counts as small.
    let mut small = Message::new(&unfinished);
    assert_eq!(small.room(), Some(SMALL_BYTES));
    small.share.resize(SMALL_BYTES).unwrap();
    assert_eq!(small.room(), None);
    drop(small);

    messages[3].share.resize(0).unwrap();
    assert!(messages[2].is_woken() && !messages[1].is_woken());
    drop(messages);
    assert_eq!(unfinished.used.load(Ordering::SeqCst), 0);
    assert_eq!(unfinished.favoured.load(Ordering::SeqCst), 0);
}

#[test]
fn a_message_beyond_the_bound_has_no_room() {
    let unfinished = UnfinishedBytes::new(MAX);
    let mut large = Message::new(&unfinished);
    large.share.resize(MAX).unwrap();
    assert_eq!(Message::new(&unfinished).share.resize(1), Err(NoRoom));
    assert_eq!(large.room(), Some(usize::MAX));
    assert_eq!(large.share.resize(2 * MAX), Ok(()), "one can always be finished");
    drop(large);
    assert_eq!(Message::new(&unfinished).share.resize(1), Ok(()));
}

#[test]
fn whoever_waits_is_woken_in_the_end() {
    for seed in seeds(50) {
        let mut random = Random::new(seed);
        let unfinished = UnfinishedBytes::new(MAX);
        let mut messages: Vec<(Message, usize)> = Vec::new();
        let mut left = 100;
        let mut is_waiting: Vec<bool> = Vec::new();
        for turn in 0.. {
            assert!(turn < 1_000_000, "seed {seed}: {} messages are never finished", messages.len());
            if left > 0 && random.chance(20) {
                left -= 1;
                messages.push((Message::new(&unfinished), 1 + random.size(30 * SMALL_BYTES)));
                is_waiting.push(false);
            }
            if messages.is_empty() {
                if left == 0 {
                    break;
                }
                continue;
            }
            let index = random.size(messages.len());
            let (message, whole) = &mut messages[index];
            if is_waiting[index] && !message.is_woken() {
                continue;
            }
            let Some(room) = message.room() else {
                is_waiting[index] = true;
                continue;
            };
            is_waiting[index] = false;
            let bytes = message.share.bytes + room.min(1 + random.size(3 * SMALL_BYTES));
            if bytes >= *whole || message.share.resize(bytes).is_err() {
                messages.swap_remove(index);
                is_waiting.swap_remove(index);
            }
        }
        assert_eq!(unfinished.used.load(Ordering::SeqCst), 0, "seed {seed}");
    }
}
