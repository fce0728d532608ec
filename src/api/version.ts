// Written by scripts/generate_api.py from package.json.

/** Version of this front end. */
export const VERSION = '0.1.0';
