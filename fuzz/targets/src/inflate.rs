//! Messages that came compressed.

use bytes::Bytes;
use groupcast::protocol::{Deflated, InflateError, Inflater, deflate, frame};

use crate::input::Input;

/// The bounds of a message among which an input chooses.
const MAX: [usize; 4] = [0, 100, 4_096, 200_000];

/// Two letters in a stored block, as a sender leaves it behind: without the end of the empty block after it.
const GOOD: &[u8] = b"\0\x02\0\xfd\xffhi\0";

/// What a sender has left out (RFC 7692 section 7.2.2), and an empty last block.
const TAIL: &[u8] = &[0, 0, 0xff, 0xff, 3, 0];

/// A payload becomes what a plain reading of RFC 1951 makes of it, and never more than may be; whatever it was, the next
/// message is not touched by it.
pub fn inflate(data: &[u8]) {
    let mut input = Input(data);
    let max = MAX[usize::from(input.byte()) % MAX.len()];
    let times = 1 + usize::from(input.byte() % 8);
    let payload = input.0;
    round_trip(&String::from_utf8_lossy(payload).repeat(times));
    let mut inflater = Inflater::default();
    let first = inflater.inflate(payload, max).map(<[u8]>::to_vec);
    assert_eq!(inflater.inflate(GOOD, 2), Ok(&b"hi"[..]));
    assert_eq!(inflater.inflate(payload, max).map(<[u8]>::to_vec), first);
    if payload.is_empty() {
        return assert_eq!(first, Ok(Vec::new()));
    }
    match (first, message(payload, max)) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
        (Err(InflateError::TooLong), Err(TooLong)) | (Err(_), Err(Broken)) => {}
        // It has both faults.
        (Err(InflateError::Broken), Err(TooLong)) => {}
        (found, expected) => panic!("{found:?}, and there {expected:?}"),
    }
}

/// What is deflated becomes shorter, and what it was.
fn round_trip(text: &str) {
    let frames = Bytes::from([frame::text(&[text]), frame::PING, frame::text(&["", text])].concat());
    let Deflated { frames: deflated, longest } = deflate(&frames);
    assert!(longest == 0 || longest == text.len());
    let (mut inflater, mut rest, mut original) = (Inflater::default(), &deflated[..], &frames[..]);
    while let (Some((first, head, end)), Some((_, head_before, end_before))) =
        (frame::extent(rest), frame::extent(original))
    {
        let (payload, before) = (&rest[head..end], &original[head_before..end_before]);
        // The first reserved bit says that it is deflated (RFC 7692 section 6).
        if first & 0x40 == 0 {
            assert_eq!(payload, before);
        } else {
            assert!(payload.len() < before.len());
            assert_eq!(inflater.inflate(payload, text.len()), Ok(before));
        }
        (rest, original) = (&rest[end..], &original[end_before..]);
    }
    assert!(rest.is_empty() && original.is_empty());
}

use Fault::{Broken, TooLong};

/// Why the twin does not inflate something.
#[derive(Debug)]
enum Fault {
    Broken,
    TooLong,
}

/// The message of a payload: streams one behind the other, each ended by its last block.
fn message(payload: &[u8], max: usize) -> Result<Vec<u8>, Fault> {
    let input = [payload, TAIL].concat();
    let mut bits = Bits { input: &input, at: 0 };
    let mut message = Vec::new();
    while bits.at < 8 * input.len() {
        let mut output = Output { bytes: Vec::new(), room: max - message.len(), until: 8 * payload.len() };
        while !block(&mut bits, &mut output)? {}
        bits.align();
        message.append(&mut output.bytes);
    }
    Ok(message)
}

/// Bits from the lowest of each byte on.
struct Bits<'i> {
    input: &'i [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Result<usize, Fault> {
        let byte = self.input.get(self.at / 8).ok_or(Broken)?;
        let bit = usize::from(byte >> (self.at % 8) & 1);
        self.at += 1;
        Ok(bit)
    }

    fn number(&mut self, count: usize) -> Result<usize, Fault> {
        (0..count).try_fold(0, |number, shift| Ok(number | self.bit()? << shift))
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

/// What has come out of a stream.
struct Output {
    bytes: Vec<u8>,
    room: usize,
    /// The bit from which on nothing may come.
    until: usize,
}

impl Output {
    fn put(&mut self, byte: u8, bits: &Bits<'_>) -> Result<(), Fault> {
        if bits.at > self.until {
            return Err(Broken);
        }
        if self.bytes.len() == self.room {
            return Err(TooLong);
        }
        self.bytes.push(byte);
        Ok(())
    }
}

/// Reads a block; whether it is the last.
fn block(bits: &mut Bits<'_>, output: &mut Output) -> Result<bool, Fault> {
    let is_last = bits.bit()? == 1;
    match bits.number(2)? {
        0 => {
            bits.align();
            let (length, check) = (bits.number(16)?, bits.number(16)?);
            if length != !check & 0xffff {
                return Err(Broken);
            }
            for _ in 0..length {
                let byte = bits.number(8)? as u8;
                output.put(byte, bits)?;
            }
        }
        1 => {
            let lengths = (0..288).map(|symbol| match symbol {
                0..144 => 8,
                144..256 => 9,
                256..280 => 7,
                _ => 8,
            });
            symbols(bits, output, &Code::of(lengths.collect())?, &Code::of(vec![5; 32])?)?;
        }
        2 => {
            let (literals, distances) = codes(bits)?;
            symbols(bits, output, &literals, &distances)?;
        }
        _ => return Err(Broken),
    }
    Ok(is_last)
}

/// A code of Huffman's, by the lengths of its symbols.
struct Code(Vec<usize>);

impl Code {
    /// Section 3.2.2: as many codes as there may be of their lengths; fewer only where there is but one, of one bit, or
    /// none. That is what zlib takes.
    fn of(lengths: Vec<usize>) -> Result<Self, Fault> {
        let used: usize = lengths.iter().filter(|&&length| length > 0).map(|length| 1 << (15 - length)).sum();
        let is_single = lengths.iter().all(|&length| length <= 1);
        if used == 1 << 15 || (used < 1 << 15 && is_single) { Ok(Self(lengths)) } else { Err(Broken) }
    }

    /// The next symbol: codes of one length are numbers one after the other, in the order of their symbols.
    fn read(&self, bits: &mut Bits<'_>) -> Result<usize, Fault> {
        let (mut code, mut first) = (0, 0);
        for length in 1..=15 {
            code = code << 1 | bits.bit()?;
            first <<= 1;
            let symbols: Vec<usize> = (0..self.0.len()).filter(|&symbol| self.0[symbol] == length).collect();
            if let Some(symbol) = usize::checked_sub(code, first).and_then(|index| symbols.get(index)) {
                return Ok(*symbol);
            }
            first += symbols.len();
        }
        Err(Broken)
    }
}

/// The codes of a block that brings its own, section 3.2.7.
fn codes(bits: &mut Bits<'_>) -> Result<(Code, Code), Fault> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances) = (257 + bits.number(5)?, 1 + bits.number(5)?);
    if literals > 286 || distances > 30 {
        return Err(Broken);
    }
    let count = 4 + bits.number(4)?;
    let mut lengths = vec![0; 19];
    for symbol in &ORDER[..count] {
        lengths[*symbol] = bits.number(3)?;
    }
    if lengths.iter().filter(|&&length| length > 0).count() == 1 {
        return Err(Broken);
    }
    let code = Code::of(lengths)?;
    let mut lengths: Vec<usize> = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match code.read(bits)? {
            16 => (*lengths.last().ok_or(Broken)?, 3 + bits.number(2)?),
            17 => (0, 3 + bits.number(3)?),
            18 => (0, 11 + bits.number(7)?),
            length => (length, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    if lengths.len() > literals + distances {
        return Err(Broken);
    }
    let distances = lengths.split_off(literals);
    if lengths[256] == 0 {
        return Err(Broken);
    }
    Ok((Code::of(lengths)?, Code::of(distances)?))
}

/// The symbols of a block up to its end, section 3.2.5.
fn symbols(bits: &mut Bits<'_>, output: &mut Output, literals: &Code, distances: &Code) -> Result<(), Fault> {
    loop {
        let symbol = literals.read(bits)?;
        let length = match symbol {
            0..256 => {
                output.put(symbol as u8, bits)?;
                continue;
            }
            256 => return Ok(()),
            257..265 => symbol - 254,
            265..285 => {
                let more = (symbol - 261) / 4;
                3 + ((4 + (symbol - 261) % 4) << more) + bits.number(more)?
            }
            285 => 258,
            _ => return Err(Broken),
        };
        let distance = match distances.read(bits)? {
            near @ 0..4 => 1 + near,
            far @ 4..30 => {
                let more = far / 2 - 1;
                1 + ((2 + far % 2) << more) + bits.number(more)?
            }
            _ => return Err(Broken),
        };
        let start = output.bytes.len().checked_sub(distance).ok_or(Broken)?;
        for index in start..start + length {
            output.put(output.bytes[index], bits)?;
        }
    }
}
