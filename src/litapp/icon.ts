import { LabIcon } from '@jupyterlab/ui-components';

/** A flame: LIT's own app. */
export const litIcon = new LabIcon({
  name: 'lit-lab:lit',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12.5 2c.8 3-.6 4.7-2.3 6.600C8.300 10.700 6 12.900 6 16a6 6 0 0 0 12 0c0-2.400-1-4.500-2.400-6-.2 1.400-.8 2.300-1.700 2.900.6-4-.1-8.200-1.400-10.900zM12 20a2.500 2.500 0 0 1-2.500-2.500c0-1.600 1.200-2.600 2.500-4.200 1.300 1.600 2.500 2.600 2.500 4.200A2.500 2.500 0 0 1 12 20z" fill-rule="evenodd"/>
  </g>
</svg>`
});
