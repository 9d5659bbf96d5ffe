//! Records of an export as rows.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::error::column as read;
use super::instant::Instant;
use super::unread;
use crate::model::UserId;
use crate::store::StoreResult;
use crate::store::transfer::{Column, Kind, Record, Source, Table, Value};

/// The question for all rows of a table, in the order of its key. Texts are compared byte by byte, whatever the language
/// of the database.
pub(super) fn select(table: &Table<Record>) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|column| expression(table.name, column.name)).collect();
    let is_text =
        |name: &str| table.columns.iter().any(|column| column.name == name && column.kind == Kind::Text);
    let in_bytes =
        |name: &&str| if is_text(name) { format!("t.{name} COLLATE \"C\"") } else { format!("t.{name}") };
    let key: Vec<String> = table.key.iter().map(in_bytes).collect();
    format!("SELECT {} FROM {} t ORDER BY {}", columns.join(", "), table.name, key.join(", "))
}

/// What is exported as a column: what stands there, but for what Postgres keeps in another way than an export does.
fn expression(table: &str, column: &str) -> String {
    match (table, column) {
        ("server", "last_group_id") => last_value("groups"),
        ("server", "last_api_key_id") => last_value("api_keys"),
        // As after a sweep.
        ("group_memberships", "read_seq") => {
            format!("greatest(t.read_seq, {})", unread::sent_sql("t.group_id", "t.user_id"))
        }
        _ => format!("t.{column}"),
    }
}

/// The last number that a table has given; 0 if it has given none.
fn last_value(table: &str) -> String {
    format!("(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_id_seq)")
}

/// The statement that takes [`Record::values`] of many records, and the types of
/// these.
pub(super) fn copy(table: &Table<Record>) -> (String, Vec<Type>) {
    let columns: Vec<&str> = table.all_columns().map(|column| column.name).collect();
    let types = table.all_columns().map(|column| type_of(column.kind)).collect();
    (format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, columns.join(", ")), types)
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8,
        Kind::Small => Type::INT2,
        Kind::Bool => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Time => Type::TIMESTAMPTZ,
        Kind::Bytes => Type::BYTEA,
        Kind::Users => Type::INT8_ARRAY,
    }
}

/// A row of [`select`].
pub(super) struct RecordRow(pub(super) Row);

impl Source for RecordRow {
    fn value(&self, index: usize, table: &'static str, column: &'static Column) -> StoreResult<Value<'_>> {
        let place = Place { row: &self.0, index, table, column: column.name };
        match column.kind {
            Kind::Int => place.value(Value::Int),
            Kind::Small => place.value(Value::Small),
            Kind::Bool => place.value(Value::Bool),
            Kind::Text => place.value(|text: &str| Value::Text(text.into())),
            Kind::Time => place.value(|at: Instant| Value::Time(at.0)),
            Kind::Bytes => place.value(Value::Bytes),
            Kind::Users => {
                place.value(|users: Vec<i64>| Value::Users(users.into_iter().map(UserId).collect()))
            }
        }
    }
}

/// A column of a row.
struct Place<'r> {
    row: &'r Row,
    index: usize,
    table: &'static str,
    column: &'static str,
}

impl<'r> Place<'r> {
    fn value<T: FromSql<'r>>(self, value: impl FnOnce(T) -> Value<'r>) -> StoreResult<Value<'r>> {
        Ok(read::<Option<T>>(self.row, self.index, self.table, self.column)?.map_or(Value::Null, value))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(ty, out),
            Self::Small(number) => number.to_sql(ty, out),
            Self::Bool(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Time(at) => Instant(*at).to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
            Self::Users(users) => users.iter().map(|user| user.0).collect::<Vec<_>>().to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
