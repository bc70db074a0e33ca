// All style sheets of the panel, in the order that they count.
import type { CSSResult } from 'lit';
import { frame } from './frame.ts';
import { rows } from './rows.ts';
import { tokens } from './tokens.ts';

/** For `static styles`. */
export const styles: CSSResult[] = [tokens, frame, rows];
