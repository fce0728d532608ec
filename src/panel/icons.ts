import { LabIcon } from '@jupyterlab/ui-components';

/** Lines of text, one of them shaded: the panel's icon. */
export const panelIcon = new LabIcon({
  name: 'lit-lab:panel',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <rect x="3" y="4" width="12" height="2.5" rx="1.25" opacity=".45"/>
    <rect x="3" y="9" width="18" height="2.5" rx="1.25" opacity=".7"/>
    <rect x="3" y="13" width="18" height="4.5" rx="1.5"/>
    <rect x="3" y="19" width="9" height="2.5" rx="1.25" opacity=".45"/>
  </g>
</svg>`
});

/** A frame with its main part filled: move to the main area. */
export const toMainIcon = new LabIcon({
  name: 'lit-lab:to-main-area',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M4 4h16a1.5 1.5 0 0 1 1.5 1.5v13A1.5 1.5 0 0 1 20 20H4a1.5 1.5 0 0 1-1.5-1.5v-13A1.5 1.5 0 0 1 4 4zm12 1.8v12.4h3.7V5.8z" fill-rule="evenodd"/>
  </g>
</svg>`
});

/** A frame with its right column filled: move to the side panel. */
export const toSideIcon = new LabIcon({
  name: 'lit-lab:to-side-panel',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M4 4h16a1.5 1.5 0 0 1 1.5 1.5v13A1.5 1.5 0 0 1 20 20H4a1.5 1.5 0 0 1-1.5-1.5v-13A1.5 1.5 0 0 1 4 4zm.3 1.8v12.4h9.7V5.8z" fill-rule="evenodd"/>
  </g>
</svg>`
});
