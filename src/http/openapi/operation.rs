//! What is told of a method of a resource.

use super::field::Field;
use super::offer::Offer;
use super::schemas::MakeSchema;
use super::table::Table;
use super::tag::Tag;

/// What the document says of a method, beyond what the resource says itself and what all have in common. It stands
/// beside the handler.
#[derive(Clone, Copy)]
pub(in crate::http) struct Operation {
    /// Names the method of generated clients; unique.
    pub(super) id: &'static str,
    pub(super) tag: Tag,
    /// A sentence.
    pub(super) summary: &'static str,
    /// More sentences; may be empty.
    pub(super) about: &'static str,
    /// Parameters of the path that are no numbers of rows.
    pub(super) path: &'static [Field],
    pub(super) query: &'static [Field],
    pub(super) headers: &'static [Field],
    pub(super) body: Option<TakenBody>,
    pub(super) success: Success,
    pub(super) refusals: &'static [(u16, &'static str)],
    pub(super) actor: Actor,
    pub(super) is_plain: bool,
    pub(super) is_offered: fn(Offer) -> bool,
}

/// The body of a request.
#[derive(Clone, Copy)]
pub(super) struct TakenBody {
    pub(super) table: &'static Table,
    pub(super) is_optional: bool,
    /// Whether what HTML forms send is taken too.
    pub(super) is_form: bool,
}

/// Whether `user_id` in the query says who acts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    Never,
    Maybe,
    /// It does where a name is enough.
    Always,
}

/// What is answered if all goes well.
#[derive(Clone, Copy)]
pub(super) enum Success {
    /// 200 with JSON.
    Json(MakeSchema),
    /// 200 with a text of this type.
    Text(&'static str),
    /// 204
    Nothing,
}

impl Operation {
    /// A method that takes no body and answers with 204.
    pub(in crate::http) const fn new(id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self {
            id,
            tag,
            summary,
            about: "",
            path: &[],
            query: &[],
            headers: &[],
            body: None,
            success: Success::Nothing,
            refusals: &[],
            actor: Actor::Maybe,
            is_plain: false,
            is_offered: |_| true,
        }
    }

    /// Tells more of it.
    pub(in crate::http) const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// Describes parameters of the path that are no numbers of rows.
    pub(in crate::http) const fn path(self, path: &'static [Field]) -> Self {
        Self { path, ..self }
    }

    /// Takes these parameters in the query.
    pub(in crate::http) const fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    /// Takes these headers.
    pub(in crate::http) const fn headers(self, headers: &'static [Field]) -> Self {
        Self { headers, ..self }
    }

    /// Takes this body.
    pub(in crate::http) const fn takes(self, table: &'static Table) -> Self {
        Self { body: Some(TakenBody { table, is_optional: false, is_form: false }), ..self }
    }

    /// Takes this body, or none.
    pub(in crate::http) const fn may_take(self, table: &'static Table) -> Self {
        Self { body: Some(TakenBody { table, is_optional: true, is_form: false }), ..self }
    }

    /// Takes this body, as JSON or as HTML forms send it.
    pub(in crate::http) const fn takes_form(self, table: &'static Table) -> Self {
        Self { body: Some(TakenBody { table, is_optional: false, is_form: true }), ..self }
    }

    /// Answers with 200 and this as JSON.
    pub(in crate::http) const fn answers(self, schema: MakeSchema) -> Self {
        Self { success: Success::Json(schema), ..self }
    }

    /// Answers with 200 and a text of this type.
    pub(in crate::http) const fn answers_text(self, content_type: &'static str) -> Self {
        Self { success: Success::Text(content_type), ..self }
    }

    /// Refuses with these statuses, and says when: what is refused in all operations goes without saying.
    pub(in crate::http) const fn refuses(self, refusals: &'static [(u16, &'static str)]) -> Self {
        Self { refusals, ..self }
    }

    /// Does not look at `user_id` in the query to learn who acts.
    pub(in crate::http) const fn without_actor(self) -> Self {
        Self { actor: Actor::Never, ..self }
    }

    /// Is done by somebody: where a name is enough, `user_id` in the query has to be there.
    pub(in crate::http) const fn by_somebody(self) -> Self {
        Self { actor: Actor::Always, ..self }
    }

    /// Refuses nothing but what [`refuses`](Self::refuses) says, and what is no HTTP.
    pub(in crate::http) const fn plain(self) -> Self {
        Self { is_plain: true, ..self }
    }

    /// Is there only if this holds.
    pub(in crate::http) const fn only_if(self, is_offered: fn(Offer) -> bool) -> Self {
        Self { is_offered, ..self }
    }
}
