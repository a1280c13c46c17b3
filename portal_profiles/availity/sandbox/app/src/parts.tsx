/** What several views are made of. */

import { StatusChip } from '@availity/mui-chip';
import { PageHeader } from '@availity/mui-page-header';
import { Table, TableBody, TableCell, TableContainer, TableHead, TableRow } from '@availity/mui-table';
import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import Typography from '@mui/material/Typography';
import type { MouseEvent, ReactNode } from 'react';

import { PLACES, type Labelled } from './views';
import { useVisit } from './visiting';

/** A way back in the trail above a page's heading. */
export interface Crumb {
  name: string;
  url: string;
}

export function Page({ heading, crumbs = [], children }: { heading: string; crumbs?: Crumb[]; children: ReactNode }) {
  const visit = useVisit();
  const follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest('a[href]');
    const address = link?.getAttribute('href');
    if (!address?.startsWith(PLACES.menu.split('menu')[0] ?? '') || link?.hasAttribute('download')) return;
    event.preventDefault();
    void visit(address);
  };
  return (
    <Box component="main" sx={{ maxWidth: 1180, mx: 'auto', pb: 5 }} onClick={follow}>
      <PageHeader
        headerText={heading}
        breadcrumbs={{
          active: heading,
          homeUrl: PLACES.menu,
          children: crumbs.map((crumb) => (
            <a key={crumb.name} aria-label={crumb.name} href={crumb.url} style={{ color: 'inherit' }}>
              {crumb.name}
            </a>
          )),
        }}
      />
      <Box sx={{ px: 3 }}>{children}</Box>
    </Box>
  );
}

export function Panel({ title, children, testId }: { title?: string; children: ReactNode; testId?: string }) {
  return (
    <Card sx={{ p: 2.5, mb: 2.5 }} data-testid={testId}>
      {title === undefined ? null : (
        <Typography variant="h2" sx={{ mb: 2 }}>
          {title}
        </Typography>
      )}
      {children}
    </Card>
  );
}

/** Columns at least so wide, CSS pixels. */
const grid = (least: number) => ({
  display: 'grid',
  gridTemplateColumns: `repeat(auto-fill, minmax(${least}px, 1fr))`,
  columnGap: 3,
  rowGap: 2,
});

export function Grid({ children }: { children: ReactNode }) {
  return <Box sx={{ ...grid(290), alignItems: 'start' }}>{children}</Box>;
}

/** Labels and values; the value under `status` is a chip. */
export function Values({ values, status = '' }: { values: Labelled[]; status?: string }) {
  return (
    <Box component="dl" sx={{ ...grid(220), m: 0 }}>
      {values.map(([label, value]) => (
        <div key={label}>
          <Box component="dt" sx={{ fontSize: 12, color: 'text.secondary' }}>
            {label}
          </Box>
          <Box component="dd" sx={{ m: 0, minHeight: '1.5em', fontWeight: 600 }}>
            {label === status ? <Status word={value} /> : value}
          </Box>
        </div>
      ))}
    </Box>
  );
}

/** A status word. One colour for all: which words are good news differs by payer. */
export function Status({ word }: { word: string }) {
  return <StatusChip label={word} color="primary" />;
}

/** A table with one chip column, and what opens a row in the last. */
export function List({
  id,
  columns,
  rows,
  status,
  last,
  sorted = false,
}: {
  id: string;
  columns: string[];
  rows: string[][];
  status: string;
  last?: (row: number) => ReactNode;
  sorted?: boolean;
}) {
  return (
    <Card sx={{ mb: 2.5 }}>
      <TableContainer>
        <Table id={id}>
          <TableHead>
            <TableRow>
              {columns.map((column) => (
                <TableCell key={column} role="columnheader" title={sorted ? 'Toggle SortBy' : undefined}>
                  {column}
                </TableCell>
              ))}
            </TableRow>
          </TableHead>
          <TableBody>
            {rows.map((row, at) => (
              <TableRow key={row[0]} hover>
                {row.map((text, column) => (
                  <TableCell key={columns[column]}>{columns[column] === status ? <Status word={text} /> : text}</TableCell>
                ))}
                {last === undefined ? null : <TableCell>{last(at)}</TableCell>}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </TableContainer>
    </Card>
  );
}
