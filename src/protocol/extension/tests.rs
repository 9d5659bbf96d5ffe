//! Offers, good and bad.

use super::*;

const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

fn answer(values: &[&str]) -> Result<Option<String>, Malformed> {
    Ok(agree(values.iter().copied())?.map(|agreement| agreement.answer()))
}

#[test]
fn the_first_offer_that_can_be_met_is_taken() {
    let with_window = |bits: u8| Ok(Some(format!("{PLAIN}; server_max_window_bits={bits}")));
    let (plain, none) = (Ok(Some(PLAIN.to_owned())), Ok(None));
    for (values, expected) in [
        (&[][..], &none),
        (&[""], &none),
        (&["permessage-deflate"], &plain),
        (&["permessage-deflate; client_max_window_bits"], &plain),
        (&["permessage-deflate;client_max_window_bits=9 ;\tserver_no_context_takeover"], &plain),
        (&["permessage-deflate; client_no_context_takeover; server_no_context_takeover"], &plain),
        (&["permessage-deflate; server_max_window_bits=15"], &with_window(15)),
        (&["permessage-deflate; server_max_window_bits=9"], &with_window(9)),
        (&["permessage-deflate; server_max_window_bits=8"], &with_window(8)),
        (&["permessage-deflate; server_max_window_bits=\"10\""], &with_window(10)),
        (&["permessage-deflate; server_max_window_bits = \"1\\0\""], &with_window(10)),
        (&["x-webkit-deflate-frame, permessage-deflate"], &plain),
        (&["x; y=\"z\"", "permessage-deflate"], &plain),
        (&[" , permessage-deflate ,"], &plain),
        (&["permessage-deflate; server_max_window_bits=10, permessage-deflate"], &with_window(10)),
        (&["permessage-deflate; mystery, permessage-deflate; server_max_window_bits=11"], &with_window(11)),
        (&["permessage-bzip2", "mux"], &none),
        (&["Permessage-Deflate"], &none),
    ] {
        assert_eq!(&answer(values), expected, "{values:?}");
    }
}

#[test]
fn what_is_not_understood_declines_the_offer() {
    for parameters in [
        "server_no_context_takeover=1",
        "client_no_context_takeover=\"x\"",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=08",
        "server_max_window_bits=+9",
        "server_max_window_bits=9.0",
        "server_max_window_bits=999999999999",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=x",
        "server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits; client_max_window_bits=10",
        "server_max_window_bits=10; server_max_window_bits=10",
        "mystery",
        "server_no_context_takeover; mystery=1",
        "SERVER_NO_CONTEXT_TAKEOVER",
    ] {
        let offer = format!("permessage-deflate; {parameters}");
        assert_eq!(answer(&[&offer]), Ok(None), "{offer}");
        let two = format!("{offer}, permessage-deflate");
        assert_eq!(answer(&[&two]), Ok(Some(PLAIN.to_owned())), "{two}");
    }
}

#[test]
fn what_breaks_the_grammar_is_refused() {
    for value in [
        ";",
        "=",
        "permessage-deflate;",
        "permessage-deflate; ",
        "permessage-deflate; =9",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"9",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"9 \"",
        "permessage-deflate; server_max_window_bits=9 9",
        "permessage-deflate permessage-deflate",
        "permessage/deflate",
        "x, \"y\"",
    ] {
        assert_eq!(answer(&[value]), Err(Malformed), "{value}");
        assert_eq!(answer(&["permessage-deflate", value]), Err(Malformed), "{value}");
    }
}
