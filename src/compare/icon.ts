import { LabIcon } from '@jupyterlab/ui-components';

/** Lines of text in two columns, one line of which differs. */
export const compareIcon = new LabIcon({
  name: 'lit-lab:compare',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <rect x="2" y="4" width="9" height="2.5" rx="1.25" opacity=".45"/>
    <rect x="2" y="9" width="9" height="5" rx="1.5"/>
    <rect x="2" y="17" width="6" height="2.5" rx="1.25" opacity=".45"/>
    <rect x="13" y="4" width="9" height="2.5" rx="1.25" opacity=".45"/>
    <rect x="13" y="10.25" width="6" height="2.5" rx="1.25"/>
    <rect x="13" y="17" width="6" height="2.5" rx="1.25" opacity=".45"/>
  </g>
</svg>`
});
