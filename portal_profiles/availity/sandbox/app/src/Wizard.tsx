/**
 * The six-step request. Next on steps 1 to 5 and Submit on step 6 are one element, and earlier steps stay in the
 * page, hidden: both are documented of the portal, as are the ids.
 */

import { Alert } from '@availity/mui-alert';
import { Button } from '@availity/mui-button';
import { Stepper } from '@availity/mui-stepper';
import { TextField } from '@availity/mui-textfield';
import Box from '@mui/material/Box';
import Step from '@mui/material/Step';
import StepLabel from '@mui/material/StepLabel';
import dayjs from 'dayjs';
import { useRef, useState, type ReactNode } from 'react';

import { DateField, ProviderField, US_DATE } from './fields';
import { Grid, Page, Panel, Values } from './parts';
import { Select2, type Option } from './Select2';
import { API, PLACES, type Labelled, type Shown } from './views';
import { useVisit } from './visiting';

const STEPS = ['Member', 'Requesting Provider', 'Service', 'Rendering Provider', 'Attachments', 'Summary'];
const NEEDED: Record<number, string[]> = {
  1: ['organization', 'requestType', 'payer', 'subscriber.memberId', 'patient.birthDate'],
  2: ['requestingProvider.phone'],
  3: ['placeOfServiceCode', 'fromDate', 'quantity', 'quantityTypeCode', 'diagnoses.0.code', 'procedures.0.code'],
};
const PLACES_OF_SERVICE: Option[] = [
  ['11', '11 - Office'],
  ['12', '12 - Home'],
  ['21', '21 - Inpatient Hospital'],
  ['22', '22 - On Campus-Outpatient Hospital'],
  ['24', '24 - Ambulatory Surgical Center'],
];
const QUANTITY_TYPES: Option[] = [['VS', 'Visits'], ['DY', 'Days'], ['FL', 'Units'], ['HS', 'Hours'], ['MN', 'Months']];

type Values_ = Record<string, string>;

async function send<Answer>(path: string, values: Values_): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(API + path, { method: 'POST', headers, body: JSON.stringify(values) });
  return (await answer.json()) as Answer;
}

/** The summary is known to show dates a day earlier than they were typed. */
function earlier(date: string): string {
  const day = dayjs(date, US_DATE);
  return day.isValid() ? day.subtract(1, 'day').format(US_DATE) : date;
}

export function Wizard({ member_id, organizations, payers }: Extract<Shown, { view: 'wizard' }>) {
  const visit = useVisit();
  const form = useRef<HTMLFormElement>(null);
  const picked = useRef<Values_>({});
  const [step, setStep] = useState(1);
  const [missing, setMissing] = useState(false);
  const [customerId, setCustomerId] = useState(organizations[0]?.split(' | ')[0] ?? '');
  const [summary, setSummary] = useState<Labelled[]>([]);

  const values = (): Values_ => {
    const typed = new FormData(form.current ?? undefined);
    return { ...Object.fromEntries([...typed].map(([name, value]) => [name, typeof value === 'string' ? value : ''])), ...picked.current };
  };
  const go = (to: number) => {
    // The application changes under the same frame part-way.
    history.replaceState(null, '', to < 3 ? PLACES.request : PLACES.dashboard);
    setMissing(false);
    setStep(to);
  };
  const next = async () => {
    const all = values();
    if ((NEEDED[step] ?? []).some((id) => !all[id])) {
      setMissing(true);
      return;
    }
    if (step === 5) {
      const { transaction } = await send<{ transaction: string }>('um/evaluate', all);
      setSummary([
        ['Transaction ID', transaction],
        ['Member ID', all['subscriber.memberId'] ?? ''],
        ['Procedure Code', all['procedures.0.code'] ?? ''],
        ['From Date', earlier(all.fromDate ?? '')],
        ['To Date', earlier(all.toDate ?? '')],
      ]);
    }
    if (step === 6) {
      await send('um/submit', all);
      await visit(PLACES.confirmation);
      return;
    }
    go(step + 1);
  };
  const pick = (role: string) => (npi: string) => {
    picked.current = { ...picked.current, [role]: npi };
  };
  const part = (number: number, title: string, children: ReactNode) => (
    <Box className="step" data-step={number} hidden={step !== number}>
      <Panel title={title}>{children}</Panel>
    </Box>
  );

  return (
    <Page heading="Authorization Request">
      <Stepper activeStep={step - 1} sx={{ mb: 3 }}>
        {STEPS.map((name) => (
          <Step key={name}>
            <StepLabel>{name}</StepLabel>
          </Step>
        ))}
      </Stepper>
      {missing ? (
        <Alert id="missing" severity="error" sx={{ mb: 2 }}>
          Fill in every required field of this step.
        </Alert>
      ) : null}
      <form ref={form} id="wizard" autoComplete="off" onSubmit={(event) => { event.preventDefault(); }}>
        {part(1, 'Member', (
          <Grid>
            <Box onChange={(event) => { setCustomerId((event.target as HTMLSelectElement).value.split(' | ')[0] ?? ''); }}>
              <Select2 id="organization" caption="Organization" options={organizations.map((name) => [name, name])} />
            </Box>
            <Select2 id="requestType" caption="Request Type" options={[['HS', 'Outpatient Authorization'], ['AR', 'Inpatient Authorization']]} />
            <Select2 id="payer" caption="Payer" options={payers.map((name, at) => [`P${at + 1}`, name])} />
            <TextField id="subscriber.memberId" name="subscriber.memberId" label={member_id} />
            <DateField id="patient.birthDate" label="Patient Date of Birth" />
            <Select2 id="patient.subscriberRelationshipCode" caption="Relationship to Subscriber" options={[['18', 'Self'], ['01', 'Spouse'], ['19', 'Child']]} />
            <Select2 id="genderCode" caption="Gender" options={[['F', 'Female'], ['M', 'Male'], ['U', 'Unknown']]} />
          </Grid>
        ))}
        {part(2, 'Requesting Provider', (
          <>
            <Alert id="eligibility" severity="info" sx={{ mb: 2 }}>
              Status A
            </Alert>
            <Grid>
              <ProviderField id="search.requestingProvider.npi" label="Requesting Provider" customerId={customerId} onChange={pick('requestingProvider')} />
              <TextField id="requestingProvider.phone" name="requestingProvider.phone" label="Phone" />
            </Grid>
          </>
        ))}
        {part(3, 'Service', (
          <Grid>
            <Select2 id="serviceTypeCode" caption="Service Type" options={[['1', '1'], ['2', '2'], ['3', '3'], ['PT', 'PT']]} />
            <Select2 id="placeOfServiceCode" caption="Place of Service" options={PLACES_OF_SERVICE} />
            <Select2 id="serviceLevelCode" caption="Level of Service" options={[['E', 'Elective'], ['U', 'Urgent']]} />
            <DateField id="fromDate" label="From Date" />
            <DateField id="toDate" label="To Date" />
            <TextField id="quantity" name="quantity" label="Quantity" />
            <Select2 id="quantityTypeCode" caption="Quantity Type" options={QUANTITY_TYPES} />
            <Select2 id="diagnoses.0.code" caption="Diagnosis Code" looks="diagnosis" />
          </Grid>
        ))}
        {[0, 1].map((number) => (
          <Box key={number} hidden={step !== 3}>
            <Panel title={`Procedure ${number + 1}`}>
              <div className="procedure">
                <Grid>
                  <Select2 id={`procedures.${number}.qualifierCode`} caption="Procedure Qualifier" options={[['HC', 'HCPCS'], ['N4', 'NDC']]} />
                  <Select2 id={`procedures.${number}.code`} caption="Procedure Code" looks="procedure" />
                  <TextField id={`procedures.${number}.serviceQuantity`} name={`procedures.${number}.serviceQuantity`} label="Procedure Quantity" />
                  <Select2 id={`procedures.${number}.serviceQuantityTypeCode`} caption="Procedure Quantity Type" options={QUANTITY_TYPES} />
                </Grid>
              </div>
            </Panel>
          </Box>
        ))}
        {part(4, 'Rendering Provider', (
          <Grid>
            <Select2 id="search.roleCode" caption="Provider Role" options={[['P3', 'Primary Care'], ['FA', 'Facility']]} />
            <ProviderField id="search.renderingProviders.serviceProvider.0.npi" label="Service Provider" customerId={customerId} onChange={pick('serviceProvider')} />
            <ProviderField id="search.renderingProviders.facility.0.npi" label="Facility" customerId={customerId} onChange={pick('facility')} />
          </Grid>
        ))}
        {part(5, 'Attachments', (
          <>
            <label htmlFor="filePicker-1">Supporting documents (optional)</label>
            <input type="file" id="filePicker-1" style={{ display: 'block', margin: '6px 0 18px' }} />
            <TextField id="providerNotes.0.message" name="providerNotes.0.message" label="Notes" multiline rows={3} inputProps={{ maxLength: 264 }} />
          </>
        ))}
        {part(6, 'Summary', (
          <>
            <Alert id="evaluation" severity="warning" sx={{ mb: 2 }}>
              Authorization - Undetermined
            </Alert>
            <div id="summary">
              <Values values={summary} />
            </div>
            <Box sx={{ display: 'flex', gap: 2, mt: 2 }}>
              <Button id="printButton" color="secondary" onClick={() => { print(); }}>Print</Button>
              <Button id="nextStepsButton" color="secondary">Next Steps</Button>
            </Box>
          </>
        ))}
        <Box sx={{ display: 'flex', gap: 2 }}>
          <Button id="authWizardPreviousButton" color="secondary" disabled={step === 1} onClick={() => { go(step - 1); }}>
            Previous
          </Button>
          <Button id="authWizardNextButton" color="primary" onClick={() => void next()}>
            {step === 6 ? 'Submit' : 'Next'}
          </Button>
        </Box>
      </form>
    </Page>
  );
}

/** What was sent. It is shown once. */
export function Confirmation({ values, status }: Extract<Shown, { view: 'confirmation' }>) {
  return (
    <Page heading="Authorization Request Sent">
      <Panel>
        <Values values={values} status={status} />
      </Panel>
      <Alert severity="info">
        This page can&apos;t be opened again. A reference number is not a certification number.
      </Alert>
    </Page>
  );
}
