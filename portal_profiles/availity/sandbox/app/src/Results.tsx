import { Pagination } from '@availity/mui-pagination';
import Box from '@mui/material/Box';
import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';

import { List, Page } from './parts';
import { PLACES, type Shown } from './views';
import { useVisit } from './visiting';

/** The list of requests that a search found, a page of it at a time. */
export function Results({ columns, rows, opens, status, total, page, pages }: Extract<Shown, { view: 'results' }>) {
  const visit = useVisit();
  return (
    <Page heading="Auth/Referral Inquiry Results" crumbs={[{ name: 'Search', url: PLACES.inquiry }]}>
      <Typography color="text.secondary" sx={{ mb: 2 }}>
        {total} found. A request shown as Approved is not a promise of payment.
      </Typography>
      <List
        id="resultsTable"
        columns={[...columns, 'Details']}
        rows={rows}
        status={status}
        sorted
        last={(row) => <Link href={opens[row] ?? ''}>View</Link>}
      />
      {pages > 1 ? (
        <Box sx={{ display: 'flex', justifyContent: 'flex-end' }}>
          <Pagination
            count={pages}
            page={page}
            onChange={(_, wanted) => void visit(`${PLACES.results}?page=${wanted}`)}
          />
        </Box>
      ) : null}
    </Page>
  );
}
