//! What was sent, acked, seen and stored, compared.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::json_client::Record;
use super::text_client::Lines;
use crate::support::chat::text;

/// What is asked for while the database is away, and refused, under this as its `client_id`. It may be stored all the
/// same, if nobody could know yet.
pub(super) const PROBE: &str = "refused";

/// Asserts that everything acked is stored once, where the ack said; that everything seen is, in the same order for all,
/// and that nothing is stored twice. `stored` is what REST lists, numbered without a gap.
pub(super) fn check(stored: &[Value], clients: &[Record], texts: &[Lines]) {
    let contents: Vec<&str> = stored.iter().map(|message| text(&message["content"])).collect();
    let lines: Vec<String> = stored
        .iter()
        .map(|message| format!("{}: {}", text(&message["username"]), text(&message["content"])))
        .collect();
    let mut places = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(before) = places.insert(line.as_str(), index) {
            panic!("{line:?} is stored at {} and {}", before + 1, index + 1);
        }
    }
    for record in clients {
        assert!(record.complaints.is_empty(), "{:#?}", record.complaints);
        for sent in &record.sent {
            let (id, seq) = sent.ack.unwrap_or_else(|| panic!("{:?} was never acked", sent.content));
            let Some(message) = stored.get((seq - 1) as usize) else { panic!("{sent:?} is lost") };
            assert_eq!((text(&message["content"]), message["id"].as_i64()), (&*sent.content, Some(id)));
        }
        let seen: Vec<&str> = record.seen.iter().map(|(_, content)| content.as_str()).collect();
        assert!(seen == contents, "{}", difference(&seen, &contents));
    }
    for record in texts {
        assert!(record.complaints.is_empty(), "{:#?}", record.complaints);
        for seen in &record.seen {
            let Some(first) = seen.first() else { continue };
            let Some(&start) = places.get(first.as_str()) else { panic!("{first:?} was seen and is lost") };
            let kept = &lines[start..lines.len().min(start + seen.len())];
            assert!(seen == kept, "{}", difference(seen, kept));
        }
        let sent: HashSet<&str> = record.sent.iter().map(String::as_str).collect();
        let own = lines.iter().filter(|line| sent.contains(line.as_str()));
        let own: Vec<&String> = own.collect();
        assert!(own.len() + record.lost >= sent.len(), "{} of {} are stored", own.len(), sent.len());
        // They are numbered, and one socket's messages keep their order.
        let number = |line: &&String| line.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok());
        assert!(own.is_sorted_by_key(number), "a sender's messages have changed places");
    }
    let known: usize = clients.iter().map(|record| record.sent.len()).sum::<usize>()
        + texts.iter().map(|record| record.sent.len()).sum::<usize>();
    let probes = contents.iter().filter(|content| **content == PROBE).count();
    assert!(stored.len() - probes <= known, "{} messages are stored, {known} were sent", stored.len());
}

/// Where two lists part.
fn difference<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(seen: &[T], stored: &[U]) -> String {
    let at = seen.iter().zip(stored).take_while(|(seen, stored)| seen == stored).count();
    format!(
        "{} seen, {} stored; the first that differs is {at}: {:?} seen, {:?} stored",
        seen.len(),
        stored.len(),
        seen.get(at),
        stored.get(at)
    )
}
