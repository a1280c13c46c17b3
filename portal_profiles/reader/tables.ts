/**
 * Cells by the text of their column's header, in tables (spans counted) and in grids made of other
 * elements.
 */

import { attribute, isElement, labelKey, nearest, parentNode, query, tag } from "./dom";
import type { Survey } from "./survey";

const MOST_COLUMNS = 200;

/** What a table looks like once its spans are laid out: for each row, the cell that stands in each column. */
interface Layout {
  rows: Map<Element, (Element | undefined)[]>;
  headers: { text: string; path: string; start: number; end: number }[];
}

export class Tables {
  private readonly layouts = new Map<Element, Layout>();

  constructor(private readonly survey: Survey) {}

  /**
   * The visible cells of this row that stand under headers of this text; more than one when headers
   * repeat.
   */
  cells(row: Element, header: string): Element[] {
    const table = nearest(row, "table, [role=table], [role=grid], [role=treegrid]");
    if (table === null) return [];
    const layout = this.layout(table);
    const wanted = labelKey(header);
    let headers = layout.headers.filter((one) => one.text === wanted);
    if (headers.length === 0) headers = layout.headers.filter((one) => one.path === wanted);
    const cells = layout.rows.get(row) ?? [];
    const found = new Set<Element>();
    for (const { start, end } of headers) {
      for (let column = start; column < end; column += 1) {
        const cell = cells[column];
        if (cell === undefined || !this.survey.shown(cell)) continue;
        // A cell that reaches beyond the header's columns ("No data") is not that column's value.
        if (cells[start - 1] === cell || cells[end] === cell) continue;
        found.add(cell);
      }
    }
    return [...found];
  }

  /** Whether the row only heads columns, or is one cell across all of them ("No data"). */
  isNoRecord(row: Element): boolean {
    const table = nearest(row, "table, [role=table], [role=grid], [role=treegrid]");
    if (table === null || !(tag(row) === "tr" || attribute(row, "role") === "row")) return false;
    const cells = cellsOf(row);
    if (cells.length === 0 || isHeaderRow(row)) return true;
    const layout = this.layout(table);
    return cells.length === 1 && layout.headers.length > 1 && new Set(layout.rows.get(row)).size === 1;
  }

  /** The texts of the table's headers, for naming the nearest when a declared one is gone. */
  headerTexts(row: Element): string[] {
    const table = nearest(row, "table, [role=table], [role=grid], [role=treegrid]");
    if (table === null) return [];
    return rowsOf(table)
      .filter(isHeaderRow)
      .flatMap((one) =>
        cellsOf(one)
          .filter((cell) => this.survey.shown(cell))
          .map((cell) => this.survey.text(cell, 80)),
      );
  }

  private layout(table: Element): Layout {
    const known = this.layouts.get(table);
    if (known !== undefined) return known;
    const rows = rowsOf(table);
    const layout: Layout = { rows: new Map(), headers: [] };
    let hanging: { cell: Element; left: number }[] = [];
    for (const row of rows) {
      const placed: (Element | undefined)[] = [];
      const next: { cell: Element; left: number }[] = [];
      hanging.forEach((one, column) => {
        placed[column] = one.cell;
        if (one.left > 1) next[column] = { cell: one.cell, left: one.left - 1 };
      });
      let column = 0;
      for (const cell of cellsOf(row)) {
        const at = number(attribute(cell, "aria-colindex"));
        if (tag(cell) !== "td" && tag(cell) !== "th" && at !== null) column = at - 1;
        while (placed[column] !== undefined && column < MOST_COLUMNS) column += 1;
        const across = Math.min(
          number(attribute(cell, "colspan")) ?? number(attribute(cell, "aria-colspan")) ?? 1,
          MOST_COLUMNS,
        );
        const down = Math.min(
          number(attribute(cell, "rowspan")) ?? number(attribute(cell, "aria-rowspan")) ?? 1,
          1000,
        );
        for (let step = 0; step < across && column < MOST_COLUMNS; step += 1, column += 1) {
          placed[column] = cell;
          if (down > 1) next[column] = { cell, left: down - 1 };
        }
      }
      hanging = next;
      layout.rows.set(row, placed);
    }
    this.nameColumns(layout, rows.filter(isHeaderRow));
    this.layouts.set(table, layout);
    return layout;
  }

  /** Each header with the columns it spans; under a wider header its path is "wider / own". */
  private nameColumns(layout: Layout, headerRows: Element[]): void {
    const above: string[] = [];
    const named = new Set<Element>();
    for (const row of headerRows) {
      const cells = layout.rows.get(row) ?? [];
      for (let start = 0; start < cells.length; start += 1) {
        const cell = cells[start];
        if (cell === undefined || named.has(cell)) continue;
        let end = start + 1;
        while (cells[end] === cell) end += 1;
        named.add(cell);
        if (!this.survey.shown(cell)) continue;
        const text = labelKey(this.survey.text(cell, 200)) || labelKey(attribute(cell, "aria-label") ?? "");
        const path = above[start] === undefined ? text : `${above[start]} / ${text}`;
        layout.headers.push({ text, path, start, end });
        for (let column = start; column < end; column += 1) above[column] = path;
      }
    }
  }
}

function rowsOf(table: Element): Element[] {
  const own = tag(table) === "table" && attribute(table, "role") === null ? "tr" : "tr, [role=row]";
  return query(table, own).filter((row) => {
    const parent = parentNode(row);
    return (
      isElement(parent) && nearest(parent, "table, [role=table], [role=grid], [role=treegrid]") === table
    );
  });
}

function cellsOf(row: Element): Element[] {
  const cells = query(row, "td, th, [role=cell], [role=gridcell], [role=columnheader], [role=rowheader]");
  return cells.filter((cell) => {
    const parent = parentNode(cell);
    return isElement(parent) && nearest(parent, "tr, [role=row]") === row;
  });
}

/** A row that heads columns: in a thead, or made of column headers only. */
export function isHeaderRow(row: Element): boolean {
  const parent = parentNode(row);
  if (isElement(parent) && tag(parent) === "thead") return true;
  const cells = cellsOf(row);
  return (
    (cells.length > 1 &&
      cells.every((cell) => tag(cell) === "th" || attribute(cell, "role") === "columnheader")) ||
    (cells.length > 0 && cells.every((cell) => attribute(cell, "role") === "columnheader"))
  );
}

function number(text: string | null): number | null {
  const value = text === null ? NaN : Number.parseInt(text, 10);
  return Number.isInteger(value) && value > 0 ? value : null;
}
