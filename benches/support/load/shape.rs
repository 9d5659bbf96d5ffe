//! How many sockets a load has and in which groups they are.

/// Who is connected to what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Groups with members online.
    pub(crate) groups: usize,
    /// Sockets in each group, publishers included.
    pub(crate) members: usize,
    /// How many of them publish.
    pub(crate) publishers: usize,
}

impl Shape {
    /// Sockets in all.
    pub(crate) fn sockets(self) -> usize {
        self.groups * self.members
    }

    /// Publishers in all.
    pub(crate) fn publishers(self) -> usize {
        self.groups * self.publishers
    }
}
