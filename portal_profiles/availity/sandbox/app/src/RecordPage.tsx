import { Alert } from '@availity/mui-alert';
import { Button } from '@availity/mui-button';
import Box from '@mui/material/Box';
import Link from '@mui/material/Link';

import { List, Page, Panel, Values } from './parts';
import { PLACES, type Shown } from './views';
import { useVisit } from './visiting';

/** One authorization: what was decided, for whom, for which service, line by line. */
export function RecordPage({ sections, status, note, letter, cancel, lines }: Extract<Shown, { view: 'record' }>) {
  const visit = useVisit();
  const crumbs = [
    { name: 'Search', url: PLACES.inquiry },
    { name: 'Results', url: PLACES.results },
  ];
  return (
    <Page heading="Authorization Details" crumbs={crumbs}>
      {sections.map(({ title, test_id, values }, at) => (
        <Panel key={title} title={title} testId={test_id}>
          <Values values={values} status={status} />
          {at === 0 ? (
            <>
              {note === '' ? null : (
                <Alert severity="warning" sx={{ mt: 2 }}>
                  {note}
                </Alert>
              )}
              <Box sx={{ display: 'flex', gap: 2, alignItems: 'center', mt: 2.5 }}>
                {letter === null ? null : (
                  <Link href={letter} download>
                    Determination Letter (PDF)
                  </Link>
                )}
                <Button id="printButton" color="secondary" onClick={() => { print(); }}>
                  Print
                </Button>
                <Button color="secondary" onClick={() => void visit(cancel, {})}>
                  Cancel Request
                </Button>
              </Box>
            </>
          ) : null}
        </Panel>
      ))}
      <List id="procedureTable" columns={lines.columns} rows={lines.rows} status="Line Status" />
    </Page>
  );
}
