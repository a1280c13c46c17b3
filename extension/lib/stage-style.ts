// How marks and summary look inside a portal's page: quiet, readable, and the same without colour.

export const STYLE = `
:host { color-scheme: light dark; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.layer, .summary, .card, .mark {
  --surface: #ffffff; --ink: #16202e; --soft: #51606f; --line: #d3dae2; --shade: 0 6px 24px rgb(15 23 42 / 18%), 0 1px 3px rgb(15 23 42 / 14%);
  --denial: #9f1239; --denial-soft: #fff1f3; --caution: #854d0e; --caution-soft: #fff8e6; --fine: #166534; --fine-soft: #effaf2;
  --unknown: #475569; --unknown-soft: #f1f4f8; --focus: #1d4ed8; --action: #1e3a5f; --action-ink: #ffffff;
  font: 13px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; letter-spacing: normal; text-align: start; color: var(--ink);
}
@media (prefers-color-scheme: dark) {
  .layer, .summary, .card, .mark {
    --surface: #1b2430; --ink: #eef2f6; --soft: #a9b6c4; --line: #3a4757; --shade: 0 6px 24px rgb(0 0 0 / 55%);
    --denial: #fda4b4; --denial-soft: #3d1a24; --caution: #fcd47c; --caution-soft: #3a2d10; --fine: #86e0a2; --fine-soft: #16321f;
    --unknown: #b6c2cf; --unknown-soft: #273240; --focus: #93c5fd; --action: #cfe0f5; --action-ink: #10203a;
  }
}
.sign { flex: none; display: block; }
.sign .outline { fill: var(--tone-soft, none); stroke: var(--tone, currentColor); stroke-width: 1.4; stroke-linejoin: round; }
.sign .inner { fill: none; stroke: var(--tone, currentColor); stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.denial { --tone: var(--denial); --tone-soft: var(--denial-soft); }
.caution { --tone: var(--caution); --tone-soft: var(--caution-soft); }
.clear { --tone: var(--fine); --tone-soft: var(--fine-soft); }
.could_not, .checking, .record, .overridden { --tone: var(--unknown); --tone-soft: var(--unknown-soft); }

button { font: inherit; color: inherit; margin: 0; cursor: pointer; }
button:focus-visible, summary:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }

.frame { position: fixed; pointer-events: none; border-radius: 5px; border: 2px solid var(--tone); }
.frame.pointer { border-color: var(--focus); box-shadow: 0 0 0 3px rgb(59 130 246 / 30%); }
.frame.caution { border-style: dashed; }
.mark {
  position: fixed; display: inline-flex; align-items: center; gap: 5px; height: 24px; padding: 0 8px 0 5px; white-space: nowrap;
  background: var(--tone-soft); color: var(--tone); border: 1px solid var(--tone); border-radius: 5px; font-size: 12px; font-weight: 600;
}
.mark.small { width: 24px; padding: 0; justify-content: center; }
.mark.small .words { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.mark .words { max-width: 260px; overflow: hidden; text-overflow: ellipsis; }

.card {
  position: fixed; width: 320px; max-width: calc(100vw - 8px); max-height: calc(100vh - 8px); overflow: auto;
  background: var(--surface); border: 1px solid var(--line); border-radius: 9px; box-shadow: var(--shade); padding: 12px 14px;
}
.finding + .finding { border-top: 1px solid var(--line); margin-top: 10px; padding-top: 10px; }
.finding h3 { display: flex; gap: 7px; align-items: center; margin: 0; font-size: 13px; font-weight: 650; }
.finding h3 .level { margin-inline-start: auto; font-size: 11px; font-weight: 600; color: var(--tone); white-space: nowrap; }
.finding p { margin: 5px 0 0; }
.finding .why { color: var(--soft); }
.finding .next { font-weight: 600; }
.finding .carc { color: var(--soft); font-size: 12px; }
.halves { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; margin: 6px 0 0; }
.halves dt { color: var(--soft); }
.halves dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }

.summary {
  position: fixed; width: 340px; max-width: calc(100vw - 16px); background: var(--surface); border: 1px solid var(--line); border-radius: 10px;
  box-shadow: var(--shade); display: flex; flex-direction: column; max-height: min(70vh, 560px);
}
.summary.folded { width: auto; }
.bar { flex: none; display: flex; align-items: center; gap: 8px; padding: 7px 7px 7px 11px; min-height: 42px; }
.bar .says { flex: 1; font-weight: 650; min-width: 0; }
.standing { display: block; max-width: 290px; font-weight: 400; font-size: 12px; color: var(--soft); overflow-wrap: anywhere; }
.tool {
  flex: none; width: 28px; height: 28px; display: grid; place-items: center; border: 1px solid transparent; border-radius: 6px; background: none; color: var(--soft);
}
.tool:hover { background: var(--unknown-soft); color: var(--ink); }
.tool svg { display: block; }
.tool.move { cursor: grab; touch-action: none; }
.body { overflow: auto; padding: 2px 14px 12px; border-top: 1px solid var(--line); }
.body > * { margin: 10px 0 0; }
.body .quiet { color: var(--soft); }
.body ul { padding: 0; list-style: none; }
.body details summary { cursor: pointer; color: var(--soft); }
.body details ul { margin: 6px 0 0; color: var(--soft); columns: 2; }
.body li + li { border-top: 1px solid var(--line); margin-top: 10px; padding-top: 10px; }
.body details ul.left { columns: 1; }
.link { padding: 2px 0; margin-top: 4px; border: 0; background: none; color: var(--focus); text-decoration: underline; text-underline-offset: 2px; }
.action {
  display: inline-flex; align-items: center; justify-content: center; min-height: 32px; padding: 4px 12px; border-radius: 7px;
  border: 1px solid var(--action); background: var(--action); color: var(--action-ink); font-weight: 600;
}
.action.second { background: none; color: inherit; border-color: var(--line); }
.action[disabled] { opacity: .6; cursor: default; }
.choice .choices { margin-top: 6px; }
.choice p { margin: 0; }
.choice .said { font-weight: 600; }
.choices { display: grid; gap: 6px; }
.choices .action { justify-content: flex-start; text-align: start; font-weight: 500; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (forced-colors: active) {
  .frame { border-color: Highlight; forced-color-adjust: none; }
  .mark, .card, .summary, .action { border-color: CanvasText; }
}
@media print { .layer, .summary, .card { display: none; } }
`;
