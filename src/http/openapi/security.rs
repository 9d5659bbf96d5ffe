//! How one shows who one is.

use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityRequirement, SecurityScheme,
};

use super::offer::Offer;
use crate::http::need::Need;

/// Where the token of OAuth2's password grant comes from.
const TOKEN_URL: &str = "/api/v1/sessions/";

/// Names of the schemes, as FastAPI calls them.
const PASSWORD: &str = "OAuth2PasswordBearer";
const BEARER: &str = "HTTPBearer";

/// The ways there are. Both end in the same header.
pub(super) fn schemes() -> [(&'static str, SecurityScheme); 2] {
    let password = Flow::Password(Password::new(TOKEN_URL, Scopes::new()));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token, or an API key (`gck_...`)."))
        .build();
    [
        (PASSWORD, SecurityScheme::OAuth2(OAuth2::with_description([password], "User name and password."))),
        (BEARER, SecurityScheme::Http(bearer)),
    ]
}

/// Whether nothing is done for who shows nothing.
pub(super) fn is_demanded(need: Need, offer: Offer) -> bool {
    match need {
        Need::Open | Need::Shown => false,
        Need::Caller => !offer.believes_names,
        Need::User | Need::Governor => true,
    }
}

/// What has to be shown, one of these; `None` if nothing is looked at.
pub(super) fn requirements(need: Need, offer: Offer) -> Option<Vec<SecurityRequirement>> {
    if need == Need::Open {
        return None;
    }
    let nothing = (!is_demanded(need, offer)).then(SecurityRequirement::default);
    let tokens = [PASSWORD, BEARER].map(|name| SecurityRequirement::new(name, [""; 0]));
    Some(nothing.into_iter().chain(tokens).collect())
}
