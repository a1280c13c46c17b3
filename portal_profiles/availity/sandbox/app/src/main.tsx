import { createRoot } from 'react-dom/client';

import { Application } from './Application';
import type { Shown } from './views';

const given = document.getElementById('shown');
const root = document.getElementById('root');
if (given !== null && root !== null) {
  createRoot(root).render(<Application first={JSON.parse(given.textContent) as Shown} />);
}
