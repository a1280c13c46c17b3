import { browser } from 'wxt/browser';
import { h, sign } from '../../lib/elements';
import { ask, type Pairing, type PortalPermission } from '../../lib/messages';
import { serverOrigin } from '../../lib/server';
import { t } from '../../lib/words';

const main = document.getElementById('main') ?? document.body;
document.documentElement.lang = t('language');
document.title = `Tallystick: ${t('options')}`;

async function draw(): Promise<void> {
  const [{ pairing, managed_address }, portals] = await Promise.all([ask('device/pairing', {}), ask('portals/list', {})]);
  main.replaceChildren(pairing ? paired(pairing) : pairingForm(managed_address), portalsCard(portals), privacy());
}

function card(title: string, ...children: (Node | false)[]): HTMLElement {
  return h('section', { class: 'card' }, h('h2', {}, title), ...children);
}

function paired(pairing: Pairing): HTMLElement {
  const said = h('p', { class: 'said', role: 'status' });
  const verify = h('button', { type: 'button', class: 'action second' }, t('verify'));
  verify.addEventListener('click', () => {
    said.textContent = t('verifying');
    void ask('device/verify', {}).then((done) => {
      said.textContent = done.ok ? t('verified') : `${t(`because_${done.because}`)} ${done.message}`;
    });
  });
  const forget = h('button', { type: 'button', class: 'action second' }, t('forget'));
  forget.addEventListener('click', () => void ask('device/forget', {}).then(draw));
  return card(
    t('pairing_title'),
    h('div', { class: 'state clear' }, sign('clear', 24), h('div', {}, h('strong', {}, t('paired_with', pairing.clinic)), h('span', {}, t('paired_as', pairing.name, pairing.user)))),
    h('dl', { class: 'halves' }, h('dt', {}, t('server_address')), h('dd', {}, pairing.address)),
    h('div', { class: 'row' }, verify, forget),
    h('p', { class: 'hint' }, t('forget_hint')),
    said,
  );
}

function pairingForm(managed: string | null): HTMLElement {
  const address = h('input', { id: 'address', type: 'text', inputmode: 'url', autocomplete: 'url', spellcheck: 'false', required: true, 'aria-describedby': 'address-hint', placeholder: 'https://tallystick.clinic.example' });
  if (managed !== null) {
    address.value = managed;
    address.readOnly = true;
  }
  const code = h('input', { id: 'code', class: 'code', type: 'text', autocomplete: 'one-time-code', spellcheck: 'false', maxlength: '11', required: true, 'aria-describedby': 'code-hint' });
  const name = h('input', { id: 'name', type: 'text', maxlength: '60', required: true, 'aria-describedby': 'name-hint' });
  const said = h('p', { class: 'said', role: 'alert' });
  const send = h('button', { type: 'submit', class: 'action' }, t('pair'));
  const form = h(
    'form',
    { class: 'stack', novalidate: true },
    h('div', {}, h('label', { for: 'address' }, t('server_address')), address, h('p', { class: 'hint', id: 'address-hint' }, t(managed === null ? 'address_hint' : 'address_managed'))),
    h('div', {}, h('label', { for: 'code' }, t('pairing_code')), code, h('p', { class: 'hint', id: 'code-hint' }, t('code_hint'))),
    h('div', {}, h('label', { for: 'name' }, t('device_name')), name, h('p', { class: 'hint', id: 'name-hint' }, t('name_hint'))),
    send,
    said,
  );
  const wrong = (input: HTMLInputElement, message: string): void => {
    input.setAttribute('aria-invalid', 'true');
    said.textContent = message;
    input.focus();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    for (const input of [address, code, name]) input.removeAttribute('aria-invalid');
    if (serverOrigin(address.value) === null) {
      wrong(address, t('address_wrong'));
      return;
    }
    if (code.value.replaceAll(/[\s-]/g, '').length !== 8) {
      wrong(code, t('code_wrong'));
      return;
    }
    if (name.value.trim() === '') {
      wrong(name, t('name_wrong'));
      return;
    }
    send.disabled = true;
    said.textContent = t('pairing_now');
    void ask('device/pair', { address: address.value, code: code.value, name: name.value }).then(async (done) => {
      send.disabled = false;
      if (done.ok) await draw();
      else if (done.because === 'server_not_reached' || done.because === 'too_slow') wrong(address, done.message.includes(' ') ? done.message : t('pair_not_reached'));
      else wrong(code, done.message === '' ? t('because_server_failed') : done.message);
    });
  });
  return card(t('pairing_title'), h('p', { class: 'quiet' }, t('pairing_words')), form);
}

function portalsCard(portals: PortalPermission[]): HTMLElement {
  return card(
    t('portals_title'),
    h('p', { class: 'quiet' }, t('portals_words')),
    h('div', {}, ...portals.map(portalRow)),
  );
}

function portalRow(portal: PortalPermission): HTMLElement {
  const change = h('button', { type: 'button', class: portal.granted ? 'action second' : 'action', 'aria-label': t(portal.granted ? 'revoke_for' : 'grant_for', portal.name) }, t(portal.granted ? 'revoke' : 'grant'));
  change.addEventListener('click', () => {
    const { origins } = portal;
    // Asked for directly in the click: browsers show their prompt only then.
    void (portal.granted ? browser.permissions.remove({ origins }) : browser.permissions.request({ origins })).then(draw);
  });
  return h(
    'div',
    { class: 'portal' },
    sign(portal.granted ? 'clear' : 'off', 20),
    h('div', {}, h('strong', {}, portal.name), ' ', h('span', { class: 'quiet' }, t(portal.granted ? 'is_on' : 'is_off')), h('div', {}, ...portal.origins.map((origin) => h('div', {}, h('code', {}, origin.replace(/\/\*$/, '')))))),
    !portal.fixed && change,
  );
}

function privacy(): HTMLElement {
  return card(t('privacy_title'), ...['privacy_1', 'privacy_2', 'privacy_3', 'privacy_4'].map((key) => h('p', {}, t(key))));
}

browser.permissions.onAdded.addListener(() => void draw());
browser.permissions.onRemoved.addListener(() => void draw());
void draw();
