import { Alert } from '@availity/mui-alert';

import { List, Page } from './parts';
import type { Shown } from './views';

/** What was sent from this organization. */
export function Dashboard({ columns, rows, status }: Extract<Shown, { view: 'dashboard' }>) {
  return (
    <Page heading="Auth/Referral Dashboard">
      <List id="dashboardTable" columns={columns} rows={rows} status={status} sorted />
      {rows.length === 0 ? <Alert severity="info">Nothing was sent from this organization yet.</Alert> : null}
    </Page>
  );
}
