//! What a node has of one user in one group.

use std::sync::Arc;

use crate::hub::{Place, Sockets};

/// A place and the sockets there; none for who is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) place: Place,
    /// Empty for who is gone, in what comes from others.
    pub(super) username: Arc<str>,
    pub(super) sockets: Sockets,
}

/// What two nodes compare to know that they know the same: a sum over places, in whatever order they were added. It
/// keeps apart what was lost, not what somebody has forged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) places: u64,
    pub(super) hash: u64,
}

impl Sum {
    /// Takes in that `before` stands at this place no more, but `now`. Nothing stands where there are no sockets.
    pub(super) fn change(&mut self, place: Place, before: Sockets, now: Sockets) {
        if before.total() > 0 {
            self.places = self.places.wrapping_sub(1);
            self.hash = self.hash.wrapping_sub(hash(place, before));
        }
        if now.total() > 0 {
            self.places = self.places.wrapping_add(1);
            self.hash = self.hash.wrapping_add(hash(place, now));
        }
    }
}

/// The same on every machine and in every version of the wire format that has these fields.
fn hash((group, user): Place, sockets: Sockets) -> u64 {
    let sockets = u64::from(sockets.plain) << 32 | u64::from(sockets.private);
    let fields = [group.0 as u64, user.0 as u64, sockets];
    fields.into_iter().fold(0, |hash, field| mix(hash ^ field))
}

/// A step of SplitMix64 (Steele, Lea, Flood 2014), of which no two numbers come to one.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
