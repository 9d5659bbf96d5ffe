//! Frames for those who have agreed on compression.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};

use crate::protocol::{Deflated, Mode, Window, deflate};

/// The compressed form of a broadcast's frames, in each mode: made when the first socket that wants it is met, on its
/// thread, and shared by all who get the frames. Who meets another one meanwhile waits for it: they need it as well.
///
/// Empty where the server compresses nothing.
#[derive(Clone, Debug, Default)]
pub struct Twins(Option<Arc<Pair>>);

#[derive(Debug, Default)]
struct Pair {
    text: OnceLock<Deflated>,
    json: OnceLock<Deflated>,
    /// What the frames were made of, if of several; those are shared with other cores, which may have merged others.
    parts: Vec<Part>,
}

/// Frames that stand in others.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// In text mode.
    pub(super) text: Bytes,
    /// In JSON mode.
    pub(super) json: Bytes,
    /// Their own compressed form.
    pub(super) twins: Twins,
}

impl Twins {
    /// For frames that may be compressed.
    pub(super) fn wanted() -> Self {
        Self(Some(Arc::default()))
    }

    /// For frames that are those of `parts` laid end to end; none unless there is each of these.
    pub(super) fn of_parts(parts: impl Iterator<Item = Option<Part>>) -> Self {
        let parts: Option<Vec<_>> = parts.collect();
        Self(parts.map(|parts| Arc::new(Pair { parts, ..Pair::default() })))
    }

    /// Whether there are none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// These frames, or their compressed form if it is of use to a peer with this window.
    pub(super) fn choose<'a>(&'a self, mode: Mode, plain: &'a Bytes, window: Option<Window>) -> &'a Bytes {
        let (Some(pair), Some(window), false) = (self.0.as_deref(), window, plain.is_empty()) else {
            return plain;
        };
        let deflated = pair.get(mode, plain);
        if deflated.suits(window) { &deflated.frames } else { plain }
    }
}

impl Pair {
    fn get(&self, mode: Mode, plain: &Bytes) -> &Deflated {
        let twin = match mode {
            Mode::Text => &self.text,
            Mode::Json => &self.json,
        };
        twin.get_or_init(|| match &self.parts[..] {
            [] => deflate(plain),
            parts => join(parts, mode),
        })
    }
}

fn join(parts: &[Part], mode: Mode) -> Deflated {
    let (mut frames, mut longest) = (BytesMut::new(), 0);
    for part in parts {
        let plain = match mode {
            Mode::Text => &part.text,
            Mode::Json => &part.json,
        };
        if let Some(pair) = part.twins.0.as_deref().filter(|_| !plain.is_empty()) {
            let deflated = pair.get(mode, plain);
            frames.extend_from_slice(&deflated.frames);
            longest = longest.max(deflated.longest);
        }
    }
    Deflated { frames: frames.freeze(), longest }
}
