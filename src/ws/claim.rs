//! Requests among what has not arrived whole.

use std::sync::Arc;

use super::unfinished::{NoRoom, SMALL_BYTES, UnfinishedBytes};

/// One request's part of the bytes that are bounded over all sockets, given back when it is dropped. Other than a message
/// it does not wait for room: its client is told to come back.
#[derive(Debug)]
pub struct Claim {
    of: Arc<UnfinishedBytes>,
    /// With what it takes to serve it.
    bytes: usize,
    /// Of its body.
    body: usize,
}

impl Claim {
    /// The part of a request whose connection takes so many bytes before any of its body has come.
    ///
    /// # Errors
    /// There is no room at all.
    pub fn new(of: &Arc<UnfinishedBytes>, bytes: usize) -> Result<Self, NoRoom> {
        let mut claim = Self { of: Arc::clone(of), bytes: 0, body: 0 };
        claim.add(bytes, true)?;
        Ok(claim)
    }

    /// The same of a request whose head has not come in one piece. These leave a quarter to those whose head is there.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn of_part(of: &Arc<UnfinishedBytes>, bytes: usize) -> Result<Self, NoRoom> {
        let mut claim = Self { of: Arc::clone(of), bytes: 0, body: 0 };
        claim.add(bytes, false)?;
        Ok(claim)
    }

    /// Adds what has come of its body. Up to 4 KiB may come as long as there is any room.
    ///
    /// # Errors
    /// There is no room for it. It is not counted.
    pub fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.add(bytes, self.body + bytes <= SMALL_BYTES)?;
        self.body += bytes;
        Ok(())
    }

    fn add(&mut self, bytes: usize, is_small: bool) -> Result<(), NoRoom> {
        self.of.take(bytes, is_small)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.of.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, NoRoom, SMALL_BYTES, UnfinishedBytes};

    #[test]
    fn large_bodies_leave_a_quarter_to_small_ones() {
        let all = UnfinishedBytes::new(16 * SMALL_BYTES);
        let mut large = Claim::new(&all, SMALL_BYTES).unwrap();
        assert_eq!(large.grow(11 * SMALL_BYTES), Ok(()));
        assert_eq!(large.grow(SMALL_BYTES), Err(NoRoom));
        let mut small = Claim::new(&all, SMALL_BYTES).unwrap();
        assert_eq!(small.grow(SMALL_BYTES), Ok(()));
        assert_eq!(small.grow(1), Err(NoRoom));
        let _third = Claim::new(&all, 2 * SMALL_BYTES).unwrap();
        assert_eq!(Claim::new(&all, 1).unwrap_err(), NoRoom);
        drop(large);
        assert_eq!(small.grow(8 * SMALL_BYTES), Ok(()));
        assert_eq!(small.grow(1), Err(NoRoom));
    }
}
