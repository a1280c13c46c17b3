/** What the server shows at an address: the one list of the application's views and of what each is given. */

/** A label and its value, as they stand on a page. */
export type Labelled = [label: string, value: string];

export interface Section {
  title: string;
  test_id: string;
  values: Labelled[];
}

/** A table: the last column of a list is what opens its rows. */
export interface Listed {
  columns: string[];
  rows: string[][];
}

export type Shown =
  | { view: 'menu' }
  | { view: 'message'; heading: string; severity: 'error' | 'warning' | 'info' | 'success'; says: string }
  | { view: 'inquiry'; problem: string; member_id: string }
  | ({ view: 'results'; opens: string[]; status: string; total: number; page: number; pages: number } & Listed)
  | {
      view: 'record';
      status: string;
      sections: Section[];
      note: string;
      letter: string | null;
      cancel: string;
      lines: Listed;
    }
  | { view: 'wizard'; member_id: string; organizations: string[]; payers: string[] }
  | { view: 'confirmation'; status: string; values: Labelled[] }
  | ({ view: 'dashboard'; status: string } & Listed);

/** Where the application's views are, in the frame of the shell. */
export const PLACES = {
  menu: '/static/web/post/um/menu-ui/',
  inquiry: '/static/web/post/um/inquiry-ui/',
  search: '/static/web/post/um/inquiry-ui/search',
  results: '/static/web/post/um/inquiry-ui/results',
  request: '/static/web/post/um/clip-ui/',
  dashboard: '/static/web/post/um/dashboard-ui/',
  confirmation: '/static/web/post/um/dashboard-ui/confirmation',
};

export const API = '/ms/api/availity/internal/';
