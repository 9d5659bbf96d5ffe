//! What has to be shown for a request to be looked at.

use hyper::header::{AUTHORIZATION, HeaderMap};

use crate::chat::{Action, Caller, Chat, ChatError, ChatResult};

/// What a request needs to show, before anything else of it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing. What is shown is not looked at.
    Open,
    /// Nothing, but a good token that is shown counts.
    Shown,
    /// A good token, where a name is not enough; elsewhere as [`Shown`](Self::Shown).
    Caller,
    /// A good token.
    User,
    /// A good token of who governs the server. The use cases ask for that too; here it keeps others from learning what is
    /// wrong with their request.
    Governor,
}

impl Need {
    /// Who asks with these headers. The token is the one of `Authorization: Bearer` (RFC 6750 section 2.1) and no other.
    ///
    /// # Errors
    /// [`ChatError::NotAuthenticated`] for want of a token, [`ChatError::BadCredentials`] for one that is not good,
    /// [`ChatError::Forbidden`] for one of who does not govern where that is needed, [`ChatError::Unavailable`] if that can not be found out now.
    pub(super) async fn check(self, chat: &Chat, headers: &HeaderMap) -> ChatResult<Caller> {
        let is_demanded = match self {
            Self::Open => return Ok(Caller::Nobody),
            Self::Shown => false,
            Self::Caller => !chat.believes_names(),
            Self::User | Self::Governor => true,
        };
        let shown = match bearer(headers) {
            Ok(Some(token)) => chat.authenticate(token).await.map(|authenticated| authenticated.caller),
            Ok(None) => Err(ChatError::NotAuthenticated),
            Err(error) => Err(error),
        };
        match shown {
            Err(ChatError::NotAuthenticated | ChatError::BadCredentials) if !is_demanded => {
                Ok(Caller::Nobody)
            }
            Ok(caller) if self == Self::Governor => {
                chat.check_governs(&caller, Action::Oversee)?;
                Ok(caller)
            }
            shown => shown,
        }
    }
}

/// The bearer token; `None` without one. Of several headers nobody can tell which one counts, so they are no good.
pub(super) fn bearer(headers: &HeaderMap) -> ChatResult<Option<&str>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ChatError::BadCredentials);
    }
    let value = value.as_bytes();
    let scheme = value.split(|&byte| byte == b' ').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let token = str::from_utf8(&value[scheme.len()..]).map_err(|_| ChatError::BadCredentials)?;
    Ok(Some(token.trim_matches(' ')).filter(|token| !token.is_empty()))
}

#[cfg(test)]
mod tests {
    use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};

    use super::bearer;

    #[test]
    fn a_token_stands_behind_bearer() {
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&["Bearer abc"], Ok(Some("abc"))),
            (&["bearer abc"], Ok(Some("abc"))),
            (&["BEARER   abc "], Ok(Some("abc"))),
            (&["Bearer a b"], Ok(Some("a b"))),
            (&["Bearer"], Ok(None)),
            (&["Bearer "], Ok(None)),
            (&["Bearerabc"], Ok(None)),
            (&["Basic YTpi"], Ok(None)),
            (&["abc"], Ok(None)),
            (&[""], Ok(None)),
            (&["Bearer \u{fc}"], Ok(Some("\u{fc}"))),
            (&["Bearer a", "Bearer b"], Err(())),
            (&["Basic YTpi", "Bearer b"], Err(())),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            assert_eq!(bearer(&headers).map_err(drop), expected, "{values:?}");
        }
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").unwrap());
        assert!(bearer(&headers).is_err());
    }
}
