import type { ComponentChildren, JSX } from "preact";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ComponentChildren;
  /** Set to the right, so that digits stand below each other. */
  isNumber?: boolean;
}

interface TableProps<Row> {
  caption: string;
  /** The first names the row. */
  columns: readonly Column<Row>[];
  /** `undefined` as long as they are not known. */
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string | number;
  /** Whether they could not be had, which is told elsewhere. */
  hasFailed?: boolean;
  /** What stands there in place of no rows. */
  empty: string;
  /** Buttons at the end of a row. */
  acts?: (row: Row) => ComponentChildren;
}

/** A table. Where there is little room each row is a card; the roles are spelled out, for then the layout is none of a table. */
export function Table<Row>({ caption, columns, rows, hasFailed = false, keyOf, empty, acts }: TableProps<Row>): JSX.Element {
  const [first, ...others] = columns;
  return (
    <>
      <table role="table" aria-busy={rows === undefined && !hasFailed}>
        <caption class="unseen">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ name, isNumber }) => (
              <th key={name} role="columnheader" scope="col" class={isNumber ? "number" : undefined}>
                {name}
              </th>
            ))}
            {acts && (
              <th role="columnheader" scope="col">
                <span class="unseen">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows?.map((row) => (
            <tr key={keyOf(row)} role="row">
              <th role="rowheader" scope="row">
                {first!.cell(row)}
              </th>
              {others.map(({ name, cell, isNumber }) => (
                <td key={name} role="cell" data-label={name} class={isNumber ? "number" : undefined}>
                  {cell(row)}
                </td>
              ))}
              {acts && (
                <td role="cell" class="acts">
                  <span>{acts(row)}</span>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="remark" aria-live="polite">
        {rows === undefined ? (hasFailed ? "" : "Loading …") : rows.length === 0 ? empty : ""}
      </p>
    </>
  );
}
