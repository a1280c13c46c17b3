/** The views that only say something, or only lead on. */

import { Alert } from '@availity/mui-alert';
import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';

import { Grid, Page, Panel } from './parts';
import { PLACES, type Shown } from './views';

const APPLICATIONS = [
  ['Authorization Request', PLACES.request, 'Ask a payer for an authorization.'],
  ['Auth/Referral Inquiry', PLACES.inquiry, 'Look up a request by member or by number.'],
  ['Auth/Referral Dashboard', PLACES.dashboard, 'What your organization asked for.'],
] as const;

export function Menu() {
  return (
    <Page heading="Authorizations &amp; Referrals">
      <Grid>
        {APPLICATIONS.map(([name, address, says]) => (
          <Panel key={name}>
            <Link href={address} variant="h2">
              {name}
            </Link>
            <Typography color="text.secondary" sx={{ mt: 1 }}>
              {says}
            </Typography>
          </Panel>
        ))}
      </Grid>
    </Page>
  );
}

export function Message({ heading, severity, says }: Extract<Shown, { view: 'message' }>) {
  return (
    <Page heading={heading} crumbs={[{ name: 'Search', url: PLACES.inquiry }]}>
      <Alert severity={severity}>{says}</Alert>
    </Page>
  );
}

export function Problem() {
  return (
    <Page heading="We are unable to process your request">
      <Alert severity="error">Something went wrong on our side. Try again later.</Alert>
    </Page>
  );
}
