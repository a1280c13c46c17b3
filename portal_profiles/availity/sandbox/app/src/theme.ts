/** Colours and sizes in the manner of the portal's own theme; its packages @availity/theme name no licence. */

import { createTheme } from '@mui/material/styles';

const line = '#c7cfd6';

export const theme = createTheme({
  palette: {
    primary: { main: '#0a5aa8' },
    secondary: { main: '#33475b' },
    success: { main: '#1f7a3d' },
    warning: { main: '#9a6700' },
    error: { main: '#a61b1b' },
    text: { primary: '#22272b', secondary: '#56616b' },
    background: { default: '#f4f6f8' },
  },
  shape: { borderRadius: 4 },
  typography: {
    fontFamily: '"Open Sans", "Segoe UI", "DejaVu Sans", sans-serif',
    fontSize: 13,
    h1: { fontSize: 26, fontWeight: 600 },
    h2: { fontSize: 18, fontWeight: 600 },
    button: { textTransform: 'none', fontWeight: 600 },
  },
  components: {
    MuiButton: {
      defaultProps: { variant: 'contained', disableElevation: true },
      styleOverrides: {
        containedSecondary: {
          background: '#fff',
          color: '#0a5aa8',
          border: '1px solid #0a5aa8',
          '&:hover': { background: '#e8f2fb' },
          '&.Mui-disabled': { borderColor: line },
        },
      },
    },
    MuiTextField: { defaultProps: { size: 'small', fullWidth: true } },
    MuiAutocomplete: { styleOverrides: { endAdornment: { display: 'flex', alignItems: 'center' } } },
    MuiFormLabel: {
      styleOverrides: {
        root: { fontWeight: 600, fontSize: 13, color: '#22272b', marginBottom: 4, maxWidth: 'none' },
        asterisk: { color: '#a61b1b' },
      },
    },
    MuiOutlinedInput: {
      styleOverrides: {
        root: { background: '#fff' },
        notchedOutline: { borderColor: '#8e99a4', top: 0, '& legend': { display: 'none' } },
      },
    },
    MuiCard: { defaultProps: { variant: 'outlined' }, styleOverrides: { root: { borderColor: line } } },
    MuiTableCell: {
      styleOverrides: {
        root: { borderColor: line, padding: '9px 12px' },
        head: { background: '#eef2f5', fontWeight: 600, lineHeight: 1.35 },
      },
    },
    MuiChip: { styleOverrides: { root: { fontWeight: 600 } } },
  },
});
