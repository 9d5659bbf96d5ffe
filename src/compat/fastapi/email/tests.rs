use super::normalize_email;

#[test]
fn addresses_get_their_normal_form() {
    for (text, address) in [
        ("a@b.com", "a@b.com"),
        ("A@B.COM", "A@b.com"),
        ("Name <a@b.com>", "a@b.com"),
        ("Name<a@b.com>", "a@b.com"),
        ("  First  Last  < a@b.com >  ", "a@b.com"),
        ("\"N\" <a@b.com>", "a@b.com"),
        ("\"N,M\" <a@b.com>", "a@b.com"),
        ("\"N\\\"M\" <a@b.com>", "a@b.com"),
        ("Ä <a@b.com>", "a@b.com"),
        ("N\n<a@b.com>", "a@b.com"),
        ("<a@b.com>", "a@b.com"),
        (" a@b.com\t\n", "a@b.com"),
        ("\u{a0}a@b.com", "a@b.com"),
        ("PostMaster@b.com", "postmaster@b.com"),
        ("a+b@c.com", "a+b@c.com"),
        ("o'b@c.com", "o'b@c.com"),
        ("a!#$%&*/=?^_`{|}~-@c.com", "a!#$%&*/=?^_`{|}~-@c.com"),
        ("a@b.c-m", "a@b.c-m"),
        ("a@b.1c", "a@b.1c"),
        ("a@b--c.com", "a@b--c.com"),
        ("a@x.example", "a@x.example"),
        ("üser@b.com", "üser@b.com"),
        ("e\u{301}@b.com", "é@b.com"),
        ("😀@b.com", "😀@b.com"),
        ("a@BÜCHER.de", "a@bücher.de"),
        ("a@xn--bcher-kva.de", "a@bücher.de"),
        ("a@日本。jp", "a@日本.jp"),
        ("a@b\u{ff0e}com", "a@b.com"),
        ("a@b.xn--p1ai", "a@b.рф"),
        ("a@e\u{301}.com", "a@é.com"),
        ("a@faß.de", "a@faß.de"),
        ("a@\u{fb01}.com", "a@fi.com"),
        ("a@\u{ff41}.com", "a@a.com"),
        ("a@א.com", "a@א.com"),
    ] {
        assert_eq!(normalize_email(text).as_deref(), Ok(address), "{text:?}");
    }
    let long = format!("{}@{}.com", "x".repeat(64), "b".repeat(63));
    assert_eq!(normalize_email(&long), Ok(long));
}

#[test]
fn what_is_no_address_gets_a_reason() {
    const NO_SIGN: &str = "An email address must have an @-sign.";
    const BEFORE: &str = "The email address contains invalid characters before the @-sign:";
    const AFTER: &str = "The part after the @-sign contains invalid characters:";
    const UNSAFE: &str = "The email address contains unsafe characters:";
    const NO_PERIOD: &str = "The part after the @-sign is not valid. It should have a period.";
    const NO_TLD: &str = "The part after the @-sign is not valid. It is not within a valid top-level domain.";
    const SPECIAL: &str =
        "The part after the @-sign is a special-use or reserved name that cannot be used with email.";
    const QUOTED: &str = "Quoting the part before the @-sign is not allowed here.";
    const BRACKETS: &str =
        "A display name and angle brackets around the email address are not permitted here.";
    const OPEN: &str = "An open angle bracket at the start of the email address has to be followed by a close \
                        angle bracket at the end.";
    for (text, reason) in [
        ("", NO_SIGN),
        ("a", NO_SIGN),
        ("N <>", NO_SIGN),
        ("N <a>", NO_SIGN),
        ("a\"b@c.com", NO_SIGN),
        ("\"a@c.com", NO_SIGN),
        ("\0", NO_SIGN),
        ("@", "There must be something before the @-sign."),
        ("@b.com", "There must be something before the @-sign."),
        ("a@", "There must be something after the @-sign."),
        ("a b@c.com", &format!("{BEFORE} SPACE.")),
        ("N a@b.com>", &format!("{BEFORE} SPACE.")),
        ("a(c)@b.com", &format!("{BEFORE} '(', ')'.")),
        ("a,b@c.com", &format!("{BEFORE} ','.")),
        ("a\\b@c.com", &format!("{BEFORE} \"\\\".")),
        ("a\0@b.com", &format!("{BEFORE} U+0000.")),
        ("a\t@b.com", &format!("{BEFORE} U+0009.")),
        (">a@b.com", &format!("{BEFORE} '>'.")),
        ("mailto:a@b.com", &format!("{BEFORE} ':'.")),
        (".a@b.com", "An email address cannot start with a period."),
        ("a.@b.com", "An email address cannot have a period immediately before the @-sign."),
        ("a..b@c.com", "An email address cannot have two periods in a row."),
        ("a\u{a0}b@c.com", &format!("{UNSAFE} NO-BREAK SPACE.")),
        ("a\u{2028}b@c.com", &format!("{UNSAFE} LINE SEPARATOR.")),
        ("a@b\u{200b}c.com", &format!("{UNSAFE} ZERO WIDTH SPACE.")),
        ("a@b\u{ad}c.com", &format!("{UNSAFE} SOFT HYPHEN.")),
        ("a@b\u{378}.com", &format!("{UNSAFE} U+0378.")),
        ("\"a b\"@c.com", QUOTED),
        ("\"a@b\"@c.com", QUOTED),
        ("N <\"a b\"@c.com>", QUOTED),
        ("a@@b.com", &format!("{AFTER} '@'.")),
        ("a@b@c.com", &format!("{AFTER} '@'.")),
        ("a@b_c.com", &format!("{AFTER} '_'.")),
        ("a@b. com", &format!("{AFTER} SPACE.")),
        ("a@b.com, c@d.com", &format!("{AFTER} ',', '@', SPACE.")),
        ("N@M <a@b.com>", &format!("{AFTER} '<', '>', '@', SPACE.")),
        ("a@b.com>", &format!("{AFTER} '>'.")),
        ("N <a@b.com>>", &format!("{AFTER} '>'.")),
        ("a@[", &format!("{AFTER} '['.")),
        ("a@b\u{1}.com", &format!("{AFTER} U+0001.")),
        ("a@b\u{fe52}com", &format!("{AFTER} '\u{fe52}'.")),
        ("a@.com", "An email address cannot have a period immediately after the @-sign."),
        ("a@b..com", "An email address cannot have two periods in a row."),
        ("a@b.com.", "An email address cannot end with a period."),
        ("a@-b.com", "An email address cannot have a hyphen immediately after the @-sign."),
        ("a@b-.com", "An email address cannot have a period and a hyphen next to each other."),
        ("a@xn--.com", "An email address cannot have a period and a hyphen next to each other."),
        (
            "a@ab--c.com",
            "An email address cannot have two letters followed by two dashes immediately after the @-sign or \
             after a period, except Punycode.",
        ),
        ("a@b", NO_PERIOD),
        ("a@localhost", NO_PERIOD),
        ("a@1.2.3.4", NO_TLD),
        ("a@b.123", NO_TLD),
        ("a@x.local", SPECIAL),
        ("a@x.y.Test", SPECIAL),
        ("x@in-addr.arpa", SPECIAL),
        ("a@[1.2.3.4]", "A bracketed IP address after the @-sign is not allowed here."),
        ("a@[IPv6:::1]", "A bracketed IP address after the @-sign is not allowed here."),
        ("a@[::1]", "The part after the @-sign contains an invalid address literal tag in brackets."),
        (
            "a@[x]",
            "The part after the @-sign in brackets is not an IPv4 address and has no address literal tag.",
        ),
        ("a@😀.com", "The part after the @-sign is not valid IDNA."),
        ("a@xn--ls8h.la", "The part after the @-sign is not valid IDNA."),
        ("a@xn--bche--kva.de", "The part after the @-sign is not valid IDNA."),
        ("a@aא.com", "The part after the @-sign is not valid IDNA."),
        (
            "a\u{ff20}b.com",
            "The email address has the \"full-width\" at-sign (@) character instead of a regular at-sign.",
        ),
        ("N <a@b.com", OPEN),
        ("<a@b.com", OPEN),
        ("a<b>@c.com", "There can't be anything after the email address."),
        ("N <a@b.com> x", "There can't be anything after the email address."),
        ("N,M <a@b.com>", "The display name contains invalid characters when not quoted: ','."),
        ("N.M <a@b.com>", "The display name contains invalid characters when not quoted: '.'."),
        ("N <N <a@b.com>>", BRACKETS),
        ("<<a@b.com>>", BRACKETS),
        (&"a".repeat(2049), "Length must not exceed 2048 characters"),
        (
            &format!("a@{}.com", "b".repeat(64)),
            "After the @-sign, periods cannot be separated by so many characters (1 character too many).",
        ),
        (
            &format!("a@{}com", format!("{}.", "b".repeat(60)).repeat(5)),
            "The email address is too long after the @-sign (55 characters too many).",
        ),
        (
            &format!("{}@b.com", "x".repeat(65)),
            "The email address is too long before the @-sign (1 character too many).",
        ),
        (
            &format!("{}@{}com", "x".repeat(64), "b.".repeat(94)),
            "The email address is too long (2 characters too many).",
        ),
    ] {
        let found = normalize_email(text).map_err(|error| error.to_string());
        assert_eq!(found, Err(reason.to_owned()), "{text:?}");
    }
}
