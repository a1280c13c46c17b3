/** A portal's pages in Material UI: its table, its text fields, its date picker. */

import {
  Button, Card, CardContent, Container, Stack, Table, TableBody, TableCell, TableHead, TableRow, TextField, Typography,
} from "@mui/material";
import { AdapterDayjs } from "@mui/x-date-pickers/AdapterDayjs";
import { DatePicker } from "@mui/x-date-pickers/DatePicker";
import { LocalizationProvider } from "@mui/x-date-pickers/LocalizationProvider";
import dayjs, { type Dayjs } from "dayjs";
import { type ReactElement, useState } from "react";
import { createRoot } from "react-dom/client";

interface Case {
  number: string;
  member: string;
  name: string;
  born: string;
  code: string;
  visits: string;
  from: string;
  to: string;
  status: string;
}

function Search({ found }: { found: (cases: Case[]) => void }): ReactElement {
  const [number, setNumber] = useState("");
  const [since, setSince] = useState<Dayjs | null>(dayjs("2026-10-01"));
  const look = async (): Promise<void> => {
    const answer = await fetch(`/cases?number=${encodeURIComponent(number)}&since=${since?.format("YYYY-MM-DD") ?? ""}`);
    found((await answer.json()) as Case[]);
  };
  return (
    <Stack spacing={2}>
      <Typography variant="h4" component="h1">Find a case</Typography>
      <TextField label="Case number" value={number} onChange={(event) => setNumber(event.target.value)} />
      <DatePicker label="Since" value={since} onChange={setSince} />
      <Button variant="contained" onClick={() => void look()}>Find</Button>
    </Stack>
  );
}

function Cases({ cases, open }: { cases: Case[]; open: (one: Case) => void }): ReactElement {
  if (cases.length === 0) return <Typography>No case was found</Typography>;
  const columns = ["Case", "Member", "Name", "Born", "Code", "State"];
  return (
    <Table aria-label="Cases">
      <TableHead><TableRow>{columns.map((name) => <TableCell key={name}>{name}</TableCell>)}</TableRow></TableHead>
      <TableBody>
        {cases.map((one) => (
          <TableRow key={one.number}>
            <TableCell><Button onClick={() => open(one)}>{one.number}</Button></TableCell>
            {[one.member, one.name, one.born, one.code, one.status].map((text) => <TableCell key={text}>{text}</TableCell>)}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

function Detail({ one }: { one: Case }): ReactElement {
  const rows = {
    "Case number": one.number, State: one.status, "Member number": one.member, Member: one.name, Born: one.born,
    Procedure: one.code, "Visits granted": one.visits, "Valid from": one.from, "Valid to": one.to,
  };
  return (
    <Card><CardContent>
      <Typography variant="h4" component="h1">Case</Typography>
      {Object.entries(rows).map(([label, value]) => (
        <Stack key={label} direction="row" spacing={2}>
          <Typography color="textSecondary">{label}</Typography>
          <Typography>{value}</Typography>
        </Stack>
      ))}
    </CardContent></Card>
  );
}

function Portal(): ReactElement {
  const [cases, setCases] = useState<Case[] | null>(null);
  const [one, setOne] = useState<Case | null>(null);
  return (
    <LocalizationProvider dateAdapter={AdapterDayjs}>
      <Container sx={{ py: 4 }}>
        {one !== null ? <Detail one={one} /> : <><Search found={setCases} />{cases && <Cases cases={cases} open={setOne} />}</>}
      </Container>
    </LocalizationProvider>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(<Portal />);
