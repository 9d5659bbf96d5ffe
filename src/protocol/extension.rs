//! What a client and the server agree on beside RFC 6455 itself: section 9.1 there, and RFC 7692 section 7.1.

use super::Window;

/// The one extension that this server knows.
const NAME: &str = "permessage-deflate";

/// The header can not be read: it breaks the grammar of RFC 6455 section 9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// How messages are compressed on a connection; never with what was in an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// How far back the client looks.
    pub window: Window,
    /// Whether the client has asked for that window, and so is told that it gets it.
    is_asked_for: bool,
}

/// Chooses the first of the client's offers that can be met; `None` if there is none. `values` are those of
/// `Sec-WebSocket-Extensions`.
///
/// # Errors
/// If one of them breaks the grammar.
pub fn agree<'a>(values: impl Iterator<Item = &'a str>) -> Result<Option<Agreement>, Malformed> {
    let mut agreed = None;
    for value in values {
        for offer in offers(value)? {
            agreed = agreed.or_else(|| meet(&offer));
        }
    }
    Ok(agreed)
}

impl Agreement {
    /// The value of `Sec-WebSocket-Extensions` in the server's answer. A server may ask unasked that the client begins each
    /// message anew, RFC 7692 section 7.1.1.2.
    pub fn answer(&self) -> String {
        let window = match self.is_asked_for {
            true => format!("; server_max_window_bits={}", self.window.bits()),
            false => String::new(),
        };
        format!("{NAME}; server_no_context_takeover; client_no_context_takeover{window}")
    }
}

/// An extension that a client offers, and its parameters.
struct Offer<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<String>)>,
}

/// What comes of an offer; `None` if it is of something else or says something that is not understood.
fn meet(offer: &Offer<'_>) -> Option<Agreement> {
    if offer.name != NAME {
        return None;
    }
    let mut agreement = Agreement { window: Window::LARGEST, is_asked_for: false };
    for (index, (name, value)) in offer.parameters.iter().enumerate() {
        if offer.parameters[..index].iter().any(|(before, _)| before == name) {
            return None;
        }
        match (*name, value) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => {}
            ("server_max_window_bits", Some(bits)) => {
                agreement = Agreement { window: window(bits)?, is_asked_for: true };
            }
            // It may use the largest one all the same.
            ("client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(bits)) => drop(window(bits)?),
            _ => return None,
        }
    }
    Some(agreement)
}

/// A window as it is written: a decimal number from 8 to 15 without a leading zero.
fn window(bits: &str) -> Option<Window> {
    let is_number = bits.bytes().all(|byte| byte.is_ascii_digit()) && !bits.starts_with('0');
    Window::of_bits(bits.parse().ok().filter(|_| is_number)?)
}

/// The offers in one value of the header. Between commas there may be nothing, RFC 9110 section 5.6.1.2.
fn offers(value: &str) -> Result<Vec<Offer<'_>>, Malformed> {
    let (mut offers, mut rest) = (Vec::new(), Rest(value));
    loop {
        if rest.takes(',') {
            continue;
        }
        if rest.is_empty() {
            return Ok(offers);
        }
        let mut offer = Offer { name: rest.token()?, parameters: Vec::new() };
        while rest.takes(';') {
            let name = rest.token()?;
            let value = if rest.takes('=') { Some(rest.value()?) } else { None };
            offer.parameters.push((name, value));
        }
        offers.push(offer);
        if !rest.takes(',') && !rest.is_empty() {
            return Err(Malformed);
        }
    }
}

/// What is left of a value. White space before each part of it means nothing.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn is_empty(&mut self) -> bool {
        self.0 = self.0.trim_start_matches([' ', '\t']);
        self.0.is_empty()
    }

    fn takes(&mut self, separator: char) -> bool {
        let is_left = !self.is_empty();
        let rest = self.0.strip_prefix(separator).filter(|_| is_left);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn token(&mut self) -> Result<&'a str, Malformed> {
        let left = if self.is_empty() { "" } else { self.0 };
        let end = left.find(|c| !is_of_token(c)).unwrap_or(left.len());
        let (token, rest) = left.split_at(end);
        self.0 = rest;
        if token.is_empty() { Err(Malformed) } else { Ok(token) }
    }

    /// A token, or one in quotes.
    fn value(&mut self) -> Result<String, Malformed> {
        if !self.takes('"') {
            return self.token().map(str::to_owned);
        }
        let mut value = String::new();
        let mut chars = self.0.chars();
        loop {
            match chars.next() {
                Some('"') if !value.is_empty() => break,
                Some('\\') => value.extend(chars.next()),
                Some(other) if other != '"' => value.push(other),
                _ => return Err(Malformed),
            }
        }
        self.0 = chars.as_str();
        if value.chars().all(is_of_token) { Ok(value) } else { Err(Malformed) }
    }
}

/// Whether it may stand in a token, RFC 9110 section 5.6.2.
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests;
