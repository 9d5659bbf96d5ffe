//! What a table and its records are to both databases.

use super::field::{Field, Kind, Value};
use crate::store::{StoreError, StoreResult};

/// A table that is exported, as records `R`.
pub(in crate::store) struct Table<R: 'static> {
    /// Its name.
    pub(in crate::store) name: &'static str,
    /// What kind of record its rows are.
    pub(in crate::store) record: &'static str,
    /// Those of its columns that are exported.
    pub(in crate::store) columns: &'static [Column],
    /// Columns that follow from these, and are made when a record is read in.
    pub(in crate::store) derived: &'static [Column],
    /// The columns of its primary key, in which order it is exported.
    pub(in crate::store) key: &'static [&'static str],
    /// Makes a record of a row with `columns`.
    pub(in crate::store) read: fn(&dyn Source) -> StoreResult<R>,
}

impl<R> Table<R> {
    /// The columns that a record is made from and written to.
    pub(in crate::store) fn all_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().chain(self.derived)
    }
}

/// A column.
pub(in crate::store) struct Column {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) kind: Kind,
}

/// A row of a database.
pub(in crate::store) trait Source {
    /// What stands in a column, by its place in [`Table::columns`].
    fn value(&self, index: usize, table: &'static str, column: &'static Column) -> StoreResult<Value<'_>>;
}

/// The next field of a record.
pub(super) fn field<T: Field, R>(
    source: &dyn Source,
    table: &'static Table<R>,
    columns: &mut impl Iterator<Item = (usize, &'static Column)>,
) -> StoreResult<T> {
    let corrupt =
        |column, reason: &str| StoreError::Corrupt { table: table.name, column, reason: reason.into() };
    let (index, column) = columns.next().ok_or_else(|| corrupt("", "there is no such column"))?;
    let value = source.value(index, table.name, column)?;
    T::of(value).ok_or_else(|| corrupt(column.name, "what stands there makes no sense"))
}

/// Declares the tables: for each of them the struct of its records, whose fields are its columns.
macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $Name:ident = $record:literal in $table:literal by $key:expr $(, derived $derived:literal: $derive:expr)? => {
            $($(#[$field_doc:meta])* $field:ident: $Type:ty,)+
        }
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $Name {
                $(
                    $(#[$field_doc])*
                    #[serde(skip_serializing_if = "Field::is_null")]
                    pub(in crate::store) $field: $Type,
                )+
            }

            impl $Name {
                const TABLE: Table<Record> = Table {
                    name: $table,
                    record: $record,
                    columns: &[$(Column { name: stringify!($field), kind: <$Type as Field>::KIND }),+],
                    derived: &[$(Column { name: $derived, kind: Kind::Text })?],
                    key: &$key,
                    read: Self::read,
                };

                fn read(source: &dyn Source) -> StoreResult<Record> {
                    let columns = &mut Self::TABLE.columns.iter().enumerate();
                    Ok(Record::$Name(Self { $($field: field(source, &Self::TABLE, columns)?,)+ }))
                }

                fn values(&self) -> Vec<Value<'_>> {
                    vec![
                        $(self.$field.value(),)+
                        $(Value::Text(Cow::Owned($derive(self))),)?
                    ]
                }
            }
        )+

        /// A row of a table. In JSON an object with one member, by whose name one knows which.
        #[derive(Serialize, Deserialize)]
        pub(crate) enum Record {
            $(#[serde(rename = $record)] $Name($Name),)+
        }

        impl Record {
            /// The table that it belongs to.
            pub(in crate::store) fn table(&self) -> &'static Table<Record> {
                match self { $(Self::$Name(_) => &$Name::TABLE,)+ }
            }

            /// What stands in [`Table::all_columns`].
            pub(in crate::store) fn values(&self) -> Vec<Value<'_>> {
                match self { $(Self::$Name(record) => record.values(),)+ }
            }
        }

        /// The tables in the order in which they are exported.
        pub(in crate::store) const TABLES: &[&Table<Record>] = &[$(&$Name::TABLE),+];
    };
}

pub(super) use tables;
