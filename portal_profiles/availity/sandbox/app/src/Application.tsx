/** The one document behind every address in the shell's frame: which view stands, and the way to the next. */

import { BlockUi } from '@availity/mui-block-ui';
import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider } from '@mui/material/styles';
import { LocalizationProvider } from '@mui/x-date-pickers';
import { AdapterDayjs } from '@mui/x-date-pickers/AdapterDayjs';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';

import { Dashboard } from './Dashboard';
import { Inquiry } from './Inquiry';
import { Menu, Message, Problem } from './messages';
import { RecordPage } from './RecordPage';
import { Results } from './Results';
import { theme } from './theme';
import type { Shown } from './views';
import { ask, Visiting, type Visit } from './visiting';
import { Confirmation, Wizard } from './Wizard';

const queries = new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } });

export function Application({ first }: { first: Shown }) {
  const [shown, setShown] = useState<Shown | { view: 'problem' }>(first);
  const [waiting, setWaiting] = useState(false);

  const show = useCallback(async (address: string, body: unknown, remember: boolean) => {
    setWaiting(true);
    try {
      const next = await ask(address, body);
      if (next === null) return;
      if (remember) history.pushState(null, '', next.at);
      setShown(next.shown);
      scrollTo(0, 0);
    } catch {
      // No answer at all: the person is told, as the server tells it of its own faults.
      setShown({ view: 'problem' });
    } finally {
      setWaiting(false);
    }
  }, []);
  const visit = useCallback<Visit>((address, body) => show(address, body, true), [show]);

  useEffect(() => {
    const back = () => void show(location.pathname + location.search, undefined, false);
    addEventListener('popstate', back);
    return () => {
      removeEventListener('popstate', back);
    };
  }, [show]);

  return (
    <QueryClientProvider client={queries}>
      <ThemeProvider theme={theme}>
        <LocalizationProvider dateAdapter={AdapterDayjs}>
          <CssBaseline />
          <Visiting.Provider value={visit}>
            <BlockUi blocking={waiting} keepInView message="Loading">
              <View shown={shown} />
            </BlockUi>
          </Visiting.Provider>
        </LocalizationProvider>
      </ThemeProvider>
    </QueryClientProvider>
  );
}

function View({ shown }: { shown: Shown | { view: 'problem' } }) {
  switch (shown.view) {
    case 'menu':
      return <Menu />;
    case 'inquiry':
      return <Inquiry {...shown} />;
    case 'message':
      return <Message {...shown} />;
    case 'results':
      return <Results {...shown} />;
    case 'record':
      return <RecordPage {...shown} />;
    case 'wizard':
      return <Wizard {...shown} />;
    case 'confirmation':
      return <Confirmation {...shown} />;
    case 'dashboard':
      return <Dashboard {...shown} />;
    case 'problem':
      return <Problem />;
  }
}
