declare module 'virtual:portals' {
  import type { Portal } from './portals';

  export const portals: Portal[];
}
