import { Alert } from '@availity/mui-alert';
import { Autocomplete, OrganizationAutocomplete, type Organization } from '@availity/mui-autocomplete';
import { Button } from '@availity/mui-button';
import { FormControlLabel, Radio, RadioGroup } from '@availity/mui-form-utils';
import { TextField } from '@availity/mui-textfield';
import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { DateField, ProviderField } from './fields';
import { Grid, Page, Panel } from './parts';
import { API, PLACES, type Shown } from './views';
import { useVisit } from './visiting';

const EMPTY = {
  organization: '', payer: '', by: 'member', number: '',
  memberId: '', patientBirthDate: '', providerNpi: '', fromDate: '', toDate: '',
};

async function payers(): Promise<string[]> {
  const answer = await fetch(`${API}payers?transactionType=278I`);
  return ((await answer.json()) as { payers: string[] }).payers;
}

/** The form that looks requests up. Payers and providers depend on the organization, and come after it. */
export function Inquiry({ problem, member_id }: Extract<Shown, { view: 'inquiry' }>) {
  const visit = useVisit();
  const [typed, setTyped] = useState(EMPTY);
  const set = (name: keyof typeof EMPTY) => (value: string) => {
    setTyped((before) => ({ ...before, [name]: value }));
  };
  const offered = useQuery(['payers', typed.organization], payers, { enabled: typed.organization !== '' });
  const search = (event: FormEvent) => {
    event.preventDefault();
    void visit(PLACES.search, typed);
  };
  return (
    <Page heading="Auth/Referral Inquiry">
      {problem === '' ? null : (
        <Alert severity="error" sx={{ mb: 2 }}>
          {problem}
        </Alert>
      )}
      <form onSubmit={search} autoComplete="off" noValidate id="inquiry">
        <Panel title="Payer">
          <Grid>
            <OrganizationAutocomplete
              id="organization-field"
              FieldProps={{ label: 'Organization', placeholder: 'Select an organization' }}
              getOptionLabel={(one: Organization) => `${one.customerId} | ${one.name}`}
              isOptionEqualToValue={(option: Organization, value: Organization) => option.id === value.id}
              onChange={(_event: unknown, one: Organization | null) => {
                set('organization')(one?.customerId ?? '');
              }}
            />
            {offered.data === undefined ? null : (
              <Autocomplete
                id="payerId-field"
                options={offered.data}
                FieldProps={{ label: 'Payer', placeholder: 'Select a payer' }}
                onChange={(_event, name: string | null) => {
                  set('payer')(name ?? '');
                }}
              />
            )}
          </Grid>
        </Panel>
        <Panel title="Search by">
          <RadioGroup
            row
            aria-label="Search by"
            value={typed.by}
            onChange={(_event, by) => {
              set('by')(by);
            }}
            sx={{ mb: 2 }}
          >
            <FormControlLabel value="member" control={<Radio />} label="Member" />
            <FormControlLabel value="number" control={<Radio />} label="Certification or reference number" />
          </RadioGroup>
          {typed.by === 'member' ? (
            <Grid>
              <TextField
                id="memberId"
                label={member_id}
                value={typed.memberId}
                onChange={(event) => {
                  set('memberId')(event.target.value);
                }}
              />
              <DateField id="patientBirthDate" label="Patient Date of Birth" onChange={set('patientBirthDate')} />
              <ProviderField
                id="provider"
                label="Requesting Provider"
                customerId={typed.organization}
                onChange={set('providerNpi')}
              />
              <DateField id="serviceDates-start" label="From Date" onChange={set('fromDate')} />
              <DateField id="serviceDates-end" label="To Date" onChange={set('toDate')} />
            </Grid>
          ) : (
            <Grid>
              <TextField
                id="number"
                label="Certification/Reference Number"
                value={typed.number}
                onChange={(event) => {
                  set('number')(event.target.value);
                }}
              />
            </Grid>
          )}
          <Box sx={{ mt: 3 }}>
            <Button type="submit" color="primary">
              Search
            </Button>
          </Box>
        </Panel>
      </form>
    </Page>
  );
}
