/**
 * Script and style of exported pages, each as one text, and their hashes for
 * the pages' content security policy. Made by scripts/build_page.mjs.
 */
export declare const SCRIPT: string;
export declare const SCRIPT_HASH: string;
export declare const STYLE: string;
export declare const STYLE_HASH: string;
