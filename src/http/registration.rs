//! Who wants to be a user, as it is sent.

use hyper::StatusCode;

use super::error::HttpError;
use super::openapi::Field;
use crate::chat::Registration;
use crate::compat::fastapi::{Form, Length};
use crate::model::limits::{EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX, USERNAME_CHARS_MAX};

/// The fields, as they are described.
pub(super) const FIELDS: &[Field] = &[
    Field::text("username", Length::Characters(USERNAME_CHARS_MAX), "Unique.").filled().storable(),
    Field::email("email", "Unique."),
    Field::secret("password", Length::Bytes(PASSWORD_BYTES_MAX), "").filled(),
];

/// Takes the fields.
pub(super) fn take_registration(form: &mut Form<'_>) -> Registration {
    Registration {
        username: form.text("username", Length::Characters(USERNAME_CHARS_MAX)).to_owned(),
        email: form.email("email", Length::Characters(EMAIL_CHARS_MAX)),
        password: form.secret("password", Length::Bytes(PASSWORD_BYTES_MAX)).to_owned(),
    }
}

/// Refuses empty fields, after all else that may be wrong with a body.
///
/// # Errors
/// 422
pub(super) fn check_filled(registration: &Registration) -> Result<(), HttpError> {
    if registration.username.is_empty() || registration.password.is_empty() {
        let text = "username, email, and password are required";
        return Err(HttpError::Detail(StatusCode::UNPROCESSABLE_ENTITY, text.into()));
    }
    Ok(())
}
