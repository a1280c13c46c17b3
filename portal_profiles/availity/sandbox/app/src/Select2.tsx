/**
 * A styled picker in front of a hidden select, as the capture of the portal's request form shows them: the visible
 * ids change with every render, the select's own does not, and the container stands right before its select.
 */

import Box from '@mui/material/Box';
import { useRef, useState } from 'react';

import { API } from './views';

export type Option = [value: string, text: string];

/** Codes that a picker looks up while one types. */
export type Looked = 'diagnosis' | 'procedure';

let drawn = 0;

const style = {
  position: 'relative',
  '& .select2-container': { position: 'relative', border: '1px solid #8e99a4', borderRadius: 1, minHeight: 40, background: 'linear-gradient(#fff, #f0f2f4)' },
  '& .select2-choice': { display: 'block', p: '9px 28px 8px 12px', minHeight: 38, color: 'text.primary', textDecoration: 'none' },
  '& .select2-choice::after': { content: '"▾"', position: 'absolute', right: 11, top: 8 },
  '& .select2-focusser': { position: 'absolute', opacity: 0, width: '1px', height: '1px', border: 0, p: 0 },
  '& .select2-drop': { position: 'absolute', zIndex: 30, left: -1, right: -1, top: '100%', background: '#fff', border: '1px solid #8e99a4', p: 0.5 },
  '& .select2-drop ul': { listStyle: 'none', m: '4px 0 0', p: 0, maxHeight: 190, overflow: 'auto' },
  '& .select2-drop li': { p: '5px 8px', cursor: 'pointer' },
  '& .select2-drop li:hover': { background: '#e8f2fb' },
  '& .select2-input': { width: '100%', font: 'inherit', p: '5px 8px' },
  '& .select2-offscreen': { position: 'absolute', clipPath: 'inset(50%)', width: '1px', height: '1px', border: 0, p: 0 },
};

async function codes(kind: Looked, typed: string): Promise<Option[]> {
  const answer = await fetch(`${API}codes?kind=${kind}&q=${encodeURIComponent(typed)}`);
  const found = (await answer.json()) as { codes: string[] };
  return found.codes.map((code) => [code, code]);
}

/** `options` of a list that is there; with `looks`, nothing is preloaded and what is typed is looked up. */
export function Select2({ id, caption, options = [], looks }: { id: string; caption: string; options?: Option[]; looks?: Looked }) {
  const select = useRef<HTMLSelectElement>(null);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState('');
  const [found, setFound] = useState<Option[]>(options);
  drawn += 2;

  const choose = ([value, text]: Option) => {
    const list = select.current;
    if (list === null) return;
    if (looks !== undefined) list.replaceChildren(new Option('', ''), new Option(text, value));
    list.value = value;
    list.dispatchEvent(new Event('change', { bubbles: true }));
    setOpen(false);
  };

  return (
    <Box className="select2-field" data-select={id} sx={style}>
      <Box component="span" className="caption" sx={{ display: 'block', fontWeight: 600, fontSize: 13, mb: 0.5 }}>
        {caption}
      </Box>
      <div className="select2-container" id={`s2id_autogen${drawn}`}>
        <a
          className="select2-choice"
          href="#"
          onClick={(event) => {
            event.preventDefault();
            setOpen(!open);
          }}
        >
          <span className="select2-chosen">{chosen}</span>
        </a>
        <input className="select2-focusser" id={`s2id_autogen${drawn + 1}`} aria-label={caption} readOnly />
        {open ? (
          <div className="select2-drop">
            {looks === undefined ? null : (
              <input
                className="select2-input"
                aria-label="Search codes"
                autoFocus
                onChange={(event) => {
                  void codes(looks, event.target.value).then(setFound);
                }}
              />
            )}
            <ul>
              {found.map((option) => (
                <li
                  key={option[0]}
                  role="option"
                  aria-selected={option[1] === chosen}
                  onMouseDown={(event) => {
                    event.preventDefault();
                    choose(option);
                  }}
                >
                  {option[1]}
                </li>
              ))}
            </ul>
          </div>
        ) : null}
      </div>
      <select
        ref={select}
        id={id}
        name={id}
        className="select2-offscreen"
        tabIndex={-1}
        aria-hidden="true"
        defaultValue=""
        onChange={(event) => {
          setChosen(event.target.selectedOptions[0]?.textContent ?? '');
        }}
      >
        <option value=""></option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Box>
  );
}
