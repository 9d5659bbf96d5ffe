//! Records of an export as rows.

use rusqlite::types::{FromSqlError, ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Row, ToSql};

use super::mentions;
use crate::model::Timestamp;
use crate::store::transfer::{Column, Kind, Record, Source, Table, Value};
use crate::store::{StoreError, StoreResult};

/// The question for all rows of a table, in the order of its key.
pub(super) fn select(table: &Table<Record>) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|column| expression(table.name, column.name)).collect();
    format!("SELECT {} FROM {} t ORDER BY {}", columns.join(", "), table.name, table.key.join(", "))
}

/// What is exported as a column: what stands there, but for what SQLite keeps in another way than an export does.
fn expression(table: &str, column: &str) -> String {
    match (table, column) {
        ("server", "last_group_id") => {
            "max(t.last_group_id, coalesce((SELECT max(id) FROM groups), 0))".into()
        }
        ("server", "last_api_key_id") => {
            "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'api_keys'), 0)".into()
        }
        // As after a sweep.
        ("group_memberships", "read_seq") => "max(t.read_seq, coalesce((
                 SELECT max(+m.seq) FROM messages m INDEXED BY ix_messages_user
                 WHERE m.user_id = t.user_id AND m.id > (SELECT marked_id FROM server)
                   AND +m.group_id = t.group_id), 0))"
            .into(),
        _ => format!("t.{column}"),
    }
}

/// The statement that takes [`Record::values`].
pub(super) fn insert(table: &Table<Record>) -> String {
    let columns: Vec<&str> = table.all_columns().map(|column| column.name).collect();
    let values: Vec<String> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", table.name, columns.join(", "), values.join(", "))
}

/// A row of [`select`].
pub(super) struct RecordRow<'r>(pub(super) &'r Row<'r>);

impl Source for RecordRow<'_> {
    fn value(&self, index: usize, table: &'static str, column: &'static Column) -> StoreResult<Value<'_>> {
        let corrupt = |reason: String| StoreError::Corrupt { table, column: column.name, reason };
        let value = self.0.get_ref(index).map_err(|error| corrupt(error.to_string()))?;
        if value == ValueRef::Null {
            return Ok(Value::Null);
        }
        let value = match column.kind {
            Kind::Int => value.as_i64().map(Value::Int),
            Kind::Small => value.as_i64().and_then(|number| {
                number.try_into().map(Value::Small).map_err(|_| FromSqlError::OutOfRange(number))
            }),
            Kind::Bool => value.as_i64().map(|number| Value::Bool(number != 0)),
            Kind::Text => value.as_str().map(|text| Value::Text(text.into())),
            Kind::Time => value.as_i64().map(|micros| Value::Time(Timestamp(micros))),
            Kind::Bytes => value.as_blob().map(Value::Bytes),
            Kind::Users => return Ok(Value::Users(mentions::read(self.0, index)?.into_vec().into())),
        };
        value.map_err(|error| corrupt(error.to_string()))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqlValue::Null),
            Self::Int(number) => (*number).into(),
            Self::Small(number) => i64::from(*number).into(),
            Self::Bool(value) => (*value).into(),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Time(at) => at.0.into(),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Self::Users(users) => ToSqlOutput::Owned(mentions::text(users).into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::select;
    use crate::store::sqlite::migrations;
    use crate::store::transfer::TABLES;

    /// Tables that hold nothing but what follows from others, or is about this database alone.
    const OTHER_TABLES: [&str; 5] =
        ["mentions", "search_progress", "search_queue", "import_progress", "refinery_schema_history"];

    /// The like columns of tables that are exported.
    const OTHER_COLUMNS: [(&str, &str); 3] =
        [("server", "only_row"), ("server", "changes"), ("server", "marked_id")];

    #[test]
    fn nothing_is_left_out() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let columns = "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'";
        let mut columns = connection.prepare(columns).unwrap();
        let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut there = columns.collect::<Result<BTreeSet<(String, String)>, _>>().unwrap();
        there.retain(|(table, _)| !OTHER_TABLES.contains(&table.as_str()));
        let mut exported: BTreeSet<(String, String)> = BTreeSet::new();
        for table in TABLES {
            let columns = table.all_columns().map(|column| column.name);
            exported.extend(columns.map(|column| (table.name.to_owned(), column.to_owned())));
        }
        exported.extend(OTHER_COLUMNS.map(|(table, column)| (table.to_owned(), column.to_owned())));
        // Kept by the sequence of the table.
        assert!(exported.remove(&("server".to_owned(), "last_api_key_id".to_owned())));
        assert_eq!(there, exported);
    }

    #[test]
    fn no_table_is_sorted() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for table in TABLES {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", select(table))).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN m"), "{plan}");
        }
    }
}
