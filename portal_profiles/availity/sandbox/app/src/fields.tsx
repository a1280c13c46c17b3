/** The fields that come from Availity's own set: a date, and a provider from a list that is looked up. */

import { ProviderAutocomplete, type Provider } from '@availity/mui-autocomplete';
import { Datepicker } from '@availity/mui-datepicker';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';

/** How a date is shown and sent. */
export const US_DATE = 'MM/DD/YYYY';

/** A date, typed or taken from the calendar. `onChange` has MM/DD/YYYY, or "" for what is no date. */
export function DateField({ id, label, onChange }: { id: string; label: string; onChange?: (date: string) => void }) {
  const [value, setValue] = useState<Dayjs | null>(null);
  return (
    <Datepicker
      name={id}
      value={value}
      format={US_DATE}
      FieldProps={{ id, label, fullWidth: true }}
      onChange={(date) => {
        setValue(date);
        onChange?.(date?.isValid() ? date.format(US_DATE) : '');
      }}
    />
  );
}

/** A provider of the organization, looked up by name or NPI as one types. */
export function ProviderField({
  id,
  label,
  customerId,
  onChange,
}: {
  id: string;
  label: string;
  customerId: string;
  onChange: (npi: string) => void;
}) {
  return (
    <ProviderAutocomplete
      id={id}
      customerId={customerId}
      queryKey={`providers of ${id}`}
      FieldProps={{ label, name: id, placeholder: 'Name or NPI' }}
      isOptionEqualToValue={(option: Provider, value: Provider) => option.npi === value.npi}
      onChange={(_event: unknown, provider: Provider | null) => {
        onChange(provider?.npi ?? '');
      }}
    />
  );
}
